import { createParser } from 'eventsource-parser';
import { AppError } from '#errors';
import { type LedgerEventView, ledgerEventView } from '#wire';
import { createBackOff } from './back-off.js';
import type { HttpConnection } from './http-connection.js';
import { nodeBadAnswer, parseJson, problemToError } from './node-error.js';
import { NODE_API_PATH, NODE_EVENTS_PATH } from './route.js';

/** SSE event type that only names the point from which the stream starts. */
export const START_EVENT = 'start';

/** A comment is sent after so long a silence of the stream. */
export const HEARTBEAT_MS = 10_000;

export interface EventSourceOptions {
  /** A stream silent for so long is dead: the node sends a comment every HEARTBEAT_MS. */
  readonly silenceMs: number;
  readonly firstPauseMs: number;
  readonly longestPauseMs: number;
}

const PATH = NODE_API_PATH + NODE_EVENTS_PATH;

/**
 * The node's events after an id, or from the moment the node first answers, until the signal aborts. A lost connection
 * is made again and goes on after the last event seen, so that nothing is lost while the node is away.
 * @throws AppError the node's own, when it refuses to serve the stream (a malformed event id)
 */
export async function* readEvents(
  connection: HttpConnection,
  lastEventId: string | undefined,
  signal: AbortSignal,
  options: EventSourceOptions,
): AsyncGenerator<LedgerEventView> {
  const backOff = createBackOff(options.firstPauseMs, options.longestPauseMs);
  let seen = lastEventId;
  while (!signal.aborted) {
    try {
      for await (const message of readMessages(connection, seen, signal, options.silenceMs)) {
        backOff.succeeded();
        seen = message.id ?? seen;
        if (message.event === undefined) continue;
        yield message.event;
      }
    } catch (error) {
      if (signal.aborted) return;
      if (!isPassing(error)) throw error;
    }
    if (!signal.aborted) await backOff.pause(signal);
  }
}

interface Message {
  readonly id: string | undefined;
  readonly event: LedgerEventView | undefined;
}

async function* readMessages(
  connection: HttpConnection,
  lastEventId: string | undefined,
  signal: AbortSignal,
  silenceMs: number,
): AsyncGenerator<Message> {
  const response = await connection.open({
    verb: 'GET',
    path: PATH,
    headers: {
      accept: 'text/event-stream',
      ...(lastEventId === undefined ? {} : { 'last-event-id': lastEventId }),
    },
    timeoutMs: silenceMs,
    signal,
  });
  try {
    response.setEncoding('utf8');
    if (response.statusCode !== 200) {
      let body = '';
      for await (const chunk of response) body += chunk;
      throw problemToError(connection.baseUrl, PATH, response.statusCode ?? 0, body);
    }
    const messages: Message[] = [];
    const parser = createParser({
      onEvent: ({ id, event, data }) =>
        messages.push({ id, event: event === START_EVENT ? undefined : toEvent(connection.baseUrl, data) }),
    });
    for await (const chunk of response) {
      parser.feed(chunk as string);
      yield* messages.splice(0);
    }
  } finally {
    response.destroy();
  }
}

function toEvent(baseUrl: string, data: string): LedgerEventView {
  const parsed = ledgerEventView.safeParse(parseJson(data));
  if (parsed.success) return parsed.data;
  throw nodeBadAnswer(baseUrl, PATH, `an event is ${data.slice(0, 200)}`, parsed.error);
}

/** Whether another attempt may go better: the node is away, starting or stopping. */
function isPassing(error: unknown): boolean {
  const code = (error as { code?: unknown } | undefined)?.code;
  // A socket that ends in the middle of a stream carries a code of the system (ECONNRESET).
  if (!(error instanceof AppError)) return typeof code === 'string';
  return (
    code === 'node/unreachable' ||
    code === 'node/timeout' ||
    /\/(unavailable|closed|busy|syncing)$/.test(String(code))
  );
}
