import type { BlockId } from '#chain';
import type { ChainPoint } from '#ledger';
import type { Peer, PeerSet } from '../peers/peer.js';

/** How long a header whose bodies nobody had is left alone. */
const SHELVED_MS = 30_000;
/** Shelved headers remembered. */
const MAX_SHELVED = 1_000;

/** Chooses the chain whose bodies are fetched: the heaviest that a peer proved and that can be had. */
export class Targets {
  private readonly shelvedUntilMs = new Map<BlockId, number>();

  constructor(private readonly peers: PeerSet) {}

  /** The heaviest proven header with more work than the own tip. */
  choose(tip: ChainPoint, nowMs: number): ChainPoint | undefined {
    let best: ChainPoint | undefined;
    for (const { proven } of this.peers.ready()) {
      if (proven === undefined || proven.totalWork <= (best ?? tip).totalWork) continue;
      if ((this.shelvedUntilMs.get(proven.id) ?? 0) > nowMs) continue;
      best = proven;
    }
    return best;
  }

  /** Its bodies are not to be had, or not to be connected yet. */
  shelve(target: ChainPoint, nowMs: number, ms = SHELVED_MS): void {
    this.shelvedUntilMs.delete(target.id);
    this.shelvedUntilMs.set(target.id, nowMs + ms);
    for (const [id, untilMs] of this.shelvedUntilMs) {
      if (untilMs <= nowMs || this.shelvedUntilMs.size > MAX_SHELVED) this.shelvedUntilMs.delete(id);
    }
  }

  /** It led to an invalid block. */
  disprove(target: ChainPoint): void {
    for (const peer of this.peers.all()) peer.disprove(target.id);
  }

  /** Peers that can be asked for the bodies of a target: whoever has a chain at least as high. */
  holders(height: number): readonly Peer[] {
    return this.peers.ready().filter(({ proven }) => proven !== undefined && proven.height >= height);
  }
}
