/** How much larger a slab becomes when it is full. */
const GROWTH = 1.5;
const FIRST_NODES = 1024;

/**
 * Nodes of a fixed number of 32-bit words in one typed array: no object per node, and its place follows from its number
 * alone, so that the processor can fetch many at once. Node 0 is never given out. Words are moved, never interpreted,
 * so the byte order of the machine does not matter.
 */
export class Slab {
  /** Words of node n from n * wordsPerNode on; another array after `take` and `reserve`. */
  words: Uint32Array;
  /** The same memory by bytes. */
  bytes: Uint8Array;
  private readonly released: number[] = [];
  private next = 1;

  constructor(readonly wordsPerNode: number) {
    this.words = new Uint32Array(FIRST_NODES * wordsPerNode);
    this.bytes = new Uint8Array(this.words.buffer);
  }

  /** Memory held, in bytes. */
  get sizeBytes(): number {
    return this.words.byteLength;
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
    this.include(node);
    return node;
  }

  /** Makes room for a node's number, where another slab gives the numbers out. */
  include(node: number): void {
    if ((node + 1) * this.wordsPerNode > this.words.length) this.reserve(Math.ceil(node * GROWTH));
  }

  /** Makes room for nodes up to a number, and for no more. */
  reserve(node: number): void {
    const sizeWords = (node + 1) * this.wordsPerNode;
    if (sizeWords <= this.words.length) return;
    const larger = new Uint32Array(sizeWords);
    larger.set(this.words);
    this.words = larger;
    this.bytes = new Uint8Array(larger.buffer);
  }

  release(node: number): void {
    this.released.push(node);
  }
}
