import type { CommandDefinition } from '../command.js';

const options = [
  {
    flags: '--node <url>',
    description: 'a node to ask; may be given several times',
    default: 'the setting --node-url',
    isRepeatable: true,
  },
  {
    flags: '--confirmations <count>',
    description: 'blocks that must stand on the state, 1 to 16',
    default: '1 on a devnet, 6 elsewhere',
  },
] as const;

const details =
  'Fetches headers, checks the work of every one, follows the chain with the most work of those the nodes show, and\n' +
  'takes an answer only with a proof against it. Checked headers are kept in the data folder. One honest node is enough.';

/** The health of files, and one command for each kind of object that can be proven. */
export const verifyCommands: readonly CommandDefinition[] = [
  {
    path: 'verify',
    arguments: '[path...]',
    summary: 'Check the health of stored files now; `verify account` and others check a node instead',
    details:
      'Every holder must prove, now, that it keeps 16 random parts of what it was given; the proofs are checked here\n' +
      'against the roots on chain. PATH is a stored file or a folder of them; none means all. A stored file whose name\n' +
      'is a word that follows `verify` (account, contract, endpoint, offer, anchor) is meant by ./account.\n' +
      'healthy: at or above the repair threshold; degraded: below it; critical: just enough; lost: too few holders\n' +
      'prove. The exit code is that of the worst file: 0 healthy, 1 degraded or critical, 69 lost.',
    examples: [
      'cairn verify film.mkv',
      'cairn verify photos',
      'cairn verify --json',
      'cairn verify ./account',
    ],
    load: async () => (await import('../actions/verify-files.js')).verifyFiles,
  },
  {
    path: 'verify account',
    arguments: '<address>',
    summary: 'Have the spendable balance of an account proven',
    details,
    options,
    examples: ['cairn verify account dcairn1… --node http://a:7101 --node http://b:7101 --confirmations 6'],
    load: async () => (await import('../actions/verify.js')).verifyAccount,
  },
  {
    path: 'verify contract',
    arguments: '<id>',
    summary: 'Have a storage contract proven, or that there is none',
    details,
    options,
    load: async () => (await import('../actions/verify.js')).verifyContract,
  },
  {
    path: 'verify endpoint',
    arguments: '<address>',
    summary: 'Have it proven where a principal is reached',
    details,
    options,
    load: async () => (await import('../actions/verify.js')).verifyEndpoint,
  },
  {
    path: 'verify offer',
    arguments: '<address>',
    summary: 'Have the price sheet of a provider proven',
    details,
    options,
    load: async () => (await import('../actions/verify.js')).verifyOffer,
  },
  {
    path: 'verify anchor',
    arguments: '<address>',
    summary: 'Have the head of a catalogue, stream or log proven',
    details,
    options: [
      { flags: '--slot <slot>', description: 'catalogue, stream or log', default: 'catalogue' },
      ...options,
    ],
    load: async () => (await import('../actions/verify.js')).verifyAnchor,
  },
];
