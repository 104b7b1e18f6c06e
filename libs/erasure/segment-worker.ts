import { randomBytes } from 'node:crypto';
import { move, transferableSymbol, valueSymbol } from 'piscina';
import { AppError } from '#errors';
import { segmentIdBytes } from '#fragments';
import { createErasureCodec } from './codec.js';
import { hashBytes } from './fragment-hash.js';
import { releaseMemory } from './memory.js';
import type { OpenInput, OpenRangeInput, RepairInput, SealInput } from './port.js';
import {
  openRangeHere,
  openSegmentHere,
  repairFragmentsHere,
  sealSegmentUnderId,
} from './segment-sealing.js';

/** What the pool sends to a worker. */
export type SegmentTask =
  | { readonly kind: 'seal'; readonly input: SealInput }
  | { readonly kind: 'open'; readonly input: OpenInput }
  | { readonly kind: 'openRange'; readonly input: OpenRangeInput }
  | { readonly kind: 'repair'; readonly input: RepairInput }
  | { readonly kind: 'hash'; readonly input: Uint8Array };

/** An operational error on its way between threads: cloning an Error would lose its code and data. */
export interface TaskFailure {
  readonly code: string;
  readonly message: string;
  readonly next: string | undefined;
  readonly data: Readonly<Record<string, unknown>>;
}

export type TaskAnswer<T> = { readonly value: T } | { readonly failure: TaskFailure };

const codec = createErasureCodec();

/** Entry of a worker thread: does one task and moves the memory of its result back. */
export function runSegmentTask(task: SegmentTask): unknown {
  try {
    return answer(task);
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    const { code, message, next, data } = error;
    return { failure: { code, message, next, data } };
  }
}

function answer(task: SegmentTask): unknown {
  switch (task.kind) {
    case 'seal': {
      const sealed = sealSegmentUnderId(codec, new Uint8Array(randomBytes(segmentIdBytes)), task.input);
      releaseMemory(task.input.plain);
      return moved({ value: sealed }, sealed.fragments);
    }
    case 'open': {
      const plain = openSegmentHere(codec, task.input);
      releaseFragments(task.input.fragments);
      return moved({ value: plain }, [plain]);
    }
    case 'openRange': {
      const plain = openRangeHere(task.input);
      releaseFragments(task.input.sealed);
      return moved({ value: plain }, [plain]);
    }
    case 'repair': {
      const fragments = repairFragmentsHere(codec, task.input);
      return moved({ value: fragments }, fragments);
    }
    case 'hash':
      return { value: hashBytes(task.input) };
  }
}

function releaseFragments(fragments: readonly (Uint8Array | undefined)[]): void {
  for (const fragment of fragments) if (fragment !== undefined) releaseMemory(fragment);
}

function moved(value: object, buffers: readonly Uint8Array[]): unknown {
  return move({
    [transferableSymbol]: [...new Set(buffers.map((view) => view.buffer))],
    [valueSymbol]: value,
  });
}
