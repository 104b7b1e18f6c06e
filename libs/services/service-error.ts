import { z } from 'zod';
import { AppError } from '#errors';
import { toJsonValue } from '#http';

const remoteError = z.object({
  code: z.string(),
  message: z.string(),
  next: z.string().optional(),
  data: z.record(z.string(), z.unknown()).default({}),
});

/** What travels back: the answer, or the AppError the service threw. */
export const envelopeSchema = z.discriminatedUnion('ok', [
  z.object({ ok: z.literal(true), value: z.unknown() }),
  z.object({ ok: z.literal(false), error: remoteError }),
]);
export type Envelope = z.infer<typeof envelopeSchema>;

/** An error of the world as it travels; its cause stays behind. */
export function errorToEnvelope({ code, message, next, data }: AppError): Envelope {
  const plain = JSON.parse(JSON.stringify(data, toJsonValue)) as Record<string, unknown>;
  return { ok: false, error: { code, message, ...(next === undefined ? {} : { next }), data: plain } };
}

/** The answer of an envelope, or the service's error thrown again. */
export function openEnvelope(service: string, method: string, packet: unknown): unknown {
  const parsed = envelopeSchema.safeParse(packet);
  if (!parsed.success) throw badAnswer(service, method, parsed.error);
  if (parsed.data.ok) return parsed.data.value;
  const { code, message, next, data } = parsed.data.error;
  throw new AppError({ code, message, ...(next === undefined ? {} : { next }), data });
}

/** No process of the service is there. */
export function serviceUnavailable(service: string, cause?: unknown): AppError {
  return new AppError({
    code: 'services/unavailable',
    message: `the ${service} service is not running: no process of it is connected to Redis`,
    next: `start it (node dist/apps/${service}/main.js) or look at its log, then ask again`,
    data: { service },
    cause,
  });
}

/** A process of the service is there and stays silent. */
export function serviceTimeout(service: string, method: string, timeoutMs: number): AppError {
  return new AppError({
    code: 'services/timeout',
    message: `the ${service} service did not answer ${method} within ${timeoutMs} ms`,
    next: 'it is busy or stuck: look at its log, and ask again',
    data: { service, method, timeoutMs },
  });
}

/** Redis is away, so that no service can be asked. */
export function servicesRedisLost(service: string, redis: string, cause?: unknown): AppError {
  return new AppError({
    code: 'services/redis-lost',
    message: `${service === 'redis' ? '' : `the ${service} service cannot be asked: `}Redis at ${redis} does not answer`,
    next: 'start Redis again; the services connect to it by themselves',
    data: { service, redis },
    cause,
  });
}

/** What answers is a service of another version. */
export function badAnswer(service: string, method: string, cause: unknown): AppError {
  return new AppError({
    code: 'services/bad-answer',
    message: `the ${service} service answered ${method} in a form that this version does not know`,
    next: 'run all apps of one operator in the same version',
    data: { service, method },
    cause,
  });
}
