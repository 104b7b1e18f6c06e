import type { PayoutGroup } from '#services';

/** What a posting's reason means, and which event of the same block tells its epoch. */
export interface PayoutReason {
  readonly group: PayoutGroup;
  readonly meaning: string;
  readonly event?: 'contract/proved' | 'contract/missed' | 'contract/skipped';
}

/** What each reason of a posting about a contract means to its provider. The reasons are those of contracts/. */
export const PAYOUT_REASONS: Readonly<Record<string, PayoutReason>> = {
  tranche: { group: 'earned', meaning: 'an epoch was proven: paid out', event: 'contract/proved' },
  'vesting-paid': { group: 'earned', meaning: 'the contract ended well: what was kept back is paid out' },
  bounty: {
    group: 'earned',
    meaning: 'first proof after taking over a lost contract: the promised bounty',
    event: 'contract/proved',
  },
  'reads-paid': { group: 'earned', meaning: 'read vouchers were redeemed' },
  'tranche-vesting': {
    group: 'held',
    meaning: 'an epoch was proven: kept back until the end',
    event: 'contract/proved',
  },
  'slash-burned': {
    group: 'lost',
    meaning: 'a proof was missed: burned from the collateral',
    event: 'contract/missed',
  },
  'slash-to-client': {
    group: 'lost',
    meaning: 'a proof was missed: from the collateral to the client',
    event: 'contract/missed',
  },
  'vesting-forfeited': {
    group: 'lost',
    meaning: 'the contract failed: what was kept back goes to the client',
    event: 'contract/missed',
  },
  'failure-burned': {
    group: 'lost',
    meaning: 'the contract failed: burned from the collateral',
    event: 'contract/missed',
  },
  'failure-to-client': {
    group: 'lost',
    meaning: 'the contract failed: from the collateral to the client',
    event: 'contract/missed',
  },
  'failure-to-reserve': {
    group: 'lost',
    meaning: 'the contract failed: from the collateral to what pays for its repair',
    event: 'contract/missed',
  },
  collateral: {
    group: 'deposit',
    meaning: 'the contract was formed, revised, renewed or taken over: collateral locked',
  },
  'collateral-returned': { group: 'returned', meaning: 'the contract ended: collateral given back' },
  escrow: { group: 'client', meaning: 'the price of storing, locked' },
  burn: { group: 'client', meaning: 'burned by the client for what is stored' },
  reserve: { group: 'client', meaning: 'set aside for repair' },
  reads: { group: 'client', meaning: 'locked for paid reads' },
  'tranche-returned': {
    group: 'client',
    meaning: 'a proof was missed: the price of the epoch returns to the client',
    event: 'contract/missed',
  },
  'tranche-skipped': {
    group: 'client',
    meaning: 'declared maintenance: the price of the epoch returns to the client',
    event: 'contract/skipped',
  },
  'escrow-dropped': {
    group: 'client',
    meaning: 'fragments were dropped: their price to come returns to the client',
  },
  'escrow-refunded': {
    group: 'client',
    meaning: 'the contract ended: what was not earned returns to the client',
  },
  'escrow-to-reserve': {
    group: 'client',
    meaning: 'the contract was lost: what was not earned pays for its repair',
  },
  'reads-refunded': {
    group: 'client',
    meaning: 'the contract ended: what was not read returns to the client',
  },
  'reserve-refunded': {
    group: 'client',
    meaning: 'nothing to repair any more: the reserve returns to the client',
  },
  'bounty-promised': {
    group: 'client',
    meaning: 'a lost contract was taken over: bounty for its first proof',
  },
  'bounty-refunded': { group: 'client', meaning: 'no proof came for the bounty: it returns to the client' },
  'mint-inclusion': {
    group: 'minted',
    meaning: 'first proof: new coins to the miner who included it',
    event: 'contract/proved',
  },
  'mint-pool': {
    group: 'minted',
    meaning: 'a proof: new coins to the pool of all miners',
    event: 'contract/proved',
  },
};
