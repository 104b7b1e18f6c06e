import type { CommandDefinition } from '../command.js';

const OF_A_VOLUME = 'ID is a volume’s id, its first digits, or its path.';
const load = (name: keyof typeof import('../actions/volumes.js')) => async () =>
  (await import('../actions/volumes.js'))[name];

export const volumeCommands: readonly CommandDefinition[] = [
  {
    path: 'provider volume list',
    summary: 'Where this provider keeps fragments, how full and how healthy each disk is',
    load: load('listVolumes'),
  },
  {
    path: 'provider volume add',
    arguments: '<path>',
    summary: 'Keep fragments in another folder, best on a disk of its own',
    details:
      'The folder must exist. One that was a volume of this provider before comes back with its fragments; one that was\n' +
      'mounted elsewhere is found again.',
    options: [{ flags: '--capacity <size>', description: 'the most it takes, such as 4TiB' }],
    examples: ['cairn provider volume add /mnt/disk2/cairn --capacity 4TiB'],
    load: load('addVolume'),
  },
  {
    path: 'provider volume resize',
    arguments: '<id>',
    summary: 'Give a volume another capacity',
    details: `What it holds beyond that moves to the others, which must have room for it. ${OF_A_VOLUME}`,
    options: [{ flags: '--capacity <size>', description: 'the most it takes' }],
    load: load('resizeVolume'),
  },
  {
    path: 'provider volume drain',
    arguments: '<id>',
    summary: 'Move everything from a volume to the others',
    details:
      'Returns at once, or with --wait when the volume is empty. Fragments are read and proven meanwhile; a restart goes\n' +
      `on. \`writable\` and \`read-only\` stop it. ${OF_A_VOLUME}`,
    options: [{ flags: '--wait', description: 'until it is empty' }],
    load: load('drainVolume'),
  },
  {
    path: 'provider volume read-only',
    arguments: '<id>',
    summary: 'Put nothing more on a volume; what is there is read and proven',
    details: OF_A_VOLUME,
    load: load('freezeVolume'),
  },
  {
    path: 'provider volume writable',
    arguments: '<id>',
    summary: 'Put fragments on a volume again; forgets the errors its disk has shown',
    details: OF_A_VOLUME,
    load: load('thawVolume'),
  },
  {
    path: 'provider volume verify',
    arguments: '<id>',
    summary: 'Read everything on a volume again, now',
    details: `Exits with 65 where something is damaged. ${OF_A_VOLUME}`,
    load: load('verifyVolume'),
  },
  {
    path: 'provider volume remove',
    arguments: '<id>',
    summary: 'Forget a volume',
    details:
      'One that is empty; its folder stays as it is. With --lose also one that is not: says what will be lost and asks\n' +
      `first; without a terminal, --yes is needed. ${OF_A_VOLUME}`,
    options: [{ flags: '--lose', description: 'give up the fragments that are on it' }],
    load: load('removeVolume'),
  },
];
