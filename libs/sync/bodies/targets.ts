import type { BlockId } from '#chain';
import type { ChainPoint } from '#ledger';
import type { Peer, PeerSet } from '../peers/peer.js';

/** How long a header whose bodies nobody had is left alone. */
const SHELVED_MS = 30_000;
/** Shelved headers remembered. */
const MAX_SHELVED = 1_000;

interface Shelved {
  readonly untilMs: number;
  /** Who could not give the bodies; somebody else may. */
  readonly by: ReadonlySet<Peer>;
}

/** Chooses the chain whose bodies are fetched: the heaviest that a peer proved and that can be had. */
export class Targets {
  private readonly shelved = new Map<BlockId, Shelved>();

  constructor(private readonly peers: PeerSet) {}

  /** The heaviest proven header with more work than the own tip. */
  choose(tip: ChainPoint, nowMs: number): ChainPoint | undefined {
    let best: ChainPoint | undefined;
    for (const peer of this.peers.ready()) {
      const { proven } = peer;
      if (proven === undefined || proven.totalWork <= (best ?? tip).totalWork) continue;
      const shelved = this.shelved.get(proven.id);
      if (shelved !== undefined && shelved.untilMs > nowMs && shelved.by.has(peer)) continue;
      best = proven;
    }
    return best;
  }

  /** Its bodies are not to be had from those who showed it, or not to be connected yet. */
  shelve(target: ChainPoint, nowMs: number): void {
    this.shelved.delete(target.id);
    const by = new Set(this.peers.ready().filter(({ proven }) => proven?.id === target.id));
    this.shelved.set(target.id, { untilMs: nowMs + SHELVED_MS, by });
    for (const [id, { untilMs }] of this.shelved) {
      if (untilMs <= nowMs || this.shelved.size > MAX_SHELVED) this.shelved.delete(id);
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
