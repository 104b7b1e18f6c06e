/** ES2024's `ArrayBuffer.transfer`, which the compiler's es2023 library does not know yet. */
interface MovableMemory {
  transfer(newLength: number): ArrayBuffer;
}

/**
 * Gives the memory of a buffer back now; the view is empty afterwards. Does nothing to a view of part of its memory.
 * Why: V8 lets 64 MiB of such garbage gather in every thread before it collects, and memory used again is faster.
 */
export function releaseMemory(view: Uint8Array): void {
  if (view.byteLength === 0 || view.byteLength !== view.buffer.byteLength) return;
  if ('transfer' in view.buffer) (view.buffer as unknown as MovableMemory).transfer(0);
}

/** Memory of its own and not zeroed first: for callers that write every byte of it. */
export function allocateMemory(length: number): Uint8Array {
  return new Uint8Array(Buffer.allocUnsafeSlow(length).buffer);
}
