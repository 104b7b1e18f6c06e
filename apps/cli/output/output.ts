import { AppError } from '#errors';
import { createProgressBar, type ProgressBar } from './progress-bar.js';
import { createStatusLine, type StatusLine } from './status-line.js';

/** How a command speaks: data on stdout, everything else on stderr. */
export interface Output {
  readonly json: boolean;
  /** Data for people and pipes: a line or a table on stdout. Nothing under --json. */
  print(text: string): void;
  /** Data for programs: one JSON value on stdout, under --json only. Bigints become decimal strings. */
  printJson(value: unknown): void;
  /** Something worth saying on stderr; not under --quiet. */
  note(text: string): void;
  /** A bar on a terminal, otherwise a line every ten seconds; nothing under --quiet. */
  progress(label: string): ProgressBar;
  /** A line that is rewritten on a terminal, otherwise one every ten seconds; nothing under --quiet. */
  status(): StatusLine;
  /** A line of another process, to stderr, always. */
  passOn(line: string): void;
  /** An error with its code and next step, on stderr, always. */
  error(error: unknown, exitCode: number): void;
  /** Bold, where colours are wanted. */
  strong(text: string): string;
}

export interface OutputOptions {
  readonly json: boolean;
  readonly quiet: boolean;
  readonly color: boolean;
}

/** The output of this process. */
export function createOutput(options: OutputOptions): Output {
  const { json, quiet } = options;
  const color = options.color && process.stderr.isTTY === true;
  let bar: Pick<ProgressBar, 'clear'> | undefined;
  const toStderr = (text: string): void => {
    bar?.clear();
    process.stderr.write(`${text}\n`);
  };
  const paint = (code: number, text: string): string => (color ? `\u001b[${code}m${text}\u001b[0m` : text);
  return {
    json,
    print(text) {
      if (json) return;
      bar?.clear();
      process.stdout.write(`${text}\n`);
    },
    printJson(value) {
      if (json) process.stdout.write(`${toJson(value)}\n`);
    },
    note(text) {
      if (!quiet) toStderr(text);
    },
    progress(label) {
      bar?.clear();
      const progress = createProgressBar({ label, quiet, terminal: process.stderr.isTTY === true && !quiet });
      bar = progress;
      return progress;
    },
    status() {
      bar?.clear();
      const { isTTY, columns } = process.stderr;
      const line = createStatusLine({ quiet, terminal: isTTY === true, columns });
      bar = line;
      return line;
    },
    passOn: toStderr,
    error(error, exitCode) {
      if (json) return toStderr(toJson({ error: errorToJson(error, exitCode) }));
      toStderr(errorToLines(error, (text) => paint(31, text)));
    },
    strong: (text) => (options.color && process.stdout.isTTY === true ? `\u001b[1m${text}\u001b[0m` : text),
  };
}

/** JSON with bigints as decimal strings. */
export function toJson(value: unknown): string {
  return JSON.stringify(value, (_, field: unknown) => (typeof field === 'bigint' ? field.toString() : field));
}

/** The stable form of an error under --json. */
export function errorToJson(error: unknown, exitCode: number): Record<string, unknown> {
  if (error instanceof AppError) {
    return { code: error.code, message: error.message, next: error.next ?? null, data: error.data, exitCode };
  }
  const message = error instanceof Error ? error.message : String(error);
  return { code: 'internal', message, next: 'Report it: this is a fault of Cairn.', data: {}, exitCode };
}

function errorToLines(error: unknown, red: (text: string) => string): string {
  if (!(error instanceof AppError)) {
    const stack = error instanceof Error ? (error.stack ?? error.message) : String(error);
    return `${red('internal error')}: ${stack}\n  next: report it with the lines above; it is a fault of Cairn`;
  }
  const next = error.next === undefined ? '' : `\n  next: ${error.next}`;
  return `${red('error')}: ${error.message} [${error.code}]${next}`;
}
