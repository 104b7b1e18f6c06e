import type { NetPlace } from '../peers/net-place.js';

/** Somebody who is not spoken to for a while. */
export interface Ban {
  /** A peer id, or an address (of `NetPlace`). */
  readonly key: string;
  readonly kind: 'peer' | 'address';
  /** The rule that was broken. */
  readonly rule: string;
  readonly untilMs: number;
  /** How often it was banned: every time four times as long. */
  readonly times: number;
}

const FIRST_BAN_MS = 60 * 60_000;
const LONGEST_BAN_MS = 7 * 24 * 60 * 60_000;
/** A ban that is over is remembered this long, for the length of the next. */
const MEMORY_MS = 7 * 24 * 60 * 60_000;
/** New peer ids cost nothing: an address under which so many were banned is banned itself. */
const BANNED_PEERS_PER_ADDRESS = 3;
const MAX_BANS = 4_096;

/**
 * Who is banned, by peer id and by address. Addresses of loopback and of private networks never are: other programs of
 * this machine share them, and whoever comes through a gateway in front of the node.
 */
export class BanList {
  private readonly bans = new Map<string, Ban>();
  private readonly bannedAt = new Map<string, Set<string>>();
  private isChanged = false;

  constructor(bans: readonly Ban[] = []) {
    for (const ban of bans) this.bans.set(ban.key, ban);
  }

  /** Bans a peer, and its address when it was the third there; the bans that came of it. */
  ban(peer: string, rule: string, place: NetPlace | undefined, nowMs: number): readonly Ban[] {
    const made = [this.add(peer, 'peer', rule, nowMs)];
    if (place !== undefined && !place.isPrivate && this.countAt(place.address, peer)) {
      made.push(this.add(place.address, 'address', rule, nowMs));
      this.bannedAt.delete(place.address);
    }
    return made;
  }

  isBanned(key: string, nowMs: number): boolean {
    const ban = this.bans.get(key);
    return ban !== undefined && ban.untilMs > nowMs;
  }

  /** Bans in force. */
  active(nowMs: number): readonly Ban[] {
    return [...this.bans.values()].filter(({ untilMs }) => untilMs > nowMs);
  }

  /** Whether there is something to be written since this was last asked. */
  takeChanged(): boolean {
    const wasChanged = this.isChanged;
    this.isChanged = false;
    return wasChanged;
  }

  /** What to write down: bans in force and those that still count. */
  all(nowMs: number): readonly Ban[] {
    return [...this.bans.values()].filter(({ untilMs }) => untilMs + MEMORY_MS > nowMs);
  }

  private add(key: string, kind: Ban['kind'], rule: string, nowMs: number): Ban {
    const before = this.bans.get(key);
    const remembered = before !== undefined && before.untilMs + MEMORY_MS > nowMs ? before.times : 0;
    const times = remembered + 1;
    const lengthMs = Math.min(LONGEST_BAN_MS, FIRST_BAN_MS * 4 ** (times - 1));
    const ban: Ban = { key, kind, rule, untilMs: nowMs + lengthMs, times };
    this.bans.delete(key); // to the end: the oldest go first
    this.bans.set(key, ban);
    if (this.bans.size > MAX_BANS) this.bans.delete(this.bans.keys().next().value!);
    this.isChanged = true;
    return ban;
  }

  private countAt(address: string, peer: string): boolean {
    const peers = this.bannedAt.get(address) ?? new Set();
    this.bannedAt.delete(address);
    this.bannedAt.set(address, peers.add(peer));
    if (this.bannedAt.size > MAX_BANS) this.bannedAt.delete(this.bannedAt.keys().next().value!);
    return peers.size >= BANNED_PEERS_PER_ADDRESS;
  }
}
