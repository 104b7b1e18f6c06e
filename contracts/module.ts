import type { LawModule } from '#chain';
import { drop } from './drop/drop.js';
import { end } from './end/end.js';
import { form } from './form/form.js';
import { contractSpace } from './lifecycle/contract-object.js';
import { dueSpace } from './lifecycle/due-index.js';
import { endBlock } from './lifecycle/transitions.js';
import { burnDemandSpace, burnPriceSpace } from './money/burn-price.js';
import { offer, offerSpace } from './offer/offer.js';
import { usageSpace } from './offer/usage.js';
import { prove } from './prove/prove.js';
import { redeem } from './reads/redeem.js';
import { renew } from './renew/renew.js';
import { drain } from './repair/drain.js';
import { replace } from './repair/replace.js';
import { revise } from './revise/revise.js';
import { skip } from './skip/skip.js';

/** Storage contracts as a part of the ledger's law. */
export const contractsModule = {
  name: 'contracts',
  kinds: [offer, form, prove, end, revise, drop, renew, replace, skip, drain, redeem] as const,
  namespaces: [contractSpace, dueSpace, offerSpace, usageSpace, burnPriceSpace, burnDemandSpace] as const,
  endBlock,
} satisfies LawModule;
