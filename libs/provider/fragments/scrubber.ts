import { setTimeout as sleep } from 'node:timers/promises';
import type { FragmentId } from '#chain';
import { nowSeconds, type ProviderContext } from '../provider-context.js';

/** Pause between two passes over everything. */
const PASS_PAUSE_MS = 60_000;

/** Reads every fragment again, slowly, so that rot is known before a challenge meets it. */
export class Scrubber {
  readonly #context: ProviderContext;
  readonly #stopping = new AbortController();
  #loop: Promise<void> = Promise.resolve();

  constructor(context: ProviderContext) {
    this.#context = context;
  }

  start(): void {
    if (this.#context.limits.scrubBytesPerSecond > 0) this.#loop = this.#run();
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#loop;
  }

  /** One pass over the whole store; the fragments found rotten are marked and answered. */
  async scrub(bytesPerSecond = Number.POSITIVE_INFINITY): Promise<FragmentId[]> {
    const { records, store, logger } = this.#context;
    const { signal } = this.#stopping;
    const rotten: FragmentId[] = [];
    for await (const { id, lengthBytes } of store.list()) {
      if (signal.aborted) break;
      const read = await store.read(id);
      if (read?.ok === false) {
        rotten.push(id);
        await records.markCorrupt(id, nowSeconds(this.#context));
        logger.error({ fragment: id, violation: read.violation }, 'a stored fragment has rotted');
      }
      await this.#wait((lengthBytes / bytesPerSecond) * 1000);
    }
    return rotten;
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
