import { EXIT_CODES } from '../exit-codes.js';

/**
 * A signal that the first Ctrl-C aborts, and SIGTERM, SIGHUP or a vanished launcher; the second Ctrl-C ends the
 * process at once. Why only SIGINT counts twice: a launcher passes one Ctrl-C on as a SIGTERM of its own.
 */
export function watchInterrupts(onFirst: () => void): AbortSignal {
  const abort = new AbortController();
  let interrupts = 0;
  const stop = (): void => {
    if (abort.signal.aborted) return;
    onFirst();
    abort.abort();
  };
  process.on('SIGINT', () => {
    interrupts += 1;
    if (interrupts > 1) process.exit(EXIT_CODES.interrupted.code);
    stop();
  });
  for (const name of ['SIGTERM', 'SIGHUP'] as const) process.on(name, stop);
  process.on('disconnect', stop);
  process.channel?.unref();
  // A reader that has gone (`cairn ls | head`) is no error.
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE') throw error;
      process.exit(EXIT_CODES.ok.code);
    });
  }
  return abort.signal;
}
