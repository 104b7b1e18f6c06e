import type { Connection } from '@libp2p/interface';
import type { AddressBook, KnownPeer } from './address-book.js';
import { multiaddrToPeerId, multiaddrToPlace } from './net-place.js';
import { chooseFeeler, chooseOutbound, pauseAfterFailures } from './peer-choice.js';

export interface PeerFinderParts {
  readonly book: AddressBook;
  readonly bootstrap: readonly string[];
  /** Call nobody but the bootstrap list. */
  readonly isClosedList: boolean;
  readonly maxOutbound: number;
  readonly anchors: readonly string[];
  readonly self: string;
  readonly dial: (addresses: readonly string[], signal: AbortSignal) => Promise<Connection>;
  readonly hangUp: (peer: string) => void;
  readonly isConnected: (peer: string) => boolean;
  readonly isBanned: (peer: string) => boolean;
  /** Looks for more peers in the wide net; whom it finds goes into the book. */
  readonly explore: (signal: AbortSignal) => Promise<void>;
  readonly random: () => number;
  readonly onDialed: (peer: string, address: string, error: unknown) => void;
}

interface Chosen {
  readonly group: string;
  readonly sinceMs: number;
}

/** The state of one bootstrap address. */
interface Bootstrap {
  readonly address: string;
  peer: string | undefined;
  triedMs: number;
  failures: number;
}

const DIAL_TIMEOUT_MS = 10_000;
const MAX_DIALS_AT_ONCE = 4;
/** Longer than a connection is held that never shows our protocol. */
const STAYED_MS = 20_000;
const FEELER_EVERY_MS = 120_000;
const EXPLORE_EVERY_MS = 30_000;
const FIRST_EXPLORE_MS = 2_000;
const MAX_ANCHORS = 2;
/** With fewer peers than this in the book the bootstrap list is asked as well. */
const FEW_PEERS = 4;

/** Keeps our outbound slots filled with peers of our own choice. One `tick` a second; it has no timer of its own. */
export class PeerFinder {
  private readonly chosen = new Map<string, Chosen>();
  private readonly dialing = new Map<string, string>();
  private readonly bootstrap: Bootstrap[];
  private readonly closing = new AbortController();
  private anchors: string[];
  private feelerMs: number;
  private exploreMs: number;
  private exploring = false;

  constructor(
    private readonly parts: PeerFinderParts,
    nowMs: number,
  ) {
    this.bootstrap = parts.bootstrap.map((address) => ({
      address,
      peer: multiaddrToPeerId(address),
      triedMs: 0,
      failures: 0,
    }));
    this.anchors = parts.anchors.slice(0, MAX_ANCHORS);
    this.feelerMs = nowMs;
    this.exploreMs = nowMs - EXPLORE_EVERY_MS + FIRST_EXPLORE_MS;
  }

  /** Whether we chose this peer; what comes in by itself is not chosen. */
  isChosen(peer: string): boolean {
    return this.chosen.has(peer) || this.dialing.has(peer);
  }

  /** A chosen peer that leaves at once did not want us: that is a failed call, or we would call it every second. */
  disconnected(peer: string, nowMs: number): void {
    const chosen = this.chosen.get(peer);
    if (chosen === undefined) return;
    this.chosen.delete(peer);
    const hasStayed = nowMs - chosen.sinceMs >= STAYED_MS;
    if (hasStayed) this.parts.book.stayed(peer, nowMs);
    else this.parts.book.failed(peer, nowMs);
    for (const entry of this.bootstrap)
      if (entry.peer === peer) entry.failures = hasStayed ? 0 : entry.failures + 1;
  }

  /** Who to call first after a restart: those that were with us longest. */
  currentAnchors(): readonly string[] {
    return [...this.chosen]
      .sort(([, a], [, b]) => a.sinceMs - b.sinceMs)
      .slice(0, MAX_ANCHORS)
      .map(([peer]) => peer);
  }

  close(): void {
    this.closing.abort(new Error('the node stops'));
  }

  tick(nowMs: number): void {
    if (this.closing.signal.aborted) return;
    while (this.chosen.size + this.dialing.size < this.parts.maxOutbound) {
      if (this.dialing.size >= MAX_DIALS_AT_ONCE || !this.callNext(nowMs)) break;
    }
    if (this.parts.isClosedList) return;
    this.feel(nowMs);
    this.exploreSometimes(nowMs);
  }

  private callNext(nowMs: number): boolean {
    if (!this.parts.isClosedList) {
      const known = this.nextAnchor() ?? chooseOutbound(this.question(nowMs));
      if (known !== undefined) {
        this.call(known.peer, known.addresses, known.group, nowMs, true);
        return true;
      }
    }
    const next = this.nextBootstrap(nowMs);
    if (next === undefined) return false;
    next.triedMs = nowMs;
    this.callBootstrap(next);
    return true;
  }

  private question(nowMs: number): Parameters<typeof chooseOutbound>[0] {
    const taken = [...[...this.chosen.values()].map(({ group }) => group), ...this.dialing.values()];
    return {
      candidates: this.parts.book.all(),
      takenGroups: new Set(taken),
      excluded: (peer) => this.isOutOfQuestion(peer),
      nowMs,
      random: this.parts.random,
    };
  }

  private isOutOfQuestion(peer: string): boolean {
    const { self, isBanned, isConnected } = this.parts;
    return peer === self || this.isChosen(peer) || isConnected(peer) || isBanned(peer);
  }

  private nextAnchor(): KnownPeer | undefined {
    for (let peer = this.anchors.shift(); peer !== undefined; peer = this.anchors.shift()) {
      const known = this.parts.book.get(peer);
      if (known !== undefined && !this.isOutOfQuestion(peer)) return known;
    }
    return undefined;
  }

  private nextBootstrap(nowMs: number): Bootstrap | undefined {
    const { book, isClosedList } = this.parts;
    const isNeeded = isClosedList || book.size < FEW_PEERS || this.chosen.size === 0;
    if (!isNeeded) return undefined;
    return this.bootstrap.find(
      ({ address, peer, triedMs, failures }) =>
        !this.dialing.has(peer ?? address) &&
        (peer === undefined || !this.isOutOfQuestion(peer)) &&
        nowMs - triedMs >=
          Math.max(1_000, pauseAfterFailures({ failures: Math.min(failures, 8), reachedMs: 1 })),
    );
  }

  private callBootstrap(entry: Bootstrap): void {
    const key = entry.peer ?? entry.address;
    this.dialing.set(key, multiaddrToPlace(entry.address)?.group ?? '');
    this.dial(key, [entry.address], (connection) => {
      entry.peer = connection.remotePeer.toString();
      return true;
    }).catch((error: unknown) => {
      entry.failures += 1;
      this.parts.onDialed(key, entry.address, error);
    });
  }

  private call(
    peer: string,
    addresses: readonly string[],
    group: string,
    nowMs: number,
    isKept: boolean,
  ): void {
    this.dialing.set(peer, group);
    const full = addresses.map((address) => `${address}/p2p/${peer}`);
    this.dial(peer, full, () => isKept).catch((error: unknown) => {
      if (!this.closing.signal.aborted) this.parts.book.failed(peer, nowMs);
      this.parts.onDialed(peer, full[0] ?? '', error);
    });
  }

  private async dial(
    key: string,
    addresses: readonly string[],
    keep: (connection: Connection) => boolean,
  ): Promise<void> {
    try {
      const signal = AbortSignal.any([AbortSignal.timeout(DIAL_TIMEOUT_MS), this.closing.signal]);
      const connection = await this.parts.dial(addresses, signal);
      const peer = connection.remotePeer.toString();
      const address = withoutPeerId(connection.remoteAddr.toString());
      // Its end was told before it was handed over: nobody would ever tell it again.
      if (connection.status !== 'open') throw new Error('the peer hung up at once');
      if (connection.direction === 'outbound') this.parts.book.reached(peer, address, Date.now());
      const group = multiaddrToPlace(address)?.group ?? '';
      if (keep(connection)) this.chosen.set(peer, { group, sinceMs: Date.now() });
      else if (!this.chosen.has(peer)) this.parts.hangUp(peer);
      this.parts.onDialed(peer, address, undefined);
    } finally {
      this.dialing.delete(key);
    }
  }

  private feel(nowMs: number): void {
    if (nowMs - this.feelerMs < FEELER_EVERY_MS || this.chosen.size < this.parts.maxOutbound) return;
    this.feelerMs = nowMs;
    const known = chooseFeeler(this.question(nowMs));
    if (known !== undefined) this.call(known.peer, known.addresses, known.group, nowMs, false);
  }

  private exploreSometimes(nowMs: number): void {
    const isHungry = this.chosen.size < this.parts.maxOutbound;
    const everyMs = isHungry ? EXPLORE_EVERY_MS : 10 * EXPLORE_EVERY_MS;
    if (this.exploring || nowMs - this.exploreMs < everyMs) return;
    this.exploreMs = nowMs;
    this.exploring = true;
    const signal = AbortSignal.any([AbortSignal.timeout(EXPLORE_EVERY_MS / 2), this.closing.signal]);
    void this.parts.explore(signal).finally(() => {
      this.exploring = false;
    });
  }
}

/** A multiaddr without the peer id at its end. */
export function withoutPeerId(address: string): string {
  return address.replace(/\/p2p\/[^/]+$/, '');
}
