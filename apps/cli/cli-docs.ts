import type { CommandDefinition, CommandOption } from './command.js';
import { COMMANDS } from './commands/index.js';
import { EXIT_CODES } from './exit-codes.js';
import { COMMON_OPTIONS, PROGRAM_SUMMARY } from './program.js';

/** The text of docs/cli.md, made of the command table. */
export function cliToMarkdown(): string {
  const codes = Object.values(EXIT_CODES).map(({ code, meaning }) => `| ${code} | ${meaning} |`);
  return `# The command line

<!-- Written by the generator in apps/cli; change apps/cli/commands instead of this file. -->

${PROGRAM_SUMMARY} In a clone, \`cairn\` is \`npm run -s cairn --\`. How to use it: [operate/client.md](operate/client.md).

stdout is data, stderr is progress and errors. Every command takes these flags, and any setting of
[config.md](config.md) as a flag:

${optionTable(COMMON_OPTIONS)}

## Exit codes

| code | meaning |
|---|---|
${codes.join('\n')}

## Commands

${COMMANDS.map(commandToMarkdown).join('\n')}`;
}

function commandToMarkdown(command: CommandDefinition): string {
  const parts = [`### ${`cairn ${command.path} ${command.arguments ?? ''}`.trim()}`, `${command.summary}.`];
  if (command.details !== undefined) parts.push(command.details);
  if (command.options !== undefined) parts.push(optionTable(command.options));
  if (command.examples !== undefined) parts.push(`\`\`\`\n${command.examples.join('\n')}\n\`\`\``);
  return `${parts.map(escapeAngles).join('\n\n')}\n`;
}

function optionTable(options: readonly CommandOption[]): string {
  const rows = options.map(
    ({ flags, description, default: value }) =>
      `| \`${flags}\` | ${description}${value === undefined ? '' : ` (default: ${value})`} |`,
  );
  return ['| flag | meaning |', '|---|---|', ...rows].join('\n');
}

/** \`<name>\` outside code would be taken for a tag. */
function escapeAngles(text: string): string {
  return text.startsWith('### ') ? text.replaceAll('<', '&lt;').replaceAll('>', '&gt;') : text;
}
