import { randomUUID } from 'node:crypto';
import type { ClientProxy } from '@nestjs/microservices';
import { firstValueFrom, TimeoutError, timeout } from 'rxjs';
import { AppError } from '#errors';
import type { LedgerPort } from '#ledger';
import { createBackOff, type LedgerMethod, NODE_ROUTES } from '#node-api';
import { assertRedisReachable, redisUrlToPublic, SteadyRedisClient } from '#redis';
import type { LedgerEventView } from '#wire';
import { type Envelope, openEnvelope } from './envelope.js';
import type { FollowPortion, FollowRequest } from './follow-sessions.js';
import { FOLLOW_PATTERN, ledgerPattern } from './patterns.js';

const SLOW_TIMEOUT_MS = 600_000;
const FOLLOW_WAIT_MS = 5_000;

export interface RedisLedgerOptions {
  readonly redisUrl: string;
  /** How long one answer may take. Default 15,000. */
  readonly timeoutMs?: number;
}

/** The ledger of another process of the same operator, over Redis. */
export type RedisLedger = LedgerPort & { close(): Promise<void> };

/**
 * Connects to the ledger that a process of this operator serves with `serveLedgerOnRedis`. Goes on by itself after Redis
 * or that process was away.
 * @throws AppError `redis/unreachable` at the start; of each method `ledger/unreachable`, or what the ledger threw
 */
export async function openRedisLedger(options: RedisLedgerOptions): Promise<RedisLedger> {
  await assertRedisReachable(options.redisUrl);
  const client = new SteadyRedisClient(options.redisUrl, { isQuiet: true });
  await client.connect();
  return createRedisLedger(client, {
    timeoutMs: options.timeoutMs ?? 15_000,
    where: redisUrlToPublic(options.redisUrl),
  });
}

/** The port over a connected Nest client; closing it closes the client. */
export function createRedisLedger(
  client: Pick<ClientProxy, 'send' | 'close'>,
  { timeoutMs, where }: { readonly timeoutMs: number; readonly where: string },
): RedisLedger {
  const closing = new AbortController();

  const ask = async (pattern: string, request: object, patienceMs: number): Promise<unknown> => {
    let envelope: Envelope;
    try {
      envelope = await firstValueFrom(client.send<Envelope>(pattern, request).pipe(timeout(patienceMs)));
    } catch (error) {
      throw unreachable(where, pattern, patienceMs, error);
    }
    return openEnvelope(envelope);
  };
  const methods = Object.fromEntries(
    (Object.keys(NODE_ROUTES) as LedgerMethod[]).map((method) => [
      method,
      (request: object = {}) =>
        ask(ledgerPattern(method), request, NODE_ROUTES[method].slow === true ? SLOW_TIMEOUT_MS : timeoutMs),
    ]),
  ) as unknown as Omit<LedgerPort, 'follow'>;

  async function* follow(
    lastEventId: string | undefined,
    signal: AbortSignal,
  ): AsyncGenerator<LedgerEventView> {
    const backOff = createBackOff(100, 3_000);
    let seen = lastEventId;
    let session = randomUUID();
    while (!signal.aborted) {
      try {
        if (seen === undefined) {
          seen = (await methods.status()).eventId;
        }
        const request: FollowRequest = { session, lastEventId: seen, waitMs: FOLLOW_WAIT_MS };
        const portion = (await untilAborted(
          ask(FOLLOW_PATTERN, request, FOLLOW_WAIT_MS + timeoutMs),
          signal,
        )) as FollowPortion | undefined;
        if (portion === undefined) return;
        backOff.succeeded();
        for (const event of portion.events) {
          seen = event.id;
          yield event;
          if (signal.aborted) return;
        }
        if (!portion.isEnded) continue;
      } catch (error) {
        if (!(error instanceof AppError) || !isPassing(error)) throw error;
      }
      // What was on its way may be lost with the session: a new one starts after the last event seen.
      session = randomUUID();
      await backOff.pause(signal);
    }
  }

  return {
    ...methods,
    follow: (request, signal) => follow(request.lastEventId, AbortSignal.any([signal, closing.signal])),
    async close() {
      closing.abort();
      await client.close();
    },
  };
}

/** The value, or undefined once the signal aborts. */
async function untilAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T | undefined> {
  let stop: () => void = () => undefined;
  const aborted = new Promise<undefined>((resolve) => {
    stop = () => resolve(undefined);
    signal.addEventListener('abort', stop, { once: true });
  });
  if (signal.aborted) stop();
  promise.catch(() => undefined);
  try {
    return await Promise.race([promise, aborted]);
  } finally {
    signal.removeEventListener('abort', stop);
  }
}

function isPassing({ code }: AppError): boolean {
  return /\/(unreachable|closed|busy|unavailable)$/.test(code);
}

function unreachable(where: string, pattern: string, patienceMs: number, cause: unknown): AppError {
  const why =
    cause instanceof TimeoutError
      ? `no process answered ${pattern} within ${patienceMs} ms`
      : cause instanceof Error
        ? cause.message
        : String((cause as { message?: unknown } | undefined)?.message ?? cause);
  return new AppError({
    code: 'ledger/unreachable',
    message: `the ledger cannot be reached over Redis at ${where}: ${why}`,
    next: 'start the chain node with the same REDIS_URL, and check that Redis answers; then try again',
    data: { redis: where, pattern },
    cause,
  });
}
