import type { IncomingMessage, ServerResponse } from 'node:http';
import { Controller, Get, HttpCode, Inject, NotFoundException, Param, Post, Req, Res } from '@nestjs/common';
import { ApiOperation, ApiResponse } from '@nestjs/swagger';
import { AppError } from '#errors';
import { acceptedOrThrow } from '#http';
import {
  type RepairFileAnswer,
  type RepairFileView,
  type RepairInfo,
  type RepairStatus,
  repairFileAnswer,
  repairFileView,
  repairInfo,
  repairStatus,
} from '#wire';
import type { Repairer } from './repairer.js';
import { REPAIRER } from './tokens.js';

const LOOPBACK = /^(127\.|::1$|::ffff:127\.)/;

/** The repairer's API (docs/protocol/repair.md). */
@Controller('v1/repair')
export class RepairController {
  constructor(@Inject(REPAIRER) private readonly repairer: Repairer) {}

  @Get('info')
  @ApiOperation({ operationId: 'repairInfo', summary: 'Key, suggested terms and limits of this repairer' })
  @ApiResponse({ status: 200, standardSchema: repairInfo })
  info(): RepairInfo {
    return this.repairer.info();
  }

  @Post('files')
  @HttpCode(200)
  @ApiOperation({
    operationId: 'handOver',
    summary: 'Hand over, replace or withdraw a capability (application/octet-stream)',
  })
  @ApiResponse({ status: 200, standardSchema: repairFileAnswer })
  async handOver(
    @Req() request: IncomingMessage,
    @Res({ passthrough: true }) response: ServerResponse,
  ): Promise<RepairFileAnswer> {
    const leave = this.repairer.desk.enter();
    try {
      const body = await readBody(request, this.repairer.limits.capabilityBytes);
      return acceptedOrThrow(await this.repairer.desk.take(body));
    } finally {
      leave();
      // What is still on its way would be taken for the next request.
      if (!request.complete) response.setHeader('connection', 'close');
    }
  }

  @Get('files/:subject')
  @ApiOperation({ operationId: 'repairFile', summary: 'How a file stands, for whoever knows its subject' })
  @ApiResponse({ status: 200, standardSchema: repairFileView })
  file(@Param('subject') subject: string): RepairFileView {
    const view = /^[0-9a-f]{64}$/.test(subject) ? this.repairer.file(subject) : null;
    if (view !== null) return view;
    throw new AppError({
      code: 'repair/not-found',
      message: 'No capability was handed over for this file.',
      next: 'Its client hands it over with its next command; every `cairn put` and `cairn status` does.',
    });
  }

  @Get('status')
  @ApiOperation({ operationId: 'repairStatus', summary: 'The operator’s view (this machine only)' })
  @ApiResponse({ status: 200, standardSchema: repairStatus })
  status(@Req() request: IncomingMessage): RepairStatus {
    // A reverse proxy on this machine speaks for strangers, and so does a page in the operator's browser.
    const isElse = ['x-forwarded-for', 'forwarded', 'origin'].some((header) => header in request.headers);
    if (isElse || !LOOPBACK.test(request.socket.remoteAddress ?? '')) throw new NotFoundException();
    return this.repairer.status();
  }
}

async function readBody(request: IncomingMessage, maxBytes: number): Promise<Uint8Array> {
  const declared = Number(request.headers['content-length'] ?? Number.NaN);
  if (declared > maxBytes) throw tooLarge(declared, maxBytes);
  const parts: Uint8Array[] = [];
  let sizeBytes = 0;
  try {
    for await (const part of request.iterator({ destroyOnReturn: false })) {
      sizeBytes += (part as Uint8Array).length;
      if (sizeBytes > maxBytes) throw tooLarge(sizeBytes, maxBytes);
      parts.push(part as Uint8Array);
    }
  } catch (cause) {
    if (cause instanceof AppError) throw cause;
    throw new AppError({
      code: 'repair/bad-request',
      message: 'The sender went away before the whole capability had arrived.',
      next: 'Send it again; nothing was kept.',
      cause,
    });
  }
  return new Uint8Array(Buffer.concat(parts));
}

function tooLarge(sizeBytes: number, maxBytes: number): AppError {
  return new AppError({
    code: 'repair/too-large',
    message: `A capability of ${sizeBytes} bytes is more than this repairer takes (${maxBytes}).`,
    next: 'Store the file with larger fragments, or in parts; a larger file needs a repairer with a higher limit.',
    data: { sizeBytes, maxBytes },
  });
}
