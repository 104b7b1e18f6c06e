import type { StratumLimits } from './limits.js';

interface PeerAddress {
  connections: number;
  points: number;
  pointsAtMs: number;
  bannedUntilMs: number;
}

/** Why a connection is not taken. */
export type Rejection = 'banned' | 'too-many-from-address';

/** What is remembered of the addresses that connect: how many connections, how many faults, until when banned. */
export class PeerAddresses {
  private readonly known = new Map<string, PeerAddress>();

  constructor(private readonly limits: StratumLimits) {}

  /** Counts a connection in, or says why it is refused. Every success is followed by one `left`. */
  joined(address: string, nowMs: number): Rejection | undefined {
    const entry = this.entry(address, nowMs);
    if (entry.bannedUntilMs > nowMs) return 'banned';
    if (entry.connections >= this.limits.maxConnectionsPerAddress) return 'too-many-from-address';
    entry.connections += 1;
    return undefined;
  }

  left(address: string): void {
    const entry = this.known.get(address);
    if (entry !== undefined) entry.connections -= 1;
  }

  /** Charges an address; true when it is banned by this. Good work (negative points) makes up for faults. */
  charge(address: string, points: number, nowMs: number): boolean {
    const entry = this.entry(address, nowMs);
    const forgiven = (nowMs - entry.pointsAtMs) / 1_000;
    entry.points = Math.max(0, Math.max(0, entry.points - forgiven) + points);
    entry.pointsAtMs = nowMs;
    if (entry.points < this.limits.banPoints || entry.bannedUntilMs > nowMs) return false;
    entry.bannedUntilMs = nowMs + this.limits.banMs;
    entry.points = 0;
    return true;
  }

  bannedCount(nowMs: number): number {
    let count = 0;
    for (const { bannedUntilMs } of this.known.values()) if (bannedUntilMs > nowMs) count += 1;
    return count;
  }

  /** Forgets addresses that are gone and owe nothing. */
  prune(nowMs: number): void {
    for (const [address, { connections, points, pointsAtMs, bannedUntilMs }] of this.known) {
      const owes = points - (nowMs - pointsAtMs) / 1_000 > 0 || bannedUntilMs > nowMs;
      if (connections === 0 && !owes) this.known.delete(address);
    }
  }

  private entry(address: string, nowMs: number): PeerAddress {
    let entry = this.known.get(address);
    if (entry === undefined) {
      entry = { connections: 0, points: 0, pointsAtMs: nowMs, bannedUntilMs: 0 };
      this.known.set(address, entry);
    }
    return entry;
  }
}
