import type { z } from 'zod';
import { AppError } from '#errors';

/** One thing a service can be asked: plain JSON in, plain JSON out. */
export interface ServiceMethod {
  readonly request: z.ZodType;
  readonly answer: z.ZodType;
}

/** What a service can be asked, as one table: types, validation and transport follow from it. */
export interface ServiceContract {
  /** Name of the app that answers when it is a process of its own: `market`. */
  readonly service: string;
  readonly methods: Readonly<Record<string, ServiceMethod>>;
}

/** The service as its users see it, wherever it runs. */
export type PortOf<C extends ServiceContract> = {
  readonly [M in keyof C['methods']]: (
    request: z.input<C['methods'][M]['request']>,
  ) => Promise<z.output<C['methods'][M]['answer']>>;
};

/** The service as it is written: requests come checked, with defaults filled in. */
export type HandlersOf<C extends ServiceContract> = {
  readonly [M in keyof C['methods']]: (
    request: z.output<C['methods'][M]['request']>,
  ) => Promise<z.output<C['methods'][M]['answer']>>;
};

/**
 * The port over handlers in this process. Requests are checked here, so that a handler behaves the same whoever asks.
 * @throws AppError `services/bad-request` of each method, or what the handler throws
 */
export function createLocalPort<C extends ServiceContract>(contract: C, handlers: HandlersOf<C>): PortOf<C> {
  const answers = handlers as Readonly<Record<string, (request: unknown) => Promise<unknown>>>;
  const entries = Object.entries(contract.methods).map(([method, { request }]) => [
    method,
    async (asked: unknown) => {
      const parsed = request.safeParse(asked);
      if (!parsed.success) throw badRequest(contract.service, method, parsed.error);
      return answers[method]?.call(handlers, parsed.data);
    },
  ]);
  return Object.fromEntries(entries) as PortOf<C>;
}

/** The Redis channel on which a service is asked something. */
export function messagePattern(service: string, method: string): string {
  return `cairn.${service}.${method}`;
}

function badRequest(service: string, method: string, cause: z.ZodError): AppError {
  const first = cause.issues[0];
  const where = first?.path.map(String).join('.') || 'the request';
  return new AppError({
    code: 'services/bad-request',
    message: `${service} was asked for ${method} with a wrong ${where}: ${first?.message ?? 'refused'}`,
    next: 'correct the request; see /api/docs for what is expected',
    data: { service, method },
    cause,
  });
}
