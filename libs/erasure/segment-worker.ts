import { randomBytes } from 'node:crypto';
import { move, transferableSymbol, valueSymbol } from 'piscina';
import { AppError } from '#errors';
import { segmentIdBytes } from '#fragments';
import { createErasureCodec } from './codec.js';
import { hashBytes } from './fragment-hash.js';
import { allocateMemory } from './memory.js';
import type { OpenInput, OpenRangeInput, RepairInput, SealInput } from './port.js';
import {
  openRangeHere,
  openSegmentHere,
  repairFragmentsHere,
  sealSegmentUnderId,
} from './segment-sealing.js';

/** What the pool sends to a worker; `memory` is for results, as far as its lengths fit. */
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

/** A result, and memory that the worker needs no longer, for the next tasks. */
export type TaskAnswer<T> =
  | { readonly value: T; readonly spare: readonly Uint8Array[] }
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
  const allocate = (length: number): Uint8Array =>
    memory.at(-1)?.length === length ? (memory.pop() as Uint8Array) : allocateMemory(length);
  switch (task.kind) {
    case 'seal': {
      const sealed = sealSegmentUnderId(
        codec,
        new Uint8Array(randomBytes(segmentIdBytes)),
        task.input,
        allocate,
      );
      return moved(sealed, sealed.fragments, [task.input.plain, ...memory]);
    }
    case 'open': {
      const plain = openSegmentHere(codec, task.input, allocate);
      return moved(plain, [plain], [...task.input.fragments, ...memory]);
    }
    case 'openRange': {
      const plain = openRangeHere(task.input);
      return moved(plain, [plain], [...task.input.sealed, ...memory]);
    }
    case 'repair': {
      const fragments = repairFragmentsHere(codec, task.input, allocate);
      return moved(fragments, fragments, [...task.input.fragments, ...memory]);
    }
    case 'hash':
      return { value: hashBytes(task.input), spare: [] };
  }
}

function moved(
  value: object,
  buffers: readonly Uint8Array[],
  inputs: readonly (Uint8Array | undefined)[],
): unknown {
  const spare = inputs.filter((view) => view !== undefined && view.length > 0) as Uint8Array[];
  return move({
    [transferableSymbol]: [...new Set([...buffers, ...spare].map((view) => view.buffer))],
    [valueSymbol]: { value, spare },
  });
}
