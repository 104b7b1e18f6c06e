import { AppError } from '#errors';

/** An answer on its way: Nest's own errors would lose code, next step and data. */
export type Envelope =
  | { readonly ok: true; readonly value: unknown }
  | {
      readonly ok: false;
      readonly error: {
        readonly code: string;
        readonly message: string;
        readonly next: string | undefined;
        readonly data: Readonly<Record<string, unknown>>;
      };
    };

/** An operational error as it travels. */
export function errorToEnvelope({ code, message, next, data }: AppError): Envelope {
  return { ok: false, error: { code, message, next, data } };
}

/** The value, or the error thrown on the other side. */
export function openEnvelope(envelope: Envelope): unknown {
  if (envelope.ok) return envelope.value;
  const { code, message, next, data } = envelope.error;
  throw new AppError({ code, message, data, ...(next === undefined ? {} : { next }) });
}
