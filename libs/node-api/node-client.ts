import type { z } from 'zod';
import type { LedgerPort } from '#ledger';
import { type NetworkView, networkView } from '#wire';
import { readEvents } from './event-stream.js';
import { createHttpConnection, type NodeRequest } from './http-connection.js';
import { nodeBadAnswer, parseJson, problemToError } from './node-error.js';
import { createRideOut, type RideOut, wasNeverSent } from './ride-out.js';
import {
  type LedgerMethod,
  NODE_API_PATH,
  NODE_PEERS_PATH,
  NOT_FOUND_CODE,
  type NodeRoute,
  requestToHttp,
} from './route.js';
import { NODE_ROUTES } from './routes.js';

export interface NodeClientOptions {
  /** `http://host:port` of a chain node. */
  readonly baseUrl: string;
  /** How long one answer may take. Default 30,000. */
  readonly timeoutMs?: number;
  /** Ends every request and stream. */
  readonly signal?: AbortSignal;
  /** Waits for a node that had answered and went away; without it that is an error at once. */
  readonly rideOut?: RideOut;
}

/** The ledger of another process, over its HTTP API. */
export type NodeClient = LedgerPort & {
  /** The node's place in the network; null where it takes part in none. */
  peers(): Promise<NetworkView | null>;
  close(): Promise<void>;
};

/**
 * The ledger port over a node's HTTP API. Keeps connections alive; `follow` reconnects by itself.
 * @throws AppError of each method: `node/unreachable`, `node/timeout`, `node/bad-answer`, or what the node's ledger threw
 */
export function createNodeClient(options: NodeClientOptions): NodeClient {
  const { baseUrl, timeoutMs = 30_000, signal } = options;
  const ridingOut = createRideOut(options.rideOut);
  const connection = createHttpConnection(baseUrl);
  const closing = new AbortController();
  const whole = signal === undefined ? closing.signal : AbortSignal.any([signal, closing.signal]);

  const ask = async (route: NodeRoute<LedgerMethod>, request: object = {}): Promise<unknown> => {
    const { path, body } = requestToHttp(route, request as Readonly<Record<string, unknown>>);
    const wait = route.slow === true ? undefined : timeoutMs;
    return exchange({ verb: route.verb, path, body, timeoutMs: wait }, route.answer, route.nullable);
  };

  const exchange = async <T>(question: NodeRequest, schema: z.ZodType<T>, isNullable: boolean) => {
    // A GET leaves nothing behind; what was sent is repeated only where it cannot have arrived.
    const answer = await ridingOut(
      () => connection.exchange({ ...question, signal: whole }),
      (error) => !whole.aborted && (question.verb === 'GET' || wasNeverSent(error)),
    );
    if (answer.status !== 200) {
      const error = problemToError(baseUrl, question.path, answer.status, answer.body);
      if (isNullable && error.code === NOT_FOUND_CODE) return null;
      throw error;
    }
    const parsed = schema.safeParse(parseJson(answer.body));
    if (parsed.success) return parsed.data;
    throw nodeBadAnswer(baseUrl, question.path, parsed.error.message, parsed.error);
  };

  const methods = Object.fromEntries(
    Object.entries(NODE_ROUTES).map(([method, route]) => [
      method,
      (request?: object) => ask(route as NodeRoute<LedgerMethod>, request),
    ]),
  ) as unknown as Omit<LedgerPort, 'follow'>;

  return {
    ...methods,
    follow: ({ lastEventId }, followSignal) =>
      readEvents(connection, lastEventId, AbortSignal.any([followSignal, whole]), {
        silenceMs: 30_000,
        firstPauseMs: 100,
        longestPauseMs: 3_000,
      }),
    peers: () =>
      exchange({ verb: 'GET', path: `${NODE_API_PATH}${NODE_PEERS_PATH}`, timeoutMs }, networkView, true),
    async close() {
      closing.abort(new Error(`the client of ${baseUrl} is closed`));
      connection.close();
    },
  };
}
