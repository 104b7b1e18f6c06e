import { setTimeout as sleep } from 'node:timers/promises';
import type { FragmentId } from '#chain';
import { isTombstone } from '#contracts';
import { AppError } from '#errors';
import { nowSeconds, type ProviderContext } from '../provider-context.js';

/** Before the first look, and between two, for what contracts list and no volume has. */
const FIRST_LOOK_MS = 60_000;
const LOOK_PAUSE_MS = 3_600_000;

/** Finds what has rotted or is lost before a challenge meets it: volumes read again, lists compared with what is there. */
export class Scrubber {
  readonly #context: ProviderContext;
  readonly #stopping = new AbortController();
  #loop: Promise<void> = Promise.resolve();

  constructor(context: ProviderContext) {
    this.#context = context;
  }

  start(): void {
    if (this.#context.limits.scrubBytesPerSecond === 0) return;
    this.#context.scrubs.start();
    this.#loop = this.#run();
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#loop;
  }

  /** One pass over all volumes and all lists, at once; the fragments found damaged are marked and answered. */
  async scrub(): Promise<FragmentId[]> {
    const { scrubs, store } = this.#context;
    const found = new Set(await this.findLost());
    await store.registry.look();
    await Promise.all(
      store.registry.volumes.filter(({ isHere }) => isHere).map((each) => scrubs.verify(each)),
    );
    for (const { damage } of store.registry.volumes) for (const id of damage.keys()) found.add(id);
    return [...found];
  }

  /** What contracts list and no volume has; a disk that is away makes nothing lost. */
  async findLost(): Promise<FragmentId[]> {
    const { records, store, logger } = this.#context;
    const lost: FragmentId[] = [];
    for (const { id: contract, state } of records.contracts()) {
      if (state !== 'agreed' && state !== 'formed') continue;
      for (const leaf of await records.leaves(contract)) {
        if (this.#stopping.signal.aborted) return lost;
        if (isTombstone(leaf) || (await store.has(leaf.id)) || store.isAway(leaf.id)) continue;
        lost.push(leaf.id);
        await records.markCorrupt(leaf.id, nowSeconds(this.#context));
        logger.error({ fragment: leaf.id, contract }, 'a stored fragment is lost');
      }
    }
    return lost;
  }

  /** As `findLost`, for what runs by itself: records that fail now are asked again by the next look. */
  async lookForLost(): Promise<void> {
    try {
      await this.findLost();
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
      this.#context.logger.warn({ err: error }, 'lost fragments could not be looked for');
    }
  }

  async #run(): Promise<void> {
    const { signal } = this.#stopping;
    for (let pauseMs = FIRST_LOOK_MS; !signal.aborted; pauseMs = LOOK_PAUSE_MS) {
      await sleep(pauseMs, undefined, { signal }).catch(() => undefined);
      if (!signal.aborted) await this.lookForLost();
    }
  }
}
