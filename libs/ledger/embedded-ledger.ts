import { join } from 'node:path';
import type { Law, NetworkParams } from '#chain';
import { createNetworkLaw } from '#contracts';
import type { CryptoPort } from '#crypto';
import { AppError } from '#errors';
import { type DataFolderLock, lockDataFolder } from '#lifecycle';
import { SupplyAudit } from './audit/supply-audit.js';
import { ChainManager, type VerifyBatch } from './chain/chain-manager.js';
import type { ChainAccess } from './chain-access.js';
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
import { createChainReads } from './reads/chain-reads.js';
import { createContractReads } from './reads/contract-reads.js';
import { createExplorerReads } from './reads/explorer-reads.js';
import { createProofReads } from './reads/proof-reads.js';
import type { ChainStore } from './storage/chain-store.js';
import { type OpenDatabase, openDatabase } from './storage/data-sources.js';
import { openChainStore } from './storage/sqlite-chain-store.js';
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
  /** Told about trouble no caller awaits (an index that cannot follow). Default: ignored, retried at the next block. */
  readonly onError?: (error: unknown) => void;
}

/** The ledger inside this process: the port, and what only its own process may touch. */
export interface EmbeddedLedger extends LedgerPort {
  readonly law: Law;
  readonly chain: ChainManager;
  /** The same ledger as other nodes see it. */
  readonly access: ChainAccess;
  /** Resolves when the explorer's index has reached the tip, or after the time given (default 30 s). */
  indexed(timeoutMs?: number): Promise<void>;
  /** Ends all streams, lets what is under way finish, closes the files. Idempotent. */
  close(): Promise<void>;
}

/**
 * Opens a node's ledger: locks the folder, checks the files, rebuilds the state, starts to follow with the index.
 * @throws AppError `data-folder/in-use`, `ledger/wrong-network`, `ledger/protocol-version`, `ledger/wrong-genesis`,
 *   `ledger/store-corrupt`, `ledger/store-failed`
 */
export async function openLedger(options: OpenLedgerOptions): Promise<EmbeddedLedger> {
  const { crypto, clock } = options;
  const law = createNetworkLaw(options.params, crypto);
  const verifyBatch: VerifyBatch =
    options.verifyBatch ?? ((checks) => Promise.resolve(crypto.verifyBatch(checks)));
  const onError = options.onError ?? (() => undefined);
  const folder = join(options.dataDir, 'ledger');
  const parts: OpenParts = { lock: await lockDataFolder(folder, 'ledger') };
  try {
    const store = await openChainStore(join(folder, 'chain.sqlite'), crypto);
    parts.store = store;
    const chain = await ChainManager.open({ law, store, verifyBatch, clock });
    const location = indexLocation(folder, options.databaseUrl);
    const database = await openDatabase(location, EXPLORER_ROLE);
    parts.database = database;
    const follower = await IndexFollower.open({ law, store, tree: chain.tree, database, onError });
    parts.follower = follower;
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
    return assemble(ledger, parts);
  } catch (error) {
    await closeParts(parts).catch(() => undefined);
    throw error;
  }
}

/** How long `indexed` waits unless told otherwise. */
const INDEXED_TIMEOUT_MS = 30_000;

function assemble(ledger: LedgerParts, parts: OpenParts): EmbeddedLedger {
  const { law, chain, events } = ledger;
  let closed: Promise<void> | undefined;
  const close = async (): Promise<void> => {
    events.close();
    await chain.idle();
    await closeParts(parts);
  };
  const port: LedgerPort = {
    ...createChainReads(ledger, new BlockCache(chain)),
    ...createAccountReads(ledger),
    ...createContractReads(ledger),
    ...createExplorerReads(ledger),
    ...createProofReads(ledger),
    ...createSubmissions(ledger),
  };
  return {
    law,
    chain,
    access: createChainAccess(ledger),
    ...whileOpen(port, () => closed === undefined),
    indexed: (timeoutMs = INDEXED_TIMEOUT_MS) => ledger.follower.reached(timeoutMs),
    close: () => {
      closed ??= close();
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

function closedError(): AppError {
  return new AppError({
    code: 'ledger/closed',
    message: 'the ledger is closed: its process is stopping',
    next: 'try again when it is up',
  });
}

interface OpenParts {
  lock: DataFolderLock;
  store?: ChainStore;
  database?: OpenDatabase;
  follower?: IndexFollower;
}

async function closeParts({ lock, store, database, follower }: OpenParts): Promise<void> {
  await follower?.close();
  await database?.close();
  await store?.close();
  await lock.release();
}

function indexLocation(folder: string, databaseUrl: string | undefined): { url: string } {
  const isDefault = databaseUrl === undefined || databaseUrl === 'sqlite';
  return { url: isDefault ? `sqlite:${join(folder, 'index.sqlite')}` : databaseUrl };
}

/** Transactions acknowledged before a restart wait again; what no longer holds is dropped. */
async function restorePending(store: ChainStore, mempool: Mempool): Promise<void> {
  const gone: string[] = [];
  for (const { id, bytes } of await store.pending()) {
    const result = await mempool.submit(bytes);
    if (!result.ok) gone.push(id);
  }
  await store.removePending(gone);
}
