import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { jsonText } from '#http';
import type { LedgerPort } from '#ledger';
import { HEARTBEAT_MS, START_EVENT } from '#node-api';
import { createReaderLimit, type ReaderLimit } from './reader-limit.js';

/** A reader that takes nothing for so long is cut off; it may come back with the last id it saw. */
const STALLED_MS = 60_000;

export interface ServeEventsOptions {
  readonly limit?: ReaderLimit;
  readonly stalledMs?: number;
}

/** Readers of this process, whichever controller serves them. */
const processLimit = createReaderLimit();

/**
 * Sends the ledger's events as they come, until the reader goes. A slow reader is waited for, so that nothing piles up,
 * and one that stalls is let go. The first message names the point from which the stream starts: a reader that is cut
 * off before anything happened resumes from there and loses nothing.
 * @throws what the ledger throws before the stream starts (a malformed event id); AppError `events/too-many`
 */
export async function serveEvents(
  ledger: LedgerPort,
  lastEventId: string | undefined,
  response: ServerResponse,
  options: ServeEventsOptions = {},
): Promise<void> {
  const gone = new AbortController();
  const { limit = processLimit, stalledMs = STALLED_MS } = options;
  const release = limit.enter(response.req.socket.remoteAddress ?? '');
  // Before anything is awaited: a reader may be gone by then, and its stream would never end.
  response.once('close', () => {
    gone.abort();
    release();
  });
  const start = lastEventId ?? (await ledger.status()).eventId;
  const events = ledger.follow({ lastEventId: start }, gone.signal);
  response.writeHead(200, {
    'content-type': 'text/event-stream; charset=utf-8',
    'cache-control': 'no-store',
    // Proxies that collect answers would hold events back.
    'x-accel-buffering': 'no',
  });
  const write = async (text: string): Promise<void> => {
    heartbeat.refresh();
    if (response.write(text) || gone.signal.aborted) return;
    const stalled = setTimeout(() => response.destroy(), stalledMs);
    await once(response, 'drain', { signal: gone.signal }).catch(() => undefined);
    clearTimeout(stalled);
  };
  const heartbeat = setInterval(() => {
    if (!response.writableNeedDrain) response.write(': alive\n\n');
  }, HEARTBEAT_MS);
  try {
    await write(messageText(start, START_EVENT, {}));
    for await (const event of events) await write(messageText(event.id, event.type, event));
  } finally {
    clearInterval(heartbeat);
    response.end();
  }
}

function messageText(id: string, type: string, data: unknown): string {
  return `id: ${id}\nevent: ${type}\ndata: ${jsonText(data)}\n\n`;
}
