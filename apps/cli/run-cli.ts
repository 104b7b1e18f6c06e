import { CommanderError } from 'commander';
import { loadConfig, splitSettingFlags } from '#config';
import { AppError } from '#errors';
import type { CommandDefinition, CommandInput } from './command.js';
import { COMMANDS } from './commands/index.js';
import { paramsOf } from './context.js';
import { EXIT_CODES, errorToExitCode } from './exit-codes.js';
import { createOutput, type Output } from './output/output.js';
import { watchInterrupts } from './process/interrupts.js';
import { createProgram, moveCommonFlags, usageError } from './program.js';

interface ParsedLine {
  readonly definition: CommandDefinition;
  readonly input: CommandInput;
}

/** Runs one command line; resolves to the exit code. Throws nothing. */
export async function runCli(argv: readonly string[]): Promise<number> {
  const { settings, rest: words } = splitSettingFlags(argv);
  const rest = moveCommonFlags(words);
  let output = createOutput({ json: rest.includes('--json'), quiet: rest.includes('--quiet'), color: false });
  try {
    const parsed = parse(rest);
    if (parsed === undefined) return EXIT_CODES.ok.code;
    const config = loadConfig({ app: 'cli', argv: settings });
    const { options } = parsed.input;
    const json = options['json'] === true;
    output = createOutput({ json, quiet: options['quiet'] === true, color: config.noColor === undefined });
    return await runCommand(parsed, output, config);
  } catch (error) {
    const exitCode = errorToExitCode(error);
    output.error(error, exitCode);
    return exitCode;
  }
}

async function runCommand(
  { definition, input }: ParsedLine,
  output: Output,
  config: ReturnType<typeof loadConfig>,
): Promise<number> {
  const signal = watchInterrupts(() => output.note('Stopping cleanly; press Ctrl-C again to stop at once.'));
  const assumeYes = input.options['yes'] === true;
  const hasTerminal = process.stdin.isTTY === true && process.stderr.isTTY === true;
  const context = {
    config,
    params: paramsOf(config),
    output,
    signal,
    assumeYes,
    canAsk: hasTerminal && !assumeYes && !output.json,
  };
  try {
    const action = await definition.load();
    return (await action(input, context)) ?? EXIT_CODES.ok.code;
  } catch (error) {
    if (!signal.aborted || (error instanceof AppError && error.code !== 'client/interrupted')) throw error;
    output.error(
      new AppError({
        code: 'cli/interrupted',
        message: `cairn ${definition.path} was interrupted.`,
        next: 'Run it again; what was finished before is kept.',
      }),
      EXIT_CODES.interrupted.code,
    );
    return EXIT_CODES.interrupted.code;
  }
}

/** The command a line names, or undefined where help or the version was asked for and given. */
function parse(rest: readonly string[]): ParsedLine | undefined {
  let parsed: ParsedLine | undefined;
  const program = createProgram(COMMANDS, (definition, input) => {
    parsed = { definition, input };
  });
  if (rest.length === 0) program.outputHelp();
  if (rest.length === 0) return undefined;
  try {
    program.parse([...rest], { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.exitCode === 0) return undefined;
    throw usageError(error, COMMANDS, rest);
  }
  return parsed;
}
