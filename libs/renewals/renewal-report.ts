import { z } from 'zod';
import { amountText, timeText } from '#wire';
import { RENEWAL_OUTLOOKS, type RenewalPlan, type RenewalPolicy } from './renewal-policy.js';

/** What automatic renewal has done and will do, at a height. */
export interface RenewalReport {
  readonly height: number;
  readonly policy: RenewalPolicy;
  readonly plan: RenewalPlan;
  readonly renewed: readonly {
    readonly contract: string;
    readonly successor: string;
    readonly amount: bigint;
  }[];
  /** When it last looked. */
  readonly atMs: number;
}

/** The same for programs. */
export const renewalsView = z
  .object({
    height: z.number().int(),
    checkedAt: timeText,
    /** Null: nothing is renewed by itself. */
    limit: amountText.nullable(),
    spent: amountText,
    /** For renewals under way. */
    reserved: amountText,
    leadBlocks: z.number().int(),
    epochs: z.number().int(),
    contracts: z.array(
      z.object({
        contract: z.string(),
        keeps: z.string(),
        endHeight: z.number().int(),
        blocksLeft: z.number().int(),
        outlook: z.enum(RENEWAL_OUTLOOKS),
        /** Why it will lapse; null where it will not. */
        why: z.string().nullable(),
        /** Taken from the wallet at most; null where nobody would agree now. */
        cost: amountText.nullable(),
      }),
    ),
    /** Contracts that lapse soon, in words. */
    warnings: z.array(z.object({ contract: z.string(), keeps: z.string(), message: z.string() })),
    renewed: z.array(z.object({ contract: z.string(), successor: z.string(), amount: amountText })),
  })
  .meta({ id: 'Renewals' });
export type RenewalsView = z.infer<typeof renewalsView>;

/** A report for programs. */
export function reportToView({ height, policy, plan, renewed, atMs }: RenewalReport): RenewalsView {
  const soon = Math.max(...policy.warnBlocks);
  return {
    height,
    checkedAt: new Date(atMs).toISOString(),
    limit: policy.limit?.toString() ?? null,
    spent: plan.spent.toString(),
    reserved: plan.reserved.toString(),
    leadBlocks: policy.leadBlocks,
    epochs: policy.epochs,
    contracts: plan.contracts.map(({ contract, keeps, endHeight, blocksLeft, outlook, lapseWhy, cost }) => ({
      contract,
      keeps,
      endHeight,
      blocksLeft,
      outlook,
      why: lapseWhy ?? null,
      cost: cost?.toString() ?? null,
    })),
    warnings: plan.contracts
      .filter(({ outlook, blocksLeft }) => outlook !== 'automatic' && blocksLeft <= soon)
      .map(({ contract, keeps, endHeight, blocksLeft, lapseWhy }) => ({
        contract,
        keeps,
        message: lapseText({ contract, keeps, endHeight, blocksLeft, lapseWhy }),
      })),
    renewed: renewed.map(({ contract, successor, amount }) => ({
      contract,
      successor,
      amount: amount.toString(),
    })),
  };
}

/** A warning in words. */
export function lapseText(planned: {
  readonly contract: string;
  readonly keeps: string;
  readonly endHeight: number;
  readonly blocksLeft: number;
  readonly lapseWhy: string | undefined;
}): string {
  const { contract, keeps, endHeight, blocksLeft, lapseWhy } = planned;
  const when =
    blocksLeft >= 0 ? `in ${blocksLeft} blocks, at height ${endHeight}` : `since height ${endHeight}`;
  return `contract ${contract} of '${keeps}' lapses ${when}: ${lapseWhy ?? 'it is not renewed'}`;
}
