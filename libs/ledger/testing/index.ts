/**
 * Owns: what tests of anything above the ledger need: an embedded ledger with miner and faucet, the port's conformance
 * suite.
 * Does not own: chains of the bare law (chain/testing), contracts' scenarios (contracts/testing). Only tests import this.
 * Read next: test-ledger.ts, ledger-conformance.ts.
 */

export { type ConnectedAccess, describeChainAccess } from './chain-access-conformance.js';
export { describeChainStore, type StoreUnderTest } from './chain-store-conformance.js';
export { forkAt, grow, newChain, submitFrom } from './forks.js';
export { type ConnectedPort, describeLedgerPort } from './ledger-conformance.js';
export { feedScenario, stageMarket } from './market-scene.js';
export { type MemoryNode, openMemoryNode } from './memory-node.js';
export {
  fastDevnet,
  type SendOptions,
  signFor,
  solveTemplate,
  TestLedger,
  type Wallet,
} from './test-ledger.js';
