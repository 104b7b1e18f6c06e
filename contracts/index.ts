/**
 * Owns: storage contracts as a state machine: offers, agreements, escrow and collateral, challenges, storage proofs,
 * payouts, penalties, settlement, and the mint that never exceeds the burn.
 * Does not own: the chain they run on (chain/), how proofs are made from disk (libs/provider), who is chosen (libs/placement).
 * Read next: lifecycle/transitions.ts, prove/prove.ts, docs/protocol/contracts.md.
 */
export * from './drop/drop.js';
export * from './drop/drop-leaves.js';
export * from './drop/kept-until.js';
export * from './drop/price-drop.js';
export * from './end/end.js';
export * from './form/form.js';
export * from './form/register.js';
export { checkBlock, withInvariants } from './invariants/with-invariants.js';
export * from './lifecycle/contract-object.js';
export * from './lifecycle/due-index.js';
export * from './lifecycle/escrow.js';
export * from './lifecycle/schedule.js';
export * from './lifecycle/settle.js';
export * from './module.js';
export * from './money/burn-outlook.js';
export * from './money/burn-price.js';
export * from './money/lot.js';
export * from './money/price.js';
export * from './network-law.js';
export * from './offer/offer.js';
export * from './offer/usage.js';
export * from './prove/build-proof.js';
export * from './prove/challenge.js';
export * from './prove/draws.js';
export * from './prove/explain-proof.js';
export * from './prove/prove.js';
export * from './prove/storage-proof.js';
export * from './prove/verify-proof.js';
export * from './reads/redeem.js';
export * from './reads/voucher.js';
export * from './renew/renew.js';
export * from './repair/drain.js';
export * from './repair/replace.js';
export * from './repair/replacement.js';
export * from './revise/price-revision.js';
export * from './revise/revise.js';
export * from './revise/revision.js';
export * from './revise/revision-rules.js';
export * from './skip/skip.js';
export * from './state-objects.js';
export * from './terms/agreement.js';
export * from './terms/agreement-rules.js';
export * from './terms/leaves.js';
export * from './terms/tombstone.js';
