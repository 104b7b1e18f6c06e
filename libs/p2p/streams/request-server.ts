import { setTimeout as delay } from 'node:timers/promises';
import type { Connection, Stream } from '@libp2p/interface';
import type { Offence } from '#sync';
import { TokenBucket } from '../limits/token-bucket.js';
import type { P2pCounters } from '../p2p-counters.js';
import type { P2pLimits } from '../p2p-limits.js';
import { FrameError, readFrame, writeFrame } from './frames.js';

export interface RequestServerParts {
  readonly limits: P2pLimits;
  readonly counters: P2pCounters;
  /** The peer speaks our protocol: told before its first request is answered. */
  readonly introduce: (peer: string) => void;
  readonly answer: (peer: string, request: Uint8Array) => Promise<Uint8Array>;
  readonly report: (peer: string, offence: Offence) => void;
  /** Our own trouble with an answer. */
  readonly onError: (error: unknown) => void;
}

interface Lane {
  inFlight: number;
  hasLeft: boolean;
  readonly requests: TokenBucket;
  readonly bytes: TokenBucket;
}

/** Answers in all, whoever asks: memory stays bounded however many peers ask for blocks at once. */
const MAX_ANSWERS_AT_ONCE = 64;

/** Answers the requests of peers, each within what it is granted. */
export class RequestServer {
  private readonly lanes = new Map<string, Lane>();
  private readonly closing = new AbortController();
  private answering = 0;

  constructor(private readonly parts: RequestServerParts) {}

  /** Peers whose limits are remembered. */
  get knownPeers(): number {
    return this.lanes.size;
  }

  /** Serves one stream; never throws. */
  async serve(stream: Stream, connection: Connection): Promise<void> {
    const peer = connection.remotePeer.toString();
    const { limits } = this.parts;
    const lane = this.laneOf(peer);
    // One at a time is granted to everybody, or a few greedy peers would hold all places.
    const isFull = this.answering >= MAX_ANSWERS_AT_ONCE && lane.inFlight > 0;
    if (lane.inFlight >= limits.maxRequestsInFlight || isFull) {
      const isTheirs = lane.inFlight >= limits.maxRequestsInFlight;
      stream.abort(new Error('too many requests'));
      if (isTheirs) this.parts.report(peer, { rule: 'p2p/too-many-requests', weight: 2 });
      else this.parts.counters.refused('p2p/busy');
      return;
    }
    lane.inFlight += 1;
    this.answering += 1;
    try {
      await this.exchange(peer, lane, stream);
    } catch (error) {
      stream.abort(error instanceof Error ? error : new Error(String(error)));
    } finally {
      lane.inFlight -= 1;
      this.answering -= 1;
      if (lane.hasLeft && lane.inFlight === 0) this.lanes.delete(peer);
    }
  }

  /** Forgets a peer that left; its limits begin anew, which the limits on connections pay for. */
  forget(peer: string): void {
    const lane = this.lanes.get(peer);
    if (lane === undefined) return;
    if (lane.inFlight === 0) this.lanes.delete(peer);
    else lane.hasLeft = true;
  }

  close(): void {
    this.closing.abort(new Error('the node stops'));
  }

  private async exchange(peer: string, lane: Lane, stream: Stream): Promise<void> {
    const { limits, counters } = this.parts;
    const request = await this.read(peer, stream);
    counters.moved('request-in', request.byteLength);
    await this.pause(lane.requests.spend(1, Date.now()));
    this.parts.introduce(peer);
    const answer = await this.parts.answer(peer, request).catch((error: unknown) => {
      this.parts.onError(error);
      throw error;
    });
    await this.pause(lane.bytes.spend(answer.byteLength, Date.now()));
    const timeout = AbortSignal.timeout(limits.answerTimeoutMs);
    try {
      await writeFrame(stream, answer, AbortSignal.any([timeout, this.closing.signal]));
      counters.moved('answer-out', answer.byteLength);
    } catch (error) {
      if (timeout.aborted) this.parts.report(peer, { rule: 'p2p/slow-reader', weight: 5 });
      throw error;
    }
  }

  private async read(peer: string, stream: Stream): Promise<Uint8Array> {
    const { limits } = this.parts;
    const timeout = AbortSignal.timeout(limits.requestTimeoutMs);
    try {
      return await readFrame(stream, limits.maxRequestBytes, AbortSignal.any([timeout, this.closing.signal]));
    } catch (error) {
      if (timeout.aborted) this.parts.report(peer, { rule: 'p2p/slow-request', weight: 5 });
      else if (error instanceof FrameError && error.fault === 'too-large')
        this.parts.report(peer, { rule: 'p2p/request-too-large', weight: 50 });
      else if (error instanceof FrameError && error.fault === 'trailing-bytes')
        this.parts.report(peer, { rule: 'p2p/trailing-bytes', weight: 20 });
      else if (error instanceof FrameError) this.parts.report(peer, { rule: 'p2p/torn-request', weight: 1 });
      throw error;
    }
  }

  private async pause(waitMs: number): Promise<void> {
    if (waitMs > 0) await delay(waitMs, undefined, { signal: this.closing.signal, ref: false });
  }

  private laneOf(peer: string): Lane {
    const known = this.lanes.get(peer);
    if (known !== undefined) {
      known.hasLeft = false;
      return known;
    }
    const nowMs = Date.now();
    const { requestRate, answerRate } = this.parts.limits;
    const lane = {
      inFlight: 0,
      hasLeft: false,
      requests: new TokenBucket(requestRate, nowMs),
      bytes: new TokenBucket(answerRate, nowMs),
    };
    this.lanes.set(peer, lane);
    return lane;
  }
}
