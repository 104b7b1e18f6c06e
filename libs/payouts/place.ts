import { AppError } from '#errors';

/** Where something stands in the chain: its block, and its place in it. */
export interface Place {
  readonly height: number;
  readonly position: number;
}

/** A place as a cursor gives it, `HEIGHT-POSITION`. @throws AppError `payouts/cursor-invalid` */
export function parsePlace(cursor: string): Place {
  const match = /^(\d{1,15})-(\d{1,15})$/.exec(cursor);
  if (match !== null) return { height: Number(match[1]), position: Number(match[2]) };
  throw new AppError({
    code: 'payouts/cursor-invalid',
    message: `cursor ${JSON.stringify(cursor.slice(0, 100))} is not one that this list gave out`,
    next: 'leave the cursor out to start at the first page, and pass nextCursor on unchanged',
  });
}

/** Whether `first` comes later in the chain than `second`. */
export function placeAfter(first: Place, second: Place): boolean {
  return first.height > second.height || (first.height === second.height && first.position > second.position);
}
