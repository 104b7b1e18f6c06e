import type { Law } from '#chain';
import { AppError, InvariantError, type Violation, violationToText } from '#errors';
import type { ChainAccess } from '#ledger';
import { ENVELOPE_BYTES } from './messages/limits.js';
import { decodeMessageOf, encodeMessage, type MessageBody, type MessageName } from './messages/messages.js';
import type { OffenceContext } from './offences.js';
import type { Peer } from './peers/peer.js';
import type { PeerRef, SyncClock, SyncTransport } from './ports.js';
import { Refusals } from './refusals.js';
import {
  DEFAULT_SYNC_OPTIONS,
  type SyncCounters,
  type SyncEngineParts,
  type SyncOptions,
} from './sync-engine.js';

/** An answer, a plain no, or nothing usable (the offence is reported already). */
export type Answer<T> =
  | { readonly kind: 'answer'; readonly body: T; readonly sizeBytes: number }
  | { readonly kind: 'no' }
  | { readonly kind: 'failed' };

type Writable<T> = { -readonly [K in keyof T]: T[K] };

/** A timeout that comes this much late was our own doing: the machine slept, swapped, or was stopped. */
const OWN_STALL_MS = 2_000;

/** What every part of the engine works with. */
export class SyncContext {
  readonly chain: ChainAccess;
  readonly transport: SyncTransport;
  readonly clock: SyncClock;
  readonly law: Law;
  readonly options: SyncOptions;
  readonly refusals: Refusals;
  readonly counters: Writable<SyncCounters> = {
    headersReceived: 0,
    bodiesReceived: 0,
    announcementsRebuilt: 0,
    announcementsFetched: 0,
    transactionsFetched: 0,
    requestsServed: 0,
  };
  private readonly stopping = new AbortController();
  private readonly timers = new Set<() => void>();
  private readonly tasks = new Set<Promise<unknown>>();

  constructor(private readonly parts: SyncEngineParts) {
    this.chain = parts.chain;
    this.transport = parts.transport;
    this.clock = parts.clock;
    this.law = parts.law;
    this.options = { ...DEFAULT_SYNC_OPTIONS, ...parts.options };
    this.refusals = new Refusals(parts.transport, parts.onRefusal);
  }

  get signal(): AbortSignal {
    return this.stopping.signal;
  }

  get isStopped(): boolean {
    return this.stopping.signal.aborted;
  }

  /** Refuses something of a peer; returns the weight of the offence. */
  refuse(peer: PeerRef, context: OffenceContext, violation: Violation | string): number {
    return typeof violation === 'string'
      ? this.refusals.refuse(peer, context, violation)
      : this.refusals.refuse(peer, context, violation.rule, violationToText(violation));
  }

  /** Asks a peer one thing and checks the form of its answer. Never throws for the peer's or the network's fault. */
  async ask<Q extends MessageName, A extends MessageName>(
    peer: Peer,
    question: { readonly name: Q; readonly body: MessageBody<Q> },
    answer: { readonly name: A; readonly maxBytes: number; readonly timeoutMs?: number },
  ): Promise<Answer<MessageBody<A>>> {
    const { timeoutMs = this.options.requestTimeoutMs } = answer;
    const lateAtMs = this.clock.nowMs() + timeoutMs + OWN_STALL_MS;
    let source: Uint8Array;
    try {
      source = await this.transport.request(peer.ref, encodeMessage(question.name, question.body), {
        timeoutMs,
        maxAnswerBytes: answer.maxBytes + ENVELOPE_BYTES,
        signal: this.signal,
      });
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
      // Or one pause of this machine would put all honest peers out at once.
      const isOurs = error.code === 'sync/timeout' && this.clock.nowMs() > lateAtMs;
      if (!this.isStopped && !isOurs) this.refuse(peer.ref, 'answer', error.code);
      return { kind: 'failed' };
    }
    if (this.isStopped) return { kind: 'failed' };
    if (source.length === 0) return { kind: 'no' };
    const body = decodeMessageOf(answer.name, source);
    if (body.ok) return { kind: 'answer', body: body.value, sizeBytes: source.length };
    this.refuse(peer.ref, 'message', body.violation);
    return { kind: 'failed' };
  }

  /** Calls back once, unless the engine stops before; returns how to cancel. */
  after(ms: number, callback: () => void): () => void {
    if (this.isStopped) return () => undefined;
    const cancel = this.clock.after(ms, () => {
      this.timers.delete(stop);
      callback();
    });
    const stop = (): void => {
      this.timers.delete(stop);
      cancel();
    };
    this.timers.add(stop);
    return stop;
  }

  /** Lets everything else run first: long arithmetic comes in slices. */
  breathe(): Promise<void> {
    if (this.isStopped) return Promise.resolve();
    return new Promise((resolve) => {
      const onStop = (): void => resolve();
      this.signal.addEventListener('abort', onStop, { once: true });
      this.after(0, () => {
        this.signal.removeEventListener('abort', onStop);
        resolve();
      });
    });
  }

  /**
   * Runs something nobody waits for. The world's faults (a full disk) end the task and are told; what it was to do is
   * tried again by the next event or poll. Ours are caught by nobody.
   */
  run(task: () => Promise<void>): void {
    if (this.isStopped) return;
    const running = task().catch((error: unknown) => {
      if (!(error instanceof AppError)) throw error;
      if (!this.isStopped) this.parts.onFault?.(error);
    });
    this.tasks.add(running);
    const forget = (): void => void this.tasks.delete(running);
    running.then(forget, forget);
  }

  /** Ends timers and requests and waits for what still runs. */
  async stop(): Promise<void> {
    this.stopping.abort();
    for (const cancel of [...this.timers]) cancel();
    await Promise.allSettled([...this.tasks]);
  }
}

/** A value that our own code guarantees to be there. */
export function present<T>(value: T | undefined, what: string): T {
  if (value === undefined) throw new InvariantError(`${what} is missing`);
  return value;
}
