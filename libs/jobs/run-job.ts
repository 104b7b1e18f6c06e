import { AppError, InvariantError } from '#errors';
import { decodePayload } from './job-definition.js';
import type { JobDefinition, JobHandler } from './job-queue.js';

/** How one run of a job ended, the same for both adapters. */
export type RunOutcome =
  | { readonly kind: 'completed' }
  /** Try again while attempts are left. */
  | { readonly kind: 'retry'; readonly error: Error }
  /** No further attempt can help. */
  | { readonly kind: 'fatal'; readonly error: Error }
  /** Interrupted by the closing worker: back to the queue, the attempt not counted. */
  | { readonly kind: 'released' };

export interface Run {
  readonly jobId: string;
  readonly payloadText: string;
  readonly attempt: number;
  readonly signal: AbortSignal;
}

/**
 * Runs the handler once. An InvariantError is not an outcome: it leaves the promise pending and ends the process as
 * an uncaught exception, and the job's lease lapses like that of any killed worker.
 */
export async function runJob<T>(
  job: JobDefinition<T>,
  handler: JobHandler<T>,
  run: Run,
): Promise<RunOutcome> {
  let payload: T;
  try {
    payload = decodePayload(job, run.payloadText);
  } catch (error) {
    return { kind: 'fatal', error: toError(error) };
  }
  try {
    await handler({ jobId: run.jobId, name: job.name, payload, attempt: run.attempt, signal: run.signal });
    return { kind: 'completed' };
  } catch (error) {
    if (error instanceof InvariantError) return endProcess(error);
    if (run.signal.aborted) return { kind: 'released' };
    return { kind: 'retry', error: toError(error) };
  }
}

/** The text that is kept of an error: code and message, bounded so that a job row stays small. */
export function errorText(error: Error): string {
  const text = error instanceof AppError ? `${error.code}: ${error.message}` : error.message || error.name;
  return text.length > 2_000 ? `${text.slice(0, 2_000)}…` : text;
}

/** Whatever was thrown, as an Error. */
export function toError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error(String(thrown));
}

function endProcess(error: InvariantError): Promise<never> {
  setImmediate(() => {
    throw error;
  });
  return new Promise<never>(() => {});
}
