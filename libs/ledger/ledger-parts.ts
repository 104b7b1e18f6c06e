import { type AccountId, type BlockId, type KnownBlock, type Law, parseAccount } from '#chain';
import type { SupplyAudit } from './audit/supply-audit.js';
import { hasBody } from './chain/block-preparation.js';
import type { BlockNode } from './chain/block-tree.js';
import type { ChainManager } from './chain/chain-manager.js';
import type { EventStream } from './events/event-stream.js';
import type { ExplorerQueries } from './explorer/explorer-queries.js';
import type { IndexFollower } from './explorer/index-follower.js';
import { badAddress } from './ledger-error.js';
import type { Mempool } from './mempool/mempool.js';
import type { Templates } from './mining/templates.js';
import type { AccountRef } from './port.js';
import type { ChainStore } from './storage/chain-store.js';
import type { TransactionIntake } from './transaction-intake.js';

/** What the port's methods are made of. */
export interface LedgerParts {
  readonly law: Law;
  readonly chain: ChainManager;
  readonly store: ChainStore;
  readonly mempool: Mempool;
  readonly intake: TransactionIntake;
  readonly templates: Templates;
  readonly events: EventStream;
  readonly follower: IndexFollower;
  readonly queries: ExplorerQueries;
  readonly audit: SupplyAudit;
}

/** How long a read waits for the index to reach the tip it was asked at. */
const INDEX_WAIT_MS = 2_000;
/** How far the index may lag for that: one that is being built says how far it is, and stops no reader. */
const MAX_AWAITED_BLOCKS = 100;

/** Waits until the index shows what the chain has, so that a caller finds what it has just seen in a block. */
export function whenIndexed(parts: LedgerParts): Promise<void> {
  return parts.follower.reached(INDEX_WAIT_MS, MAX_AWAITED_BLOCKS);
}

/** The account of an address or hex id. @throws AppError `ledger/bad-address` */
export function toAccount({ law }: Pick<LedgerParts, 'law'>, ref: AccountRef): AccountId {
  const account = parseAccount(law.params, ref);
  if (account.ok) return account.value;
  throw badAddress(ref, account.violation, law.params.addressPrefix);
}

/** The stored block an id or a height of the main chain means. */
export function findNode({ chain }: Pick<LedgerParts, 'chain'>, ref: string): BlockNode | undefined {
  const node = /^\d{1,15}$/.test(ref) ? chain.tree.mainAt(Number(ref)) : chain.tree.get(ref as BlockId);
  return node && hasBody(node) ? node : undefined;
}

const CACHED_BLOCKS = 32;

/** Decoded blocks that were asked for lately. */
export class BlockCache {
  private readonly blocks = new Map<BlockId, Promise<KnownBlock | undefined>>();

  constructor(private readonly chain: ChainManager) {}

  get(id: BlockId): Promise<KnownBlock | undefined> {
    const known = this.blocks.get(id) ?? this.chain.block(id);
    this.blocks.delete(id);
    this.blocks.set(id, known);
    // What is not here may come yet: a header is known before its body.
    const forget = () => {
      if (this.blocks.get(id) === known) this.blocks.delete(id);
    };
    known.then((block) => block ?? forget(), forget);
    const oldest = this.blocks.keys().next().value;
    if (this.blocks.size > CACHED_BLOCKS && oldest !== undefined) this.blocks.delete(oldest);
    return known;
  }
}
