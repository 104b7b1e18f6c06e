import type { Law, LawEvent } from '#chain';
import type { BlockTree } from '../chain/block-tree.js';
import { LedgerState } from '../chain/ledger-state.js';
import { loadState } from '../chain/load-state.js';
import { reapply } from '../chain/replay.js';
import type { ChainStore, StoredBlock } from '../storage/chain-store.js';
import { decodeEvents } from '../storage/event-codec.js';
import type { StateSnapshots } from '../storage/state-snapshots.js';

export interface EventReplayOptions {
  readonly law: Law;
  readonly store: ChainStore;
  readonly tree: BlockTree;
  readonly snapshots?: StateSnapshots | undefined;
}

/**
 * Events of main-chain blocks asked for in order: as they were stored or, where that was pruned, by the law on a state of
 * its own. That is how an index is rebuilt long after the events of old blocks were forgotten.
 */
export class EventReplay {
  private state: LedgerState | undefined;
  private nextHeight = 0;

  constructor(private readonly options: EventReplayOptions) {}

  async events(stored: StoredBlock): Promise<readonly LawEvent[]> {
    const { law, store, tree } = this.options;
    const kept = stored.events && decodeEvents(stored.events);
    if (kept !== undefined) {
      this.state = undefined;
      return kept;
    }
    const state = await this.stateBefore(stored);
    const applied = reapply(law, store, tree, state, stored);
    state.apply(applied.diff);
    this.nextHeight = stored.height + 1;
    return applied.events;
  }

  private async stateBefore(stored: StoredBlock): Promise<LedgerState> {
    const { law, store, tree, snapshots } = this.options;
    if (this.state !== undefined && this.nextHeight === stored.height) return this.state;
    const parent = tree.mainAt(stored.height - 1);
    this.state =
      parent === undefined ? new LedgerState() : (await loadState(law, store, tree, parent, snapshots)).state;
    return this.state;
  }
}
