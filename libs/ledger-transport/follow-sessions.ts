import type { LedgerPort } from '#ledger';
import type { LedgerEventView } from '#wire';

/** How long a stream that nobody reads is kept. */
const IDLE_MS = 30_000;
/** Most events of one portion. */
const PORTION_EVENTS = 200;

/** What a reader asks for; `session` is its own choice, new after every failure. */
export interface FollowRequest {
  readonly session: string;
  readonly lastEventId: string;
  /** How long to wait for an event. */
  readonly waitMs: number;
}

/** Events since the last portion; `isEnded` when no more will come. */
export interface FollowPortion {
  readonly events: readonly LedgerEventView[];
  readonly isEnded: boolean;
}

interface Session {
  readonly events: AsyncIterator<LedgerEventView>;
  readonly stop: AbortController;
  idle: NodeJS.Timeout;
  /** An event that was waited for and has not been given out. */
  pending: Promise<IteratorResult<LedgerEventView>> | undefined;
}

/**
 * Streams of the ledger, read in portions: request and answer carry no stream. A session lives between two portions, so
 * that events without a place of their own (pending transactions) are not lost there.
 */
export class FollowSessions {
  private readonly sessions = new Map<string, Session>();

  constructor(private readonly ledger: LedgerPort) {}

  async read({ session: id, lastEventId, waitMs }: FollowRequest): Promise<FollowPortion> {
    const session = this.sessions.get(id) ?? this.open(id, lastEventId);
    session.idle.refresh();
    const events: LedgerEventView[] = [];
    for (;;) {
      session.pending ??= session.events.next();
      const next = await within(session.pending, events.length === 0 ? waitMs : 0);
      if (next === undefined) return { events, isEnded: false };
      session.pending = undefined;
      if (next.done === true) {
        this.close(id);
        return { events, isEnded: true };
      }
      events.push(next.value);
      if (events.length === PORTION_EVENTS) return { events, isEnded: false };
    }
  }

  closeAll(): void {
    for (const id of [...this.sessions.keys()]) this.close(id);
  }

  private open(id: string, lastEventId: string): Session {
    const stop = new AbortController();
    const events = this.ledger.follow({ lastEventId }, stop.signal)[Symbol.asyncIterator]();
    const idle = setTimeout(() => this.close(id), IDLE_MS);
    const session: Session = { events, stop, idle, pending: undefined };
    this.sessions.set(id, session);
    return session;
  }

  private close(id: string): void {
    const session = this.sessions.get(id);
    this.sessions.delete(id);
    clearTimeout(session?.idle);
    session?.stop.abort();
  }
}

/** The value if it comes in time, else undefined; the promise stays good. */
async function within<T>(promise: Promise<T>, waitMs: number): Promise<T | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => resolve(undefined), waitMs);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
