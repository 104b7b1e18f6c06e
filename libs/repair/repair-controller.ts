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
import { isLoopback, readBody, senderOf } from './capability-body.js';
import type { Repairer } from './repairer.js';
import { REPAIRER } from './tokens.js';

/** Whoever found no place is told to come back after so long. */
const RETRY_SECONDS = 5;

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
    const { desk, limits } = this.repairer;
    let leave: (() => void) | undefined;
    try {
      leave = desk.enter(senderOf(request));
      const { capabilityBytes: maxBytes, bodyGraceMs: graceMs, bodyBytesPerSecond: bytesPerSecond } = limits;
      const body = await readBody(request, { maxBytes, graceMs, bytesPerSecond });
      return acceptedOrThrow(await desk.take(body));
    } finally {
      if (leave === undefined) response.setHeader('retry-after', String(RETRY_SECONDS));
      leave?.();
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
    if (isElse || !isLoopback(request)) throw new NotFoundException();
    return this.repairer.status();
  }
}
