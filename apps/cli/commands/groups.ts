/** What the commands of two words have in common, by their first word. */
export const GROUPS: Readonly<Record<string, string>> = {
  keys: 'The phrase everything derives from',
  wallet: 'Coins: balance, address, sending',
  market: 'Offers and prices',
  contracts: 'Storage contracts',
  payouts: 'Who was paid what, and why',
  provider: 'Run a provider of storage',
  'provider volume': 'The disks of a running provider',
  verify: 'Check what nodes say, without trusting any',
  node: 'The chain node that the commands talk to',
};
