/**
 * Owns: how a process logs: one line per event on standard error, as JSON or for people, with secrets taken out.
 * Does not own: what is worth logging, or the command line's own output (apps/cli).
 * Read next: logger.ts, redact.ts.
 */
export { createLogger, type Logger, type LoggerOptions } from './logger.js';
export { createNestLogger } from './nest-logger.js';
export { redact, redactText } from './redact.js';
