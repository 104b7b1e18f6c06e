import { setTimeout as delay } from 'node:timers/promises';

/** Lets so many bytes a second through, in the order of asking; a whole fragment may exceed a second's worth. */
export class ByteLimit {
  private freeAtMs = 0;

  /** Undefined: no limit. */
  constructor(
    readonly bytesPerSecond: number | undefined,
    private readonly nowMs: () => number = Date.now,
  ) {}

  /** Resolves when these bytes may move. */
  async take(sizeBytes: number, signal?: AbortSignal): Promise<void> {
    if (this.bytesPerSecond === undefined) return;
    const now = this.nowMs();
    const startMs = Math.max(now, this.freeAtMs);
    this.freeAtMs = startMs + (sizeBytes * 1_000) / this.bytesPerSecond;
    if (startMs > now) await delay(startMs - now, undefined, { signal });
  }
}
