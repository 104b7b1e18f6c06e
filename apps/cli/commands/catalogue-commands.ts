import type { CommandDefinition, CommandOption } from '../command.js';

const proofOptions: readonly CommandOption[] = [
  {
    flags: '--node <url>',
    description: 'a node to ask for the proof; may be given several times',
    default: 'the setting --node-url',
    isRepeatable: true,
  },
  {
    flags: '--confirmations <count>',
    description: 'blocks that must stand on the proven state, 1 to 16',
    default: '1 on a devnet, 6 elsewhere',
  },
];

/** The list of files as a whole. */
export const catalogueCommands: readonly CommandDefinition[] = [
  {
    path: 'restore',
    arguments: '<folder>',
    summary: 'Get everything that is stored into a folder: on a new machine, with the phrase alone',
    details:
      'Has the newest list of files proven against headers whose work is checked here, then gets every file with its\n' +
      'time. What is in the folder already with the same size and time is passed by, with another it is left as it is;\n' +
      'what was left or cannot be had is named, and the others are written.',
    options: [
      { flags: '--versions', description: 'earlier versions, too, as NAME.~NUMBER~' },
      { flags: '--unproven', description: 'believe the node that its list is the newest' },
      ...proofOptions,
    ],
    examples: [
      'cairn keys import',
      'cairn restore ~/back',
      'cairn restore ~/back --node http://other.example:7101',
    ],
    load: async () => (await import('../actions/restore.js')).restore,
  },
  {
    path: 'catalogue',
    summary: 'Show which list of files is the newest, and have that proven',
    details:
      'Every list has a number on chain. This client remembers the newest one it has seen and refuses an older one\n' +
      '(catalogue/rolled-back) and another one under the same number (catalogue/fork).',
    options: [
      {
        flags: '--prove',
        description: 'have the newest number proven against headers whose work is checked',
      },
      { flags: '--accept', description: 'take the list the node shows, although it is older or another' },
      ...proofOptions,
    ],
    load: async () => (await import('../actions/catalogue.js')).showCatalogue,
  },
];
