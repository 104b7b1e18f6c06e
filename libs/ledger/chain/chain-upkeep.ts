import type { ChainStore } from '../storage/chain-store.js';
import type { StateSnapshots } from '../storage/state-snapshots.js';
import type { ChainManager } from './chain-manager.js';

/** How the files of a chain are kept short. */
export interface ChainUpkeepPolicy {
  /** Blocks between two snapshots of the state. */
  readonly snapshotBlocks: number;
  /** Blocks behind the tip whose undo data and events are kept at least. */
  readonly undoBlocks: number;
}

export const DEFAULT_CHAIN_UPKEEP: ChainUpkeepPolicy = { snapshotBlocks: 2_000, undoBlocks: 2_016 };

export interface ChainUpkeepOptions {
  readonly chain: ChainManager;
  readonly store: ChainStore;
  readonly snapshots: StateSnapshots;
  readonly policy: ChainUpkeepPolicy;
  /** Height of the last block whose events are in the explorer's index. */
  readonly indexHeight: () => number;
  /** Told of what failed; it is tried again later. */
  readonly onError: (error: unknown) => void;
}

/** A stop takes a snapshot only where it saves the next start that many blocks. */
const STOP_MIN_BLOCKS = 100;

/** Takes snapshots of the state and forgets old undo data, beside the path of blocks. */
export class ChainUpkeep {
  private readonly stopListening: () => void;
  private running: Promise<void> | undefined;
  private snapshotHeight: number;

  constructor(private readonly options: ChainUpkeepOptions) {
    this.snapshotHeight = options.snapshots.kept.at(-1)?.height ?? 0;
    this.stopListening = options.chain.onChange(() => this.wake());
  }

  /** Resolves when what is under way has ended. */
  async idle(): Promise<void> {
    await this.running;
  }

  /** Ends with a snapshot of the last state. The chain must be idle and its store open. */
  async close(): Promise<void> {
    this.stopListening();
    await this.running;
    if (this.options.chain.tip.height >= this.snapshotHeight + STOP_MIN_BLOCKS) await this.snapshot();
  }

  private wake(): void {
    const { chain, policy, store, onError } = this.options;
    if (this.running !== undefined) return;
    if (chain.tip.height < this.snapshotHeight + policy.snapshotBlocks) return;
    // The state is frozen within this turn, while it is the tip's. What can be forgotten depends on the snapshots.
    this.running = this.snapshot()
      .then(() => store.pruneEffects(this.pruneLimit()))
      .then(() => undefined)
      .catch(onError)
      .finally(() => {
        this.running = undefined;
      });
  }

  private async snapshot(): Promise<void> {
    const { chain, snapshots, onError } = this.options;
    const { id, height } = chain.tip;
    this.snapshotHeight = height;
    try {
      await snapshots.take({ id, height }, chain.state);
    } catch (error) {
      onError(error);
    }
  }

  /** What a start from the older snapshot, the index or a reorganisation of the usual depth may ask for stays. */
  private pruneLimit(): number {
    const { chain, snapshots, policy, indexHeight } = this.options;
    const onMain = snapshots.kept.filter(({ id, height }) => chain.tree.mainAt(height)?.id === id);
    const oldest = onMain[0]?.height ?? 0;
    return Math.max(0, Math.min(chain.tip.height - policy.undoBlocks, oldest, indexHeight() + 1));
  }
}
