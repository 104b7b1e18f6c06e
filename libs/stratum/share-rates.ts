import type { AcceptedShare, WorkerStatistics } from './ports.js';

/** How long a share counts towards a hash rate. */
const WINDOW_MS = 10 * 60_000;
/** Shares are added up in steps of this. */
const STEP_MS = 10_000;

interface WorkerRate {
  readonly account: AcceptedShare['account'];
  readonly worker: string;
  readonly sinceMs: number;
  readonly steps: { readonly atMs: number; hashes: number }[];
  difficulty: number;
  lastShareAtMs: number;
}

/** Estimates of hash rates from the shares of the last ten minutes, by worker. */
export class ShareRates {
  private readonly workers = new Map<string, WorkerRate>();

  constructor(private readonly startedAtMs: number) {}

  add(share: AcceptedShare): void {
    const key = `${share.account}.${share.worker}`;
    const atMs = Math.floor(share.atMs / STEP_MS) * STEP_MS;
    let rate = this.workers.get(key);
    if (rate === undefined) {
      const { account, worker } = share;
      rate = { account, worker, sinceMs: share.atMs, steps: [], difficulty: 0, lastShareAtMs: 0 };
      this.workers.set(key, rate);
    }
    const last = rate.steps.at(-1);
    if (last?.atMs === atMs) last.hashes += Number(share.hashes);
    else rate.steps.push({ atMs, hashes: Number(share.hashes) });
    rate.difficulty = Number(share.hashes) / 2 ** 32;
    rate.lastShareAtMs = share.atMs;
  }

  /** Every worker that sent a share in the window. Forgets the others. */
  read(nowMs: number): readonly WorkerStatistics[] {
    const out: WorkerStatistics[] = [];
    for (const [key, rate] of this.workers) {
      while (rate.steps[0] !== undefined && rate.steps[0].atMs < nowMs - WINDOW_MS) rate.steps.shift();
      if (rate.steps.length === 0) {
        this.workers.delete(key);
        continue;
      }
      const hashes = rate.steps.reduce((sum, step) => sum + step.hashes, 0);
      const spanMs = Math.min(WINDOW_MS, Math.max(nowMs - Math.max(rate.sinceMs, this.startedAtMs), STEP_MS));
      const { account, worker, difficulty, lastShareAtMs } = rate;
      out.push({ account, worker, difficulty, lastShareAtMs, hashRate: hashes / (spanMs / 1_000) });
    }
    return out;
  }
}
