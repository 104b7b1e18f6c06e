import type { CommandDefinition } from '../command.js';

export const repairCommands: readonly CommandDefinition[] = [
  {
    path: 'repairer status',
    summary: 'Who repairs your files while you are away, and how they stand',
    details:
      'Asks the repairer that each file’s contracts name. Files that none names are listed, too: their owner repairs them.\n' +
      'Name one for new files with --repairer ADDRESS (CAIRN_REPAIRER).',
    load: async () => (await import('../actions/repairer.js')).repairerStatus,
  },
  {
    path: 'repairer queue',
    summary: 'The operator’s view of a repairer on this machine: what it repairs next, and what it did',
    options: [
      {
        flags: '--url <url>',
        description: 'where it listens',
        default: 'http://127.0.0.1 and CAIRN_REPAIRER_PORT',
      },
    ],
    load: async () => (await import('../actions/repairer.js')).repairerQueue,
  },
];
