/**
 * Owns: the three kinds of failure of the house and nothing else.
 *   violation  - their fault: a returned value `{ rule, ...data }`, never thrown
 *   AppError   - the world's fault (operational): thrown, retried or reported, translated once at an edge
 *   InvariantError - our fault: nobody catches it, the process exits
 * Does not own: the translation to problem+json, exit codes or S3 codes (that is each edge's).
 * Read next: docs/protocol/errors.md, libs/http, apps/cli.
 */

/** A rule that somebody else broke: the rule's id and the data that shows it. */
export interface Violation {
  readonly rule: string;
  readonly [field: string]: unknown;
}

/** Either a value or the violation that explains why there is none. */
export type Result<T, V extends Violation = Violation> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly violation: V };

/** Wraps a value as a successful result. */
export function accepted<T>(value: T): { readonly ok: true; readonly value: T } {
  return { ok: true, value };
}

/** Wraps a violation as a failed result. */
export function refused<V extends Violation>(violation: V): { readonly ok: false; readonly violation: V } {
  return { ok: false, violation };
}

/** What an operational error carries: a stable code, what was wrong, what to do next. */
export interface AppErrorDetails {
  /** Stable, machine-readable, `area/what`. */
  readonly code: string;
  /** What was wrong, with the value. */
  readonly message: string;
  /** What the reader can do about it. */
  readonly next?: string;
  readonly data?: Readonly<Record<string, unknown>>;
  readonly cause?: unknown;
}

/** An operational error: the world's fault. Retried or reported, never ignored. */
export class AppError extends Error {
  readonly code: string;
  readonly next: string | undefined;
  readonly data: Readonly<Record<string, unknown>>;

  constructor(details: AppErrorDetails) {
    super(details.message, details.cause === undefined ? undefined : { cause: details.cause });
    this.name = 'AppError';
    this.code = details.code;
    this.next = details.next;
    this.data = details.data ?? {};
  }
}

/** A broken assumption of our own code. Nobody catches it; the process ends and says why. */
export class InvariantError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'InvariantError';
  }
}

/** Throws an InvariantError when a condition that our code guarantees does not hold. */
export function assertInvariant(condition: boolean, message: string): asserts condition {
  if (!condition) throw new InvariantError(message);
}

/** One line for people about a violation: the rule and its data, bigints written out. */
export function violationToText(violation: Violation): string {
  const { rule, ...data } = violation;
  const fields = Object.entries(data).map(([name, value]) => `${name} ${String(value)}`);
  return fields.length === 0 ? rule : `${rule} (${fields.join(', ')})`;
}
