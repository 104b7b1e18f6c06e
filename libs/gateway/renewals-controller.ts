import { Controller, Get, Inject } from '@nestjs/common';
import { ApiOperation, ApiResponse, ApiTags } from '@nestjs/swagger';
import { problemSchema } from '#http';
import { type RenewalsView, renewalsView } from '#renewals';
import type { GatewayRenewals } from './gateway-renewals.js';
import { GATEWAY_RENEWALS } from './tokens.js';

/** How long the gateway's files are paid for, and what goes on by itself. */
@ApiTags('gateway')
@ApiResponse({ status: 'default', description: 'A problem (RFC 9457)', standardSchema: problemSchema })
@Controller()
export class RenewalsController {
  constructor(@Inject(GATEWAY_RENEWALS) private readonly renewals: GatewayRenewals) {}

  @Get('renewals')
  @ApiOperation({
    summary:
      'Contracts that will end: which are renewed by themselves, which lapse and why; what was spent of the limit.',
  })
  @ApiResponse({ status: 200, standardSchema: renewalsView })
  gatewayRenewals(): Promise<RenewalsView> {
    return this.renewals.view();
  }
}
