import { createRequire } from 'node:module';
import { Command, type CommanderError, Option } from 'commander';
import { closestName, SETTINGS } from '#config';
import { AppError } from '#errors';
import { type CommandDefinition, type CommandInput, type CommandOption, longFlags } from './command.js';
import { GROUPS } from './commands/groups.js';

/** Options every command takes. */
export const COMMON_OPTIONS: readonly CommandOption[] = [
  { flags: '--json', description: 'print the result as one JSON value on stdout' },
  { flags: '--quiet', description: 'no progress and no notes' },
  { flags: '-y, --yes', description: 'answer every question with yes' },
];

export const PROGRAM_SUMMARY =
  'Store files with providers that you pay by the epoch, lose some of the providers, get the files back.';

const require = createRequire(import.meta.url);
const { version: VERSION } = require('../../../package.json') as { version: string };

/** Flags of settings the command line knows, as `--data-dir`. */
export function settingFlags(): { flag: string; description: string }[] {
  return Object.values(SETTINGS)
    .filter(({ apps }) => apps === 'all' || (apps as readonly string[]).includes('cli'))
    .map(({ flag, description }) => ({ flag: `--${flag}`, description }));
}

/** The parser made of the command table; a parsed command is handed to `onCommand`. */
export function createProgram(
  commands: readonly CommandDefinition[],
  onCommand: (definition: CommandDefinition, input: CommandInput) => void,
): Command {
  const program = new Command('cairn').description(PROGRAM_SUMMARY);
  program.addHelpText('after', () => `\n${settingsHelp()}`);
  const groups = new Map<string, Command>();
  const prepare = (command: Command): Command =>
    command
      .exitOverride()
      // A flag belongs to the command it follows: `contracts end --unused` is none of `contracts`.
      .enablePositionalOptions()
      .configureOutput({ writeErr: () => undefined })
      .configureHelp({ subcommandTerm: termOf })
      .helpOption('-h, --help', 'show this help')
      .showSuggestionAfterError(false);
  prepare(program).version(VERSION, '-V, --version', 'show the version');
  program.helpCommand('help [command]', 'show help of a command');
  for (const definition of commands) {
    let command = program;
    let path = '';
    for (const word of definition.path.split(' ')) {
      path = path === '' ? word : `${path} ${word}`;
      let group = groups.get(path);
      if (group === undefined) {
        group = prepare(command.command(word)).description(GROUPS[path] ?? '');
        groups.set(path, group);
      }
      command = group;
    }
    describe(command, definition, onCommand);
  }
  return program;
}

function describe(
  command: Command,
  definition: CommandDefinition,
  onCommand: (definition: CommandDefinition, input: CommandInput) => void,
): void {
  command
    .summary(definition.summary)
    .description([definition.summary, definition.details].filter((text) => text !== undefined).join('\n\n'));
  if (definition.arguments !== undefined) command.arguments(definition.arguments);
  for (const option of [...(definition.options ?? []), ...COMMON_OPTIONS]) {
    const text = option.default === undefined ? '' : ` (default: ${option.default})`;
    const parsed = new Option(option.flags, option.description + text);
    if (option.isRepeatable === true)
      parsed.argParser((value: string, before: unknown) =>
        typeof before === 'string' ? `${before}\n${value}` : value,
      );
    command.addOption(parsed);
  }
  if (definition.examples !== undefined) {
    const lines = definition.examples.map((example) => `  ${example}`).join('\n');
    command.addHelpText('after', `\nExamples:\n${lines}`);
  }
  command.action(() => {
    const given = command.processedArgs.flat() as (string | undefined)[];
    onCommand(definition, {
      args: given.filter((argument) => argument !== undefined),
      // `wallet` is a command and a group: a flag after `wallet send` may be taken by either.
      options: command.optsWithGlobals(),
    });
  });
}

/** Moves the flags every command takes from before the command to behind it: `cairn --json ls`. */
export function moveCommonFlags(rest: readonly string[]): string[] {
  const common = COMMON_OPTIONS.flatMap(({ flags }) => flags.split(', '));
  const first = rest.findIndex((word) => !common.includes(word));
  if (first <= 0) return [...rest];
  const end = rest.indexOf('--');
  const tail = end < 0 ? rest.length : end;
  return [...rest.slice(first, tail), ...rest.slice(0, first), ...rest.slice(tail)];
}

/** A commander failure as our error, naming the closest known flag or command. */
export function usageError(
  error: CommanderError,
  commands: readonly CommandDefinition[],
  rest: readonly string[],
): AppError {
  const command = commandOf(commands, rest);
  const help = `cairn ${command === undefined ? '' : `${command.path} `}--help`;
  const { what, known } = explain(error, commands, rest, command);
  const wrong = /'(-{0,2}[^' =]+)/.exec(what)?.[1] ?? '';
  const closest = closestName(wrong, known);
  return new AppError({
    code: 'cli/usage',
    message: what,
    next: closest === undefined ? `See \`${help}\`.` : `Did you mean ${closest}? See \`${help}\`.`,
    data: { given: wrong, closest },
  });
}

/** What is wrong, and the names it may be a misspelling of. */
function explain(
  error: CommanderError,
  commands: readonly CommandDefinition[],
  rest: readonly string[],
  command: CommandDefinition | undefined,
): { what: string; known: readonly string[] } {
  const { group, next } = groupOf(commands, rest);
  const inGroup = commands.flatMap(({ path }) =>
    group !== '' && path.startsWith(`${group} `) ? [path.slice(group.length + 1).split(' ')[0] ?? ''] : [],
  );
  if (error.code === 'commander.excessArguments' && inGroup.length > 0 && next !== undefined)
    return { what: `Unknown command '${next}' of cairn ${group}.`, known: inGroup };
  const text = error.message
    .replace(/^error: /, '')
    .replace(/\n.*/s, '')
    .replace(/\.$/, '');
  const what = `${text[0]?.toUpperCase() ?? ''}${text.slice(1)}.`;
  if (error.code === 'commander.unknownCommand') {
    const names = inGroup.length > 0 ? inGroup : commands.map(({ path }) => path.split(' ')[0] ?? '');
    return { what, known: [...new Set(names)] };
  }
  if (error.code !== 'commander.unknownOption') return { what, known: [] };
  return { what, known: [...longFlags(command, COMMON_OPTIONS), ...settingFlags().map(({ flag }) => flag)] };
}

function commandOf(
  commands: readonly CommandDefinition[],
  rest: readonly string[],
): CommandDefinition | undefined {
  const words = rest.filter((word) => !word.startsWith('-'));
  for (let count = 3; count > 0; count--) {
    const found = commands.find(({ path }) => path === words.slice(0, count).join(' '));
    if (found !== undefined) return found;
  }
  return undefined;
}

/** The group of commands a line is in, and the word after it: `provider volume` and `lits`. */
function groupOf(
  commands: readonly CommandDefinition[],
  rest: readonly string[],
): { group: string; next: string | undefined } {
  const words = rest.filter((word) => !word.startsWith('-'));
  for (let count = 2; count > 0; count--) {
    const group = words.slice(0, count).join(' ');
    if (words.length >= count && commands.some(({ path }) => path.startsWith(`${group} `))) {
      return { group, next: words[count] };
    }
  }
  return { group: words[0] ?? '', next: words[1] };
}

function termOf(command: Command): string {
  const names = command.registeredArguments.map((argument) => {
    const name = argument.name() + (argument.variadic ? '...' : '');
    return argument.required ? `<${name}>` : `[${name}]`;
  });
  return [command.name(), ...names].join(' ');
}

function settingsHelp(): string {
  const rows = settingFlags();
  const width = Math.max(...rows.map(({ flag }) => flag.length));
  const lines = rows.map(({ flag, description }) => `  ${flag.padEnd(width)}  ${description}`);
  return `Settings, for every command (environment and file: docs/config.md):\n${lines.join('\n')}`;
}
