/** A peer as the transport names it: for libp2p its peer id. */
export type PeerRef = string;

/** What is told to everybody: `blocks` as compact announcements, `transactions` as ids. */
export type GossipTopic = 'blocks' | 'transactions';

/** What becomes of something a peer told: passed on, kept to ourselves, or held against the peer. */
export type GossipVerdict = 'accept' | 'ignore' | 'reject';

/** Something a peer did wrong. */
export interface Offence {
  /** The rule or policy it broke; the same id as in docs/protocol/errors.md and in metrics. */
  readonly rule: string;
  /** 1 (a late answer) to 100 (a ban at once: an invalid block, another genesis). */
  readonly weight: number;
}

/** What the engine does with what comes from peers. Handlers never throw for a peer's fault: they report an offence. */
export interface TransportHandler {
  /** The peer is connected; `isOutbound` when we chose it. */
  connected(peer: PeerRef, isOutbound: boolean): void;
  disconnected(peer: PeerRef): void;
  /** Answers one request of a peer. An empty answer means "no". */
  request(peer: PeerRef, bytes: Uint8Array): Promise<Uint8Array>;
  published(peer: PeerRef, topic: GossipTopic, bytes: Uint8Array): Promise<GossipVerdict>;
}

/**
 * How messages travel between nodes: libp2p in production, a simulated network under a virtual clock in tests.
 * Message contents are the engine's; sizes, rates, connections and bans are the transport's.
 */
export interface SyncTransport {
  attach(handler: TransportHandler): void;
  /** @throws AppError `sync/timeout`, `sync/peer-gone`, `sync/answer-too-large`, `sync/aborted` */
  request(
    peer: PeerRef,
    bytes: Uint8Array,
    options: { readonly timeoutMs: number; readonly maxAnswerBytes: number; readonly signal?: AbortSignal },
  ): Promise<Uint8Array>;
  publish(topic: GossipTopic, bytes: Uint8Array): void;
  /** Adds to the peer's score; at 100 the transport disconnects and bans it for a while. */
  report(peer: PeerRef, offence: Offence): void;
  disconnect(peer: PeerRef, reason: string): void;
}

/** Time and chance as the engine knows them. */
export interface SyncClock {
  /** Milliseconds since 1970. */
  nowMs(): number;
  /** Calls back once after a while; returns how to cancel. A timer never keeps a process alive. */
  after(ms: number, callback: () => void): () => void;
  /** 0 <= x < 1. */
  random(): number;
}
