/** What a campaign did and what came of it. */
export interface CampaignReport {
  readonly seed: number;
  readonly faults: Readonly<Record<string, number>>;
  readonly faultCount: number;
  readonly actions: Readonly<Record<string, number>>;
  /** Runs of the client that failed and were repeated, by their error code. */
  readonly refusals: Readonly<Record<string, number>>;
  readonly filesStored: number;
  readonly bytesStored: number;
  readonly bytesRead: number;
  /** Bytes of files that were stored and do not come back as they were. */
  readonly bytesLost: number;
  /** From the end of the last fault until every file had all the holders it can have; null: never. */
  readonly healthySeconds: number | null;
  /** Coins in contracts that are over. */
  readonly stuckCoins: string;
  readonly seconds: number;
  /** What must never happen, and did. */
  readonly wrongs: readonly string[];
}

/** Counts by name. */
export class Tally {
  private readonly counts = new Map<string, number>();

  add(name: string): void {
    this.counts.set(name, (this.counts.get(name) ?? 0) + 1);
  }

  get total(): number {
    return [...this.counts.values()].reduce((sum, count) => sum + count, 0);
  }

  toRecord(): Record<string, number> {
    return Object.fromEntries([...this.counts].sort(([a], [b]) => (a < b ? -1 : 1)));
  }
}

export function reportToText(report: CampaignReport): string {
  const table = (record: Readonly<Record<string, number>>): string =>
    Object.entries(record)
      .map(([name, count]) => `${name} ${count}`)
      .join(', ') || 'none';
  const health =
    report.healthySeconds === null
      ? 'NEVER healthy again'
      : `healthy ${report.healthySeconds.toFixed(0)} s later`;
  return [
    `seed ${report.seed}: ${report.faultCount} faults in ${report.seconds.toFixed(0)} s, ${report.bytesLost} bytes lost, ${health}, ${report.stuckCoins} base units stuck`,
    `  faults: ${table(report.faults)}`,
    `  client: ${table(report.actions)}; repeated after: ${table(report.refusals)}`,
    `  ${report.filesStored} files of ${(report.bytesStored / 1e6).toFixed(1)} MB stored, ${(report.bytesRead / 1e6).toFixed(1)} MB read`,
    ...report.wrongs.map((wrong) => `  WRONG: ${wrong}`),
  ].join('\n');
}
