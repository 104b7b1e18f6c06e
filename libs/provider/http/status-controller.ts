import type { IncomingMessage } from 'node:http';
import { Controller, Get, Inject, NotFoundException, Req } from '@nestjs/common';
import { ApiOperation } from '@nestjs/swagger';
import type { Provider } from '../provider.js';
import type { ProviderStatus } from '../status/provider-status.js';
import { PROVIDER } from './tokens.js';

const LOOPBACK = /^(127\.|::1$|::ffff:127\.)/;

/** The operator's view; answered on this machine only. */
@Controller('v1/status')
export class StatusController {
  constructor(@Inject(PROVIDER) private readonly provider: Provider) {}

  @Get()
  @ApiOperation({ operationId: 'providerStatus', summary: 'The operator’s view (this machine only)' })
  status(@Req() request: IncomingMessage): Promise<ProviderStatus> {
    // A reverse proxy on this machine speaks for strangers.
    const isForwarded = 'x-forwarded-for' in request.headers || 'forwarded' in request.headers;
    if (isForwarded || !LOOPBACK.test(request.socket.remoteAddress ?? '')) throw new NotFoundException();
    return this.provider.statusReader.read();
  }
}
