import { z } from 'zod';
import { amountText, heightNumber, hexOf, timeText } from './primitives.js';

/** What a repairer says of itself, and what it wants set aside. */
export const repairInfo = z
  .object({
    address: z.string(),
    publicKey: hexOf(32, 'public key').meta({ description: 'what contracts name as their repairer' }),
    network: z.string(),
    protocolVersion: z.number().int(),
    /** Suggestions: prices of another provider may be so much of today's, in 1/10000. */
    priceCapBps: z.number().int().min(10_000),
    /** Set aside in each contract: so much of its storage price, in 1/10000, and so much whatever it costs. */
    reserveBps: z.number().int().nonnegative(),
    reserveFloor: amountText,
    limits: z.object({
      capabilityBytes: z.number().int(),
      filesPerClient: z.number().int(),
      bytesPerClient: z.number().int(),
    }),
    time: timeText,
  })
  .meta({ id: 'RepairInfo' });
export type RepairInfo = z.infer<typeof repairInfo>;

/** What became of a capability that was handed over. */
export const repairFileAnswer = z
  .object({
    subject: hexOf(32, 'subject'),
    number: z.string(),
    /** `known`: this very one was there before. */
    outcome: z.enum(['taken', 'known', 'withdrawn']),
  })
  .meta({ id: 'RepairFileAnswer' });
export type RepairFileAnswer = z.infer<typeof repairFileAnswer>;

/** How a file stands with its repairer; for whoever knows its subject. */
export const repairFileView = z
  .object({
    subject: hexOf(32, 'subject'),
    number: z.string(),
    profile: z.object({ k: z.number().int(), repairBelow: z.number().int(), n: z.number().int() }),
    segments: z.number().int(),
    /** Of the worst segment; null: not looked at yet. */
    liveFragments: z.number().int().nullable(),
    contracts: z.number().int(),
    replaced: z.number().int().meta({ description: 'contracts given to another provider so far' }),
    checkedAtHeight: heightNumber.nullable(),
  })
  .meta({ id: 'RepairFile' });
export type RepairFileView = z.infer<typeof repairFileView>;

const repairReason = z.enum(['failed', 'drained', 'below-threshold', 'departed']);

/** One contract that was given to another provider, or not. */
export const repairRecordView = z
  .object({
    contract: hexOf(32, 'contract id'),
    reason: repairReason,
    outcome: z.enum(['replaced', 'failed']),
    replacement: hexOf(32, 'contract id').nullable(),
    provider: z.string().nullable(),
    startedAtHeight: heightNumber,
    endedAtHeight: heightNumber,
    bytesRead: z.number().int(),
    bytesRebuilt: z.number().int(),
    why: z.string().nullable(),
    time: timeText,
  })
  .meta({ id: 'RepairRecord' });
export type RepairRecordView = z.infer<typeof repairRecordView>;

/** The operator's view. */
export const repairStatus = z
  .object({
    address: z.string(),
    url: z.string(),
    height: heightNumber.nullable(),
    /** Why it is not announced on chain; null: it is, or need not be. */
    waitingFor: z.string().nullable(),
    balance: amountText.nullable(),
    schedule: z.object({ bytesPerSecond: z.number().nullable(), hours: z.string(), active: z.boolean() }),
    files: z.number().int(),
    contracts: z.number().int(),
    keptBytes: z.number().int(),
    /** Files by how many fragments of their worst segment live above k. */
    risk: z.record(z.string(), z.number().int()),
    lost: z.number().int().meta({ description: 'files with fewer than k live fragments in a segment' }),
    queue: z.array(
      z.object({
        contract: hexOf(32, 'contract id'),
        reason: repairReason,
        spare: z.number().int().meta({ description: 'live fragments above k of the worst segment' }),
        deadlineHeight: heightNumber,
        attempts: z.number().int(),
        state: z.enum(['waiting', 'running']),
        why: z.string().nullable().meta({ description: 'what the last attempt met' }),
      }),
    ),
    departed: z.array(z.object({ provider: z.string(), sinceHeight: heightNumber, why: z.string() })),
    rotten: z.number().int().meta({ description: 'fragments lost by providers that live, to be put again' }),
    healed: z.number().int(),
    last: z.array(repairRecordView),
  })
  .meta({ id: 'RepairStatus' });
export type RepairStatus = z.infer<typeof repairStatus>;
