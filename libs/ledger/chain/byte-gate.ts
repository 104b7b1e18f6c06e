/** Lets jobs in, in the order they came, while the bytes inside are below a limit; one is always let in. */
export class ByteGate {
  private insideBytes = 0;
  private readonly waiting: { readonly sizeBytes: number; enter(): void }[] = [];

  constructor(private readonly maxBytes: number) {}

  /** Resolves when there is room. Who entered must leave. */
  enter(sizeBytes: number): Promise<void> {
    return new Promise((resolve) => {
      this.waiting.push({ sizeBytes, enter: resolve });
      this.admit();
    });
  }

  leave(sizeBytes: number): void {
    this.insideBytes -= sizeBytes;
    this.admit();
  }

  private admit(): void {
    for (let next = this.waiting[0]; next !== undefined; next = this.waiting[0]) {
      if (this.insideBytes > 0 && this.insideBytes + next.sizeBytes > this.maxBytes) return;
      this.waiting.shift();
      this.insideBytes += next.sizeBytes;
      next.enter();
    }
  }
}
