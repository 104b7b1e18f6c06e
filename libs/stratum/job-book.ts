import type { MiningWork, WorkChange } from '#mining-work';

/** A work as it was given to miners. */
export interface Job {
  readonly id: string;
  readonly work: MiningWork;
  /** What the header's time starts from, in seconds since 1970. */
  readonly time: number;
  /** Whether everything before it is worthless. */
  readonly clean: boolean;
}

/** Most jobs of one tip that still take shares; a miner that keeps to an older one works on yesterday's fees. */
const MAX_JOBS = 32;

/** The jobs that take shares: those of the current tip. A job that is not here is stale. */
export class JobBook {
  private readonly jobs = new Map<string, Job>();
  private newest: Job | undefined;
  private counter = 0;
  /** Counts tips; what was seen on an older one can be forgotten. */
  tipNumber = 0;

  /** A new job of a work, the latest from now on. */
  add(work: MiningWork, change: WorkChange, nowSeconds: number): Job {
    if (change === 'tip') {
      this.jobs.clear();
      this.tipNumber += 1;
    }
    this.counter = (this.counter + 1) >>> 0;
    const job: Job = {
      id: this.counter.toString(16),
      work,
      time: Math.max(work.template.minTimeSeconds, nowSeconds),
      clean: change === 'tip',
    };
    this.jobs.set(job.id, job);
    this.newest = job;
    for (const oldest of this.jobs.keys()) {
      if (this.jobs.size <= MAX_JOBS) break;
      this.jobs.delete(oldest);
    }
    return job;
  }

  find(id: string): Job | undefined {
    return this.jobs.get(id);
  }

  latest(): Job | undefined {
    return this.newest;
  }
}
