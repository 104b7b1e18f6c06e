import type { FragmentId } from '#chain';
import { AppError } from '#errors';
import { nowSeconds, type ProviderContext } from '../provider-context.js';
import type { Uploads } from './uploads.js';

/** Fragments asked about at once. */
const BATCH = 1_000;
const PAUSE_SECONDS = 3_600;

/**
 * Deletes fragments that no record names: a crash left them, or a disk had been away when they were given up. Only after
 * a grace: records restored from a backup, or a node whose index lags, must not cost what contracts pay for.
 */
export class OrphanSweep {
  readonly #context: ProviderContext;
  readonly #uploads: Pick<Uploads, 'isUnderWay'>;
  readonly #isComplete: () => boolean;
  #nextAt = 0;

  /** `isComplete`: whether every contract on the chain is on record. */
  constructor(context: ProviderContext, uploads: Pick<Uploads, 'isUnderWay'>, isComplete: () => boolean) {
    this.#context = context;
    this.#uploads = uploads;
    this.#isComplete = isComplete;
  }

  /** Sweeps when it is time to. */
  async sweepIfDue(): Promise<void> {
    const now = nowSeconds(this.#context);
    if (now < this.#nextAt || !this.#isComplete()) return;
    this.#nextAt = now + Math.min(PAUSE_SECONDS, this.#context.limits.orphanGraceSeconds);
    await this.sweep();
  }

  /** Looks at every fragment once; answers how many were deleted. */
  async sweep(): Promise<number> {
    const { limits, logger, records, store } = this.#context;
    const at = nowSeconds(this.#context);
    let removed = 0;
    const look = async (ids: readonly FragmentId[]): Promise<void> => {
      const unneeded = (await records.orphans.unneeded(ids)).filter((id) => !this.#uploads.isUnderWay(id));
      if (unneeded.length === 0) return;
      for (const id of await records.orphans.see(unneeded, at, at - limits.orphanGraceSeconds)) {
        // Asked again after the wait: an upload may have begun.
        if (!this.#isComplete() || (await records.isNeeded(id)) || this.#uploads.isUnderWay(id)) continue;
        if (await store.remove(id)) removed += 1;
      }
    };
    try {
      let batch: FragmentId[] = [];
      for await (const { id } of store.list()) {
        batch.push(id);
        if (batch.length < BATCH) continue;
        await look(batch);
        batch = [];
      }
      await look(batch);
      await records.orphans.forgetUnseen(at);
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
      logger.warn({ err: error }, 'fragments without a contract could not be looked for');
    }
    if (removed > 0) logger.info({ removed }, 'fragments without a contract removed');
    return removed;
  }
}
