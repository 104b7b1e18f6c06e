/**
 * Records of nodes as they were before a version changed them, one after the other in a typed array that is used again
 * for later versions.
 */
export class UndoLog {
  private words = new Uint32Array(1024);
  private used = 0;

  constructor(private readonly recordWords: number) {}

  get count(): number {
    return this.used;
  }

  /** All entries, each a node's number and then its record. */
  get entries(): Uint32Array {
    return this.words;
  }

  /** Where an entry's record begins; its node's number is the word before. */
  recordOffset(entry: number): number {
    return entry * (this.recordWords + 1) + 1;
  }

  /** A new entry for a node, its record still to be filled in. */
  add(node: number): number {
    const entry = this.used++;
    const offset = this.recordOffset(entry);
    if (offset + this.recordWords > this.words.length) this.grow();
    this.words[offset - 1] = node;
    return entry;
  }

  clear(): void {
    this.used = 0;
  }

  private grow(): void {
    const larger = new Uint32Array(this.words.length * 2);
    larger.set(this.words);
    this.words = larger;
  }
}
