import { join } from 'node:path';
import { decodeTransaction, genesisBlock, type Law, type TxId } from '#chain';
import { AppError } from '#errors';
import type { ChainStore } from '../storage/chain-store.js';
import { openSalvage, type Salvage } from '../storage/salvage/salvage-file.js';
import { forgetSetAside, type SetAside, setAside, unfinishedSetAside } from '../storage/set-aside.js';
import { openChainStore } from '../storage/sqlite-chain-store.js';
import { StateSnapshots } from '../storage/state-snapshots.js';
import { markSuspect } from '../storage/store-error.js';
import { ChainManager, type VerifyBatch } from './chain-manager.js';

export interface OpenChainOptions {
  /** `ledger/` of the data folder, locked by this process. */
  readonly folder: string;
  readonly law: Law;
  readonly verifyBatch: VerifyBatch;
  /** Seconds since 1970. */
  readonly clock: () => number;
  /** Builds the chain file anew from what it holds, damaged or not. */
  readonly isRebuild?: boolean;
  /** Told what an operator should know and need not act on. */
  readonly onNotice?: (notice: StorageNotice) => void;
}

/** Something that happened to the files, for the log: a code that stays, a sentence, its figures. */
export interface StorageNotice {
  readonly code:
    | 'ledger/chain-rebuilding'
    | 'ledger/chain-rebuilt'
    | 'ledger/snapshot-ignored'
    | 'ledger/index-rebuilt';
  readonly message: string;
  readonly data: Readonly<Record<string, string | number>>;
}

/** What became of the blocks of a chain file that was set aside. */
export interface ChainRecovery {
  /** Where the damaged file is now; nothing needs it any more. */
  readonly movedTo: string;
  readonly why: string;
  /** Blocks that could be read whole. */
  readonly foundBlocks: number;
  /** Those that the law took again. */
  readonly takenBlocks: number;
  /** Those whose ancestors are lost: they come from other nodes. */
  readonly detachedBlocks: number;
  /** Those that break a rule. */
  readonly refusedBlocks: number;
  /** Transactions that wait again. */
  readonly pendingTransactions: number;
  /** Of the tip afterwards. */
  readonly height: number;
}

/** The chain as its files gave it. */
export interface OpenedChain {
  readonly store: ChainStore;
  readonly snapshots: StateSnapshots;
  readonly chain: ChainManager;
  /** Present where the chain file had to be built anew. */
  readonly recovery: ChainRecovery | undefined;
}

/**
 * Opens the chain's files. A damaged chain file is moved aside and built anew: every block that still reads goes through
 * the whole law again; what is missing comes from other nodes. A kill meanwhile is made good at the next start.
 * @throws AppError as `loadChain` does, `ledger/store-failed`; `ledger/store-corrupt` where even the new file is damaged
 */
export async function openChain(options: OpenChainOptions): Promise<OpenedChain> {
  const file = join(options.folder, 'chain.sqlite');
  if (options.isRebuild) markSuspect(file, 'a rebuild was asked for');
  let aside = await unfinishedSetAside(file);
  if (aside === undefined) {
    try {
      return { ...(await openFiles(options, file)), recovery: undefined };
    } catch (error) {
      if (!(error instanceof AppError) || error.code !== 'ledger/store-corrupt') throw error;
      if (error.data['file'] !== file) throw error;
      aside = await setAside(file, String(error.data['what']));
    }
  }
  // Blocks that were once taken are not refused because the clock is behind now.
  let isTakingOver = true;
  const clock = (): number => (isTakingOver ? Number.POSITIVE_INFINITY : options.clock());
  const opened = await openFiles({ ...options, clock }, file);
  try {
    const recovery = await takeOver(options, opened, aside);
    await forgetSetAside(file);
    isTakingOver = false;
    return { ...opened, recovery };
  } catch (error) {
    await opened.store.close();
    throw error;
  }
}

async function openFiles(
  { folder, law, verifyBatch, clock, onNotice }: OpenChainOptions,
  file: string,
): Promise<Omit<OpenedChain, 'recovery'>> {
  const store = await openChainStore(file, law.crypto);
  try {
    const genesis = genesisBlock(law).id;
    const onIgnored = (name: string, why: string): void =>
      onNotice?.({
        code: 'ledger/snapshot-ignored',
        message: `the snapshot ${name} is not used and was removed: ${why}; the one before it or the blocks are`,
        data: { file: name, why },
      });
    const snapshots = await StateSnapshots.open({ folder, law, genesis, onIgnored });
    const chain = await ChainManager.open({ law, store, snapshots, verifyBatch, clock });
    return { store, snapshots, chain };
  } catch (error) {
    await store.close();
    throw error;
  }
}

async function takeOver(
  { law, onNotice }: OpenChainOptions,
  { store, chain }: Omit<OpenedChain, 'recovery'>,
  { path, why }: SetAside,
): Promise<ChainRecovery> {
  onNotice?.({
    code: 'ledger/chain-rebuilding',
    message: `the chain file is damaged (${why}); it was moved to ${path}, and what still reads is built into a new one`,
    data: { movedTo: path, why },
  });
  const salvage = await openSalvage(path, law.crypto);
  try {
    const counts = { takenBlocks: 0, detachedBlocks: 0, refusedBlocks: 0 };
    for await (const bytes of salvage.blocks()) counts[await takeBlock(chain, bytes)] += 1;
    const pendingTransactions = await takePending(law, store, salvage);
    const { height } = chain.tip;
    const recovery = {
      movedTo: path,
      why,
      foundBlocks: salvage.blockCount,
      ...counts,
      pendingTransactions,
      height,
    };
    onNotice?.({
      code: 'ledger/chain-rebuilt',
      message:
        `the chain file was built anew up to height ${height}: ${counts.takenBlocks} of ${salvage.blockCount} blocks that ` +
        `still read, ${counts.detachedBlocks} wait for blocks that other nodes have; ${path} can be deleted`,
      data: recovery,
    });
    return recovery;
  } finally {
    await salvage.close();
  }
}

/** The order of the file is the order in which the blocks came, so parents are there before their children. */
async function takeBlock(
  chain: ChainManager,
  bytes: Uint8Array,
): Promise<'takenBlocks' | 'detachedBlocks' | 'refusedBlocks'> {
  const result = await chain.submitBlock(bytes);
  if (result.ok) return 'takenBlocks';
  return result.violation.rule === 'block/unknown-parent' ? 'detachedBlocks' : 'refusedBlocks';
}

/** Those that no longer hold are dropped when the pool is filled from the file. */
async function takePending(law: Law, store: ChainStore, salvage: Salvage): Promise<number> {
  let count = 0;
  for (const { id, bytes } of salvage.pending) {
    const known = decodeTransaction(law, bytes);
    if (!known.ok || known.value.id !== id) continue;
    await store.addPending(id as TxId, bytes);
    count += 1;
  }
  return count;
}
