/** At this score a peer is banned. */
export const BAN_SCORE = 100;

/** A score loses half of itself in this time, so that rare faults of a long-lived peer never add up to a ban. */
const HALF_LIFE_MS = 10 * 60_000;

/** More peers than this are not remembered: the lowest scores are forgotten first. */
const MAX_SCORED_PEERS = 4_096;

interface Score {
  readonly value: number;
  readonly atMs: number;
}

/** What peers have done wrong lately. Survives their reconnecting, not our restart (bans do). */
export class PeerScores {
  private readonly scores = new Map<string, Score>();

  /** Adds an offence; the score with it. */
  add(peer: string, weight: number, nowMs: number): number {
    const value = this.of(peer, nowMs) + Math.max(0, weight);
    this.scores.set(peer, { value, atMs: nowMs });
    if (this.scores.size > MAX_SCORED_PEERS) this.forgetLowest(nowMs);
    return value;
  }

  of(peer: string, nowMs: number): number {
    const score = this.scores.get(peer);
    return score === undefined ? 0 : decayed(score, nowMs);
  }

  forget(peer: string): void {
    this.scores.delete(peer);
  }

  get size(): number {
    return this.scores.size;
  }

  private forgetLowest(nowMs: number): void {
    const ordered = [...this.scores].sort(([, a], [, b]) => decayed(a, nowMs) - decayed(b, nowMs));
    for (const [peer] of ordered.slice(0, MAX_SCORED_PEERS / 4)) this.scores.delete(peer);
  }
}

function decayed(score: Score, nowMs: number): number {
  return score.value * 0.5 ** (Math.max(0, nowMs - score.atMs) / HALF_LIFE_MS);
}
