import { type AlignedMemory, isAligned } from '#fragment-store';

/** Sizes of pooled buffers: those of the fragments that files get (docs/protocol/data-layout.md). */
const CLASSES = [1 << 20, 2 << 20, 4 << 20];
const MAX_KEPT_BYTES = 64 << 20;

/** Memory of reads that is used again: a fresh MiB for each costs more in page faults and collection than its hash. */
export class BufferPool {
  readonly #aligned: AlignedMemory | undefined;
  readonly #free = new Map<number, Uint8Array[]>(CLASSES.map((sizeBytes) => [sizeBytes, []]));
  #keptBytes = 0;

  /** Buffers are cut from `aligned` while it lasts: they can go to the disk directly. */
  constructor(aligned?: AlignedMemory) {
    this.#aligned = aligned;
  }

  /** At least so many bytes, with anything in them. */
  take(sizeBytes: number): Uint8Array {
    const classBytes = CLASSES.find((size) => size >= sizeBytes && sizeBytes > size / 4);
    if (classBytes === undefined) return Buffer.allocUnsafeSlow(sizeBytes);
    const kept = this.#free.get(classBytes)?.pop();
    if (kept === undefined) return this.#aligned?.take(classBytes) ?? Buffer.allocUnsafeSlow(classBytes);
    this.#keptBytes -= classBytes;
    return kept;
  }

  /** Gives a buffer back; nobody may look at it any more. */
  give(buffer: Uint8Array): void {
    const free = this.#free.get(buffer.length);
    if (free === undefined) return;
    // What was cut from aligned memory is cut for good.
    if (!isAligned(buffer) && this.#keptBytes + buffer.length > MAX_KEPT_BYTES) return;
    free.push(buffer);
    this.#keptBytes += buffer.length;
  }
}
