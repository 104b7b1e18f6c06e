import { setTimeout as sleep } from 'node:timers/promises';
import type { FragmentId } from '#chain';
import { isTombstone } from '#contracts';
import type { VolumeCheck } from '../prove/volume-check.js';
import { nowSeconds, type ProviderContext } from '../provider-context.js';

/** Pause between two passes over everything. */
const PASS_PAUSE_MS = 60_000;

/** Reads every fragment again, slowly, so that rot and loss are known before a challenge meets them. */
export class Scrubber {
  readonly #context: ProviderContext;
  readonly #volume: VolumeCheck;
  readonly #stopping = new AbortController();
  #loop: Promise<void> = Promise.resolve();

  constructor(context: ProviderContext, volume: VolumeCheck) {
    this.#context = context;
    this.#volume = volume;
  }

  start(): void {
    if (this.#context.limits.scrubBytesPerSecond > 0) this.#loop = this.#run();
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#loop;
  }

  /** One pass over the whole store and all lists; the fragments found rotten or lost are marked and answered. */
  async scrub(bytesPerSecond = Number.POSITIVE_INFINITY): Promise<FragmentId[]> {
    const { records, store, logger } = this.#context;
    const { signal } = this.#stopping;
    // A disk that is away makes everything look lost; that is another alarm.
    if (this.#volume.problem !== undefined) return [];
    const rotten = await this.#findLost();
    for await (const { id, lengthBytes } of store.list()) {
      if (signal.aborted) break;
      const read = await store.read(id);
      if (read?.ok === false) {
        rotten.push(id);
        await records.markCorrupt(id, nowSeconds(this.#context));
        logger.error({ fragment: id, violation: read.violation }, 'a stored fragment has rotted');
      } else if (read !== undefined) await records.unmarkCorrupt(id);
      await this.#wait((lengthBytes / bytesPerSecond) * 1000);
    }
    return rotten;
  }

  /** What contracts list and the store has not. */
  async #findLost(): Promise<FragmentId[]> {
    const { records, store, logger } = this.#context;
    const lost: FragmentId[] = [];
    for (const { id: contract, state } of records.contracts()) {
      if (state !== 'agreed' && state !== 'formed') continue;
      for (const leaf of await records.leaves(contract)) {
        if (this.#stopping.signal.aborted) return lost;
        if (isTombstone(leaf) || (await store.has(leaf.id))) continue;
        lost.push(leaf.id);
        await records.markCorrupt(leaf.id, nowSeconds(this.#context));
        logger.error({ fragment: leaf.id, contract }, 'a stored fragment is lost');
      }
    }
    return lost;
  }

  async #run(): Promise<void> {
    while (!this.#stopping.signal.aborted) {
      await this.#wait(PASS_PAUSE_MS);
      await this.scrub(this.#context.limits.scrubBytesPerSecond);
    }
  }

  async #wait(timeoutMs: number): Promise<void> {
    await sleep(timeoutMs, undefined, { signal: this.#stopping.signal }).catch(() => undefined);
  }
}
