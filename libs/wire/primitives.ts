import { z } from 'zod';

/** Lower-case hex of a fixed number of bytes. */
export const hexOf = (lengthBytes: number, what: string) =>
  z
    .string()
    .regex(
      new RegExp(`^[0-9a-f]{${lengthBytes * 2}}$`),
      `${what}: expected ${lengthBytes * 2} lower-case hex digits`,
    );

/** Hex of any length, at most `maxBytes`. */
export const hexUpTo = (maxBytes: number) =>
  z
    .string()
    .max(maxBytes * 2)
    .regex(/^([0-9a-f]{2})*$/, 'expected lower-case hex digits in pairs');

/** An amount of base units as a decimal string: JSON numbers lose digits above 2^53. */
export const amountText = z
  .string()
  .regex(/^(0|[1-9][0-9]{0,18})$/, 'expected base units as a decimal string')
  .meta({ description: 'base units, decimal string', example: '1000000000' });

/** An amount that may be negative (differences). */
export const signedAmountText = z
  .string()
  .regex(/^-?(0|[1-9][0-9]{0,19})$/, 'expected base units as a decimal string');

/** RFC 3339 time in UTC. */
export const timeText = z.iso.datetime();

export const heightNumber = z.number().int().nonnegative();

/** Turns a query parameter into a number within bounds. */
export const queryNumber = (min: number, max: number, fallback: number) =>
  z.coerce.number().int().min(min).max(max).default(fallback);

/** Cursor paging: offsets lie under reorganisations. */
export const pageQuery = z.object({
  cursor: z.string().max(200).optional().meta({ description: 'from `nextCursor` of the page before' }),
  limit: queryNumber(1, 200, 50),
});
export type PageQuery = z.infer<typeof pageQuery>;

/** One page of a list, newest or smallest first as the list says. */
export const pageOf = <T extends z.ZodType>(item: T) =>
  z.object({ items: z.array(item), nextCursor: z.string().nullable() });

/** A page of items. */
export interface Page<T> {
  readonly items: T[];
  readonly nextCursor: string | null;
}
