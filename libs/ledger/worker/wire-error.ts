import { AppError } from '#errors';

/** An AppError as it crosses between threads: what classes lose there, plain values keep. */
export interface WireError {
  readonly code: string;
  readonly message: string;
  readonly next: string | undefined;
  readonly data: Readonly<Record<string, unknown>>;
  readonly cause: string | undefined;
}

/** The plain form of an operational error. */
export function errorToWire({ code, message, next, data, cause }: AppError): WireError {
  return { code, message, next, data, cause: cause === undefined ? undefined : String(cause) };
}

/** The error as the other thread threw it. */
export function wireToError({ code, message, next, data, cause }: WireError): AppError {
  return new AppError({ code, message, data, ...(next !== undefined && { next }), cause });
}
