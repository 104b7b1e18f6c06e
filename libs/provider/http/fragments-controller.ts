import type { IncomingMessage, ServerResponse } from 'node:http';
import { Controller, Get, Inject, Param, Put, Req, Res } from '@nestjs/common';
import { ApiOperation } from '@nestjs/swagger';
import { AppError } from '#errors';
import { jsonText } from '#http';
import { TICKET_HEADER, TICKET_USE_HEADER, VOUCHER_HEADER } from '#wire';
import type { Provider } from '../provider.js';
import { valueOrProblem } from './answer.js';
import { PROVIDER } from './tokens.js';

/** A reader that takes nothing for so long is cut off: what it asked for is held in memory. */
const STALLED_MS = 60_000;

/** The bytes of fragments, streamed straight between socket and store. */
@Controller('v1/fragments')
export class FragmentsController {
  constructor(@Inject(PROVIDER) private readonly provider: Provider) {}

  @Put(':id')
  @ApiOperation({ operationId: 'putFragment', summary: 'Store a fragment; answers a signed receipt' })
  async put(
    @Param('id') id: string,
    @Req() request: IncomingMessage,
    @Res() response: ServerResponse,
  ): Promise<void> {
    try {
      const result = await this.provider.uploads.receive(
        {
          id,
          ticket: headerOf(request, TICKET_HEADER),
          use: headerOf(request, TICKET_USE_HEADER),
          contentLength: request.headers['content-length'],
        },
        // The socket must survive a refusal in the middle, to carry the reason.
        () => bodyOf(request),
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

  @Get(':id')
  @ApiOperation({ operationId: 'getFragment', summary: 'Read a fragment or one range of it' })
  async get(
    @Param('id') id: string,
    @Req() request: IncomingMessage,
    @Res() response: ServerResponse,
  ): Promise<void> {
    const download = valueOrProblem(
      await this.provider.downloads.read({
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
}

function headerOf(request: IncomingMessage, name: string): string | undefined {
  const value = request.headers[name];
  return Array.isArray(value) ? value[0] : value;
}

async function* bodyOf(request: IncomingMessage): AsyncGenerator<Uint8Array> {
  try {
    for await (const bytes of request.iterator({ destroyOnReturn: false })) yield bytes as Uint8Array;
  } catch (cause) {
    throw new AppError({
      code: 'upload/closed',
      message: 'the sender went away before the whole fragment had arrived',
      next: 'send it again; nothing was kept',
      cause,
    });
  }
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
