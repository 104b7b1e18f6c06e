import pino from 'pino';
import { createPrettyStream } from './pretty.js';
import { redact, redactText } from './redact.js';

/** pino's logger: `logger.info({ height }, 'block accepted')`; `logger.child({ contract })` for a part. */
export type Logger = pino.Logger;

export interface LoggerOptions {
  /** Name of the process, on every line. */
  readonly app: string;
  readonly level: 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal' | 'silent';
  readonly format: 'pretty' | 'json';
  /** Colours in the pretty form. Default false. */
  readonly color?: boolean;
  /** Where lines go. Default: standard error, because standard output is for data. */
  readonly destination?: { write(line: string): unknown };
}

/** The logger of a process. Written synchronously, so that the last words before a crash are not lost. */
export function createLogger(options: LoggerOptions): Logger {
  const destination = options.destination ?? pino.destination({ fd: 2, sync: true });
  const stream =
    options.format === 'json' ? destination : createPrettyStream(destination, options.color ?? false);
  return pino(
    {
      level: options.level,
      base: { app: options.app },
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: {
        level: (label) => ({ level: label }),
        log: (fields) => redact(fields) as Record<string, unknown>,
        bindings: (fields) => redact(fields) as Record<string, unknown>,
      },
      serializers: { err: (error: unknown) => error, error: (error: unknown) => error },
      hooks: {
        logMethod(args, method) {
          const safe = args.map((arg: unknown) => (typeof arg === 'string' ? redactText(arg) : arg));
          method.apply(this, safe as Parameters<typeof method>);
        },
      },
    },
    stream,
  );
}
