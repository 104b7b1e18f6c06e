/**
 * Owns: the rule vectors of the chain: what one is, how they are made, how they are judged (docs/protocol/vectors.md).
 * Does not own: the rules (chain/), the contracts' vectors (contracts/testing/rules). Only tests import this.
 * Read next: rule-vector.ts, vector-book.ts, judge-vector.ts.
 */
import { addressRules } from './address-rules.js';
import { blockRules } from './block-rules.js';
import { codecRules } from './codec-rules.js';
import { headerRules } from './header-rules.js';
import type { RuleVectorFile } from './rule-vector.js';
import { stateProofRules } from './state-proof-rules.js';
import { transactionRules } from './transaction-rules.js';

export type { Judgement } from './judge-vector.js';
export { replayVectors } from './replay-vectors.js';
export * from './rule-vector.js';
export * from './vector-book.js';

/** The chain's files of rule vectors by name. */
export const CHAIN_RULE_VECTORS: Readonly<Record<string, () => RuleVectorFile>> = {
  address: addressRules,
  block: blockRules,
  codec: codecRules,
  header: headerRules,
  'state-proof': stateProofRules,
  transaction: transactionRules,
};
