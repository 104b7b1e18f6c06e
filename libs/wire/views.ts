import { z } from 'zod';
import { CONTRACT_STATUSES } from '#contracts';
import { amountText, heightNumber, hexOf, hexUpTo, timeText } from './primitives.js';

const blockId = hexOf(32, 'block id');
const txId = hexOf(32, 'transaction id');
const contractId = hexOf(32, 'contract id');
const accountId = hexOf(20, 'account id');
const fragmentId = hexOf(32, 'fragment id');
const publicKey = hexOf(32, 'public key');

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

/** An account. */
export const accountView = z
  .object({
    account: accountId,
    address: z.string(),
    /** Spendable now, at the tip. */
    balance: amountText,
    /** Spendable once the pending transactions are in. */
    pendingBalance: amountText,
    /** Locked as a client: for epochs to come, for repair and for paid reads. */
    escrow: amountText,
    reserve: amountText,
    reads: amountText,
    /** Locked as a provider. */
    collateral: amountText,
    vesting: amountText,
    /** Mined but not mature yet. */
    immature: amountText,
  })
  .meta({ id: 'Account' });
export type AccountView = z.infer<typeof accountView>;

/** A provider's current price sheet. */
export const offerView = z
  .object({
    provider: accountId,
    address: z.string(),
    publicKey,
    number: z.string(),
    basePerEpoch: amountText,
    pricePerGiBEpoch: amountText,
    /** Reading beyond what is free in each epoch of a contract. */
    pricePerGiBRead: amountText,
    freeReadBytesPerEpoch: z.string(),
    collateralBps: z.number().int(),
    minEpochs: z.number().int(),
    maxEpochs: z.number().int(),
    capacityBytes: z.string(),
    usedBytes: z.string(),
    payout: z.string().meta({ description: 'address' }),
    publishedAt: heightNumber,
    expiresAt: heightNumber,
  })
  .meta({ id: 'Offer' });
export type OfferView = z.infer<typeof offerView>;

/** What a provider's contracts on the main chain add up to. */
export const providerRecordView = z
  .object({
    provider: accountId,
    address: z.string(),
    active: z.number().int(),
    completed: z.number().int(),
    ended: z.number().int(),
    cancelled: z.number().int(),
    renewed: z.number().int(),
    replaced: z.number().int(),
    failed: z.number().int(),
    /** Contracts that it asked to leave. */
    drained: z.number().int(),
    /** Epochs, over all contracts. */
    proven: z.number().int(),
    missed: z.number().int(),
    /** Of active contracts. */
    storedBytes: z.string(),
  })
  .meta({ id: 'ProviderRecord' });
export type ProviderRecordView = z.infer<typeof providerRecordView>;

/** Where a principal is reached. */
export const endpointView = z
  .object({
    principal: accountId,
    address: z.string(),
    publicKey,
    addresses: z.array(z.string()),
    owner: z.string(),
    region: z.string(),
    registeredAt: heightNumber,
    expiresAt: heightNumber,
  })
  .meta({ id: 'Endpoint' });
export type EndpointView = z.infer<typeof endpointView>;

/** The head of a catalogue, stream or log. */
export const anchorView = z
  .object({
    account: accountId,
    slot: z.enum(['catalogue', 'stream', 'log']),
    sequence: z.string(),
    pointer: z.string().meta({ description: 'hex' }),
    anchoredAt: heightNumber,
  })
  .meta({ id: 'Anchor' });
export type AnchorView = z.infer<typeof anchorView>;

/** What one burn may still mint (docs/protocol/economy.md, section 3); epochs and leaves counted in the contract. */
export const burnLotView = z
  .object({
    burned: amountText,
    minted: amountText,
    inclusion: amountText.meta({ description: 'to the miner, at the first proof' }),
    perEpoch: amountText.meta({ description: 'to the pool, at every later one' }),
    firstEpoch: z.number().int(),
    endEpoch: z.number().int(),
    firstLeaf: z.number().int(),
    leafCount: z.number().int(),
    bytes: z.string(),
    droppedBytes: z.string(),
    proven: z.boolean(),
  })
  .meta({ id: 'BurnLot' });
export type BurnLotView = z.infer<typeof burnLotView>;

/** A storage contract. */
export const contractView = z
  .object({
    id: contractId,
    status: z.enum(CONTRACT_STATUSES),
    client: accountId,
    clientAddress: z.string(),
    provider: accountId,
    providerAddress: z.string(),
    clientKey: publicKey,
    providerKey: publicKey,
    ticketKey: publicKey,
    payoutAddress: z.string(),
    registeredAt: heightNumber,
    /** First block of the first epoch and first block after the last. */
    startHeight: heightNumber,
    endHeight: heightNumber,
    settleHeight: heightNumber,
    settledAt: heightNumber.nullable(),
    /** Height at which the last coin has left at the latest, whoever is gone: of a failed one that waits for repair, too. */
    refundHeight: heightNumber,
    /** Height of the next thing that happens by itself; null once it is over. */
    dueAt: heightNumber.nullable(),
    epochs: z.number().int(),
    endEpoch: z.number().int(),
    nextEpoch: z.number().int(),
    proven: z.number().int(),
    missed: z.number().int(),
    /** Misses until it fails. */
    strikesLeft: z.number().int(),
    /** The epoch missed last, until the next accepted proof. */
    lastMissed: z.number().int().nullable(),
    basePerEpoch: amountText,
    pricePerGiBEpoch: amountText,
    /** Price of an epoch not yet begun, and of the next one to be challenged. */
    tranche: amountText,
    nextTranche: amountText,
    /** An epoch that had begun when its price fell: still paid at the price it began with. */
    begun: z.object({ epoch: z.number().int(), tranche: amountText }).nullable(),
    root: hexOf(32, 'root'),
    leafCount: z.number().int(),
    totalBytes: z.string(),
    totalChunks: z.string(),
    /** Of them under fragments that the client dropped. */
    droppedChunks: z.string(),
    /** In the contract's pots now. */
    escrow: amountText,
    vesting: amountText,
    collateral: amountText,
    reserve: amountText,
    bounty: amountText,
    reads: amountText,
    /** Locked by the provider in all; the pot holds what was not slashed. */
    collateralLocked: amountText,
    burned: amountText,
    minted: amountText,
    /** Burns that still mint. */
    lots: z.array(burnLotView),
    pricePerGiBRead: amountText,
    freeReadBytesPerEpoch: z.string(),
    /** Paid for reads so far. */
    readsPaid: amountText,
    /** Number of the last revision. */
    revision: z.number().int(),
    /** When that was, in epochs begun, and how many were published since then. */
    revised: z.object({ epoch: z.number().int(), count: z.number().int() }).nullable(),
    /** The epoch of the provider's declared maintenance. */
    skip: z.number().int().nullable(),
    /** Height at which the provider said that it wants to leave. */
    drainedAt: heightNumber.nullable(),
    /** Why the repairer may give it to another provider now; null: it may not. */
    replaceable: z.enum(['failed', 'missed', 'drained']).nullable(),
    /** Who may store it again elsewhere, and at which price at most. */
    repair: z
      .object({ key: publicKey, maxBasePerEpoch: amountText, maxPricePerGiBEpoch: amountText })
      .nullable(),
    /** The contract this one continues, and the one that continues it. */
    origin: z.object({ kind: z.enum(['renewal', 'replacement']), contract: contractId }).nullable(),
    successor: contractId.nullable(),
    /** Height of the next challenge, or null when there is none to come. */
    nextChallengeHeight: heightNumber.nullable(),
    window: z
      .object({
        epoch: z.number().int(),
        challengeHeight: heightNumber,
        opensAt: heightNumber,
        closesAt: heightNumber,
        /** The snapshot that is proven, and what its proof earns. */
        root: hexOf(32, 'root'),
        leafCount: z.number().int(),
        totalChunks: z.string(),
        tranche: amountText,
        proven: z.boolean(),
      })
      .nullable(),
  })
  .meta({ id: 'Contract' });
export type ContractView = z.infer<typeof contractView>;

/** An open challenge a provider must answer. */
export const challengeView = z
  .object({
    contract: contractId,
    epoch: z.number().int(),
    challengeHeight: heightNumber,
    /** Id of the challenge block: seeds the draw. */
    blockId,
    opensAt: heightNumber,
    closesAt: heightNumber,
    leafCount: z.number().int(),
    totalChunks: z.string(),
    root: hexOf(32, 'root'),
    proven: z.boolean(),
  })
  .meta({ id: 'Challenge' });
export type ChallengeView = z.infer<typeof challengeView>;

/** A storage proof draw by draw (docs/protocol/contracts.md, sections 7 and 8). */
export const proofExplanationView = z
  .object({
    draws: z.array(
      z.object({
        draw: z.number().int(),
        /** Counted over the contract. */
        chunk: z.string(),
        leafIndex: z.number().int().nullable(),
        fragment: z.string().nullable(),
        chunkInFragment: z.number().int().nullable(),
        verdict: z.enum(['proven', 'tombstone', 'missing-leaf', 'bad-leaf', 'bad-slice']),
      }),
    ),
    leaves: z.array(
      z.object({
        leafIndex: z.number().int(),
        fragment: z.string(),
        lengthBytes: z.number().int(),
        tombstone: z.boolean(),
        chunks: z.array(z.number().int()),
        sliceBytes: z.number().int(),
      }),
    ),
    sizes: z.object({
      leavesBytes: z.number().int(),
      siblingsBytes: z.number().int(),
      slicesBytes: z.number().int(),
      proofBytes: z.number().int(),
      unsharedBytes: z.number().int(),
    }),
    /** Rule that the proof breaks; null: it is right. */
    violation: z.string().nullable(),
  })
  .meta({ id: 'ProofExplanation' });
export type ProofExplanationView = z.infer<typeof proofExplanationView>;

/**
 * How an epoch went: `open` waits for its proof, `void` was over before it was decided (replaced or renewed meanwhile), and a
 * `skipped` one was never challenged.
 */
export const EPOCH_OUTCOMES = ['open', 'proven', 'missed', 'skipped', 'void'] as const;

/** An epoch's challenge and its proof, with all that checking it again needs. */
export const epochProofView = z
  .object({
    contract: contractId,
    epoch: z.number().int(),
    outcome: z.enum(EPOCH_OUTCOMES),
    /** The snapshot taken at the challenge block, whose id seeds the draws. */
    challenge: z
      .object({
        height: heightNumber,
        blockId,
        opensAt: heightNumber,
        closesAt: heightNumber,
        root: hexOf(32, 'root'),
        leafCount: z.number().int(),
        totalChunks: z.string(),
        tranche: amountText,
      })
      .nullable(),
    /** The `prove` transaction; the proof is in its body and its bytes. */
    transaction: transactionView.nullable(),
    /** What the proof shows, checked again by this node. */
    explanation: proofExplanationView.nullable(),
  })
  .meta({ id: 'EpochProof' });
export type EpochProofView = z.infer<typeof epochProofView>;

/** One entry of a contract's list of fragments. */
export const fragmentEntryView = z
  .object({
    id: fragmentId,
    lengthBytes: z.number().int(),
    /** Height at which it came into the list. */
    addedAt: heightNumber,
    /** Height at which the client gave it up; its place in the list stays. */
    droppedAt: heightNumber.nullable(),
  })
  .meta({ id: 'FragmentEntry' });
export type FragmentEntryView = z.infer<typeof fragmentEntryView>;

/** Who holds a fragment, by contract. */
export const holderView = z
  .object({
    fragment: fragmentId,
    contract: contractId,
    provider: accountId,
    providerAddress: z.string(),
    lengthBytes: z.number().int(),
    contractStatus: z.string(),
    addresses: z.array(z.string()),
  })
  .meta({ id: 'Holder' });
export type HolderView = z.infer<typeof holderView>;

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
