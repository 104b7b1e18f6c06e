/** ES2024's `ArrayBuffer.transfer`, which the compiler's es2023 library does not know yet. */
interface MovableMemory {
  transfer(newLength: number): ArrayBuffer;
}

/**
 * Gives the memory of bytes back to the system now; nobody may look at them any more. Does nothing to a view of part of
 * its memory. Why: V8 counts such memory as garbage of its heap, and every ten megabytes of socket reads would make it
 * go through all forty of a provider's, which is half of what an upload costs then.
 */
export function freeMemory(bytes: Uint8Array): void {
  const { buffer } = bytes;
  if (bytes.byteLength === buffer.byteLength && 'transfer' in buffer) {
    (buffer as unknown as MovableMemory).transfer(0);
  }
}
