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
    details:
      'Says of each when it ends, and whether it is renewed automatically (by `cairn renew --auto` on this data folder) or\n' +
      'lapses. The contracts of a gateway are looked after by the gateway: its /renewals tells the same.',
    options: [
      { flags: '--all', description: 'those that are over, too' },
      { flags: '--unused', description: 'only active ones that keep nothing in your catalogue' },
    ],
    load: async () => (await import('../actions/contracts.js')).contracts,
  },
  {
    path: 'contracts show',
    arguments: '<id>',
    summary: 'Show a contract with its terms, timeline and postings',
    load: async () => (await import('../actions/contracts.js')).showContract,
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
    path: 'renew',
    arguments: '[name-or-contract...]',
    summary:
      'Renew files or contracts without storing them again; with --auto, all of them whenever one is due',
    details:
      'The old contract settles and the new one is active in one step, with the same provider. With --auto it stays and\n' +
      'looks after every contract that keeps something in your catalogue: renews three epochs before the end, warns seven,\n' +
      'three and one epoch before a lapse, never takes more than the limit in all (kept in the data folder, also through\n' +
      'crashes), and tries again what a provider refused.',
    options: [
      { flags: '--epochs <count>', description: 'new term', default: '180 on a devnet, otherwise 30' },
      { flags: '--limit <coins>', description: 'most it may take; with --auto, all renewals together' },
      { flags: '--auto', description: 'look after all contracts until Ctrl-C' },
      { flags: '--once', description: 'with --auto: look once and end, for a timer' },
      { flags: '--dry-run', description: 'say what it would take, renew nothing' },
    ],
    examples: ['cairn renew film.mkv --epochs 365', 'cairn renew --auto --limit 50'],
    load: async () => (await import('../actions/renew.js')).renew,
  },
  {
    path: 'extend',
    arguments: '<name-or-contract> <epochs>',
    summary: 'Make the term of a file’s contracts longer, at their old price',
    details: 'The provider has to agree. Where one does not, the others are extended; exit code 75 says so.',
    options: [{ flags: '--dry-run', description: 'say what it costs, extend nothing' }],
    load: async () => (await import('../actions/change-contracts.js')).extend,
  },
  {
    path: 'drop',
    arguments: '<contract> <fragment...>',
    summary: 'Give up fragments of a contract; what they cost from then on returns',
    details:
      'Needs no provider. A contract of which less than a quarter would be left is ended instead: cairn contracts end.\n' +
      'Names what will be lost and asks; without a terminal, --yes is needed.',
    options: [{ flags: '--dry-run', description: 'name it, drop nothing' }],
    load: async () => (await import('../actions/change-contracts.js')).drop,
  },
  {
    path: 'supply',
    summary: 'Audit the coins: replay every block and compare',
    details: 'Exit code 65 when the books do not balance.',
    load: async () => (await import('../actions/supply.js')).supply,
  },
];
