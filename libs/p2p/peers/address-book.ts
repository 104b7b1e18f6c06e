import { isRelayed, multiaddrToPlace, type NetPlace } from './net-place.js';

/** A peer that may be called. Times are milliseconds since 1970; 0 = never. */
export interface KnownPeer {
  readonly peer: string;
  /** Where it says it is, at most a few, without its peer id. */
  readonly addresses: readonly string[];
  /** The group (`NetPlace`) of its first address: what diversity goes by. */
  readonly group: string;
  /** The group (`NetPlace`) of who told us. */
  readonly source: string;
  readonly heardMs: number;
  readonly triedMs: number;
  readonly reachedMs: number;
  /** Failed calls since it was last reached. */
  readonly failures: number;
}

const MAX_PEERS = 2_048;
/** Of one group: whoever owns a whole /16 still fills a small part of the book only. */
const MAX_PER_GROUP = 32;
/** Never reached and told by one group: a peer that lists thousands of addresses fills a small part only. */
const MAX_UNREACHED_PER_SOURCE = 128;
const MAX_ADDRESSES_PER_PEER = 4;
const MAX_ADDRESS_LENGTH = 200;

/**
 * The peers this node remembers, so that a restart does not depend on who answers first. Bounded in all, for one group
 * and for one source, as in Heilman et al., "Eclipse Attacks on Bitcoin's Peer-to-Peer Network" (2015).
 */
export class AddressBook {
  private readonly peers = new Map<string, KnownPeer>();
  private isChanged = false;

  constructor(peers: readonly Omit<KnownPeer, 'group'>[] = []) {
    for (const known of peers) this.peers.set(known.peer, { ...known, group: groupOf(known.addresses) });
  }

  get size(): number {
    return this.peers.size;
  }

  all(): readonly KnownPeer[] {
    return [...this.peers.values()];
  }

  get(peer: string): KnownPeer | undefined {
    return this.peers.get(peer);
  }

  /** Takes in what somebody said about a peer; addresses that mean nothing here are left out. */
  learn(peer: string, addresses: readonly string[], source: NetPlace | undefined, nowMs: number): void {
    const useful = addresses.filter((address) => isUseful(address, source)).slice(0, MAX_ADDRESSES_PER_PEER);
    if (useful.length === 0) return;
    const known = this.peers.get(peer);
    if (known !== undefined) {
      // what was reached keeps its address first: a third party must not talk us out of it
      const kept = known.reachedMs > 0 ? known.addresses.slice(0, 1) : [];
      const merged = [...new Set([...kept, ...useful])].slice(0, MAX_ADDRESSES_PER_PEER);
      this.put({ ...known, addresses: merged, group: groupOf(merged), heardMs: nowMs });
      return;
    }
    const entry: KnownPeer = {
      peer,
      addresses: useful,
      group: groupOf(useful),
      source: source?.group ?? '',
      heardMs: nowMs,
      triedMs: 0,
      reachedMs: 0,
      failures: 0,
    };
    if (this.makeRoom(entry, nowMs)) this.put(entry);
  }

  /** The call worked, at this address. Failures count until it has stayed: who is banned there is let in and put out. */
  reached(peer: string, address: string, nowMs: number): void {
    const known = this.peers.get(peer);
    const others = known?.addresses.filter((other) => other !== address) ?? [];
    const entry: KnownPeer = {
      peer,
      addresses: [address, ...others].slice(0, MAX_ADDRESSES_PER_PEER),
      group: groupOf([address]),
      source: known?.source ?? groupOf([address]),
      heardMs: nowMs,
      triedMs: nowMs,
      reachedMs: nowMs,
      failures: known?.failures ?? 0,
    };
    if (known !== undefined || this.makeRoom(entry, nowMs)) this.put(entry);
  }

  /** It stayed with us for a while. */
  stayed(peer: string, nowMs: number): void {
    const known = this.peers.get(peer);
    if (known !== undefined) this.put({ ...known, heardMs: nowMs, reachedMs: nowMs, failures: 0 });
  }

  /** The call did not work. A peer that was never reached is forgotten after a few of those. */
  failed(peer: string, nowMs: number): void {
    const known = this.peers.get(peer);
    if (known === undefined) return;
    const failures = known.failures + 1;
    const isHopeless = known.reachedMs === 0 ? failures >= 4 : failures >= 32;
    if (isHopeless) this.remove(peer);
    else this.put({ ...known, triedMs: nowMs, failures });
  }

  remove(peer: string): void {
    this.isChanged = this.peers.delete(peer) || this.isChanged;
  }

  takeChanged(): boolean {
    const wasChanged = this.isChanged;
    this.isChanged = false;
    return wasChanged;
  }

  private put(entry: KnownPeer): void {
    this.peers.set(entry.peer, entry);
    this.isChanged = true;
  }

  /** Drops the worst of whatever is full; false when the newcomer itself would be the worst. */
  private makeRoom(entry: KnownPeer, nowMs: number): boolean {
    const crowds: readonly Crowd[] = [
      { max: MAX_PEERS, holds: () => true },
      { max: MAX_PER_GROUP, holds: ({ group }) => group === entry.group },
      {
        max: entry.reachedMs > 0 ? Number.POSITIVE_INFINITY : MAX_UNREACHED_PER_SOURCE,
        holds: ({ reachedMs, source }) => reachedMs === 0 && source === entry.source,
      },
    ];
    for (const { max, holds } of crowds) {
      if (this.peers.size < max) continue;
      let count = 0;
      let worst: { readonly peer: string; readonly worth: number } | undefined;
      for (const known of this.peers.values()) {
        if (!holds(known)) continue;
        count += 1;
        const its = worth(known, nowMs);
        if (worst === undefined || its < worst.worth) worst = { peer: known.peer, worth: its };
      }
      if (count < max || worst === undefined) continue;
      if (worst.worth > worth(entry, nowMs)) return false;
      this.peers.delete(worst.peer);
    }
    return true;
  }
}

/** Some of the peers, and how many of them may be in the book. */
interface Crowd {
  readonly max: number;
  readonly holds: (known: KnownPeer) => boolean;
}

function groupOf(addresses: readonly string[]): string {
  return multiaddrToPlace(addresses[0] ?? '')?.group ?? '';
}

/** Reached ones before unreached, then fewer failures, then the more recent. */
function worth(known: KnownPeer, nowMs: number): number {
  const lastMs = known.heardMs > known.reachedMs ? known.heardMs : known.reachedMs;
  const ageHours = (nowMs - lastMs) / 3_600_000;
  const failures = known.failures > 50 ? 50 : known.failures;
  return (known.reachedMs > 0 ? 1_000_000 : 0) - 10_000 * failures - (ageHours > 1_000 ? 1_000 : ageHours);
}

function isUseful(address: string, source: NetPlace | undefined): boolean {
  if (address.length > MAX_ADDRESS_LENGTH) return false;
  const place = multiaddrToPlace(address);
  if (place === undefined) return false;
  if (place.isLoopback && !isRelayed(address)) return source?.isLoopback === true;
  if (place.isPrivate && !isRelayed(address)) return source?.isPrivate === true;
  return true;
}
