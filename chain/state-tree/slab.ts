const CHUNK_BITS = 14;
const CHUNK_NODES = 1 << CHUNK_BITS;

/**
 * Nodes of a fixed number of 32-bit words in typed arrays: no object per node, no pause to copy them all when it grows.
 * Node 0 is never given out. Words are moved, never interpreted, so the byte order of the machine does not matter.
 */
export class Slab {
  private readonly wordChunks: Uint32Array[] = [];
  private readonly byteChunks: Uint8Array[] = [];
  private readonly released: number[] = [];
  private next = 1;

  constructor(private readonly wordsPerNode: number) {}

  /** Memory held, in bytes. */
  get sizeBytes(): number {
    return this.wordChunks.length * CHUNK_NODES * this.wordsPerNode * 4;
  }

  /** Nodes in use. */
  get count(): number {
    return this.next - 1 - this.released.length;
  }

  /** A node with whatever was in it before. */
  take(): number {
    const free = this.released.pop();
    if (free !== undefined) return free;
    const node = this.next++;
    if (node >>> CHUNK_BITS === this.wordChunks.length) {
      const buffer = new ArrayBuffer(CHUNK_NODES * this.wordsPerNode * 4);
      this.wordChunks.push(new Uint32Array(buffer));
      this.byteChunks.push(new Uint8Array(buffer));
    }
    return node;
  }

  release(node: number): void {
    this.released.push(node);
  }

  /** The array a node's words are in, from `wordOffset(node)` on. */
  words(node: number): Uint32Array {
    return this.wordChunks[node >>> CHUNK_BITS] as Uint32Array;
  }

  wordOffset(node: number): number {
    return (node & (CHUNK_NODES - 1)) * this.wordsPerNode;
  }

  /** The same memory by bytes, from `4 * wordOffset(node)` on. */
  bytes(node: number): Uint8Array {
    return this.byteChunks[node >>> CHUNK_BITS] as Uint8Array;
  }
}
