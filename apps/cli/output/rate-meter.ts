/** The rate shown is that of the last seconds: what a transfer did an hour ago says nothing of now. */
const WINDOW_MS = 8_000;
/** Samples closer together than this are one. */
const SAMPLE_EVERY_MS = 250;
/** Below this no rate can be told. */
const LEAST_MS = 200;

interface Sample {
  readonly atMs: number;
  readonly done: number;
}

/** How fast something goes lately, and when it will be done. */
export class RateMeter {
  private samples: Sample[] = [];
  private last: Sample | undefined;

  /** So much is done at this time; less than before begins anew. */
  note(done: number, atMs: number): void {
    if (this.last !== undefined && done < this.last.done) this.samples = [];
    this.last = { atMs, done };
    const newest = this.samples.at(-1);
    if (newest !== undefined && atMs - newest.atMs < SAMPLE_EVERY_MS) return;
    this.samples.push(this.last);
    // One sample at or before the window's start stays: the rate is over the whole of it.
    while (this.samples.length > 2 && (this.samples[1] as Sample).atMs <= atMs - WINDOW_MS)
      this.samples.shift();
  }

  /** Done in a second, over the last seconds; undefined where too little is known. */
  perSecond(): number | undefined {
    const [first] = this.samples;
    if (first === undefined || this.last === undefined) return undefined;
    const elapsedMs = this.last.atMs - first.atMs;
    return elapsedMs < LEAST_MS ? undefined : ((this.last.done - first.done) / elapsedMs) * 1_000;
  }

  /** Seconds until all is done at this rate; undefined where that cannot be told. */
  secondsLeft(total: number): number | undefined {
    const rate = this.perSecond();
    if (rate === undefined || rate <= 0 || this.last === undefined) return undefined;
    return Math.max(0, (total - this.last.done) / rate);
  }
}
