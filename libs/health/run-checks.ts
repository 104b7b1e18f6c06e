import { AppError } from '#errors';

/** One thing that must hold for the app to do its work; throws when it does not. */
export interface HealthCheck {
  readonly name: string;
  check(): Promise<void>;
}

export interface CheckReport {
  readonly name: string;
  readonly isOk: boolean;
  readonly tookMs: number;
  readonly error?: string;
  readonly next?: string;
}

export interface ReadinessReport {
  readonly status: 'ready' | 'not-ready';
  readonly checks: readonly CheckReport[];
}

/** Runs all checks at once; one that does not answer in time has failed. */
export async function runChecks(checks: readonly HealthCheck[], timeoutMs: number): Promise<ReadinessReport> {
  const reports = await Promise.all(checks.map((check) => runCheck(check, timeoutMs)));
  return { status: reports.every(({ isOk }) => isOk) ? 'ready' : 'not-ready', checks: reports };
}

async function runCheck({ name, check }: HealthCheck, timeoutMs: number): Promise<CheckReport> {
  const startedAt = performance.now();
  const tookMs = (): number => Math.round(performance.now() - startedAt);
  let timer: NodeJS.Timeout | undefined;
  try {
    const tooLate = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new Error(`no answer within ${timeoutMs} ms`)), timeoutMs);
    });
    await Promise.race([check(), tooLate]);
    return { name, isOk: true, tookMs: tookMs() };
  } catch (thrown) {
    const error = thrown instanceof Error ? thrown.message : String(thrown);
    const next = thrown instanceof AppError ? thrown.next : undefined;
    return { name, isOk: false, tookMs: tookMs(), error, ...(next === undefined ? {} : { next }) };
  } finally {
    clearTimeout(timer);
  }
}
