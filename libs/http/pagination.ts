import { z } from 'zod';
import { AppError } from '#errors';
import { jsonText } from './json.js';

export const PAGE_LIMIT_DEFAULT = 50;
export const PAGE_LIMIT_MAX = 500;

/** The query of every list: `?limit=50&cursor=…`. Extend it with a list's own filters. */
export const pageQuerySchema = z.object({
  limit: z.coerce
    .number('a whole number')
    .int('a whole number')
    .min(1, `from 1 to ${PAGE_LIMIT_MAX}`)
    .max(PAGE_LIMIT_MAX, `from 1 to ${PAGE_LIMIT_MAX}`)
    .default(PAGE_LIMIT_DEFAULT)
    .describe(`How many items at most, up to ${PAGE_LIMIT_MAX}`),
  cursor: z
    .string()
    .max(1_000)
    .optional()
    .describe('`nextCursor` of the page before; absent for the first page'),
});
export type PageQuery = z.infer<typeof pageQuerySchema>;

/** A page of a list. A cursor holds a position, not an offset: it stays right when blocks come and go. */
export interface CursorPage<T> {
  readonly items: readonly T[];
  /** Absent on the last page. */
  readonly nextCursor?: string;
}

/** The schema of a page of items, for OpenAPI. */
export function pageSchema<T extends z.ZodType>(item: T) {
  return z.object({
    items: z.array(item),
    nextCursor: z.string().optional().describe('Give it as `cursor` for the next page; absent on the last'),
  });
}

/** A position (any JSON; bigints become strings) as an opaque base64url cursor. */
export function encodeCursor(position: unknown): string {
  return Buffer.from(jsonText(position), 'utf8').toString('base64url');
}

/**
 * The position inside a cursor; undefined for no cursor.
 * @throws AppError `page/cursor-invalid` (400) when it is not one of ours
 */
export function decodeCursor<T>(cursor: string | undefined, position: z.ZodType<T>): T | undefined {
  if (cursor === undefined) return undefined;
  let value: unknown;
  try {
    value = /^[\w-]+$/.test(cursor)
      ? JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8'))
      : undefined;
  } catch {
    value = undefined;
  }
  const parsed = position.safeParse(value);
  if (parsed.success && value !== undefined) return parsed.data;
  throw new AppError({
    code: 'page/cursor-invalid',
    message: `cursor ${JSON.stringify(cursor.slice(0, 100))} is not one that this list gave out`,
    next: 'leave the cursor out to start at the first page, and pass nextCursor on unchanged',
  });
}

/**
 * A page out of up to `limit + 1` items that were fetched: the one too many only tells that there is a next page,
 * whose cursor is the position of the last item shown.
 */
export function createPage<T>(
  fetched: readonly T[],
  limit: number,
  positionOf: (item: T) => unknown,
): CursorPage<T> {
  const items = fetched.slice(0, limit);
  const last = items.at(-1);
  return fetched.length > limit && last !== undefined
    ? { items, nextCursor: encodeCursor(positionOf(last)) }
    : { items };
}
