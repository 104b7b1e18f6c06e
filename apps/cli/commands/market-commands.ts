import type { CommandDefinition } from '../command.js';

export const marketCommands: readonly CommandDefinition[] = [
  {
    path: 'wallet',
    summary: 'Show the balance (the same as wallet balance)',
    load: async () => (await import('../actions/wallet.js')).balance,
  },
  {
    path: 'wallet balance',
    summary: 'Show what is spendable and what is locked',
    load: async () => (await import('../actions/wallet.js')).balance,
  },
  {
    path: 'wallet address',
    summary: 'Show the address that receives coins; asks no node',
    load: async () => (await import('../actions/wallet.js')).address,
  },
  {
    path: 'wallet send',
    arguments: '<address> <coins>',
    summary: 'Send coins and wait until they are in a block',
    options: [
      { flags: '--memo <text>', description: 'public text in the transaction, at most 64 bytes' },
      {
        flags: '--fee <price>',
        description: 'next, soon or economy (the node’s estimate), or base units per byte',
        default: 'soon',
      },
      { flags: '--dry-run', description: 'check the address and the amount, send nothing' },
    ],
    examples: ['cairn wallet send dcairn1… 12.5', 'cairn wallet send dcairn1… 12.5 --fee next'],
    load: async () => (await import('../actions/wallet.js')).send,
  },
  {
    path: 'wallet faucet',
    arguments: '[coins]',
    summary: 'Get coins from a devnet’s faucet',
    load: async () => (await import('../actions/wallet.js')).faucet,
  },
  {
    path: 'wallet history',
    summary: 'List what went in and out, newest first',
    options: [{ flags: '--limit <count>', description: 'how many entries', default: '50' }],
    load: async () => (await import('../actions/wallet.js')).history,
  },
  {
    path: 'contracts',
    arguments: '[id]',
    summary: 'List your contracts, or show one with its timeline and postings',
    options: [
      { flags: '--all', description: 'those that are over, too' },
      { flags: '--unused', description: 'only active ones that keep nothing in your catalogue' },
    ],
    load: async () => (await import('../actions/contracts.js')).contracts,
  },
  {
    path: 'contracts end',
    arguments: '[id...]',
    summary: 'End contracts early; what is not earned returns to you',
    details:
      'With --unused: those that keep nothing in your catalogue, such as what a killed put left behind. Not while\n' +
      'another put of the same phrase is running: what it has not published yet would be ended, too.\n' +
      'Names what will be lost and asks; without a terminal, --yes is needed.',
    options: [
      { flags: '--unused', description: 'every active contract that keeps nothing in your catalogue' },
      { flags: '--dry-run', description: 'name them, end nothing' },
    ],
    load: async () => (await import('../actions/end-contracts.js')).endContracts,
  },
  {
    path: 'supply',
    summary: 'Audit the coins: replay every block and compare',
    details: 'Exit code 65 when the books do not balance.',
    load: async () => (await import('../actions/supply.js')).supply,
  },
];
