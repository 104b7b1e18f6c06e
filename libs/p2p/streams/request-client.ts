import type { Connection, Stream } from '@libp2p/interface';
import { AppError } from '#errors';
import type { P2pCounters } from '../p2p-counters.js';
import { FrameError, readFrame, writeFrame } from './frames.js';

export interface RequestOptions {
  readonly timeoutMs: number;
  readonly maxAnswerBytes: number;
  /** Gives the question up. */
  readonly signal?: AbortSignal;
}

export interface RequestClientParts {
  readonly protocol: string;
  readonly connections: (peer: string) => readonly Connection[];
  readonly counters: P2pCounters;
  /** Requests of ours that one peer has under way; the next wait. Below what a peer grants us. */
  readonly maxInFlight: number;
}

interface Waiting {
  readonly start: () => void;
}

/** Asks peers: one stream for each question, so that a slow answer holds up no other. */
export class RequestClient {
  private readonly inFlight = new Map<string, { count: number; readonly waiting: Waiting[] }>();
  private readonly closing = new AbortController();

  constructor(private readonly parts: RequestClientParts) {}

  /** @throws AppError `sync/timeout`, `sync/peer-gone`, `sync/answer-too-large`, `sync/aborted` */
  async request(peer: string, bytes: Uint8Array, options: RequestOptions): Promise<Uint8Array> {
    const timeout = AbortSignal.timeout(options.timeoutMs);
    const given = options.signal === undefined ? [] : [options.signal];
    const signal = AbortSignal.any([timeout, this.closing.signal, ...given]);
    try {
      return await this.inTurn(peer, signal, () => this.ask(peer, bytes, options, signal));
    } catch (error) {
      if (options.signal?.aborted) throw givenUp(peer, error);
      if (timeout.aborted) throw timedOut(peer, options.timeoutMs, error);
      if (error instanceof FrameError && error.fault !== 'gone')
        throw tooLarge(peer, options.maxAnswerBytes, error);
      throw peerGone(peer, error);
    }
  }

  close(): void {
    this.closing.abort(new Error('the node stops'));
  }

  private async ask(
    peer: string,
    bytes: Uint8Array,
    options: RequestOptions,
    signal: AbortSignal,
  ): Promise<Uint8Array> {
    const open = this.parts.connections(peer).filter(({ status }) => status === 'open');
    const connection = open.find(({ direct }) => direct) ?? open[0];
    if (connection === undefined) throw new Error('not connected');
    const stream = await connection.newStream(this.parts.protocol, {
      signal,
      runOnLimitedConnection: true,
      maxOutboundStreams: 64,
    });
    try {
      const [answer] = await Promise.all([
        readFrame(stream, options.maxAnswerBytes, signal),
        this.send(stream, bytes, signal),
      ]);
      this.parts.counters.moved('answer-in', answer.byteLength);
      return answer;
    } catch (error) {
      stream.abort(error instanceof Error ? error : new Error(String(error)));
      throw error;
    }
  }

  private async send(stream: Stream, bytes: Uint8Array, signal: AbortSignal): Promise<void> {
    await writeFrame(stream, bytes, signal);
    this.parts.counters.moved('request-out', bytes.byteLength);
  }

  private async inTurn<T>(peer: string, signal: AbortSignal, work: () => Promise<T>): Promise<T> {
    const lane = this.inFlight.get(peer) ?? { count: 0, waiting: [] };
    this.inFlight.set(peer, lane);
    if (lane.count < this.parts.maxInFlight) lane.count += 1;
    else await waitForTurn(lane.waiting, signal); // whoever ends hands its place over
    try {
      return await work();
    } finally {
      const next = lane.waiting.shift();
      if (next !== undefined) next.start();
      else lane.count -= 1;
      if (lane.count === 0) this.inFlight.delete(peer);
    }
  }
}

function waitForTurn(waiting: Waiting[], signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const entry = {
      start: () => {
        signal.removeEventListener('abort', onAbort);
        resolve();
      },
    };
    const onAbort = (): void => {
      waiting.splice(waiting.indexOf(entry), 1);
      reject(signal.reason);
    };
    if (signal.aborted) {
      reject(signal.reason);
      return;
    }
    signal.addEventListener('abort', onAbort, { once: true });
    waiting.push(entry);
  });
}

function timedOut(peer: string, timeoutMs: number, cause: unknown): AppError {
  return new AppError({
    code: 'sync/timeout',
    message: `Peer ${peer} did not answer within ${timeoutMs} ms.`,
    next: 'Ask another peer.',
    data: { peer, timeoutMs },
    cause,
  });
}

function givenUp(peer: string, cause: unknown): AppError {
  return new AppError({
    code: 'sync/aborted',
    message: `The question to peer ${peer} was given up.`,
    next: 'Nothing: whoever asked wants no answer any more.',
    data: { peer },
    cause,
  });
}

function tooLarge(peer: string, maxAnswerBytes: number, cause: unknown): AppError {
  return new AppError({
    code: 'sync/answer-too-large',
    message: `Peer ${peer} answered more than ${maxAnswerBytes} bytes.`,
    next: 'Report the peer and ask another one.',
    data: { peer, maxAnswerBytes },
    cause,
  });
}

function peerGone(peer: string, cause: unknown): AppError {
  return new AppError({
    code: 'sync/peer-gone',
    message: `Peer ${peer} went away before it answered: ${cause instanceof Error ? cause.message : String(cause)}.`,
    next: 'Ask another peer.',
    data: { peer },
    cause,
  });
}
