import { z } from 'zod';
import { amountText, heightNumber, timeText } from '../primitives.js';
import { blockId } from './ids.js';

/** Something that happened to an object of the ledger. */
export const objectEventView = z
  .object({
    height: heightNumber,
    blockId,
    time: timeText,
    position: z.number().int(),
    name: z.string().meta({ description: 'contract/formed, contract/proved, contract/missed, …' }),
    subject: z.string(),
    data: z.record(z.string(), z.union([z.string(), z.number()])),
  })
  .meta({ id: 'ObjectEvent' });
export type ObjectEventView = z.infer<typeof objectEventView>;

/** One double entry with its reason. */
export const postingView = z
  .object({
    height: heightNumber,
    blockId,
    time: timeText,
    position: z.number().int(),
    from: z.string().meta({ description: 'pot: account:<id>, escrow:<contract>, mint, burn, pool, …' }),
    to: z.string(),
    amount: amountText,
    reason: z.string(),
    subject: z.string(),
  })
  .meta({ id: 'Posting' });
export type PostingView = z.infer<typeof postingView>;

/** The coins that exist, counted by kind of pot. */
export const supplyView = z
  .object({
    height: heightNumber,
    genesis: amountText,
    minted: amountText,
    burned: amountText,
    /** Sum of every pot. */
    total: amountText,
    byPot: z.record(z.string(), amountText),
  })
  .meta({ id: 'Supply' });
export type SupplyView = z.infer<typeof supplyView>;

/** Result of replaying every block from genesis in code of its own. */
export const auditView = z
  .object({
    height: heightNumber,
    blocksReplayed: z.number().int(),
    genesis: amountText,
    minted: amountText,
    burned: amountText,
    expectedTotal: amountText,
    actualTotal: amountText,
    balanced: z.boolean(),
    differences: z.array(z.string()),
  })
  .meta({ id: 'SupplyAudit' });
export type AuditView = z.infer<typeof auditView>;
