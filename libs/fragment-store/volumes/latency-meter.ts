/** Share of the newest measurement in the average. */
const WEIGHT = 1 / 16;
/** One slow answer is no slow disk. */
const LEAST_SAMPLES = 8;

/** A moving average of how long something takes. */
export class LatencyMeter {
  #averageMs = 0;
  #samples = 0;

  /** Null until enough was measured. */
  get averageMs(): number | null {
    return this.#samples < LEAST_SAMPLES ? null : this.#averageMs;
  }

  async time<T>(work: () => Promise<T>): Promise<T> {
    const startedAt = performance.now();
    const result = await work();
    const tookMs = performance.now() - startedAt;
    const weight = Math.max(WEIGHT, 1 / (this.#samples + 1));
    this.#averageMs += (tookMs - this.#averageMs) * weight;
    this.#samples += 1;
    return result;
  }
}
