import { createReadStream } from 'node:fs';
import { readdir } from 'node:fs/promises';
import type { ServerResponse } from 'node:http';
import { extname } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { fileURLToPath } from 'node:url';
import { Controller, Get, Inject, NotFoundException, Param, Res } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';

/** The page's files, as they are written: built code lies in dist/libs/explorer, they lie in libs/explorer/web. */
const WEB_FOLDER = fileURLToPath(new URL('../../../libs/explorer/web/', import.meta.url));

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.svg': 'image/svg+xml',
};

/** Names of the page's files; nothing else is served. */
export class WebFiles {
  private constructor(readonly names: ReadonlySet<string>) {}

  static async read(): Promise<WebFiles> {
    return new WebFiles(new Set(await readdir(WEB_FOLDER)));
  }
}

/** The explorer's page at `/`; its views are fragments of one address (`/#/block/5`), so that one file is all. */
@ApiExcludeController()
@Controller()
export class WebController {
  constructor(@Inject(WebFiles) private readonly files: WebFiles) {}

  @Get()
  index(@Res() response: ServerResponse): Promise<void> {
    return this.send('index.html', response);
  }

  @Get('web/:name')
  file(@Param('name') name: string, @Res() response: ServerResponse): Promise<void> {
    return this.send(name, response);
  }

  private async send(name: string, response: ServerResponse): Promise<void> {
    if (!this.files.names.has(name))
      throw new NotFoundException(`there is no page file ${name.slice(0, 100)}`);
    response.setHeader('content-type', TYPES[extname(name)] ?? 'application/octet-stream');
    response.setHeader('cache-control', 'no-cache');
    await pipeline(createReadStream(`${WEB_FOLDER}${name}`), response).catch((error: unknown) => {
      if (!response.destroyed) throw error;
    });
  }
}
