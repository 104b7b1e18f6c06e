import { z } from 'zod';
import { amountText, heightNumber, hexOf, hexUpTo, timeText } from '../primitives.js';
import { blockId, txId } from './ids.js';

/** The end of the best chain. */
export const tipView = z
  .object({ height: heightNumber, id: blockId, time: timeText, totalWork: z.string() })
  .meta({ id: 'Tip' });

/** What a node says about itself. */
export const statusView = z
  .object({
    network: z.string(),
    networkId: z.number().int(),
    protocolVersion: z.number().int(),
    genesisId: blockId,
    tip: tipView,
    /** Height the explorer's index has reached; it follows the chain asynchronously. */
    indexHeight: heightNumber,
    mempool: z.object({ count: z.number().int(), sizeBytes: z.number().int() }),
    /** Base units burned per GiB and epoch by what the next block registers. */
    burnPerGiBEpoch: amountText,
    /** Height of the block with which the burn price moves next, by at most an eighth. */
    burnPriceMovesAt: heightNumber,
    /** Following from it tells everything that happened after this answer. */
    eventId: z.string().meta({ description: 'event id of this moment' }),
  })
  .meta({ id: 'Status' });
export type StatusView = z.infer<typeof statusView>;

/** What storing burns, and when that changes (docs/protocol/economy.md, section 5). */
export const burnPriceView = z
  .object({
    perGiBEpoch: amountText.meta({ description: 'base units burned per GiB and epoch by the next block' }),
    floorPerGiBEpoch: amountText,
    /** First height at which this price held; null: it never moved away from the floor, or came back to it. */
    since: heightNumber.nullable(),
    /** The period under way: the price moves at the end of its last block. */
    periodStart: heightNumber,
    movesAt: heightNumber,
    targetMiBEpochs: z
      .string()
      .meta({ description: 'median registered by a block at which the price stays' }),
    /** The median of the period's blocks so far, those to come counted as none. */
    medianMiBEpochs: z.string(),
    /** The price after the period if nothing more is registered. */
    nextIfQuiet: amountText,
  })
  .meta({ id: 'BurnPrice' });
export type BurnPriceView = z.infer<typeof burnPriceView>;

/** One move of the burn price. */
export const burnPriceMoveView = z
  .object({
    /** Last block of the period; the price holds from the next one on. */
    height: heightNumber,
    blockId,
    time: timeText,
    before: amountText,
    perGiBEpoch: amountText,
    medianMiBEpochs: z.string(),
  })
  .meta({ id: 'BurnPriceMove' });
export type BurnPriceMoveView = z.infer<typeof burnPriceMoveView>;

const feePrice = z.object({
  feePerByte: amountText.meta({ description: 'base units per byte' }),
  blocks: z.number().int().meta({ description: 'in how many blocks it should be taken' }),
});

/** What a place in a block costs now: a guess from what waits and from the last blocks, no promise. */
export const feeEstimateView = z
  .object({
    minFeePerByte: amountText.meta({ description: 'what this node takes at all' }),
    next: feePrice,
    soon: feePrice,
    economy: feePrice,
  })
  .meta({ id: 'FeeEstimate' });
export type FeeEstimateView = z.infer<typeof feeEstimateView>;

/** A block without its transactions' bodies. */
export const blockView = z
  .object({
    id: blockId,
    height: heightNumber,
    previous: blockId,
    time: timeText,
    bits: z.number().int(),
    nonce: z.number().int(),
    sizeBytes: z.number().int(),
    miner: z.string().meta({ description: 'address' }),
    subsidy: amountText,
    fees: amountText,
    proofMint: amountText,
    poolDraw: amountText,
    transactionIds: z.array(txId),
    onMainChain: z.boolean(),
  })
  .meta({ id: 'Block' });
export type BlockSummaryView = z.infer<typeof blockView>;

/** Most headers of one answer. */
export const MAX_HEADERS = 2_000;

/** Headers of the main chain, 80 bytes each, oldest first. */
export const headersView = z
  .object({
    fromHeight: heightNumber,
    count: z.number().int().min(0).max(MAX_HEADERS),
    hex: hexUpTo(80 * MAX_HEADERS).meta({ description: 'headers of 80 bytes, one after the other' }),
  })
  .meta({ id: 'Headers' });
export type HeadersView = z.infer<typeof headersView>;

/** What the state held under a key, to be checked without trust (docs/protocol/state.md). */
export const stateProofView = z
  .object({
    blockId: blockId.meta({ description: 'block whose coinbase commits to the state after its parent' }),
    height: heightNumber,
    headerHex: hexOf(80, 'header'),
    coinbaseHex: hexUpTo(256),
    valueHex: hexUpTo(1_000_000)
      .nullable()
      .meta({ description: 'canonical bytes of the object; null: there is none' }),
    proofHex: hexUpTo(8_400),
  })
  .meta({ id: 'StateProof' });
export type StateProofView = z.infer<typeof stateProofView>;

/** A transaction and where it stands. */
export const transactionView = z
  .object({
    id: txId,
    kind: z.string(),
    status: z.enum(['pending', 'confirmed']),
    blockId: blockId.nullable(),
    height: heightNumber.nullable(),
    position: z.number().int().nullable(),
    sender: z.string().meta({ description: 'address' }),
    lane: z.number().int(),
    sequence: z.string(),
    fee: amountText,
    sizeBytes: z.number().int(),
    /** The body with byte strings as hex and amounts as decimal strings. */
    body: z.record(z.string(), z.unknown()),
    hex: z.string(),
  })
  .meta({ id: 'Transaction' });
export type TransactionView = z.infer<typeof transactionView>;

/** A block to work on. Hash `headerHex` with the nonce at byte 76 until it is at most `targetHex`. */
export const templateView = z
  .object({
    id: z.string(),
    height: heightNumber,
    /** 80 bytes; the merkle root is that of `coinbaseHex` as it stands. */
    headerHex: hexOf(80, 'header'),
    coinbaseHex: z.string(),
    /** Where the 12-byte extranonce hole starts inside the coinbase. */
    extranonceOffset: z.number().int(),
    /** 32 bytes big-endian. */
    targetHex: hexOf(32, 'target'),
    minTimeSeconds: z.number().int(),
    transactionCount: z.number().int(),
    fees: amountText,
  })
  .meta({ id: 'Template' });
export type TemplateView = z.infer<typeof templateView>;

/** What a search of any id finds. */
export const searchHitView = z
  .object({
    type: z.enum(['block', 'transaction', 'account', 'contract', 'fragment', 'provider']),
    id: z.string(),
    label: z.string(),
  })
  .meta({ id: 'SearchHit' });
export type SearchHitView = z.infer<typeof searchHitView>;

/** What the event stream carries. `id` is the resume point (Last-Event-ID). */
export const ledgerEventView = z
  .discriminatedUnion('type', [
    z.object({
      type: z.literal('block'),
      id: z.string(),
      height: heightNumber,
      blockId,
      time: timeText,
      transactions: z.number().int(),
    }),
    z.object({
      type: z.literal('reorg'),
      id: z.string(),
      height: heightNumber,
      forkHeight: heightNumber,
      abandoned: z.array(blockId),
      adopted: z.array(blockId),
    }),
    z.object({ type: z.literal('transaction'), id: z.string(), transactionId: txId, kind: z.string() }),
  ])
  .meta({ id: 'LedgerEvent' });
export type LedgerEventView = z.infer<typeof ledgerEventView>;
