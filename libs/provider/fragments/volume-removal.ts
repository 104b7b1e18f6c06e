import { AppError } from '#errors';
import type { VolumeView } from '#fragment-store';
import type { ProviderContext } from '../provider-context.js';
import { liveOf } from '../records/list-records.js';
import type { Scrubber } from './scrubber.js';

/** Removing a volume, and what it costs: the contracts whose fragments are nowhere else. */
export class VolumeRemoval {
  readonly #context: ProviderContext;
  readonly #scrubber: Scrubber;

  constructor(context: ProviderContext, scrubber: Scrubber) {
    this.#context = context;
    this.#scrubber = scrubber;
  }

  /** @throws AppError `volume/not-empty` with what would be lost, unless that is accepted, and the volumes' own */
  async remove(id: string, isLossAccepted: boolean): Promise<VolumeView> {
    const { volumes } = this.#context;
    try {
      const removed = await volumes.remove(id, isLossAccepted);
      // What went with it is alarmed at once, and not by the next challenge.
      if (removed.fragments > 0 || removed.usedBytes > 0) void this.#scrubber.lookForLost();
      return removed;
    } catch (error) {
      if (!(error instanceof AppError) || error.code !== 'volume/not-empty') throw error;
      const contracts = await this.#contractsOn(id);
      throw new AppError({
        code: error.code,
        message: `${error.message}, of ${contracts.length} contract${contracts.length === 1 ? '' : 's'}`,
        data: { ...error.data, contracts },
        ...(error.next === undefined ? {} : { next: error.next }),
        cause: error,
      });
    }
  }

  /** Contracts on chain, or about to be, that would lose a fragment. */
  async #contractsOn(id: string): Promise<string[]> {
    const { records, store, volumes } = this.#context;
    const volume = volumes.find(id);
    const ids: string[] = [];
    for (const { id: contract, state } of records.contracts()) {
      if (state !== 'agreed' && state !== 'formed') continue;
      const isHit = liveOf(await records.leaves(contract)).some((leaf) => {
        const holders = store.registry.holders(leaf.id);
        return holders.length === 0 ? !volume.isKnown : holders.every((holder) => holder === volume);
      });
      if (isHit) ids.push(contract);
    }
    return ids;
  }
}
