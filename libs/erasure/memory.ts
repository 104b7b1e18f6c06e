/** ES2024's `ArrayBuffer.transfer`, which the compiler's es2023 library does not know yet. */
interface MovableMemory {
  transfer(newLength?: number): ArrayBuffer;
}

/** The most that is kept for the next segments. */
const maxKeptBytes = 96 * 1024 * 1024;
/** Buffers kept are for fragments and segments; smaller ones cost the allocator nothing. */
const minKeptBytes = 64 * 1024;

/** Buffers given back in this thread, the longest unused first, while somebody keeps the pool open. */
const kept: ArrayBuffer[] = [];
let keptBytes = 0;
let openCount = 0;

/** What nobody took for so long goes back to the system. */
const idleMs = 1000;
let uses = 0;
let idleCheck: NodeJS.Timeout | undefined;

/**
 * Takes the memory of a buffer back now; the view is empty afterwards. Does nothing to a view of part of its memory.
 * While a pipeline is at work in this thread the memory is kept for its next segments: fresh memory costs a fault and
 * zeros for every page, about a fifth of the time that sealing takes. The bytes must not be read by anyone any more.
 */
export function releaseMemory(view: Uint8Array): void {
  const memory = takeMemory(view);
  if (memory === undefined) return;
  if (openCount === 0 || memory.byteLength < minKeptBytes) {
    freeMemory(memory);
    return;
  }
  kept.push(memory);
  keptBytes += memory.byteLength;
  uses++;
  idleCheck ??= setTimeout(emptyIfIdle, idleMs, uses).unref();
  while (keptBytes > maxKeptBytes) {
    const oldest = kept.shift() as ArrayBuffer;
    keptBytes -= oldest.byteLength;
    freeMemory(oldest);
  }
}

/**
 * Gives memory back to the system now. Why: V8 lets 64 MiB of such garbage gather in every thread before it collects.
 */
export function freeView(view: Uint8Array): void {
  freeMemory(takeMemory(view));
}

/** Memory of its own and not zeroed: for callers that write every byte of it. From what was given back, if it fits. */
export function allocateMemory(length: number): Uint8Array {
  return takeKept(length) ?? new Uint8Array(Buffer.allocUnsafeSlow(length).buffer);
}

/** Up to `count` buffers of exactly this length from those given back. */
export function takeKeptMany(length: number, count: number): Uint8Array[] {
  const views: Uint8Array[] = [];
  for (let view = takeKept(length); view !== undefined; view = takeKept(length)) {
    views.push(view);
    if (views.length >= count) break;
  }
  return views;
}

/** Keeps memory given back from now on; each call is undone by a call of `closePool`. */
export function openPool(): void {
  openCount++;
}

/** Frees what is kept when nobody else holds the pool open. */
export function closePool(): void {
  openCount--;
  if (openCount === 0) emptyPool();
}

function emptyPool(): void {
  for (const memory of kept.splice(0)) freeMemory(memory);
  keptBytes = 0;
  clearTimeout(idleCheck);
  idleCheck = undefined;
}

function emptyIfIdle(usesBefore: number): void {
  idleCheck = undefined;
  if (uses === usesBefore) emptyPool();
  else idleCheck = setTimeout(emptyIfIdle, idleMs, uses).unref();
}

/** Bytes kept now. */
export function keptMemoryBytes(): number {
  return keptBytes;
}

function takeKept(length: number): Uint8Array | undefined {
  // The last one given back is the likeliest to be in a cache still.
  const at = kept.findLastIndex(({ byteLength }) => byteLength === length);
  const [memory] = at < 0 ? [] : kept.splice(at, 1);
  if (memory === undefined) return undefined;
  keptBytes -= memory.byteLength;
  uses++;
  return new Uint8Array(memory);
}

/** The memory of a view, which loses it; undefined where it is not the view's alone. */
function takeMemory(view: Uint8Array): ArrayBuffer | undefined {
  if (view.byteLength === 0 || view.byteLength !== view.buffer.byteLength) return undefined;
  return 'transfer' in view.buffer ? (view.buffer as unknown as MovableMemory).transfer() : undefined;
}

function freeMemory(memory: ArrayBuffer | undefined): void {
  if (memory !== undefined) (memory as unknown as MovableMemory).transfer(0);
}
