import type { CommandDefinition } from '../command.js';

export const fileCommands: readonly CommandDefinition[] = [
  {
    path: 'put',
    arguments: '<path...>',
    summary: 'Store files and folders; - reads stdin (with --name)',
    details:
      'Shows the price, asks on a terminal, then seals the files here and spreads them over providers. A file is\n' +
      'stored under its own name, a file in a folder under the folder’s name and its path inside. An existing name\n' +
      'is replaced.',
    options: [
      { flags: '--name <name>', description: 'store a single file or folder under this name' },
      {
        flags: '--profile <profile>',
        description: 'redundancy: a name, or k/repairBelow/n such as 3/4/8',
        default: 'devnet on a devnet, otherwise default',
      },
      {
        flags: '--epochs <count>',
        description: 'how long it is paid for',
        default: '180 on a devnet, otherwise 30',
      },
      {
        flags: '--fragment-size <size>',
        description: 'a power of two from 64KiB to 4MiB',
        default: 'by file size',
      },
      { flags: '--dry-run', description: 'show names and price, store nothing' },
    ],
    examples: [
      'cairn put ./photos',
      'cairn put film.mkv --name films/2026.mkv --epochs 365',
      'tar c src | cairn put - --name src.tar',
    ],
    load: async () => (await import('../actions/put.js')).put,
  },
  {
    path: 'get',
    arguments: '<name>',
    summary: 'Get a file, or everything below a folder name',
    details:
      'Every byte is checked before the file takes its name: what is written under PATH is whole, or nothing is.\n' +
      'Enough providers that answer are enough; which ones does not matter.',
    options: [
      {
        flags: '-o, --output <path>',
        description: 'where to write; - for stdout',
        default: 'the name’s last part',
      },
      { flags: '--force', description: 'replace what is at PATH' },
    ],
    examples: ['cairn get film.mkv', 'cairn get photos -o ./back', 'cairn get src.tar -o - | tar x'],
    load: async () => (await import('../actions/get.js')).get,
  },
  {
    path: 'ls',
    arguments: '[prefix]',
    summary: 'List stored files',
    load: async () => (await import('../actions/ls.js')).ls,
  },
  {
    path: 'status',
    arguments: '[name...]',
    summary: 'Challenge the holders of files now and show their health',
    details:
      'Every holder must prove, now, that it keeps random parts of its data; the proofs are checked here against\n' +
      'the roots on chain. healthy: at or above the repair threshold; degraded: below it; critical: just enough;\n' +
      'lost: too few. Exit code 1 when a file is lost.',
    load: async () => (await import('../actions/status.js')).status,
  },
  {
    path: 'rm',
    arguments: '<name...>',
    summary: 'Remove files and end their contracts',
    details: 'Says what will be lost and asks; without a terminal, --yes is needed. Unearned coins return.',
    options: [{ flags: '--dry-run', description: 'say what would be lost, remove nothing' }],
    load: async () => (await import('../actions/rm.js')).rm,
  },
];
