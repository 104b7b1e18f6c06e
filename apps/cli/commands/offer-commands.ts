import type { CommandDefinition, CommandOption } from '../command.js';

const matchOptions: readonly CommandOption[] = [
  { flags: '--max-price <coins>', description: 'per GiB and epoch at most, the base of an epoch included' },
  { flags: '--min-collateral <percent>', description: 'of the price that the provider locks, at least' },
  { flags: '--min-proven <epochs>', description: 'epochs the provider has proven so far, at least' },
  { flags: '--max-missed <percent>', description: 'of its epochs missed, at most' },
  { flags: '--region <name>', description: 'only this declared region' },
  { flags: '--owner <name>', description: 'only this declared owner' },
];

/** What is asked of the market before anything is paid. */
export const offerCommands: readonly CommandDefinition[] = [
  {
    path: 'market offers',
    summary: 'Show the order book: who stores at which price, with which record',
    details:
      'Made here out of the ledger. Offers that are withdrawn, expired, full or without an address are left out; with\n' +
      '--all they are marked, and so is what does not fit, each with the reason.',
    options: [
      {
        flags: '--sort <order>',
        description: 'price, collateral, record, free or provider',
        default: 'price',
      },
      {
        flags: '--bytes <size>',
        description: 'room with one provider; prices are for so much',
        default: '1GiB',
      },
      { flags: '--epochs <count>', description: 'a term the offer must allow' },
      ...matchOptions,
      { flags: '--one-per-domain', description: 'only the first of each failure domain' },
      { flags: '--all', description: 'what cannot be taken or does not fit, too' },
      { flags: '--limit <count>', description: 'how many', default: '50' },
    ],
    examples: [
      'cairn market offers --sort record --min-collateral 50',
      'cairn market offers --bytes 10GiB --all',
    ],
    load: async () => (await import('../actions/market.js')).offers,
  },
  {
    path: 'market quote',
    arguments: '<size>',
    summary: 'Show the itemised price of storing a file, or so many bytes',
    details:
      'SIZE is the path of a file, or a size such as 10GiB. The burn is not refundable: shown at today’s price and at the\n' +
      'most it can become before it is registered. A month is 30 days of the network’s block time.',
    options: [
      {
        flags: '--profile <profile>',
        description: 'redundancy: a name, or k/repairBelow/n such as 3/4/8',
        default: 'devnet on a devnet, otherwise default',
      },
      { flags: '--epochs <count>', description: 'how long', default: '180 on a devnet, otherwise 30' },
      { flags: '--repair', description: 'set aside what a repair of each contract costs' },
      { flags: '--reads <times>', description: 'how often all of it is read over the term', default: '0' },
      ...matchOptions,
    ],
    examples: ['cairn market quote 10GiB --epochs 365', 'cairn market quote film.mkv --repair --reads 2'],
    load: async () => (await import('../actions/market.js')).quote,
  },
  {
    path: 'profiles',
    arguments: '[profile...]',
    summary: 'Compare redundancy profiles: stored per byte, price now, how long data lasts',
    details:
      'The named profiles, or those given by name or as k/repairBelow/n. Prices are for one GiB, storage, burn and fees\n' +
      'spread over the term. How the figures of loss are worked out: docs/durability.',
    options: [
      { flags: '--epochs <count>', description: 'how long', default: '180 on a devnet, otherwise 30' },
    ],
    examples: ['cairn profiles', 'cairn profiles default 6/12/20'],
    load: async () => (await import('../actions/profiles.js')).profiles,
  },
  {
    path: 'market burn-price',
    summary: 'Show what storing burns now, when that moves, and how it moved',
    options: [{ flags: '--limit <count>', description: 'how many moves', default: '50' }],
    load: async () => (await import('../actions/market.js')).burnPrice,
  },
  {
    path: 'bill',
    arguments: '<contract-or-name...>',
    summary: 'Show what files or contracts really cost so far, beside what was quoted',
    details:
      'Made of postings: taken, paid, kept back, burned, fees, refunded, still locked. `cairn put` keeps its quotes in the\n' +
      'data folder; without them the bill stands alone.',
    examples: ['cairn bill film.mkv', 'cairn bill 3f0c… --json'],
    load: async () => (await import('../actions/bill.js')).bill,
  },
  {
    path: 'proof',
    arguments: '<contract> <epoch>',
    summary: 'Show how an epoch was challenged and proven, draw by draw',
    details:
      'With --verify nothing of the node’s verdict is believed: the draws are made again from the challenge block, the\n' +
      'proof is taken out of its block and checked against the root. Exit code 65 where it does not hold.',
    options: [{ flags: '--verify', description: 'check it again here' }],
    load: async () => (await import('../actions/proof.js')).proof,
  },
];
