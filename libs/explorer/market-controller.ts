import { Controller, Get, Inject, Param, Query } from '@nestjs/common';
import { ApiOperation, ApiResponse, ApiTags } from '@nestjs/swagger';
import { z } from 'zod';
import { CONTRACT_STATUSES } from '#contracts';
import { problemSchema } from '#http';
import { LEDGER, type LedgerPort } from '#ledger';
import { BOOK_ORDERS } from '#market';
import {
  type BillView,
  type BookEntryView,
  billView,
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
  type BurnPriceMoveView,
  type BurnPriceView,
  burnPriceMoveView,
  burnPriceView,
  type ContractView,
  contractView,
  type EpochProofView,
  epochProofView,
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
import { matchQueryFields, queryFlag, quoteFields } from './market-queries.js';
import { foundOrThrow } from './not-found.js';
import { WithTip } from './tip-headers.js';

const contractsQuery = pageQuery.extend({
  client: z.string().max(100).optional(),
  provider: z.string().max(100).optional(),
  status: z.enum(CONTRACT_STATUSES).optional(),
});
const quoteQuery = z.object({ ...quoteFields, ...matchQueryFields });
const bookQuery = pageQuery.extend({
  sort: z.enum(BOOK_ORDERS).default('price'),
  all: queryFlag.meta({ description: 'those that cannot be taken or do not fit, too, each with the reason' }),
  bytes: z
    .string()
    .regex(/^\d{1,19}$/, 'expected a whole number of bytes')
    .optional()
    .meta({ description: 'room with one provider, and the basis of prices; one GiB where it is not given' }),
  epochs: z.coerce.number().int().min(1).max(3_650).optional(),
  onePerDomain: queryFlag.meta({ description: 'only the first of each failure domain' }),
  ...matchQueryFields,
});
const epochNumber = z.coerce.number().int().min(0).max(0xffff_ffff);
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
  @ApiOperation({
    summary:
      'The order book: offers that can be taken and fit what is asked for, in order; with `all`, the others too.',
  })
  @ApiResponse({ status: 200, standardSchema: pageOf(bookEntryView) })
  offers(@Query({ schema: bookQuery }) query: z.infer<typeof bookQuery>): Promise<Page<BookEntryView>> {
    return this.market.orderBook({
      ...query,
      all: query.all === 'true',
      onePerDomain: query.onePerDomain === 'true',
    });
  }

  @Get('quote')
  @ApiOperation({ summary: 'The itemised price of storing a file now; the burn is not refundable.' })
  @ApiResponse({ status: 200, standardSchema: quoteView })
  quote(@Query({ schema: quoteQuery }) query: z.infer<typeof quoteQuery>): Promise<QuoteView> {
    return this.market.quote({ ...query, withRepair: query.withRepair === 'true' });
  }

  @Get('placements')
  @ApiOperation({
    summary: 'Who could hold fragments now, the best score first, and why the others could not.',
  })
  @ApiResponse({ status: 200, standardSchema: placementView })
  placements(
    @Query({ schema: placementQuery }) query: z.infer<typeof placementQuery>,
  ): Promise<PlacementView> {
    return this.placement.choose(query);
  }

  @Get('burn-price')
  @ApiOperation({ summary: 'What storing burns now, how low that gets, when it moves and by how much.' })
  @ApiResponse({ status: 200, standardSchema: burnPriceView })
  burnPrice(): Promise<BurnPriceView> {
    return this.ledger.burnPrice();
  }

  @Get('burn-price/moves')
  @ApiOperation({ summary: 'How the burn price moved, newest first.' })
  @ApiResponse({ status: 200, standardSchema: pageOf(burnPriceMoveView) })
  burnPriceMoves(@Query({ schema: pageQuery }) page: PageQuery): Promise<Page<BurnPriceMoveView>> {
    return this.ledger.burnPriceMoves(page);
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

  @Get('contracts/:id/bill')
  @ApiOperation({
    summary:
      'What a contract really cost its client so far, out of postings: paid, burned, refunded, still locked.',
  })
  @ApiResponse({ status: 200, standardSchema: billView })
  async contractBill(@Param('id') id: string): Promise<BillView> {
    return foundOrThrow(await this.market.bill({ id }), 'contract', id);
  }

  @Get('contracts/:id/timeline')
  @ApiOperation({
    summary:
      'Formed, revised, dropped, challenged, proved, missed, skipped, drained, failed, renewed, replaced, settled: oldest first.',
  })
  @ApiResponse({ status: 200, standardSchema: z.array(objectEventView) })
  async contractTimeline(@Param('id') id: string): Promise<ObjectEventView[]> {
    return (await this.contract(id)).timeline;
  }

  @Get('contracts/:id/proofs/:epoch')
  @ApiOperation({
    summary:
      'How an epoch went: challenge block and snapshot, the proof’s transaction, every draw with leaf, slice and verdict.',
    description:
      'Everything that checking it again needs is here: the draws follow from challenge.blockId, the proof (transaction.body) is checked against challenge.root. `cairn proof CONTRACT EPOCH --verify` does so without believing this node.',
  })
  @ApiResponse({ status: 200, standardSchema: epochProofView })
  async contractProof(
    @Param('id') id: string,
    @Param('epoch', { schema: epochNumber }) epoch: z.infer<typeof epochNumber>,
  ): Promise<EpochProofView> {
    foundOrThrow(await this.ledger.contract({ id }), 'contract', id);
    return foundOrThrow(await this.ledger.epochProof({ id, epoch }), 'challenge yet of epoch', String(epoch));
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
