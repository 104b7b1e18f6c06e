/** How long a slow provider is asked after the others; doubled each time it happens again. */
const SLOW_MS = 30_000;
const FAILED_MS = 20_000;
const LONGEST_MS = 600_000;

interface Behaviour {
  failures: number;
  slow: number;
  /** By the monotonic clock: a clock that is set neither frees nor holds anybody. */
  failedUntilMs: number;
  slowUntilMs: number;
}

/**
 * How providers behaved lately, in this process. Nobody is shut out: who failed or was slow is only asked after the
 * others for a while, and soon gets another chance.
 */
export class ProviderStanding {
  private readonly records = new Map<string, Behaviour>();

  constructor(private readonly nowMs: () => number = () => performance.now()) {}

  /** It denied, lied, or was not there. */
  noteFailure(provider: string): void {
    const record = this.recordOf(provider);
    record.failures += 1;
    record.failedUntilMs =
      this.nowMs() + Math.min(LONGEST_MS, FAILED_MS * 2 ** Math.min(10, record.failures - 1));
  }

  /** Others had to be asked in its place. */
  noteSlow(provider: string): void {
    const record = this.recordOf(provider);
    const nowMs = this.nowMs();
    // Requests that were under way together are late together: that is once.
    if (record.slowUntilMs > nowMs) return;
    record.slow += 1;
    record.slowUntilMs = nowMs + Math.min(LONGEST_MS, SLOW_MS * 2 ** Math.min(10, record.slow - 1));
  }

  /** Failures since this process began. */
  failureCount(provider: string): number {
    return this.records.get(provider)?.failures ?? 0;
  }

  /** 0: asked first; 1: was slow lately; 2: failed lately. */
  penalty(provider: string): 0 | 1 | 2 {
    const record = this.records.get(provider);
    if (record === undefined) return 0;
    const nowMs = this.nowMs();
    if (record.failedUntilMs > nowMs) return 2;
    return record.slowUntilMs > nowMs ? 1 : 0;
  }

  private recordOf(provider: string): Behaviour {
    let record = this.records.get(provider);
    if (record === undefined) {
      record = { failures: 0, slow: 0, failedUntilMs: 0, slowUntilMs: 0 };
      this.records.set(provider, record);
    }
    return record;
  }
}
