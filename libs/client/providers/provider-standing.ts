/** Whoever failed is asked last for so long; doubled each time, up to the longest. */
const FAILED_MS = 20_000;
const LONGEST_MS = 600_000;
/** Being overtaken counts 1, is half forgotten after so long, and by this share with every answer in time. */
const SLOW_HALF_LIFE_MS = 30_000;
const FORGOTTEN_BY_ANSWER = 0.3;
const MOST_SLOW = 8;
/** Slower than this is slow: once is an accident. */
const SLOW_FROM = 0.5;
const FAILED_PENALTY = 100;

interface Behaviour {
  failures: number;
  /** By the monotonic clock: a clock that is set neither frees nor holds anybody. */
  failedUntilMs: number;
  slow: number;
  slowAtMs: number;
}

/**
 * How providers behaved lately, in this process. Nobody is shut out: who failed or was slow is only asked after the
 * others for a while, and soon gets another chance.
 */
export class ProviderStanding {
  private readonly known = new Map<string, Behaviour>();

  constructor(private readonly nowMs: () => number = () => performance.now()) {}

  /** It denied, lied, or was not there. */
  noteFailure(provider: string): void {
    const behaviour = this.of(provider);
    const doubled = FAILED_MS * 2 ** Math.min(10, behaviour.failures);
    behaviour.failures += 1;
    behaviour.failedUntilMs = this.nowMs() + Math.min(LONGEST_MS, doubled);
  }

  /** Somebody who was asked later answered before it. */
  noteSlow(provider: string): void {
    const behaviour = this.of(provider);
    this.setSlow(behaviour, Math.min(MOST_SLOW, this.slowness(behaviour) + 1));
  }

  /** It answered in time. */
  noteAnswer(provider: string): void {
    const behaviour = this.known.get(provider);
    if (behaviour === undefined || behaviour.slow === 0) return;
    this.setSlow(behaviour, this.slowness(behaviour) * (1 - FORGOTTEN_BY_ANSWER));
  }

  /** Failures since this process began. */
  failureCount(provider: string): number {
    return this.known.get(provider)?.failures ?? 0;
  }

  /** Failures since this process began, of whoever is asked last for them now; otherwise 0. */
  failuresNow(provider: string): number {
    const behaviour = this.known.get(provider);
    return behaviour !== undefined && behaviour.failedUntilMs > this.nowMs() ? behaviour.failures : 0;
  }

  /** 0 for whoever is asked first; the more, the later. */
  penalty(provider: string): number {
    const behaviour = this.known.get(provider);
    if (behaviour === undefined) return 0;
    const failed = behaviour.failedUntilMs > this.nowMs() ? FAILED_PENALTY : 0;
    const slow = this.slowness(behaviour);
    return failed + (slow < SLOW_FROM ? 0 : slow);
  }

  private slowness({ slow, slowAtMs }: Behaviour): number {
    return slow === 0 ? 0 : slow * 0.5 ** ((this.nowMs() - slowAtMs) / SLOW_HALF_LIFE_MS);
  }

  private setSlow(behaviour: Behaviour, slow: number): void {
    behaviour.slow = slow;
    behaviour.slowAtMs = this.nowMs();
  }

  private of(provider: string): Behaviour {
    let behaviour = this.known.get(provider);
    if (behaviour === undefined) {
      behaviour = { failures: 0, failedUntilMs: 0, slow: 0, slowAtMs: 0 };
      this.known.set(provider, behaviour);
    }
    return behaviour;
  }
}
