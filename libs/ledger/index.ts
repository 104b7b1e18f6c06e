/**
 * Owns: the shared ledger library, the only place where law meets disk. The port everybody sees (`LedgerPort`), its
 * embedded adapter (`openLedger`): chain manager, mempool, templates, events, the explorer's index, the supply audit.
 * Does not own: the law (chain/, contracts/), transports of the port (libs/node-api), mining (libs/miner), processes.
 * Read next: port.ts, chain-access.ts, embedded-ledger.ts, worker/open-ledger-worker.ts, chain/chain-manager.ts,
 *   docs/adr/0007-ledger-storage.md, docs/adr/0011-law-worker-group-commit.md.
 */
export type { SubmittedBlock, VerifyBatch } from './chain/chain-manager.js';
export type * from './chain-access.js';
export { type ChainAccessParts, createChainAccess } from './create-chain-access.js';
export {
  type EmbeddedLedger,
  type OpenLedgerOptions,
  type OwnLedger,
  openLedger,
} from './embedded-ledger.js';
export { refusedError, violationToJson } from './ledger-error.js';
export { CHAIN_ACCESS, LEDGER, LedgerModule } from './ledger-module.js';
export { DEFAULT_MEMPOOL_POLICY, type MempoolPolicy, minFee } from './mempool/mempool-policy.js';
export {
  type AccountRef,
  LEDGER_METHODS,
  type LedgerPort,
  type PageRequest,
  type StateProofRequest,
} from './port.js';
export type { ChainStore } from './storage/chain-store.js';
export { createMemoryChainStore } from './storage/memory-chain-store.js';
export { bodyToView } from './views/body-view.js';
export { secondsToTime } from './views/chain-views.js';
export { type OpenLedgerWorkerOptions, openLedgerWorker } from './worker/open-ledger-worker.js';
