/**
 * Owns: the rule vectors of storage contracts (docs/protocol/vectors.md).
 * Does not own: what a vector is and how it is judged (chain/testing/rules). Only tests import this.
 * Read next: form-rules.ts, prove-rules.ts.
 */
import type { RuleVectorFile } from '../../../chain/testing/rules/index.js';
import { burnPriceRules } from './burn-price-rules.js';
import { dropRules } from './drop-rules.js';
import { endRules } from './end-rules.js';
import { formRules } from './form-rules.js';
import { formStateRules } from './form-state-rules.js';
import { leavingRules } from './leaving-rules.js';
import { lifeRules } from './life-rules.js';
import { moneyRules } from './money-rules.js';
import { offerRules } from './offer-rules.js';
import { proveRules } from './prove-rules.js';
import { redeemRules } from './redeem-rules.js';
import { renewRules } from './renew-rules.js';
import { replaceRules } from './replace-rules.js';
import { reviseMoneyRules } from './revise-money-rules.js';
import { reviseRules } from './revise-rules.js';
import { settleRules } from './settle-rules.js';
import { stateObjectRules } from './state-object-rules.js';

export { judgeStateObject } from './judge-state-object.js';

/** The contracts' files of rule vectors by name. */
export const CONTRACT_RULE_VECTORS: Readonly<Record<string, () => RuleVectorFile>> = {
  offer: offerRules,
  form: formRules,
  'form-state': formStateRules,
  prove: proveRules,
  end: endRules,
  leaving: leavingRules,
  revise: reviseRules,
  'revise-money': reviseMoneyRules,
  drop: dropRules,
  renew: renewRules,
  redeem: redeemRules,
  replace: replaceRules,
  money: moneyRules,
  'burn-price': burnPriceRules,
  life: lifeRules,
  settle: settleRules,
  'state-object': stateObjectRules,
};
