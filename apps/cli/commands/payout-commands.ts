import type { CommandDefinition, CommandOption } from '../command.js';

const limit: CommandOption = { flags: '--limit <count>', description: 'how many entries', default: '50' };
const ownProvider: CommandOption = {
  flags: '--provider <address>',
  description: 'whose',
  default: 'the provider of this data folder',
};
const csv: CommandOption = {
  flags: '--csv',
  description: 'the whole statement of --provider or --contract as CSV (RFC 4180), amounts in base units',
};
const contract: CommandOption = { flags: '--contract <id>', description: 'only this contract' };
const epoch: CommandOption = { flags: '--epoch <number>', description: 'only this epoch of a statement' };

/** Who was paid what and why, what comes and what may be lost. */
export const payoutCommands: readonly CommandDefinition[] = [
  {
    path: 'payouts',
    summary: 'List what providers were paid, newest first',
    options: [
      { flags: '--provider <address>', description: 'only payouts of this provider’s contracts' },
      contract,
      epoch,
      csv,
      limit,
    ],
    examples: ['cairn payouts --csv --provider dcairn1… > payouts.csv'],
    load: async () => (await import('../actions/payouts.js')).payouts,
  },
  {
    path: 'payouts statement',
    summary: 'List every movement of coins of a provider or contract, with its reason, oldest first',
    options: [
      { flags: '--provider <address>', description: 'of this provider' },
      { flags: '--contract <id>', description: 'of this contract' },
      epoch,
      csv,
    ],
    load: async () => (await import('../actions/payouts.js')).statement,
  },
  {
    path: 'payouts forecast',
    summary: 'Show what the next epochs will pay if all are proven',
    options: [ownProvider, contract, { flags: '--epochs <count>', description: 'how far', default: '3' }],
    load: async () => (await import('../actions/payout-views.js')).forecast,
  },
  {
    path: 'payouts risk',
    summary: 'Show what may be lost: open challenges, strikes, collateral, the cost of a miss',
    options: [ownProvider],
    load: async () => (await import('../actions/payout-views.js')).risk,
  },
  {
    path: 'payouts penalties',
    summary: 'List who was penalised and why, newest first',
    options: [{ flags: '--provider <address>', description: 'only this provider' }, limit],
    load: async () => (await import('../actions/payout-views.js')).penalties,
  },
  {
    path: 'payouts rewards',
    arguments: '<miner>',
    summary: 'List what blocks paid a miner: subsidy, fees, share of the pool, first proofs',
    load: async () => (await import('../actions/payout-views.js')).rewards,
  },
];
