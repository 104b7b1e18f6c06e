import { AppError } from '#errors';

const MAX_LIMIT = 10_000;

/** The value of --limit; 50 where it is not given. */
export function readLimit(text: string | boolean | undefined): number {
  if (text === undefined) return 50;
  const limit = Number(text);
  if (Number.isInteger(limit) && limit >= 1 && limit <= MAX_LIMIT) return limit;
  throw new AppError({
    code: 'cli/bad-limit',
    message: `--limit ${String(text)} is not possible.`,
    next: `Use a whole number from 1 to ${MAX_LIMIT}.`,
  });
}
