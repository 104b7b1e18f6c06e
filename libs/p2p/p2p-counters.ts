/** What the transport counts since its start. */
export interface P2pCounts {
  /** Things refused, by the rule. */
  readonly refusals: Readonly<Record<string, number>>;
  readonly bansMade: number;
  readonly bytes: Readonly<Record<ByteKind, number>>;
}

export type ByteKind = 'request-in' | 'request-out' | 'answer-in' | 'answer-out' | 'gossip-in' | 'gossip-out';

/** Rules come from our own code and the engine's; should one carry a peer's text, the list stays short all the same. */
const MAX_RULES = 200;

/** Counts what is refused and what is moved. */
export class P2pCounters {
  private readonly refusals = new Map<string, number>();
  private readonly bytes: Record<ByteKind, number> = {
    'request-in': 0,
    'request-out': 0,
    'answer-in': 0,
    'answer-out': 0,
    'gossip-in': 0,
    'gossip-out': 0,
  };
  private bansMade = 0;

  refused(rule: string): void {
    const key = this.refusals.size < MAX_RULES || this.refusals.has(rule) ? rule : 'other';
    this.refusals.set(key, (this.refusals.get(key) ?? 0) + 1);
  }

  moved(kind: ByteKind, count: number): void {
    this.bytes[kind] += count;
  }

  banned(count: number): void {
    this.bansMade += count;
  }

  counts(): P2pCounts {
    return {
      refusals: Object.fromEntries(this.refusals),
      bansMade: this.bansMade,
      bytes: { ...this.bytes },
    };
  }
}
