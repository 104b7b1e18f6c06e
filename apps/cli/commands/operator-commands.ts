import type { CommandDefinition } from '../command.js';
import { volumeCommands } from './volume-commands.js';

export const operatorCommands: readonly CommandDefinition[] = [
  {
    path: 'provider init',
    summary: 'Prepare the folder and the keys of a provider',
    details: 'The folder is `provider` inside the data folder. The settings --provider-… decide its terms.',
    load: async () => (await import('../actions/provider.js')).initProvider,
  },
  {
    path: 'provider run',
    summary: 'Run the provider until Ctrl-C',
    load: async () => (await import('../actions/provider.js')).runProvider,
  },
  {
    path: 'provider status',
    summary: 'Am I earning, am I about to be penalised, do I answer?',
    options: [{ flags: '--provider <address>', description: 'another provider than the one of this folder' }],
    load: async () => (await import('../actions/provider.js')).providerStatus,
  },
  {
    path: 'provider skip',
    arguments: '<contract> [epoch]',
    summary: 'Declare the one maintenance skip of a contract',
    details:
      'The epoch (by default the next) is not challenged: it is not paid, and it is no strike. Possible once in the term of\n' +
      'a contract, and only before the challenge. Asks first; without a terminal, --yes is needed.',
    options: [{ flags: '--dry-run', description: 'say what it would cost, declare nothing' }],
    load: async () => (await import('../actions/leave-contracts.js')).skip,
  },
  {
    path: 'provider drain',
    arguments: '[contract...]',
    summary: 'Leave contracts: whoever may repair them can give them to another provider',
    details:
      'Until somebody takes a contract over it goes on: it must be proven, and is paid. This cannot be taken back. Asks\n' +
      'first; without a terminal, --yes is needed.',
    options: [
      { flags: '--all', description: 'every active contract of this provider' },
      { flags: '--dry-run', description: 'name them, drain nothing' },
    ],
    load: async () => (await import('../actions/leave-contracts.js')).drain,
  },
  ...volumeCommands,
  {
    path: 'mine',
    summary: 'Mine blocks for your address until Ctrl-C',
    details:
      'Shows hash rate, shares (hashes below a fixed easy target: the search works although no block came yet),\n' +
      'blocks, the time a block takes on average at this rate, and the tip: one line on a terminal, otherwise a line\n' +
      'every 10 s; under --json an object every 10 s. Without --threads the settings --miner-threads and --miner-share\n' +
      'bound the work.',
    options: [
      {
        flags: '--threads <count>',
        description: 'this many threads at full speed',
        default: 'CAIRN_MINER_THREADS within CAIRN_MINER_SHARE',
      },
      {
        flags: '--address <address>',
        description: 'who is paid',
        default: 'CAIRN_MINER_ADDRESS, otherwise yours',
      },
    ],
    examples: ['cairn mine --threads 2'],
    load: async () => (await import('../actions/mine.js')).mine,
  },
  {
    path: 'node status',
    summary: 'Ask the node about its network, tip and mempool',
    load: async () => (await import('../actions/node.js')).nodeStatus,
  },
];
