/** A set of ids that forgets the oldest: at most twice `generation` of them. */
export class RecentIds<T> {
  private young = new Set<T>();
  private old = new Set<T>();

  constructor(private readonly generation: number) {}

  get size(): number {
    return this.young.size + this.old.size;
  }

  has(id: T): boolean {
    return this.young.has(id) || this.old.has(id);
  }

  add(id: T): void {
    if (this.young.size >= this.generation) {
      this.old = this.young;
      this.young = new Set();
    }
    this.young.add(id);
  }

  delete(id: T): void {
    this.young.delete(id);
    this.old.delete(id);
  }

  clear(): void {
    this.young.clear();
    this.old.clear();
  }
}
