import { randomBytes } from 'node:crypto';
import { move, transferableSymbol, valueSymbol } from 'piscina';
import { AppError } from '#errors';
import { segmentIdBytes } from '#fragments';
import { createErasureCodec } from './codec.js';
import { hashBytes } from './fragment-hash.js';
import { allocateMemory, isSharedMemory, releaseMemory } from './memory.js';
import type { OpenInput, OpenRangeInput, RepairInput, SealInput } from './port.js';
import {
  openRangeHere,
  openSegmentHere,
  repairFragmentsHere,
  sealSegmentUnderId,
} from './segment-sealing.js';

/** What the pool sends to a worker; `memory` is for the results: all of it, or none. */
export type SegmentTask = { readonly memory: readonly Uint8Array[] } & SegmentWork;

export type SegmentWork =
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

/** What came out. `results` are its buffers where they moved here; where the task brought memory, they are in that. */
export type TaskAnswer<T> =
  | { readonly value: T; readonly results: readonly Uint8Array[] }
  | { readonly failure: TaskFailure };

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
  const memory = [...task.memory];
  const allocate = (length: number): Uint8Array => memory.shift() ?? allocateMemory(length);
  switch (task.kind) {
    case 'seal': {
      const id = new Uint8Array(randomBytes(segmentIdBytes));
      const { fragments, ...value } = sealSegmentUnderId(codec, id, task.input, allocate);
      releaseMoved([task.input.plain]);
      return moved(value, fragments);
    }
    case 'open': {
      const plain = openSegmentHere(codec, task.input, allocate);
      releaseMoved(task.input.fragments);
      return moved(undefined, [plain]);
    }
    case 'openRange': {
      const plain = openRangeHere(task.input, allocate);
      releaseMoved(task.input.sealed);
      return moved(undefined, [plain]);
    }
    case 'repair': {
      const fragments = repairFragmentsHere(codec, task.input, allocate);
      releaseMoved(task.input.fragments);
      return moved(undefined, fragments);
    }
    case 'hash':
      return { value: hashBytes(task.input), results: [] };
  }
}

/** Inputs that moved here are nobody else's; shared ones are given back where they came from. */
function releaseMoved(inputs: readonly (Uint8Array | undefined)[]): void {
  for (const view of inputs) if (view !== undefined) releaseMemory(view);
}

function moved(value: object | undefined, buffers: readonly Uint8Array[]): unknown {
  const results = buffers.filter((view) => !isSharedMemory(view));
  return move({
    [transferableSymbol]: results.map((view) => view.buffer),
    [valueSymbol]: { value, results },
  });
}
