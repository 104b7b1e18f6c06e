/** Answers that are remembered. */
const REMEMBERED = 32;
/** A fragment is late after this many times what the quicker ones took lately. */
const LATE_FACTOR = 4;
/** Below this, differences are the machine's own noise. */
const LEAST_MS = 100;
/** Where nobody has answered yet. */
const UNKNOWN_MS = 500;
/** Rivals that may be asked for at once, and how many answers earn one more. */
const MOST_RIVALS = 8;
const ANSWERS_PER_RIVAL = 8;
/** So many times late, a fragment gets its rival in any case. */
const HOPELESS_FACTOR = 4;

/**
 * What fragments of one read take lately, and from when on one of them is late. Rivals are rationed: where everything
 * is slow, asking twice for everything would make it slower still.
 */
export class FragmentPace {
  private readonly recentMs: number[] = [];
  private answers = 0;
  private rivals = MOST_RIVALS;

  /** A fragment came after so long. */
  note(elapsedMs: number): void {
    this.recentMs[this.answers % REMEMBERED] = elapsedMs;
    this.answers += 1;
    this.rivals = Math.min(MOST_RIVALS, this.rivals + 1 / ANSWERS_PER_RIVAL);
  }

  /**
   * A fragment that takes longer is late: four times what the quickest quarter took at most. Why not the median: most
   * of the holders that are asked may be slow, and that must not make slowness the measure.
   */
  lateAfterMs(): number {
    if (this.recentMs.length === 0) return UNKNOWN_MS;
    const sorted = [...this.recentMs].sort((a, b) => a - b);
    const quick = sorted[Math.floor(sorted.length / 4)] as number;
    return Math.max(LEAST_MS, quick * LATE_FACTOR);
  }

  /**
   * Whether a fragment that is under way for so long gets a rival now; takes one from the ration. Of a holder that was
   * slow elsewhere not so much is expected, and its rivals are free.
   */
  takeRival(elapsedMs: number, isSuspect: boolean): boolean {
    const lateMs = this.lateAfterMs();
    if (isSuspect) return elapsedMs >= lateMs / LATE_FACTOR;
    if (elapsedMs < lateMs) return false;
    if (this.rivals < 1) return elapsedMs >= lateMs * HOPELESS_FACTOR;
    this.rivals -= 1;
    return true;
  }
}
