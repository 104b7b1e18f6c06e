import { AppError } from '#errors';
import { errorToExitCode, errorToText, exitCodes } from './error-text.js';
import { watchParent } from './parent-watch.js';

/** Stops what was started; called at most once. */
export type Stop = () => Promise<void>;

/** What a starting process may use. */
export interface ProcessControl {
  /** Aborted when the process is asked to stop, also while it is still starting. */
  readonly signal: AbortSignal;
  /** Begins the clean stop from inside, for a process whose work has an end. */
  readonly finish: (exitCode: number) => void;
}

export interface ProcessDefinition {
  /** Shown in messages: "chain-node". */
  readonly name: string;
  readonly start: (control: ProcessControl) => Promise<Stop>;
  /** How long a clean stop may take before the process exits anyway; 10 s by default. */
  readonly stopTimeoutMs?: number;
}

const defaultStopTimeoutMs = 10_000;

/**
 * Runs a process from start to exit: SIGTERM, SIGINT, SIGHUP, `finish` and a vanished parent lead to one clean stop,
 * bounded in time; a second SIGINT exits at once. An uncaught AppError is shown with its next step (exit code 1);
 * anything else is our fault and ends the process where it stands (70), since a stop could write wrong state.
 */
export function runProcess(definition: ProcessDefinition): void {
  const abort = new AbortController();
  let stopping = false;
  let interrupts = 0;

  const exit = (code: number): never => process.exit(code);

  const stopOnce = (exitCode: number): void => {
    if (stopping) return;
    stopping = true;
    const limitMs = definition.stopTimeoutMs ?? defaultStopTimeoutMs;
    const limit = setTimeout(() => {
      console.error(`${definition.name} did not stop within ${limitMs} ms and is ended.`);
      exit(exitCode === exitCodes.ok ? exitCodes.internal : exitCode);
    }, limitMs);
    limit.unref();
    abort.abort();
    started
      .then((stop) => stop())
      .then(
        () => exit(exitCode),
        (error: unknown) => {
          if (isAbort(error, abort.signal)) return exit(exitCode);
          console.error(errorToText(error));
          return exit(errorToExitCode(error));
        },
      );
  };

  const fail = (error: unknown): void => {
    if (stopping && isAbort(error, abort.signal)) return;
    console.error(`${definition.name}: ${errorToText(error)}`);
    if (!(error instanceof AppError)) exit(exitCodes.internal);
    stopOnce(exitCodes.operational);
  };

  process.on('SIGINT', () => {
    interrupts += 1;
    if (interrupts > 1) exit(exitCodes.interrupted);
    stopOnce(exitCodes.ok);
  });
  for (const signal of ['SIGTERM', 'SIGHUP'] as const) process.on(signal, () => stopOnce(exitCodes.ok));
  process.on('uncaughtException', fail);
  process.on('unhandledRejection', fail);
  for (const stream of [process.stdout, process.stderr]) stream.on('error', ignoreClosedPipe);
  watchParent(() => stopOnce(exitCodes.ok));

  const started = Promise.resolve().then(() =>
    definition.start({ signal: abort.signal, finish: (exitCode) => stopOnce(exitCode) }),
  );
  started.catch((error: unknown) => {
    if (stopping) return; // stopOnce waits for the same promise and tells
    console.error(`${definition.name}: ${errorToText(error)}`);
    exit(errorToExitCode(error));
  });
}

function isAbort(error: unknown, signal: AbortSignal): boolean {
  return signal.aborted && error instanceof Error && (error === signal.reason || error.name === 'AbortError');
}

/** Whoever read our output may be gone before us; losing a line must not turn a clean stop into a crash. */
function ignoreClosedPipe(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EPIPE') throw error;
}
