import { z } from 'zod';
import { amountText, queryNumber } from '#wire';

/** A flag as a query parameter. */
export const queryFlag = z.enum(['true', 'false']).default('false');

/** What a client looks for in the order book, as query parameters. */
export const matchQueryFields = {
  maxPricePerGiBEpoch: amountText
    .optional()
    .meta({ description: 'base units, the base of an epoch included' }),
  minCollateralBps: z.coerce.number().int().min(0).max(1_000_000).optional(),
  minProven: z.coerce.number().int().nonnegative().optional().meta({ description: 'epochs proven at least' }),
  maxMissedBps: z.coerce
    .number()
    .int()
    .min(0)
    .max(10_000)
    .optional()
    .meta({ description: 'share of epochs missed at most, in 1/10000' }),
  region: z.string().max(64).optional(),
  owner: z.string().max(64).optional(),
};

/** What a quote is asked for. */
export const quoteFields = {
  sizeBytes: queryNumber(0, Number.MAX_SAFE_INTEGER, 0),
  profile: z.string().max(40).default('devnet'),
  epochs: queryNumber(1, 3_650, 30),
  withRepair: queryFlag.meta({ description: 'sets aside what a repair of each contract costs' }),
  reads: queryNumber(0, 1_000_000, 0).meta({ description: 'times all of it is read over the term' }),
};
