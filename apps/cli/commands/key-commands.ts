import type { CommandDefinition } from '../command.js';

export const keyCommands: readonly CommandDefinition[] = [
  {
    path: 'keys new',
    summary: 'Draw a new recovery phrase and keep it in the keystore',
    details:
      'The phrase is shown once: write it down. With the phrase and the network alone, everything comes back.\n' +
      'An existing keystore is never overwritten.',
    options: [
      { flags: '--words <count>', description: '12 or 24 words', default: '12' },
      { flags: '--plain', description: 'leave the keystore unencrypted' },
    ],
    examples: ['cairn keys new', 'CAIRN_PASSPHRASE=… cairn keys new --json'],
    load: async () => (await import('../actions/keys.js')).newKeys,
  },
  {
    path: 'keys import',
    summary: 'Bring a phrase into a new keystore',
    details: 'Asks for the phrase on a terminal, otherwise reads it from a file or from stdin.',
    options: [
      { flags: '--file <path>', description: 'file that holds the phrase; - for stdin' },
      { flags: '--plain', description: 'leave the keystore unencrypted' },
    ],
    examples: ['cairn keys import', 'cairn keys import --file phrase.txt'],
    load: async () => (await import('../actions/keys.js')).importKeys,
  },
  {
    path: 'keys show',
    summary: 'Show the recovery phrase and the address',
    details: 'Whoever sees the phrase owns the coins and reads the files: asks first, unless --yes is given.',
    load: async () => (await import('../actions/keys.js')).showKeys,
  },
];
