/** What a server puts up with. */
export interface StratumLimits {
  readonly maxConnections: number;
  readonly maxConnectionsPerAddress: number;
  readonly maxLineBytes: number;
  /** Messages a second that earn nothing, and how many may come at once. Accepted shares are not counted. */
  readonly messagesPerSecond: number;
  readonly messageBurst: number;
  /** How long a connection may stay without having authorized. */
  readonly unauthorizedMs: number;
  /** How long an authorized connection may be silent. */
  readonly silentMs: number;
  /** Answers that may wait for a reader that is slow. */
  readonly maxUnreadBytes: number;
  /** User names on one connection. */
  readonly maxWorkers: number;
  /** Fault points of an address at which it is banned; see `FAULT_POINTS`. A point is forgiven each second. */
  readonly banPoints: number;
  readonly banMs: number;
}

export const DEFAULT_STRATUM_LIMITS: StratumLimits = {
  maxConnections: 4_096,
  maxConnectionsPerAddress: 64,
  maxLineBytes: 4_096,
  messagesPerSecond: 20,
  messageBurst: 100,
  unauthorizedMs: 30_000,
  silentMs: 15 * 60_000,
  maxUnreadBytes: 256 * 1024,
  maxWorkers: 32,
  banPoints: 200,
  banMs: 10 * 60_000,
};

/** What goes wrong with a message, as metrics name it. */
export const FAULTS = [
  'garbage',
  'oversized-line',
  'flood',
  'malformed',
  'unknown-method',
  'bad-address',
  'stale',
  'duplicate',
  'low-difficulty',
  'unauthorized',
  'not-subscribed',
  'bad-time',
  'bad-version',
  'not-kept',
] as const;
export type Fault = (typeof FAULTS)[number];

/** What a fault costs the address it comes from. Late shares and our own trouble are nobody's fault. */
export const FAULT_POINTS: { readonly [F in Fault]: number } = {
  garbage: 20,
  'oversized-line': 100,
  flood: 5,
  malformed: 5,
  'unknown-method': 1,
  'bad-address': 5,
  stale: 0.2,
  duplicate: 5,
  'low-difficulty': 4,
  unauthorized: 5,
  'not-subscribed': 5,
  'bad-time': 4,
  'bad-version': 4,
  'not-kept': 0,
};

/** Lets through so many at once and so many a second. */
export class TokenBucket {
  private tokens: number;
  private lastMs: number;

  constructor(
    private readonly perSecond: number,
    private readonly burst: number,
    nowMs: number,
  ) {
    this.tokens = burst;
    this.lastMs = nowMs;
  }

  /** Whether one more may pass. */
  take(nowMs: number): boolean {
    this.tokens = Math.min(this.burst, this.tokens + ((nowMs - this.lastMs) / 1_000) * this.perSecond);
    this.lastMs = nowMs;
    if (this.tokens < 1) return false;
    this.tokens -= 1;
    return true;
  }

  /** One that passed need not count. */
  giveBack(): void {
    this.tokens = Math.min(this.burst, this.tokens + 1);
  }
}
