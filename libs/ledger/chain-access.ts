import type { BlockId, TxId } from '#chain';
import type { Result } from '#errors';
import type { SubmittedBlock } from './chain/chain-manager.js';

/** A block with the work behind it. */
export interface ChainPoint {
  readonly id: BlockId;
  readonly height: number;
  /** Accumulated up to and with this block. */
  readonly totalWork: bigint;
}

/** How much of a block this node has. `invalid` ones are never asked for again. */
export type BlockKnowledge = 'unknown' | 'header' | 'body' | 'invalid';

/** A known header with what is needed to judge its children. */
export interface HeaderPoint extends ChainPoint {
  readonly bits: number;
  /** Times of it and its ancestors, newest first, at most 11: what the median is taken over. */
  readonly recentTimesSeconds: readonly number[];
  readonly knowledge: BlockKnowledge;
}

/** What `ChainAccess` tells while it happens. */
export type ChainAccessEvent =
  | { readonly type: 'tip'; readonly tip: ChainPoint; readonly isReorganization: boolean }
  | { readonly type: 'transaction'; readonly id: TxId };

/** Headers as they travel: 80 bytes each, one after the other, oldest first. */
export type HeaderBytes = Uint8Array;

/**
 * The ledger as the network sees it: bytes in, bytes out, the same port in this thread, across the law's worker, and in
 * a simulation. `LedgerPort` is for people and programs; this is for nodes. A violation is a returned value; an
 * operational fault (disk full) is a thrown AppError and nobody's peer is to blame for it.
 */
export interface ChainAccess {
  /** Tip of the main chain: bodies checked and written. */
  tip(): Promise<ChainPoint>;
  /** Tip of the heaviest chain of valid headers, whether its bodies are here or not. */
  bestHeader(): Promise<ChainPoint>;
  /** A block of whatever branch, invalid ones included; undefined for one that is unknown. */
  headerPoint(id: BlockId): Promise<HeaderPoint | undefined>;
  /** Ids of the heaviest header chain, newest first, dense at first, then with doubling gaps, genesis last; at most 64. */
  locator(): Promise<readonly BlockId[]>;
  /** Headers of the main chain after the first id of the locator that is on it, at most `max` of them. */
  headersAfter(request: { readonly locator: readonly BlockId[]; readonly max: number }): Promise<HeaderBytes>;
  /**
   * Judges headers in order by the header rules and keeps the good ones; the parent of the first must be known
   * (`block/unknown-parent`). `last` is the last one kept. Nothing after a bad one is looked at.
   */
  submitHeaders(headers: HeaderBytes): Promise<Result<{ readonly added: number; readonly last: ChainPoint }>>;
  /**
   * Blocks whose body is missing between the main chain and a known header (the heaviest by default), oldest first: a
   * miner who publishes headers and keeps the bodies must not hide a branch whose bodies are to be had.
   */
  missingBodies(request: {
    readonly max: number;
    readonly towards?: BlockId;
  }): Promise<readonly { readonly id: BlockId; readonly height: number }[]>;
  knowledge(ids: readonly BlockId[]): Promise<readonly BlockKnowledge[]>;
  /** A stored block as it travels, on whatever branch. */
  blockBytes(id: BlockId): Promise<Uint8Array | undefined>;
  /**
   * Takes a block in. Several may be under way at once: they are connected in the order given. A body that does not
   * match its header (it does not decode, or a root differs) leaves the block's knowledge at `header`: whoever sent it
   * lied, the header may be good. Any other refusal makes the block `invalid`, and its descendants with it.
   */
  submitBlock(bytes: Uint8Array): Promise<Result<SubmittedBlock>>;
  submitTransaction(bytes: Uint8Array): Promise<Result<{ readonly id: TxId; readonly isNew: boolean }>>;
  /** Bytes of waiting transactions, in the order asked; undefined where one is not in the pool. */
  waitingTransactions(ids: readonly TxId[]): Promise<readonly (Uint8Array | undefined)[]>;
  /** Ids of everything that waits, best fee rate first. */
  waitingIds(): Promise<readonly TxId[]>;
  /** Tells of every move of the main chain and every transaction taken in; returns how to stop that. */
  onEvent(listener: (event: ChainAccessEvent) => void): () => void;
}
