import { AppError } from '#errors';

/** The value, or the error that says what was looked for. @throws AppError `explorer/not-found` */
export function foundOrThrow<T>(value: T | null, what: string, id: string): T {
  if (value !== null) return value;
  throw new AppError({
    code: 'explorer/not-found',
    message: `there is no ${what} ${id.slice(0, 100)}`,
    next: 'check the id, or look for it with /api/v1/search; what is not confirmed yet may come with the next block',
    data: { what, id: id.slice(0, 100) },
  });
}
