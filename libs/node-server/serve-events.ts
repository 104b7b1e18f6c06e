import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { jsonText } from '#http';
import type { LedgerPort } from '#ledger';
import { HEARTBEAT_MS, START_EVENT } from '#node-api';

/**
 * Sends the ledger's events as they come, until the reader goes. A slow reader is waited for, so that nothing piles up.
 * The first message names the point from which the stream starts: a reader that is cut off before anything happened
 * resumes from there and loses nothing.
 * @throws what the ledger throws before the stream starts (a malformed event id)
 */
export async function serveEvents(
  ledger: LedgerPort,
  lastEventId: string | undefined,
  response: ServerResponse,
): Promise<void> {
  const gone = new AbortController();
  // Before anything is awaited: a reader may be gone by then, and its stream would never end.
  response.once('close', () => gone.abort());
  const start = lastEventId ?? tipToEventId((await ledger.status()).tip);
  const events = ledger.follow({ lastEventId: start }, gone.signal);
  response.writeHead(200, {
    'content-type': 'text/event-stream; charset=utf-8',
    'cache-control': 'no-store',
    // Proxies that collect answers would hold events back.
    'x-accel-buffering': 'no',
  });
  const write = async (text: string): Promise<void> => {
    heartbeat.refresh();
    if (!response.write(text) && !gone.signal.aborted)
      await once(response, 'drain', { signal: gone.signal }).catch(() => undefined);
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

/** The event id that says "everything up to this tip is known" (docs/protocol/node-api.md). */
export function tipToEventId(tip: { readonly height: number; readonly id: string }): string {
  return `${tip.height}-${tip.id}`;
}

function messageText(id: string, type: string, data: unknown): string {
  return `id: ${id}\nevent: ${type}\ndata: ${jsonText(data)}\n\n`;
}
