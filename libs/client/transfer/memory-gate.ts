import { assertInvariant } from '#errors';

/**
 * Bounds the memory of what is under way: who wants more waits until enough has been given back, in order. What alone
 * is more than everything gets all of it, so that nobody waits for ever.
 */
export class MemoryGate {
  private used = 0;
  private readonly waiting: { readonly bytes: number; readonly admit: () => void }[] = [];

  constructor(private readonly totalBytes: number) {}

  /** Bytes taken now. */
  get usedBytes(): number {
    return this.used;
  }

  /** Waits for room; the caller gives it back with `release`. Ends early, without room, when `signal` does. */
  async take(bytes: number, signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted();
    if (this.waiting.length === 0 && this.fits(bytes)) {
      this.used += bytes;
      return;
    }
    await new Promise<void>((resolve, reject) => {
      const entry = { bytes, admit: () => finish(resolve) };
      const onAbort = (): void => {
        this.waiting.splice(this.waiting.indexOf(entry), 1);
        finish(() => reject(signal?.reason as Error));
        this.admitNext();
      };
      const finish = (end: () => void): void => {
        signal?.removeEventListener('abort', onAbort);
        end();
      };
      signal?.addEventListener('abort', onAbort, { once: true });
      this.waiting.push(entry);
    });
  }

  release(bytes: number): void {
    this.used -= bytes;
    assertInvariant(this.used >= 0, 'memory is given back once');
    this.admitNext();
  }

  private fits(bytes: number): boolean {
    return this.used === 0 || this.used + bytes <= this.totalBytes;
  }

  private admitNext(): void {
    for (let first = this.waiting[0]; first !== undefined && this.fits(first.bytes); ) {
      this.waiting.shift();
      this.used += first.bytes;
      first.admit();
      first = this.waiting[0];
    }
  }
}
