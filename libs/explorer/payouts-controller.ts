import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { Controller, Get, Inject, Param, Query, Res } from '@nestjs/common';
import { ApiOperation, ApiProduces, ApiResponse, ApiTags } from '@nestjs/swagger';
import { z } from 'zod';
import { problemSchema } from '#http';
import { statementToCsv } from '#payouts';
import {
  type MinerRewardView,
  minerRewardView,
  PAYOUTS,
  type PayoutForecastView,
  type PayoutRiskView,
  type PayoutStatementView,
  type PayoutSummaryView,
  type PayoutsPort,
  payoutForecastView,
  payoutRiskView,
  payoutStatementView,
  payoutSummaryView,
} from '#services';
import { type Page, type PageQuery, pageOf, pageQuery, queryNumber } from '#wire';
import { foundOrThrow } from './not-found.js';
import { WithTip } from './tip-headers.js';

const aboutFields = {
  provider: z.string().max(100).optional(),
  contract: z.string().max(100).optional(),
  epoch: z.coerce.number().int().nonnegative().optional(),
};
const statementQuery = pageQuery.extend(aboutFields);
const forecastQuery = z.object({
  contract: z.string().max(100).optional(),
  epochs: queryNumber(1, 3_650, 3),
});
const csvQuery = z.object(aboutFields);

/** Who was paid what, and why. */
@ApiTags('payouts')
@ApiResponse({ status: 'default', description: 'A problem (RFC 9457)', standardSchema: problemSchema })
@WithTip()
@Controller('api/v1/payouts')
export class PayoutsController {
  constructor(@Inject(PAYOUTS) private readonly payouts: PayoutsPort) {}

  @Get()
  @ApiOperation({ summary: 'Sums of every provider: earned, held back, lost.' })
  @ApiResponse({ status: 200, standardSchema: pageOf(payoutSummaryView) })
  payoutSummaries(@Query({ schema: pageQuery }) page: PageQuery): Promise<Page<PayoutSummaryView>> {
    return this.payouts.summaries(page);
  }

  @Get('statement')
  @ApiOperation({
    summary: 'Every movement of coins of a provider or contract with its reason, oldest first.',
  })
  @ApiResponse({ status: 200, standardSchema: payoutStatementView })
  payoutStatement(
    @Query({ schema: statementQuery }) query: z.infer<typeof statementQuery>,
  ): Promise<PayoutStatementView> {
    return this.payouts.statement(query);
  }

  @Get('statement.csv')
  @ApiOperation({ summary: 'The same as CSV (RFC 4180), whole.' })
  @ApiProduces('text/csv')
  async payoutStatementCsv(
    @Query({ schema: csvQuery }) query: z.infer<typeof csvQuery>,
    @Res() response: ServerResponse,
  ): Promise<void> {
    let page = await this.payouts.statement({ ...query, limit: 200 });
    response.writeHead(200, {
      'content-type': 'text/csv; charset=utf-8',
      'content-disposition': 'attachment; filename="payouts.csv"',
    });
    response.write(statementToCsv(page.items));
    while (page.nextCursor !== null && !response.destroyed) {
      page = await this.payouts.statement({ ...query, limit: 200, cursor: page.nextCursor });
      if (!response.write(statementToCsv(page.items, false))) await once(response, 'drain');
    }
    response.end();
  }

  @Get('miners/:miner')
  @ApiOperation({
    summary:
      'Matured rewards of a miner, newest first: subsidy, fees, share of the pool, new coins for first proofs.',
  })
  @ApiResponse({ status: 200, standardSchema: pageOf(minerRewardView) })
  minerRewards(
    @Param('miner') miner: string,
    @Query({ schema: pageQuery }) page: PageQuery,
  ): Promise<Page<MinerRewardView>> {
    return this.payouts.minerRewards({ miner, ...page });
  }

  @Get(':provider/forecast')
  @ApiOperation({
    summary:
      'What the next epochs of a provider’s contracts pay if all are proven, by height; vesting, settlement.',
  })
  @ApiResponse({ status: 200, standardSchema: payoutForecastView })
  payoutForecast(
    @Param('provider') provider: string,
    @Query({ schema: forecastQuery }) query: z.infer<typeof forecastQuery>,
  ): Promise<PayoutForecastView> {
    return this.payouts.forecast({ provider, ...query });
  }

  @Get(':provider/risk')
  @ApiOperation({
    summary:
      'What a provider may lose: open challenges, strikes, collateral at stake, what a miss would cost.',
  })
  @ApiResponse({ status: 200, standardSchema: payoutRiskView })
  payoutRisk(@Param('provider') provider: string): Promise<PayoutRiskView> {
    return this.payouts.risk({ provider });
  }

  @Get(':provider')
  @ApiOperation({ summary: 'Sums of one provider.' })
  @ApiResponse({ status: 200, standardSchema: payoutSummaryView })
  async payoutSummary(@Param('provider') provider: string): Promise<PayoutSummaryView> {
    return foundOrThrow(await this.payouts.summary({ provider }), 'payout of provider', provider);
  }
}
