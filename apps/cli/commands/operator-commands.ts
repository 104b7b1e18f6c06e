import type { CommandDefinition } from '../command.js';

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
    path: 'mine',
    summary: 'Mine blocks for your address until Ctrl-C',
    details: 'CAIRN_MINER_ADDRESS pays somebody else; --miner-threads and --miner-share bound the work.',
    load: async () => (await import('../actions/mine.js')).mine,
  },
  {
    path: 'node status',
    summary: 'Ask the node about its network, tip and mempool',
    load: async () => (await import('../actions/node.js')).nodeStatus,
  },
];
