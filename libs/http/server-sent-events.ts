import type { IncomingMessage } from 'node:http';
import { createParamDecorator, type ExecutionContext, type MessageEvent } from '@nestjs/common';
import { Observable } from 'rxjs';
import { jsonText } from './json.js';

/** One event; its id is where a client that lost its connection goes on. */
export interface StreamEvent {
  readonly id: string;
  readonly type: string;
  /** Sent as JSON, bigints as strings. */
  readonly data: unknown;
}

export interface EventStreamOptions {
  /** What the client has seen last (`@LastEventId()`); undefined: only what happens from now on. */
  readonly lastEventId: string | undefined;
  /** The events after that id, oldest first. Not called without an id. */
  readonly replay: (lastEventId: string) => Promise<readonly StreamEvent[]>;
  readonly live: Observable<StreamEvent>;
  /** A comment is sent after so long a silence, so that proxies and clients know the stream is alive. Default 15,000. */
  readonly heartbeatMs?: number;
}

/**
 * What a `@Sse()` route returns: first what the client missed, then what happens, nothing twice and nothing lost
 * between the two. Ends when the client goes.
 */
export function createEventStream(options: EventStreamOptions): Observable<MessageEvent> {
  const heartbeatMs = options.heartbeatMs ?? 15_000;
  return new Observable<MessageEvent>((subscriber) => {
    // Live events wait while the missed ones are fetched.
    let waiting: StreamEvent[] | undefined = [];
    const heartbeat = setInterval(() => subscriber.next({ comment: 'alive' } as MessageEvent), heartbeatMs);
    const send = (event: StreamEvent): void => {
      heartbeat.refresh();
      subscriber.next({ id: event.id, type: event.type, data: jsonText(event.data) });
    };
    const subscription = options.live.subscribe({
      next: (event) => (waiting === undefined ? send(event) : void waiting.push(event)),
      error: (error: unknown) => subscriber.error(error),
      complete: () => subscriber.complete(),
    });
    const catchUp = async (): Promise<void> => {
      const missed = options.lastEventId === undefined ? [] : await options.replay(options.lastEventId);
      if (subscriber.closed) return;
      for (const event of missed) send(event);
      const sent = new Set(missed.map(({ id }) => id));
      const late = waiting ?? [];
      waiting = undefined;
      for (const event of late) if (!sent.has(event.id)) send(event);
    };
    catchUp().catch((error: unknown) => subscriber.error(error));
    return () => {
      clearInterval(heartbeat);
      subscription.unsubscribe();
    };
  });
}

/** The id a reconnecting client names: header `Last-Event-ID`, or the query's `lastEventId` for a first connection. */
export const LastEventId = createParamDecorator(
  (_: unknown, context: ExecutionContext): string | undefined => {
    const request = context.switchToHttp().getRequest<IncomingMessage>();
    const header = request.headers['last-event-id'];
    if (typeof header === 'string' && header !== '') return header;
    return new URL(request.url ?? '/', 'http://localhost').searchParams.get('lastEventId') ?? undefined;
  },
);
