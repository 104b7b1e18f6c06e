import { Controller, Get, Inject, Query } from '@nestjs/common';
import { ApiOperation, ApiResponse, ApiTags } from '@nestjs/swagger';
import { z } from 'zod';
import { problemSchema } from '#http';
import { PAYOUTS, type PayoutsPort, type PenaltyView, penaltyView } from '#services';
import { type Page, pageOf, pageQuery } from '#wire';
import { WithTip } from './tip-headers.js';

const penaltiesQuery = pageQuery.extend({ provider: z.string().max(100).optional() });

/** Who broke its word. */
@ApiTags('payouts')
@ApiResponse({ status: 'default', description: 'A problem (RFC 9457)', standardSchema: problemSchema })
@WithTip()
@Controller('api/v1')
export class PenaltiesController {
  constructor(@Inject(PAYOUTS) private readonly payouts: PayoutsPort) {}

  @Get('penalties')
  @ApiOperation({
    summary: 'Who was penalised and why, newest first: misses and failures with every coin they cost.',
  })
  @ApiResponse({ status: 200, standardSchema: pageOf(penaltyView) })
  penalties(
    @Query({ schema: penaltiesQuery }) query: z.infer<typeof penaltiesQuery>,
  ): Promise<Page<PenaltyView>> {
    return this.payouts.penalties(query);
  }
}
