import { z } from 'zod';
import type { VolumeView } from '#fragment-store';
import { askProvider } from './ask-provider.js';
import { volumeViewSchema } from './volume-schema.js';

const TIMEOUT_MS = 60_000;

/** What is done to a volume. */
export type VolumeAction =
  | { readonly verb: 'drain' | 'read-only' | 'writable' | 'verify' }
  | { readonly verb: 'resize'; readonly capacityBytes: number }
  | { readonly verb: 'remove'; readonly acceptLoss: boolean };

/** The volumes of a running provider on this machine. @throws AppError `provider/unreachable`, `provider/bad-answer` */
export function fetchVolumes(url: string): Promise<VolumeView[]> {
  return ask(url, '', undefined, z.array(volumeViewSchema));
}

/** Gives a running provider a folder as a volume. @throws AppError as above, and what the provider says against it */
export function addVolume(url: string, path: string, capacityBytes: number): Promise<VolumeView> {
  return ask(url, '', { path, capacityBytes }, volumeViewSchema);
}

/** Does something to a volume of a running provider. @throws AppError as above, and what the provider says against it */
export function changeVolume(url: string, volume: string, action: VolumeAction): Promise<VolumeView> {
  const { verb, ...body } = action;
  return ask(url, `/${encodeURIComponent(volume)}/${verb}`, body, volumeViewSchema);
}

function ask<T>(url: string, path: string, body: object | undefined, answer: z.ZodType<T>): Promise<T> {
  return askProvider({
    url,
    path: `/v1/operator/volumes${path}`,
    ...(body === undefined
      ? {}
      : {
          init: {
            method: 'POST',
            headers: { 'content-type': 'application/json' },
            body: JSON.stringify(body),
          },
        }),
    timeoutMs: TIMEOUT_MS,
    answer,
    otherwise: 'did not do as told',
    passesProblems: ['volume/', 'disk/'],
  });
}
