import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Law, NetworkParams } from '#chain';
import { createNetworkLaw } from '#contracts';
import type { CryptoPort } from '#crypto';
import { AppError } from '#errors';
import { type DataFolderLock, lockDataFolder } from '#lifecycle';
import { SupplyAudit } from './audit/supply-audit.js';
import type { ChainManager, VerifyBatch } from './chain/chain-manager.js';
import { ChainUpkeep, type ChainUpkeepPolicy, DEFAULT_CHAIN_UPKEEP } from './chain/chain-upkeep.js';
import { type ChainRecovery, openChain, type StorageNotice } from './chain/open-chain.js';
import type { ChainAccess } from './chain-access.js';
import { closedError } from './closed-error.js';
import { createChainAccess } from './create-chain-access.js';
import { EventStream } from './events/event-stream.js';
import { EXPLORER_ROLE } from './explorer/explorer-entities.js';
import { ExplorerQueries } from './explorer/explorer-queries.js';
import { IndexFollower } from './explorer/index-follower.js';
import { BlockCache, type LedgerParts } from './ledger-parts.js';
import { Mempool } from './mempool/mempool.js';
import { DEFAULT_MEMPOOL_POLICY, type MempoolPolicy } from './mempool/mempool-policy.js';
import { Templates } from './mining/templates.js';
import { LEDGER_METHODS, type LedgerPort } from './port.js';
import { createAccountReads } from './reads/account-reads.js';
import { createBurnPriceReads } from './reads/burn-price-reads.js';
import { createChainReads } from './reads/chain-reads.js';
import { createContractReads } from './reads/contract-reads.js';
import { createEpochProofReads } from './reads/epoch-proof-reads.js';
import { createExplorerReads } from './reads/explorer-reads.js';
import { createProofReads } from './reads/proof-reads.js';
import { createProviderRecordReads } from './reads/provider-record-reads.js';
import type { ChainStore, PendingTransaction } from './storage/chain-store.js';
import { type OpenDatabase, openDatabase, sqlitePath } from './storage/data-sources.js';
import { removeDatabase } from './storage/set-aside.js';
import { markSuspect } from './storage/store-error.js';
import { createSubmissions } from './submissions.js';
import { TransactionIntake } from './transaction-intake.js';

export interface OpenLedgerOptions {
  /** The process's data folder; the ledger keeps its files in `ledger/` below it, for itself alone. */
  readonly dataDir: string;
  readonly params: NetworkParams;
  readonly crypto: CryptoPort;
  /** Default: the crypto port's own, on this thread. */
  readonly verifyBatch?: VerifyBatch;
  /** Seconds since 1970. */
  readonly clock: () => number;
  /** Where the explorer's index is kept: `sqlite` (a file in the folder), `sqlite:PATH` or `postgres://…`. */
  readonly databaseUrl?: string;
  readonly mempool?: Partial<MempoolPolicy>;
  /** How often the state is written down, and how long undo data is kept. */
  readonly upkeep?: Partial<ChainUpkeepPolicy>;
  /** Builds chain file and index anew from what the chain file holds. */
  readonly isRebuild?: boolean;
  /** Holds every block against what must hold of any block. Default: no. */
  readonly checkInvariants?: boolean;
  /** Told what happened to damaged files. Default: nobody is. */
  readonly onNotice?: (notice: StorageNotice) => void;
  /** Told about trouble no caller awaits (an index that cannot follow). Default: ignored, retried at the next block. */
  readonly onError?: (error: unknown) => void;
}

/** A ledger whose files belong to this process, whatever thread the law runs in. */
export interface OwnLedger extends LedgerPort {
  readonly law: Law;
  /** What was saved of a damaged chain file when this ledger was opened. */
  readonly recovery: ChainRecovery | undefined;
  /** The same ledger as other nodes see it. */
  readonly access: ChainAccess;
  /** Resolves when the explorer's index has reached the tip, or after the time given (default 30 s). */
  indexed(timeoutMs?: number): Promise<void>;
  /** Ends all streams, lets what is under way finish, closes the files. Idempotent. */
  close(): Promise<void>;
}

/** The ledger in this thread: the port, and what only the law's own thread may touch. */
export interface EmbeddedLedger extends OwnLedger {
  readonly chain: ChainManager;
  /** Closes without beginning another write: something is wrong with what is in memory. */
  abandon(): Promise<void>;
}

/**
 * Opens a node's ledger: locks the folder, checks the files, rebuilds the state, starts to follow with the index.
 * @throws AppError `data-folder/in-use`, `ledger/wrong-network`, `ledger/protocol-version`, `ledger/wrong-genesis`,
 *   `ledger/store-corrupt`, `ledger/store-failed`
 */
export async function openLedger(options: OpenLedgerOptions): Promise<EmbeddedLedger> {
  const { crypto, clock } = options;
  const { checkInvariants = false } = options;
  const law = createNetworkLaw(options.params, crypto, { checkInvariants });
  const verifyBatch: VerifyBatch =
    options.verifyBatch ?? ((checks) => Promise.resolve(crypto.verifyBatch(checks)));
  const onError = options.onError ?? (() => undefined);
  const folder = join(options.dataDir, 'ledger');
  const parts: OpenParts = { lock: await lockDataFolder(folder, 'ledger') };
  try {
    const { isRebuild = false, onNotice } = options;
    const opened = await openChain({ folder, law, verifyBatch, clock, isRebuild, onNotice });
    const { store, snapshots, chain, recovery } = opened;
    parts.store = store;
    const database = await openIndex(indexLocation(folder, options.databaseUrl), isRebuild, onNotice);
    parts.database = database;
    const follower = await IndexFollower.open({
      law,
      store,
      tree: chain.tree,
      database,
      snapshots,
      rest: (timeoutMs) => chain.rest(timeoutMs),
      onError,
    });
    parts.follower = follower;
    parts.upkeep = new ChainUpkeep({
      chain,
      store,
      snapshots,
      policy: { ...DEFAULT_CHAIN_UPKEEP, ...options.upkeep },
      indexHeight: () => follower.height,
      onError,
    });
    const mempool = new Mempool({
      law,
      chain,
      verifyBatch,
      policy: { ...DEFAULT_MEMPOOL_POLICY, ...options.mempool },
      onDropped: (ids) => store.removePending(ids).catch(onError),
    });
    await restorePending(store, mempool);
    const events = new EventStream(chain.tree);
    chain.onChange((change) => {
      mempool.chainChanged(change);
      events.chainChanged();
      follower.wake();
    });
    follower.wake();
    const intake = new TransactionIntake(mempool, store);
    intake.onTransaction(({ id, transaction }) => events.transactionArrived(id, transaction.kind));
    const ledger: LedgerParts = {
      law,
      chain,
      store,
      mempool,
      intake,
      templates: new Templates({ law, chain, mempool, clock }),
      events,
      follower,
      queries: new ExplorerQueries(database),
      audit: new SupplyAudit({
        law,
        tree: chain.tree,
        state: chain.state,
        blocks: (fromHeight) => chain.mainBlocks(fromHeight),
      }),
    };
    return assemble(ledger, parts, recovery);
  } catch (error) {
    await closeParts(parts).catch(() => undefined);
    throw error;
  }
}

/** How long `indexed` waits unless told otherwise. */
const INDEXED_TIMEOUT_MS = 30_000;

function assemble(
  ledger: LedgerParts,
  parts: OpenParts,
  recovery: ChainRecovery | undefined,
): EmbeddedLedger {
  const { law, chain, events } = ledger;
  let closed: Promise<void> | undefined;
  const close = async (): Promise<void> => {
    events.close();
    await chain.idle();
    await closeParts(parts);
  };
  const cache = new BlockCache(chain);
  const port: LedgerPort = {
    ...createChainReads(ledger, cache),
    ...createAccountReads(ledger),
    ...createBurnPriceReads(ledger),
    ...createProviderRecordReads(ledger),
    ...createContractReads(ledger),
    ...createEpochProofReads(ledger, cache),
    ...createExplorerReads(ledger),
    ...createProofReads(ledger),
    ...createSubmissions(ledger),
  };
  const abandon = async (): Promise<void> => {
    chain.halt();
    events.close();
    const { upkeep: _, ...files } = parts;
    await closeParts(files);
  };
  return {
    law,
    chain,
    recovery,
    access: createChainAccess(ledger),
    ...whileOpen(port, () => closed === undefined),
    indexed: (timeoutMs = INDEXED_TIMEOUT_MS) => ledger.follower.reached(timeoutMs),
    close: () => {
      closed ??= close();
      return closed;
    },
    abandon: () => {
      closed ??= abandon();
      return closed;
    },
  };
}

/** The port, whose methods say so plainly once the ledger is closed, in place of some driver's complaint. */
function whileOpen(port: LedgerPort, isOpen: () => boolean): LedgerPort {
  const guarded = LEDGER_METHODS.map((name) => {
    const method = port[name] as (request?: unknown) => Promise<unknown>;
    return [name, (request?: unknown) => (isOpen() ? method(request) : Promise.reject(closedError()))];
  });
  return { ...port, ...(Object.fromEntries(guarded) as Omit<LedgerPort, 'follow'>) };
}

interface OpenParts {
  lock: DataFolderLock;
  store?: ChainStore;
  database?: OpenDatabase;
  follower?: IndexFollower;
  upkeep?: ChainUpkeep;
}

async function closeParts({ lock, store, database, follower, upkeep }: OpenParts): Promise<void> {
  await upkeep?.close();
  await follower?.close();
  await database?.close();
  await store?.close();
  await lock.release();
}

function indexLocation(folder: string, databaseUrl: string | undefined): { url: string } {
  const isDefault = databaseUrl === undefined || databaseUrl === 'sqlite';
  return { url: isDefault ? `sqlite:${join(folder, 'index.sqlite')}` : databaseUrl };
}

/** A damaged index is built anew: it holds nothing that the blocks do not give. */
async function openIndex(
  location: { url: string },
  isRebuild: boolean,
  onNotice: OpenLedgerOptions['onNotice'],
): Promise<OpenDatabase> {
  const file = sqlitePath(location.url);
  if (isRebuild) markSuspect(file, 'a rebuild was asked for');
  try {
    return await openDatabase(location, EXPLORER_ROLE);
  } catch (error) {
    const isDamaged = error instanceof AppError && error.code === 'ledger/store-corrupt';
    if (!isDamaged || !existsSync(file)) throw error;
    await removeDatabase(file);
    onNotice?.({
      code: 'ledger/index-rebuilt',
      message: `the explorer's index was damaged (${error.data['what']}) and is built anew from the blocks`,
      data: { file, why: String(error.data['what']) },
    });
    return openDatabase(location, EXPLORER_ROLE);
  }
}

/**
 * Transactions acknowledged before a restart wait again; what no longer holds is dropped. Those that a reorganisation gave
 * back stand behind others that build on them, so what is refused is tried again as long as others are taken.
 */
async function restorePending(store: ChainStore, mempool: Mempool): Promise<void> {
  let waiting = await store.pending();
  for (;;) {
    const refused: PendingTransaction[] = [];
    for (const each of waiting) if (!(await mempool.submit(each.bytes)).ok) refused.push(each);
    if (refused.length === 0) return;
    if (refused.length === waiting.length) return store.removePending(refused.map(({ id }) => id));
    waiting = refused;
  }
}
