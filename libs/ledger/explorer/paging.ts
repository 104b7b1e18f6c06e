import { AppError } from '#errors';
import type { Page } from '#wire';
import type { PageRequest } from '../port.js';

const DEFAULT_LIMIT = 50;
const MAX_LIMIT = 200;

/** How many items a page has. */
export function pageLimit(request: PageRequest): number {
  return Math.min(Math.max(1, Math.trunc(request.limit ?? DEFAULT_LIMIT)), MAX_LIMIT);
}

/** A numeric cursor: the key of the last item of the page before. */
export function numericCursor(request: PageRequest): number | undefined {
  if (request.cursor === undefined || request.cursor === '') return undefined;
  if (/^\d{1,16}$/.test(request.cursor)) return Number(request.cursor);
  throw badCursor(request.cursor);
}

/** A cursor that is a hex id. */
export function hexCursor(request: PageRequest): string | undefined {
  if (request.cursor === undefined || request.cursor === '') return undefined;
  if (/^[0-9a-f]{1,64}$/.test(request.cursor)) return request.cursor;
  throw badCursor(request.cursor);
}

/** A page of rows of which one more than the limit was asked for. */
export function toPage<R, T>(
  rows: readonly R[],
  limit: number,
  toItem: (row: R) => T,
  toCursor: (row: R) => string,
): Page<T> {
  const shown = rows.slice(0, limit);
  const last = shown.at(-1);
  return {
    items: shown.map(toItem),
    nextCursor: rows.length > limit && last !== undefined ? toCursor(last) : null,
  };
}

/** A page of items in memory, in ascending order of their keys. */
export function pageOfSorted<T>(
  items: Iterable<readonly [string, T]>,
  request: PageRequest,
): { readonly rows: readonly (readonly [string, T])[]; readonly limit: number } {
  const after = hexCursor(request);
  const limit = pageLimit(request);
  const rows = [...items]
    .filter(([key]) => after === undefined || key > after)
    .sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))
    .slice(0, limit + 1);
  return { rows, limit };
}

function badCursor(cursor: string): AppError {
  return new AppError({
    code: 'ledger/bad-cursor',
    message: `'${cursor.slice(0, 100)}' is no cursor of this list`,
    next: 'send nextCursor of the page before as it came, or none for the first page',
    data: { cursor: cursor.slice(0, 100) },
  });
}
