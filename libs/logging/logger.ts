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
  const logger = pino(
    {
      level: options.level,
      base: { app: options.app },
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: {
        level: (label) => ({ level: label }),
        log: (fields) => redact(fields) as Record<string, unknown>,
      },
      serializers: { err: (error: unknown) => error, error: (error: unknown) => error },
      hooks: {
        logMethod(args, method) {
          method.apply(this, withoutSecrets(args) as Parameters<typeof method>);
        },
      },
    },
    stream,
  );
  // pino runs no formatter over the bindings of a child.
  const child = logger.child;
  logger.child = function (this: Logger, bindings: object, childOptions: object) {
    return child.call(this, redact(bindings) as pino.Bindings, childOptions);
  } as typeof logger.child;
  return logger;
}

/** The arguments of a log call with every text cleaned; pino would copy an error's message as it is. */
function withoutSecrets(args: readonly unknown[]): unknown[] {
  const [first, ...rest] = args;
  const texts = rest.map((arg) => (typeof arg === 'string' ? redactText(arg) : redact(arg)));
  if (typeof first === 'string') return [redactText(first), ...texts];
  const error = first instanceof Error ? first : (first as { err?: unknown } | undefined)?.err;
  const fields = first instanceof Error ? { err: first } : first;
  return texts.length === 0 && error instanceof Error
    ? [fields, redactText(error.message)]
    : [fields, ...texts];
}
