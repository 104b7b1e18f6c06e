import type { z } from 'zod';
import { AppError, InvariantError } from '#errors';
import type { EnqueueOptions, JobDefinition } from './job-queue.js';

const NAME = /^[a-z][a-z0-9-]{0,63}$/;

/** Declares a kind of job. The name is kebab-case because Redis keys and metrics labels carry it. */
export function defineJob<T>(name: string, payload: z.ZodType<T>): JobDefinition<T> {
  if (!NAME.test(name))
    throw new InvariantError(`job name ${JSON.stringify(name)} is not kebab-case (${NAME.source})`);
  return { name, payload };
}

/** The defaults of `EnqueueOptions`. */
export const ENQUEUE_DEFAULTS = { delayMs: 0, attempts: 5, backoffMs: 1_000 } as const;

/** The defaults of `WorkOptions`. */
export const WORK_DEFAULTS = { concurrency: 1, leaseMs: 30_000 } as const;

/** How many times a job may lose its worker before it counts as the cause of the deaths and fails. */
export const MAX_LOST_LEASES = 3;

/** How many failed jobs of a kind are kept. */
export const MAX_FAILED_KEPT = 1_000;

/** The pause before the attempt that follows `attemptsMade` failed ones, in milliseconds. */
export function backoffDelayMs(backoffMs: number, attemptsMade: number): number {
  return Math.min(backoffMs * 2 ** (attemptsMade - 1), 2 ** 40);
}

/** The options with defaults filled in; a value out of range is our own caller's fault. */
export function completeEnqueueOptions(options: EnqueueOptions): Required<Omit<EnqueueOptions, 'jobId'>> {
  const complete = {
    delayMs: options.delayMs ?? ENQUEUE_DEFAULTS.delayMs,
    attempts: options.attempts ?? ENQUEUE_DEFAULTS.attempts,
    backoffMs: options.backoffMs ?? ENQUEUE_DEFAULTS.backoffMs,
  };
  if (!(complete.delayMs >= 0)) throw new InvariantError(`delayMs ${complete.delayMs} is not zero or more`);
  if (!(complete.backoffMs >= 0))
    throw new InvariantError(`backoffMs ${complete.backoffMs} is not zero or more`);
  if (!Number.isSafeInteger(complete.attempts) || complete.attempts < 1) {
    throw new InvariantError(`attempts ${complete.attempts} is not a whole number above zero`);
  }
  return complete;
}

/** The payload as JSON text, after the schema has accepted what a worker would read back. */
export function encodePayload<T>(job: JobDefinition<T>, payload: T): string {
  let text: string;
  try {
    text = JSON.stringify(payload ?? null);
  } catch (cause) {
    throw payloadInvalid(job.name, cause instanceof Error ? cause.message : String(cause), cause);
  }
  decodePayload(job, text);
  return text;
}

/** The payload read back from JSON text and checked. */
export function decodePayload<T>(job: JobDefinition<T>, text: string): T {
  const parsed = job.payload.safeParse(JSON.parse(text));
  if (parsed.success) return parsed.data;
  const first = parsed.error.issues[0];
  throw payloadInvalid(
    job.name,
    `${first?.path.join('.') || 'payload'}: ${first?.message ?? 'refused'}`,
    parsed.error,
  );
}

function payloadInvalid(name: string, why: string, cause: unknown): AppError {
  return new AppError({
    code: 'jobs/payload-invalid',
    message: `a payload for job ${name} does not fit its schema: ${why}`,
    next: 'payloads are plain JSON (bigints as decimal strings, bytes as hex); correct the caller or the schema',
    data: { name },
    cause,
  });
}
