import type { CommandDefinition } from '../command.js';
import { catalogueCommands } from './catalogue-commands.js';
import { fileCommands } from './file-commands.js';
import { keyCommands } from './key-commands.js';
import { marketCommands } from './market-commands.js';
import { offerCommands } from './offer-commands.js';
import { operatorCommands } from './operator-commands.js';
import { payoutCommands } from './payout-commands.js';
import { repairCommands } from './repair-commands.js';
import { verifyCommands } from './verify-commands.js';

const completion: CommandDefinition = {
  path: 'completion',
  arguments: '<shell>',
  summary: 'Print completions for bash, zsh or fish',
  examples: [
    'cairn completion bash >> ~/.bashrc',
    'cairn completion zsh > ~/.zfunc/_cairn',
    'cairn completion fish > ~/.config/fish/completions/cairn.fish',
  ],
  load: async () => (await import('../actions/completion.js')).createCompletion(COMMANDS),
};

/** Every command, in the order of help and docs/cli.md. */
export const COMMANDS: readonly CommandDefinition[] = [
  ...keyCommands,
  ...fileCommands,
  ...catalogueCommands,
  ...offerCommands,
  ...marketCommands,
  ...payoutCommands,
  ...operatorCommands,
  ...repairCommands,
  ...verifyCommands,
  completion,
];
