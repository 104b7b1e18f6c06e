import type { CommandDefinition } from '../command.js';

export const fileCommands: readonly CommandDefinition[] = [
  {
    path: 'put',
    arguments: '<path...>',
    summary: 'Store files and folders; - reads stdin (with --name)',
    details:
      'Shows the price, asks on a terminal, then seals the files here and spreads them over providers. A file is\n' +
      'stored under its own name, a file in a folder under the folder’s name and its path inside. An existing name\n' +
      'is replaced. Small files are packed together. What is stored already with the same size and time is passed by,\n' +
      'so the same command goes on where an interrupted one stopped. What cannot be read is named, the rest is stored,\n' +
      'and the exit code is 74. With --repairer ADDRESS somebody rebuilds what providers lose while you are away, out of\n' +
      '--reserve COINS a contract, which return where no repair needs them (docs/operate/repair.md).',
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
      { flags: '--keep-versions', description: 'keep what is replaced as an earlier version' },
      { flags: '--checksum', description: 'compare with what is stored by content, not by size and time' },
      { flags: '--again', description: 'store anew what is stored unchanged, too' },
      { flags: '--dry-run', description: 'show names and price, store nothing' },
    ],
    examples: [
      'cairn put ./photos',
      'cairn put notes.txt --keep-versions',
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
      'Enough providers that answer are enough; which ones does not matter, and slow ones are not waited for.\n' +
      'Until then it is PATH.HASH.part. Where a run is interrupted or too few providers answer, that file is kept and\n' +
      'the same command goes on from there; where the data is wrong or the disk full, it is removed.',
    options: [
      {
        flags: '-o, --output <path>',
        description: 'where to write; - for stdout',
        default: 'the name’s last part',
      },
      { flags: '--force', description: 'replace what is at PATH' },
      { flags: '--version <number>', description: 'an earlier version of a file', default: 'the newest' },
      {
        flags: '--range <from-to>',
        description: 'only these bytes: 0-499, 500- for the rest, -500 for the last ones',
        default: 'all',
      },
    ],
    examples: [
      'cairn get film.mkv',
      'cairn get photos -o ./back',
      'cairn get src.tar -o - | tar x',
      'cairn get film.mkv --range 0-1048575 -o start.bin',
    ],
    load: async () => (await import('../actions/get.js')).get,
  },
  {
    path: 'ls',
    arguments: '[prefix]',
    summary: 'List stored files',
    details:
      'Control characters in names are shown as \\x0a, bytes that are no UTF-8 as \\xff; other commands take such a name\n' +
      'as it is shown. Under --json they are control characters and the lone surrogates \\udc80 to \\udcff.',
    options: [{ flags: '--versions', description: 'show earlier versions, too' }],
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
    path: 'repair',
    arguments: '[name...]',
    summary: 'Store again what providers have lost',
    details:
      'Asks every holder for proofs now. What nobody holds, or cannot be proven, is rebuilt here from the rest and\n' +
      'stored with other providers under new contracts for the time that is paid already; all files unless some are\n' +
      'named. Exit code 75 when something could not be placed: the same command tries again.',
    examples: ['cairn repair film.mkv', 'cairn repair'],
    load: async () => (await import('../actions/repair.js')).repair,
  },
  {
    path: 'rm',
    arguments: '<name...>',
    summary: 'Remove files and end their contracts',
    details:
      'Says what will be lost, freed and returned, and asks; without a terminal, --yes is needed. A name that ends in /\n' +
      'stands for everything below it. Earlier versions go with their file. A pack of which more than half is dead then\n' +
      'is stored anew without it.',
    options: [
      { flags: '--version <number>', description: 'only this version; the newest one left becomes the file' },
      { flags: '--dry-run', description: 'say what would be lost and freed, remove nothing' },
    ],
    examples: ['cairn rm film.mkv', 'cairn rm photos/ --dry-run', 'cairn rm notes.txt --version 3'],
    load: async () => (await import('../actions/rm.js')).rm,
  },
];
