import type { IncomingMessage, ServerResponse } from 'node:http';
import { AppError } from '#errors';
import { jsonText } from '#http';
import { TICKET_HEADER, TICKET_USE_HEADER, VOUCHER_HEADER } from '#wire';
import { freeMemory } from '../fragments/free-memory.js';
import type { IncomingBody } from '../fragments/incoming-body.js';
import type { Provider } from '../provider.js';
import { valueOrProblem } from './answer.js';

/** A reader that takes nothing for so long is cut off: what it asked for is held in memory. */
const STALLED_MS = 60_000;

/** Takes a fragment from a socket and answers the receipt. @throws what the HTTP layer answers with */
export async function putFragment(
  provider: Provider,
  id: string,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  try {
    const result = await provider.uploads.receive(
      {
        id,
        ticket: headerOf(request, TICKET_HEADER),
        use: headerOf(request, TICKET_USE_HEADER),
        contentLength: request.headers['content-length'],
      },
      bodyOf(request),
    );
    const body = jsonText(valueOrProblem(result));
    response.writeHead(201, {
      'content-type': 'application/json; charset=utf-8',
      'content-length': Buffer.byteLength(body),
    });
    response.end(body);
  } finally {
    // What is still on its way would be taken for the next request.
    if (!request.complete && !response.headersSent) response.setHeader('connection', 'close');
  }
}

/** Sends a fragment, or one range of it. @throws what the HTTP layer answers with */
export async function getFragment(
  provider: Provider,
  id: string,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const download = valueOrProblem(
    await provider.downloads.read({
      id,
      ticket: headerOf(request, TICKET_HEADER),
      use: headerOf(request, TICKET_USE_HEADER),
      voucher: headerOf(request, VOUCHER_HEADER),
      range: request.headers.range,
    }),
  );
  const { bytes, lengthBytes, range } = download;
  response.writeHead(range === undefined ? 200 : 206, {
    'content-type': 'application/octet-stream',
    'content-length': bytes.length,
    'accept-ranges': 'bytes',
    ...(range === undefined
      ? {}
      : { 'content-range': `bytes ${range.start}-${range.endExclusive - 1}/${lengthBytes}` }),
  });
  await download.finish(await sendAll(response, bytes));
}

function headerOf(request: IncomingMessage, name: string): string | undefined {
  const value = request.headers[name];
  return Array.isArray(value) ? value[0] : value;
}

function bodyOf(request: IncomingMessage): IncomingBody {
  return {
    stream: async function* (): AsyncGenerator<Uint8Array> {
      try {
        // The socket must survive a refusal in the middle, to carry the reason.
        for await (const bytes of request.iterator({ destroyOnReturn: false })) yield bytes as Uint8Array;
      } catch (cause) {
        throw senderGone(cause);
      }
    },
    fill: (buffer, onBytes) => fill(request, buffer, onBytes),
  };
}

/** Copies a body to where it is wanted as a whole, with nothing made for each of its parts. */
function fill(
  request: IncomingMessage,
  buffer: Uint8Array,
  onBytes: (sizeBytes: number) => void,
): Promise<void> {
  return new Promise((resolve, reject) => {
    let at = 0;
    const end = (act: () => void): void => {
      request.off('data', take).off('end', ended).off('error', gone).off('close', gone);
      act();
    };
    const take = (part: Uint8Array): void => {
      buffer.set(part, at);
      at += part.length;
      onBytes(part.length);
      freeMemory(part);
    };
    const ended = (): void => end(() => (at === buffer.length ? resolve() : reject(senderGone(undefined))));
    const gone = (cause?: unknown): void => end(() => reject(senderGone(cause)));
    request.on('data', take).on('end', ended).on('error', gone).on('close', gone);
    if (request.destroyed) gone();
  });
}

function senderGone(cause: unknown): AppError {
  return new AppError({
    code: 'upload/closed',
    message: 'the sender went away before the whole fragment had arrived',
    next: 'send it again; nothing was kept',
    cause,
  });
}

/** Sends and answers how many bytes left, for the ticket's budget. */
function sendAll(response: ServerResponse, bytes: Uint8Array): Promise<number> {
  return new Promise((resolve) => {
    const { socket } = response;
    // Gone while the disk was read: no event will tell so again.
    if (response.destroyed || socket?.destroyed !== false) return resolve(0);
    response.setTimeout(STALLED_MS, () => response.destroy());
    const before = socket?.bytesWritten ?? 0;
    response.once('close', () => {
      if (response.writableFinished) return resolve(bytes.length);
      const sent = (socket?.bytesWritten ?? before) - before;
      resolve(Math.max(0, Math.min(bytes.length, sent)));
    });
    response.end(bytes);
  });
}
