import type { PayoutGroup } from '#services';

/** What each reason of a posting about a contract means to its provider. The reasons are those of contracts/. */
export const PAYOUT_REASONS: Readonly<
  Record<string, { readonly group: PayoutGroup; readonly meaning: string }>
> = {
  tranche: { group: 'earned', meaning: 'an epoch was proven: paid out' },
  'vesting-paid': { group: 'earned', meaning: 'the contract ended well: what was kept back is paid out' },
  'tranche-vesting': { group: 'held', meaning: 'an epoch was proven: kept back until the end' },
  'slash-burned': { group: 'lost', meaning: 'a proof was missed: burned from the collateral' },
  'slash-to-client': { group: 'lost', meaning: 'a proof was missed: from the collateral to the client' },
  'vesting-forfeited': {
    group: 'lost',
    meaning: 'the contract failed: what was kept back goes to the client',
  },
  'failure-burned': { group: 'lost', meaning: 'the contract failed: burned from the collateral' },
  'failure-to-client': { group: 'lost', meaning: 'the contract failed: from the collateral to the client' },
  collateral: { group: 'deposit', meaning: 'the contract was formed: collateral locked' },
  'collateral-returned': { group: 'returned', meaning: 'the contract ended: collateral given back' },
  escrow: { group: 'client', meaning: 'the contract was formed: locked by the client' },
  burn: { group: 'client', meaning: 'the contract was formed: burned by the client' },
  'tranche-returned': {
    group: 'client',
    meaning: 'a proof was missed: the price of the epoch returns to the client',
  },
  'escrow-refunded': {
    group: 'client',
    meaning: 'the contract ended: what was not earned returns to the client',
  },
  'mint-inclusion': { group: 'minted', meaning: 'first proof: new coins to the miner who included it' },
  'mint-pool': { group: 'minted', meaning: 'a proof: new coins to the pool of all miners' },
};
