import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';
import type { Output } from '../output/output.js';
import { formatSpan } from '../output/text.js';

const LOOK_EVERY_MS = 1_000;
const JSON_EVERY_MS = 10_000;

/** What is read of a miner's `/miner/status` (docs/operate/miner.md). */
const minerStatus = z.looseObject({
  state: z.enum(['stopped', 'waiting', 'mining', 'away']),
  hashRate: z.number(),
  shares: z.number(),
  blocks: z.number(),
  stale: z.number(),
  refused: z.number(),
  height: z.number().nullable(),
  secondsPerBlock: z.number().nullable(),
});

export type MinerStatus = z.infer<typeof minerStatus>;

/**
 * Shows how a miner does until the signal aborts: one line on a terminal, a line every ten seconds elsewhere, under
 * --json an object every ten seconds. Resolves to the last status seen.
 */
export async function watchMiner(
  opsUrl: string,
  output: Output,
  signal: AbortSignal,
): Promise<MinerStatus | undefined> {
  const line = output.status();
  let last: MinerStatus | undefined;
  let jsonAtMs = Number.NEGATIVE_INFINITY;
  while (!signal.aborted) {
    try {
      const answer = await fetch(new URL('/miner/status', opsUrl), {
        signal: AbortSignal.any([signal, AbortSignal.timeout(LOOK_EVERY_MS)]),
      });
      const status = minerStatus.safeParse(await answer.json());
      if (status.success) last = status.data;
    } catch {
      // A miner too busy to answer, or on its way out: the next look or its exit says more.
    }
    if (last !== undefined && !signal.aborted) {
      line.show(minerStatusToText(last));
      if (Date.now() - jsonAtMs >= JSON_EVERY_MS) {
        jsonAtMs = Date.now();
        output.printJson(last);
      }
    }
    await delay(LOOK_EVERY_MS, undefined, { signal }).catch(() => undefined);
  }
  line.clear();
  return last;
}

/** `7.9 MH/s | 12 shares | 1 block | a block about every 4 min | tip 812`. */
export function minerStatusToText(status: MinerStatus): string {
  const { state, hashRate, shares, blocks, stale, refused, height, secondsPerBlock } = status;
  const lost = [stale > 0 ? `${stale} stale` : '', refused > 0 ? `${refused} refused` : ''].filter(Boolean);
  const parts = [
    formatHashRate(hashRate),
    count(shares, 'share'),
    count(blocks, 'block') + (lost.length > 0 ? ` (${lost.join(', ')})` : ''),
    secondsPerBlock === null ? '' : `a block about every ${formatSpan(secondsPerBlock)}`,
    height === null ? '' : `tip ${height - 1}`,
    state === 'away' ? 'the node does not answer; trying again' : '',
  ];
  return parts.filter(Boolean).join(' | ');
}

/** Hashes a second for people: `840 H/s`, `7.93 MH/s`. */
export function formatHashRate(hashesPerSecond: number): string {
  const units = ['H/s', 'kH/s', 'MH/s', 'GH/s', 'TH/s', 'PH/s'];
  let rate = hashesPerSecond;
  let unit = 0;
  for (; rate >= 1_000 && unit < units.length - 1; unit++) rate /= 1_000;
  return `${unit === 0 ? Math.round(rate) : rate.toPrecision(3)} ${units[unit]}`;
}

function count(number: number, what: string): string {
  return `${number} ${what}${number === 1 ? '' : 's'}`;
}
