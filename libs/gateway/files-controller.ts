import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import {
  Controller,
  Delete,
  Get,
  Head,
  Headers,
  HttpCode,
  Inject,
  Param,
  Put,
  Query,
  Req,
  Res,
} from '@nestjs/common';
import { ApiOperation, ApiParam, ApiProduces, ApiResponse, ApiTags } from '@nestjs/swagger';
import { z } from 'zod';
import { comparePaths, type FileEntry, pathToText, textToPath } from '#catalogue';
import { releaseMemory } from '#erasure';
import { AppError } from '#errors';
import { problemSchema } from '#http';
import { pageQuery } from '#wire';
import { type ByteRange, parseRange } from './byte-range.js';
import { toFileName } from './file-name.js';
import type { FileVault } from './file-vault.js';
import {
  entryToView,
  type FileListView,
  fileListView,
  type StoredFileView,
  storedFileView,
  storeQuery,
} from './file-views.js';
import { FILE_VAULT } from './tokens.js';

const devnetStoreQuery = storeQuery('devnet');
const listQuery = pageQuery.extend({ prefix: z.string().max(1_024).default('') });

/** Files by path. */
@ApiTags('files')
@ApiResponse({ status: 'default', description: 'A problem (RFC 9457)', standardSchema: problemSchema })
@Controller('files')
export class FilesController {
  constructor(@Inject(FILE_VAULT) private readonly vault: FileVault) {}

  @Get()
  @ApiOperation({ summary: 'What is stored, in order of the paths.' })
  @ApiResponse({ status: 200, standardSchema: fileListView })
  async listFiles(@Query({ schema: listQuery }) query: z.infer<typeof listQuery>): Promise<FileListView> {
    const { prefix, limit, cursor } = query;
    const from = cursor === undefined ? undefined : pathToText(Buffer.from(cursor, 'base64url'));
    const files = (await this.vault.files()).filter(
      ({ path }) => path.startsWith(prefix) && (from === undefined || comparePaths(path, from) > 0),
    );
    const items = files.slice(0, limit);
    const last = items.at(-1);
    const hasMore = files.length > limit && last !== undefined;
    return {
      items: items.map(entryToView),
      nextCursor: hasMore ? Buffer.from(textToPath(last.path)).toString('base64url') : null,
    };
  }

  @Put('*path')
  @HttpCode(201)
  @ApiOperation({ summary: 'Stores the body under a path; what was there before is replaced.' })
  @ApiParam({ name: 'path', type: String })
  @ApiResponse({ status: 201, standardSchema: storedFileView })
  async putFile(
    @Param('path') path: string | string[],
    @Query({ schema: devnetStoreQuery }) query: z.infer<typeof devnetStoreQuery>,
    @Req() request: IncomingMessage,
    @Res({ passthrough: true }) response: ServerResponse,
  ): Promise<StoredFileView> {
    const name = toFileName(path);
    const signal = goneSignal(response);
    const { entry, quote, contracts } = await this.vault.store(name, request, { ...query, signal });
    const { storage, burn, fees, total } = quote;
    return {
      ...entryToView(entry),
      contracts: [...contracts],
      price: {
        storage: storage.toString(),
        burn: burn.toString(),
        fees: fees.toString(),
        total: total.toString(),
      },
    };
  }

  @Head('*path')
  @ApiOperation({ summary: 'Size and hash of a file.' })
  @ApiParam({ name: 'path', type: String })
  async headFile(@Param('path') path: string | string[], @Res() response: ServerResponse): Promise<void> {
    const entry = await this.vault.file(toFileName(path));
    response.writeHead(200, { ...fileHeaders(entry), 'content-length': String(entry.sizeBytes) });
    response.end();
  }

  @Get('*path')
  @ApiOperation({ summary: 'The bytes of a file, or a range of them.' })
  @ApiParam({ name: 'path', type: String })
  @ApiProduces('application/octet-stream')
  async getFile(
    @Param('path') path: string | string[],
    @Headers('range') rangeHeader: string | undefined,
    @Res() response: ServerResponse,
  ): Promise<void> {
    const entry = await this.vault.file(toFileName(path));
    const sizeBytes = Number(entry.sizeBytes);
    const range = parseRange(rangeHeader, sizeBytes);
    if (range === 'unsatisfiable') throw unsatisfiable(rangeHeader ?? '', sizeBytes);
    await this.send(entry, sizeBytes, range, response);
  }

  @Delete('*path')
  @HttpCode(204)
  @ApiOperation({ summary: 'Takes a file out of the catalogue and ends its contracts.' })
  @ApiParam({ name: 'path', type: String })
  async deleteFile(@Param('path') path: string | string[]): Promise<void> {
    await this.vault.remove(toFileName(path));
  }

  /** The first piece is fetched before the status is sent: a file that cannot be read is then still a problem. */
  private async send(
    entry: FileEntry,
    sizeBytes: number,
    asked: ByteRange | undefined,
    response: ServerResponse,
  ): Promise<void> {
    const range = asked ?? { from: 0, toExclusive: sizeBytes };
    const signal = goneSignal(response);
    const pieces = this.vault.read(entry, { range, signal });
    const headers = { ...fileHeaders(entry), 'content-length': String(range.toExclusive - range.from) };
    try {
      let piece = sizeBytes === 0 ? { done: true as const, value: undefined } : await pieces.next();
      if (asked === undefined) response.writeHead(200, headers);
      else {
        const contentRange = `bytes ${range.from}-${range.toExclusive - 1}/${sizeBytes}`;
        response.writeHead(206, { ...headers, 'content-range': contentRange });
      }
      while (piece.done !== true) {
        const { value } = piece;
        if (!response.write(value, () => releaseMemory(value))) await once(response, 'drain', { signal });
        piece = await pieces.next();
      }
      response.end();
    } catch (error) {
      if (signal.aborted) return;
      throw error;
    } finally {
      await pieces.return(undefined);
    }
  }
}

/** Aborted when the asker goes before the answer is complete. */
function goneSignal(response: ServerResponse): AbortSignal {
  const gone = new AbortController();
  response.once('close', () => {
    if (!response.writableFinished) {
      gone.abort(new AppError({ code: 'gateway/asker-gone', message: 'the asker closed the connection' }));
    }
  });
  return gone.signal;
}

function fileHeaders(entry: FileEntry): Record<string, string> {
  const { blake3, modifiedAt } = entryToView(entry);
  return {
    'content-type': 'application/octet-stream',
    // Stored bytes are anybody's: no browser may take them for a page of this origin.
    'content-disposition': 'attachment',
    'accept-ranges': 'bytes',
    etag: `"${blake3}"`,
    'last-modified': new Date(modifiedAt).toUTCString(),
  };
}

function unsatisfiable(header: string, sizeBytes: number): AppError {
  return new AppError({
    code: 'gateway/range-unsatisfiable',
    message: `${header.slice(0, 60)} asks for bytes that a file of ${sizeBytes} bytes does not have`,
    next: 'ask for bytes the file has',
    data: { sizeBytes },
  });
}
