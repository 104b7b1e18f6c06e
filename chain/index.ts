/**
 * Owns: the ledger's law. Canonical codec, network parameters, addresses, headers and proof of work, transactions as a
 * rule table, the state as pots and objects, `applyBlock` and its exact inverse.
 * Does not own: storage contracts (contracts/ joins as a LawModule), disk and clock (libs/ledger), keys (libs/crypto).
 * Read next: law/apply-block.ts, state/view.ts, docs/protocol/.
 */
export * from './account/address.js';
export * from './block/block.js';
export * from './block/body-rules.js';
export * from './block/coinbase.js';
export * from './block/header.js';
export * from './block/header-rules.js';
export * from './block/reward.js';
export * from './block/subsidy.js';
export * from './block/supplement.js';
export { ByteReader, ByteWriter, DecodeError, utf8Decode, utf8Encode } from './codec/bytes.js';
export * from './codec/codec.js';
export * from './codec/schema.js';
export * from './law/apply-block.js';
export * from './law/apply-transaction.js';
export * from './law/genesis.js';
export * from './law/law.js';
export * from './law/template.js';
export * from './params/network-params.js';
export * from './params/networks.js';
export * from './pow/asert.js';
export * from './pow/fork-choice.js';
export * from './pow/target.js';
export * from './primitives/ids.js';
export * from './state/diff.js';
export * from './state/events.js';
export * from './state/memory-state.js';
export * from './state/namespace.js';
export * from './state/pots.js';
export * from './state/view.js';
export { stateKeyHash } from './state-tree/state-hash.js';
export { type StateClaim, validateStateProof } from './state-tree/state-proof.js';
export { KEPT_VERSIONS, StateTree } from './state-tree/state-tree.js';
export * from './tx/kinds/anchor.js';
export * from './tx/kinds/endpoint.js';
export * from './tx/kinds/transfer.js';
export * from './tx/lanes.js';
export * from './tx/transaction.js';
export * from './tx/transaction-codec.js';
