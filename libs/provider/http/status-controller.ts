import type { IncomingMessage } from 'node:http';
import { Controller, Get, Inject, Req } from '@nestjs/common';
import { ApiOperation } from '@nestjs/swagger';
import type { Provider } from '../provider.js';
import type { ProviderStatus } from '../status/provider-status.js';
import { assertLoopback } from './loopback.js';
import { PROVIDER } from './tokens.js';

/** The operator's view; answered on this machine only. */
@Controller('v1/status')
export class StatusController {
  constructor(@Inject(PROVIDER) private readonly provider: Provider) {}

  @Get()
  @ApiOperation({ operationId: 'providerStatus', summary: 'The operator’s view (this machine only)' })
  status(@Req() request: IncomingMessage): Promise<ProviderStatus> {
    assertLoopback(request);
    return this.provider.statusReader.read();
  }
}
