import { AppError } from '#errors';

/** Exit codes of every process: 0 all well, 1 the world's fault (AppError), 70 ours (sysexits' EX_SOFTWARE). */
export const exitCodes = { ok: 0, operational: 1, internal: 70, interrupted: 130 } as const;

/** The exit code that an uncaught error ends a process with. */
export function errorToExitCode(error: unknown): number {
  return error instanceof AppError ? exitCodes.operational : exitCodes.internal;
}

/** An error for people: an AppError as message, code and next step; anything else with its stack, as it is our fault. */
export function errorToText(error: unknown): string {
  if (error instanceof AppError) {
    const next = error.next === undefined ? '' : `\n  Next: ${error.next}`;
    return `${error.message} [${error.code}]${next}`;
  }
  const stack = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return `Internal error, a fault of Cairn: ${stack}\n  Next: report it with the lines above; the data on disk is kept.`;
}
