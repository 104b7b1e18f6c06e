import { AppError } from '#errors';
import { redisUrlToPublic } from '#redis';

/** Redis went away in the middle. */
export function redisLost(redisUrl: string, cause: Error): AppError {
  const redis = redisUrlToPublic(redisUrl);
  return new AppError({
    code: 'jobs/redis-lost',
    message: `the connection to Redis at ${redis} was lost: ${cause.message}`,
    next: 'start Redis again; work goes on by itself as soon as it answers, and a repeated enqueue with a jobId is harmless',
    data: { redis },
    cause,
  });
}

/** Redis answered, with an error: out of memory, read-only, a wrong type under our key. */
export function redisRefused(redisUrl: string, cause: Error): AppError {
  const redis = redisUrlToPublic(redisUrl);
  return new AppError({
    code: 'jobs/redis-refused',
    message: `Redis at ${redis} refused an operation: ${cause.message}`,
    next: "look at its memory (maxmemory-policy must be 'noeviction') and whether it is a writable primary",
    data: { redis },
    cause,
  });
}
