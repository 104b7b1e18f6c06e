import { Controller, Get, Inject, Param, Query } from '@nestjs/common';
import { ApiOperation, ApiResponse, ApiTags } from '@nestjs/swagger';
import { z } from 'zod';
import { CONTRACT_STATUSES } from '#contracts';
import { problemSchema } from '#http';
import { LEDGER, type LedgerPort } from '#ledger';
import {
  type BookEntryView,
  bookEntryView,
  type ContractHistoryView,
  contractHistoryView,
  MARKET,
  type MarketPort,
  PLACEMENT,
  type PlacementPort,
  type PlacementView,
  placementView,
  type QuoteView,
  quoteView,
} from '#services';
import {
  type ContractView,
  contractView,
  type FragmentEntryView,
  fragmentEntryView,
  type ObjectEventView,
  objectEventView,
  type Page,
  type PageQuery,
  pageOf,
  pageQuery,
  queryNumber,
} from '#wire';
import { foundOrThrow } from './not-found.js';
import { WithTip } from './tip-headers.js';

const contractsQuery = pageQuery.extend({
  client: z.string().max(100).optional(),
  provider: z.string().max(100).optional(),
  status: z.enum(CONTRACT_STATUSES).optional(),
});
const quoteQuery = z.object({
  sizeBytes: queryNumber(0, Number.MAX_SAFE_INTEGER, 0),
  profile: z.string().max(40).default('devnet'),
  epochs: queryNumber(1, 3_650, 30),
});
const placementQuery = z.object({
  bytesPerHolder: z
    .string()
    .regex(/^\d{1,19}$/, 'expected a whole number of bytes')
    .default('0'),
  epochs: queryNumber(1, 3_650, 30),
  count: queryNumber(1, 256, 256),
});

/** The market: offers, prices, contracts. */
@ApiTags('market')
@ApiResponse({ status: 'default', description: 'A problem (RFC 9457)', standardSchema: problemSchema })
@WithTip()
@Controller('api/v1')
export class MarketController {
  constructor(
    @Inject(LEDGER) private readonly ledger: LedgerPort,
    @Inject(MARKET) private readonly market: MarketPort,
    @Inject(PLACEMENT) private readonly placement: PlacementPort,
  ) {}

  @Get('offers')
  @ApiOperation({ summary: 'The order book: offers with the endpoint of each.' })
  @ApiResponse({ status: 200, standardSchema: pageOf(bookEntryView) })
  offers(@Query({ schema: pageQuery }) page: PageQuery): Promise<Page<BookEntryView>> {
    return this.market.orderBook(page);
  }

  @Get('quote')
  @ApiOperation({ summary: 'The itemised price of storing a file now; the burn is not refundable.' })
  @ApiResponse({ status: 200, standardSchema: quoteView })
  quote(@Query({ schema: quoteQuery }) query: z.infer<typeof quoteQuery>): Promise<QuoteView> {
    return this.market.quote(query);
  }

  @Get('placements')
  @ApiOperation({ summary: 'Who could hold fragments now, cheapest first, and why the others could not.' })
  @ApiResponse({ status: 200, standardSchema: placementView })
  placements(
    @Query({ schema: placementQuery }) query: z.infer<typeof placementQuery>,
  ): Promise<PlacementView> {
    return this.placement.choose(query);
  }

  @Get('contracts')
  @ApiOperation({ summary: 'Contracts, newest first, by party and status.' })
  @ApiResponse({ status: 200, standardSchema: pageOf(contractView) })
  contracts(
    @Query({ schema: contractsQuery }) query: z.infer<typeof contractsQuery>,
  ): Promise<Page<ContractView>> {
    return this.market.contracts(query);
  }

  @Get('contracts/:id')
  @ApiOperation({ summary: 'A contract with everything that happened to it.' })
  @ApiResponse({ status: 200, standardSchema: contractHistoryView })
  async contract(@Param('id') id: string): Promise<ContractHistoryView> {
    return foundOrThrow(await this.market.contract({ id }), 'contract', id);
  }

  @Get('contracts/:id/timeline')
  @ApiOperation({ summary: 'Formed, challenged, proved, missed, settled: oldest first.' })
  @ApiResponse({ status: 200, standardSchema: z.array(objectEventView) })
  async contractTimeline(@Param('id') id: string): Promise<ObjectEventView[]> {
    return (await this.contract(id)).timeline;
  }

  @Get('contracts/:id/fragments')
  @ApiOperation({ summary: 'What a contract lists, in order of its leaves, with what was dropped.' })
  @ApiResponse({ status: 200, standardSchema: pageOf(fragmentEntryView) })
  async contractFragments(
    @Param('id') id: string,
    @Query({ schema: pageQuery }) page: PageQuery,
  ): Promise<Page<FragmentEntryView>> {
    foundOrThrow(await this.ledger.contract({ id }), 'contract', id);
    return this.ledger.contractFragments({ id, ...page });
  }
}
