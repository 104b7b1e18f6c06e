import type { CliContext } from './context.js';

/** An option of a command, as commander writes them: `-o, --output <path>`. */
export interface CommandOption {
  readonly flags: string;
  readonly description: string;
  /** Shown in help; the action applies it. */
  readonly default?: string;
  /** May be given several times; the action gets the values with a line break between them. */
  readonly isRepeatable?: true;
}

/** What the user gave: positional arguments in order, options by their camelCase name. */
export interface CommandInput {
  readonly args: readonly string[];
  readonly options: Readonly<Record<string, string | boolean | undefined>>;
}

/** Does the work; resolves to the exit code, 0 where it answers none. */
export type CommandAction = (input: CommandInput, context: CliContext) => Promise<number | undefined>;

/** One command as data: help, completion, docs/cli.md and the parser are made of it. */
export interface CommandDefinition {
  /** `put`, `wallet send`. */
  readonly path: string;
  /** `<path...>`, `[name]`. */
  readonly arguments?: string;
  readonly summary: string;
  /** Further lines of help. */
  readonly details?: string;
  readonly options?: readonly CommandOption[];
  readonly examples?: readonly string[];
  /** Loaded only when the command runs, so that the others start fast. */
  readonly load: () => Promise<CommandAction>;
}

/** Long flags of a command and of options that every command takes. */
export function longFlags(
  command: CommandDefinition | undefined,
  common: readonly CommandOption[],
): string[] {
  return [...(command?.options ?? []), ...common, { flags: '--help', description: '' }].flatMap(
    ({ flags }) => /--[a-z-]+/.exec(flags)?.[0] ?? [],
  );
}
