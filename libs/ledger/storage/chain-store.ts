import type { AppliedBlock, BlockId, KnownBlock, TxId } from '#chain';
import type { AppError } from '#errors';

/** How far a stored block got: body stored, applied at least once, or found to break a rule. */
export type BlockStatus = 'stored' | 'applied' | 'invalid';

/** A block's place in the tree of blocks, without its body. */
export interface BlockPlace {
  readonly id: BlockId;
  readonly parentId: BlockId;
  readonly height: number;
  /** Its 80 bytes; they hash to `id`. */
  readonly header: Uint8Array;
  /** Accumulated work up to this block, 64 hex digits, so that text order is number order. */
  readonly totalWork: string;
  readonly isOnMain: boolean;
  readonly status: BlockStatus;
  readonly transactionCount: number;
  readonly sizeBytes: number;
  /** Coins minted (the genesis allocations apart) and burned up to this block; null until it was applied. */
  readonly minted: string | null;
  readonly burned: string | null;
  /** Root of the state after this block, where the one who applied it gave it. */
  readonly stateRoot: Uint8Array | null;
}

/** A stored block, its body checked against its digest. */
export interface StoredBlock extends BlockPlace {
  readonly bytes: Uint8Array;
  /** `encodeDiff` of what it changed; undefined where it was never applied, or where that was pruned or damaged. */
  readonly undo: Uint8Array | undefined;
  /** `encodeEvents`; undefined as `undo` is. */
  readonly events: Uint8Array | undefined;
}

/** A block that joins the main chain now. */
export interface Connection {
  readonly block: KnownBlock;
  readonly applied: AppliedBlock;
  readonly totalWork: bigint;
  /** Counted up to and with this block. */
  readonly minted: bigint;
  readonly burned: bigint;
  /** Root of the state after it. */
  readonly stateRoot?: Uint8Array;
}

/** A transaction that waits for a block. */
export interface PendingTransaction {
  readonly id: string;
  readonly bytes: Uint8Array;
}

/**
 * Port of what a node keeps of the chain: blocks, what each did to the state, what waits. It knows no rule. Every method
 * that changes something does all of it or nothing, and has done it for good when it resolves.
 * Errors: AppError `ledger/store-failed` (disk full, gone), `ledger/store-corrupt`.
 */
export interface ChainStore {
  /** What errors call it: the file. */
  readonly file: string;
  /** What it says about itself; empty when new. */
  meta(): Promise<ReadonlyMap<string, string>>;
  writeMeta(entries: Readonly<Record<string, string>>): Promise<void>;
  /** Id of the last block of the main chain. */
  tip(): Promise<BlockId | undefined>;
  /** Appends the next blocks of the main chain, oldest first, all or none; their transactions wait no longer. */
  appendMain(batch: readonly Connection[], meta?: Readonly<Record<string, string>>): Promise<void>;
  /** Keeps a block that is not on the main chain. */
  appendSide(block: KnownBlock, totalWork: bigint): Promise<void>;
  /** Moves the main chain to another branch, whose blocks are all stored; what only the left one held waits again. */
  switchMain(left: readonly KnownBlock[], joined: readonly Connection[]): Promise<void>;
  /** Remembers that blocks break a rule, so that they are never tried again. */
  markInvalid(ids: readonly BlockId[]): Promise<void>;
  /** All blocks without their bodies, parents first. */
  places(): AsyncIterable<BlockPlace>;
  /** Main-chain blocks in order of height. */
  mainBlocks(fromHeight?: number): AsyncIterable<StoredBlock>;
  /** One block by id, on whatever branch. */
  block(id: BlockId): Promise<StoredBlock | undefined>;
  /** The bytes of a block alone. */
  body(id: BlockId): Promise<Uint8Array | undefined>;
  /** Forgets undo data and events of all blocks below a height; answers how many blocks lost theirs. */
  pruneEffects(heightExclusive: number): Promise<number>;
  /** Keeps a transaction that waits, so that a restart does not lose what was acknowledged. */
  addPending(id: TxId, bytes: Uint8Array): Promise<void>;
  removePending(ids: readonly string[]): Promise<void>;
  /** Waiting transactions in the order they came. */
  pending(): Promise<readonly PendingTransaction[]>;
  /** The error for contents that contradict themselves. */
  damaged(what: string): AppError;
  close(): Promise<void>;
}

/** Accumulated work as 64 hex digits. */
export function workToText(work: bigint): string {
  return work.toString(16).padStart(64, '0');
}
