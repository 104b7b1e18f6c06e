import type { BlockId } from '#chain';
import type { ChainPoint } from '#ledger';
import type { Hello } from '../messages/messages.js';
import type { PeerRef } from '../ports.js';

/** How fast a peer is thought to be before it was measured. */
const FIRST_GUESS_BYTES_PER_SECOND = 256 * 1024;
/** Weight of the newest measurement. */
const SMOOTHING = 0.3;

/** What the engine knows of one peer. */
export class Peer {
  hello: Hello | undefined;
  /** The end of its chain as it last said. */
  tip: BlockId | undefined;
  /** It sent a greeting of its own, which may come once. */
  hasGreeted = false;
  /** The heaviest header of its chain that we checked ourselves. What it only claims counts for nothing. */
  proven: ChainPoint | undefined;
  isAskedForHeaders = false;
  /** Requests for bodies under way. */
  bodyRequests = 0;
  /** Failed requests in a row. */
  failures = 0;
  private measured = 0;
  private lastAnswerMs = 0;

  constructor(
    readonly ref: PeerRef,
    readonly isOutbound: boolean,
  ) {}

  get isReady(): boolean {
    return this.hello !== undefined;
  }

  get bytesPerSecond(): number {
    return this.measured;
  }

  /** Expected speed. */
  get speed(): number {
    return this.measured === 0 ? FIRST_GUESS_BYTES_PER_SECOND : this.measured;
  }

  /** Remembers a header of its chain that was found good. */
  prove(point: ChainPoint): void {
    if (this.proven === undefined || point.totalWork > this.proven.totalWork) this.proven = point;
  }

  /** Forgets what was proven where it turned out to lead to an invalid block. */
  disprove(id: BlockId): void {
    if (this.proven?.id === id) this.proven = undefined;
  }

  /** Bytes that came for a request sent at a time. Requests overlap: time counts from the last answer on. */
  measure(bytes: number, askedAtMs: number, nowMs: number): void {
    const seconds = Math.max(1, nowMs - Math.max(askedAtMs, this.lastAnswerMs)) / 1000;
    this.lastAnswerMs = nowMs;
    const speed = bytes / seconds;
    this.measured = this.measured === 0 ? speed : this.measured * (1 - SMOOTHING) + speed * SMOOTHING;
  }

  /** A failed request: expect less of it. */
  slowDown(): void {
    this.failures += 1;
    this.measured = this.speed / 2;
  }
}

/** The connected peers. */
export class PeerSet {
  private readonly peers = new Map<PeerRef, Peer>();

  get(ref: PeerRef): Peer | undefined {
    return this.peers.get(ref);
  }

  add(ref: PeerRef, isOutbound: boolean): Peer {
    const peer = new Peer(ref, isOutbound);
    this.peers.set(ref, peer);
    return peer;
  }

  remove(ref: PeerRef): void {
    this.peers.delete(ref);
  }

  isConnected(peer: Peer): boolean {
    return this.peers.get(peer.ref) === peer;
  }

  all(): readonly Peer[] {
    return [...this.peers.values()];
  }

  /** Those that introduced themselves. */
  ready(): readonly Peer[] {
    return this.all().filter((peer) => peer.isReady);
  }
}
