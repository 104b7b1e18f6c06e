import { access, constants, stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { AppError } from '#errors';

/** What `npm start -- …` was asked for. */
export interface DevnetOptions {
  /** Exit after the job with 0 or 1. */
  readonly once: boolean;
  /** Delete the network's data first. */
  readonly reset: boolean;
  readonly help: boolean;
  /** The file to store. */
  readonly file: string;
  /** Folder of the network. */
  readonly dataDir: string;
  readonly providers: number;
  readonly epochs: number;
  /** Which providers die follows from this. */
  readonly seed: number;
  /** Any free ports instead of the configured ones: several networks side by side. */
  readonly autoPorts: boolean;
  /** Where a report of every number shown goes as JSON. */
  readonly report: string | undefined;
}

export const HELP = `npm start -- [options]

  --once            exit after the job (0: everything held, 1: something did not)
  --reset           delete the network's data and start over
  --file PATH       the file to store (default: the program 'node' itself)
  --providers N     how many providers (default 8)
  --epochs N        how long the file is paid for (default 60)
  --seed N          which providers are killed follows from it (default: from the clock, printed)
  --auto-ports      use any free ports
  --data-dir PATH   where the network lives (default .cairn/devnet)
  --report PATH     write every number shown as JSON
  --help            this text
`;

/** Reads the arguments; a wrong one is named with what is allowed. */
export function parseOptions(argv: readonly string[], projectRoot: string): DevnetOptions {
  const values = readValues(argv);
  return {
    once: values.once === true,
    reset: values.reset === true,
    help: values.help === true,
    file: resolve(values.file ?? process.execPath),
    dataDir: resolve(values['data-dir'] ?? `${projectRoot}/.cairn/devnet`),
    providers: wholeNumber('--providers', values.providers ?? '8', 1, 64),
    epochs: wholeNumber('--epochs', values.epochs ?? '60', 1, 3_650),
    seed: wholeNumber('--seed', values.seed ?? String(Date.now() % 1_000_000), 0, 2 ** 31),
    autoPorts: values['auto-ports'] === true,
    report: values.report === undefined ? undefined : resolve(values.report),
  };
}

/** Refuses what the job could not store, before anything is started. */
export async function assertStorable(file: string): Promise<void> {
  const info = await Promise.all([stat(file), access(file, constants.R_OK)]).catch((cause: unknown) => {
    throw new AppError({
      code: 'devnet/no-file',
      message: `'${file}' cannot be read (${(cause as NodeJS.ErrnoException).code}).`,
      next: 'Name a file with --file PATH.',
      cause,
    });
  });
  if (info[0].isFile()) return;
  throw new AppError({
    code: 'devnet/no-file',
    message: `'${file}' is no plain file.`,
    next: 'Name a file with --file PATH; folders are stored with `cairn put` once the network runs.',
  });
}

function readValues(argv: readonly string[]) {
  try {
    return parseArgs({
      args: [...argv],
      options: {
        once: { type: 'boolean' },
        reset: { type: 'boolean' },
        help: { type: 'boolean', short: 'h' },
        file: { type: 'string' },
        providers: { type: 'string' },
        epochs: { type: 'string' },
        seed: { type: 'string' },
        'auto-ports': { type: 'boolean' },
        'data-dir': { type: 'string' },
        report: { type: 'string' },
      },
    }).values;
  } catch (error) {
    throw new AppError({
      code: 'devnet/bad-option',
      message: (error as Error).message,
      next: 'See `npm start -- --help`.',
    });
  }
}

function wholeNumber(name: string, text: string, min: number, max: number): number {
  const value = Number(text);
  if (Number.isInteger(value) && value >= min && value <= max) return value;
  throw new AppError({
    code: 'devnet/bad-option',
    message: `${name} ${text}: expected a whole number from ${min} to ${max}.`,
    next: 'See `npm start -- --help`.',
  });
}
