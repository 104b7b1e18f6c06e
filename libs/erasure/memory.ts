import { types } from 'node:util';

/** ES2024's `ArrayBuffer.transfer`, which the compiler's es2023 library does not know yet. */
interface MovableMemory {
  transfer(newLength?: number): ArrayBuffer;
}

/** The most there is, given out and kept; beyond it, memory that the engine's collector counts. */
const maxBytes = 384 * 1024 * 1024;
/** Buffers kept are for fragments and segments; smaller ones cost the allocator nothing. */
const minKeptBytes = 64 * 1024;
/** Garbage is told of in parts of this size. */
const noticeBytes = 32 * 1024 * 1024;
/** Shorter copies are done before `fill` has looked at its arguments. */
const minFilledBytes = 4096;
/** Steps between powers of two: at most a fifth of a buffer is unused. */
const stepsPerDoubling = 4;

/** What nobody took for so long goes back to the system. */
const idleMs = 30_000;

/** Buffers given back in this thread, the longest unused first, while somebody keeps the pool open. */
let kept: SharedArrayBuffer[] = [];
let keptBytes = 0;
let openCount = 0;
/** The view that a buffer was given out as: only who has it can give the buffer back, and only once. */
const issued = new WeakMap<SharedArrayBuffer, Uint8Array>();
let issuedBytes = 0;
/** What was given out and never given back is the collector's, like anything else. */
const forgotten = new FinalizationRegistry<number>((sizeBytes) => {
  issuedBytes -= sizeBytes;
});
let uses = 0;
let idleCheck: NodeJS.Timeout | undefined;

/**
 * Memory that is not zeroed, for callers that write every byte of it; whoever is done with it gives it back
 * (`releaseMemory`). While a pipeline is open in this thread it is memory used before, shared between threads.
 * Why shared: the engine counts memory that moves into a thread as new and collects the whole heap for every 64 MiB of
 * it, which cost a fifth of the pipeline's time; and fresh memory costs a fault and zeros for every page, another fifth.
 */
export function allocateMemory(length: number): Uint8Array {
  if (openCount === 0 || length < minKeptBytes || issuedBytes + length > maxBytes) {
    return new Uint8Array(Buffer.allocUnsafeSlow(length).buffer);
  }
  const sizeBytes = classOf(length);
  const buffer = takeKept(sizeBytes) ?? newBuffer(sizeBytes);
  const view = new Uint8Array(buffer, 0, length);
  issued.set(buffer, view);
  issuedBytes += sizeBytes;
  forgotten.register(buffer, sizeBytes, buffer);
  return view;
}

/**
 * Takes memory back now. What `allocateMemory` gave out serves the next one that asks, so nobody may look at it any more;
 * other memory goes back to the system and its view is empty afterwards. Does nothing to a view of part of its memory,
 * nor when it is called again.
 * Why at all: V8 lets 64 MiB of garbage buffers gather in every thread before it collects.
 */
export function releaseMemory(view: Uint8Array): void {
  const { buffer } = view;
  if (isShared(buffer)) takeBack(buffer, view);
  else if (view.byteLength > 0 && view.byteLength === buffer.byteLength && 'transfer' in buffer) {
    (buffer as unknown as MovableMemory).transfer(0);
  }
}

/**
 * Copies bytes at the speed of the machine. Why not `set`: where a side is shared memory the engine copies word by word,
 * a quarter as fast; `fill` with a value of just the right length is a plain copy whatever the memory.
 * @throws RangeError where they do not fit
 */
export function copyBytes(source: Uint8Array, target: Uint8Array, at = 0): void {
  const isPlain = !isShared(source.buffer) && !isShared(target.buffer);
  if (isPlain || source.length < minFilledBytes) target.set(source, at);
  else Buffer.prototype.fill.call(target, source, at, at + source.length);
}

/** Whether memory is seen by all threads: it is handed on, not moved. */
export function isSharedMemory(view: Uint8Array): boolean {
  return isShared(view.buffer);
}

/** Keeps memory given back from now on; each call is undone by a call of `closePool`. */
export function openPool(): void {
  openCount++;
}

/** Lets go of what is kept when nobody else holds the pool open. */
export function closePool(): void {
  openCount--;
  if (openCount === 0) emptyPool();
}

/** Bytes kept now. */
export function keptMemoryBytes(): number {
  return keptBytes;
}

/** Bytes given out and not given back. */
export function issuedMemoryBytes(): number {
  return issuedBytes;
}

/** Sizes of buffers: few, so that they serve requests of other lengths too. */
function classOf(length: number): number {
  const step = 2 ** Math.floor(Math.log2(length)) / stepsPerDoubling;
  return Math.ceil(length / step) * step;
}

function takeBack(buffer: SharedArrayBuffer, view: Uint8Array): void {
  if (issued.get(buffer) !== view) return;
  issued.delete(buffer);
  forgotten.unregister(buffer);
  issuedBytes -= buffer.byteLength;
  if (openCount === 0) return;
  kept.push(buffer);
  keptBytes += buffer.byteLength;
  uses++;
  idleCheck ??= setTimeout(emptyIfIdle, idleMs, uses).unref();
}

/** A buffer of a size that none is kept of; what is kept in other sizes makes room for it. */
function newBuffer(sizeBytes: number): SharedArrayBuffer {
  let droppedBytes = 0;
  while (kept.length > 0 && issuedBytes + keptBytes + sizeBytes > maxBytes) {
    const { byteLength } = kept.shift() as SharedArrayBuffer;
    keptBytes -= byteLength;
    droppedBytes += byteLength;
  }
  noteGarbage(droppedBytes);
  return new SharedArrayBuffer(sizeBytes);
}

/**
 * Has the collector count garbage that it does not see, shared memory, so that it comes for it: by as many bytes of
 * memory that it does see. Those are never touched and cost addresses only.
 */
function noteGarbage(sizeBytes: number): void {
  try {
    for (let left = sizeBytes; left > 0; left -= noticeBytes) new ArrayBuffer(Math.min(left, noticeBytes));
  } catch (error) {
    // A process that may have no more addresses had its heap collected before it was refused.
    if (!(error instanceof RangeError)) throw error;
  }
}

function takeKept(sizeBytes: number): SharedArrayBuffer | undefined {
  // The last one given back is the likeliest to be in a cache still.
  const at = kept.findLastIndex(({ byteLength }) => byteLength === sizeBytes);
  const [buffer] = at < 0 ? [] : kept.splice(at, 1);
  if (buffer === undefined) return undefined;
  keptBytes -= sizeBytes;
  uses++;
  return buffer;
}

function emptyPool(): void {
  noteGarbage(keptBytes);
  kept = [];
  keptBytes = 0;
  clearTimeout(idleCheck);
  idleCheck = undefined;
}

function emptyIfIdle(usesBefore: number): void {
  idleCheck = undefined;
  if (uses === usesBefore) emptyPool();
  else idleCheck = setTimeout(emptyIfIdle, idleMs, uses).unref();
}

function isShared(buffer: ArrayBufferLike): buffer is SharedArrayBuffer {
  return types.isSharedArrayBuffer(buffer);
}
