/** Weight of the newest block. */
const SMOOTHING = 0.05;
const FIRST_GUESS_BYTES = 16 * 1024;

/** How large the next bodies probably are: enough to keep room for what is asked for. */
export class BlockSizes {
  private average = FIRST_GUESS_BYTES;

  get expectedBytes(): number {
    return Math.ceil(this.average);
  }

  /** A block arrived. Growth counts at once: too little room kept is worse than too much. */
  add(sizeBytes: number): void {
    this.average =
      sizeBytes > this.average * 2
        ? sizeBytes
        : this.average * (1 - SMOOTHING) + Math.max(512, sizeBytes) * SMOOTHING;
  }
}
