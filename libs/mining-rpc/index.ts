/**
 * Owns: JSON-RPC over HTTP as miners without Stratum speak it: getblocktemplate with long polling (BIP 22, 23),
 *   submitblock, and the questions they ask besides.
 * Does not own: where work comes from (libs/mining-work), the node's own API (libs/node-api), blocks (chain).
 * Read next: methods.ts, block-template.ts, docs/protocol/mining.md.
 */
export { MAX_BATCH, MAX_BODY_BYTES } from './limits.js';
export { measureMiningRpc } from './measure-mining-rpc.js';
export {
  type Caller,
  createMiningRpc,
  type MiningRpc,
  type MiningRpcOptions,
  type MiningRpcStatistics,
} from './mining-rpc.js';
export { MINING_RPC, MiningRpcModule, type MiningRpcModuleOptions } from './mining-rpc-module.js';
export { RPC_ERRORS } from './rpc-error.js';
