import type { ServerResponse } from 'node:http';
import { Controller, Get, Inject, Param, Query, Res } from '@nestjs/common';
import { ApiOperation, ApiProduces, ApiQuery, ApiResponse, ApiTags } from '@nestjs/swagger';
import { z } from 'zod';
import { LastEventId, problemSchema } from '#http';
import { LEDGER, type LedgerPort } from '#ledger';
import { serveEvents } from '#node-server';
import {
  type AccountView,
  type AuditView,
  accountView,
  auditView,
  type BlockSummaryView,
  blockView,
  heightNumber,
  type ObjectEventView,
  objectEventView,
  type Page,
  type PageQuery,
  type PostingView,
  pageOf,
  pageQuery,
  postingView,
  type SearchHitView,
  type StatusView,
  type SupplyView,
  searchHitView,
  statusView,
  supplyView,
  type TransactionView,
  transactionView,
} from '#wire';
import { foundOrThrow } from './not-found.js';
import { SupplyAudits } from './supply-audits.js';
import { WithTip } from './tip-headers.js';

const postingsQuery = pageQuery.extend({
  reason: z.string().max(64).optional(),
  sinceHeight: z.coerce.number().pipe(heightNumber).optional(),
});
const eventsQuery = pageQuery.extend({
  name: z.string().max(64).optional(),
  sinceHeight: z.coerce.number().pipe(heightNumber).optional(),
});
const searchQuery = z.object({ text: z.string().min(1).max(200) });

/** The chain: blocks, transactions, accounts, coins. */
@ApiTags('chain')
@ApiResponse({ status: 'default', description: 'A problem (RFC 9457)', standardSchema: problemSchema })
@WithTip()
@Controller('api/v1')
export class ChainController {
  constructor(
    @Inject(LEDGER) private readonly ledger: LedgerPort,
    @Inject(SupplyAudits) private readonly audits: SupplyAudits,
  ) {}

  @Get('status')
  @ApiOperation({ summary: 'Network, tip, height of the index, mempool.' })
  @ApiResponse({ status: 200, standardSchema: statusView })
  status(): Promise<StatusView> {
    return this.ledger.status();
  }

  @Get('blocks')
  @ApiOperation({ summary: 'Blocks of the main chain, newest first.' })
  @ApiResponse({ status: 200, standardSchema: pageOf(blockView) })
  blocks(@Query({ schema: pageQuery }) page: PageQuery): Promise<Page<BlockSummaryView>> {
    return this.ledger.blocks(page);
  }

  @Get('blocks/:ref')
  @ApiOperation({ summary: 'A block by id, or by height on the main chain.' })
  @ApiResponse({ status: 200, standardSchema: blockView })
  async block(@Param('ref') ref: string): Promise<BlockSummaryView> {
    return foundOrThrow(await this.ledger.block({ ref }), 'block', ref);
  }

  @Get('blocks/:ref/transactions')
  @ApiOperation({ summary: 'Transactions of a block in order.' })
  @ApiResponse({ status: 200, standardSchema: pageOf(transactionView) })
  async blockTransactions(
    @Param('ref') ref: string,
    @Query({ schema: pageQuery }) page: PageQuery,
  ): Promise<Page<TransactionView>> {
    foundOrThrow(await this.ledger.block({ ref }), 'block', ref);
    return this.ledger.blockTransactions({ ref, ...page });
  }

  @Get('transactions/:id')
  @ApiOperation({ summary: 'A transaction, pending or confirmed.' })
  @ApiResponse({ status: 200, standardSchema: transactionView })
  async transaction(@Param('id') id: string): Promise<TransactionView> {
    return foundOrThrow(await this.ledger.transaction({ id }), 'transaction', id);
  }

  @Get('mempool')
  @ApiOperation({ summary: 'Transactions that wait for a block.' })
  @ApiResponse({ status: 200, standardSchema: pageOf(transactionView) })
  mempool(@Query({ schema: pageQuery }) page: PageQuery): Promise<Page<TransactionView>> {
    return this.ledger.mempool(page);
  }

  @Get('accounts/:account')
  @ApiOperation({ summary: 'Coins of an account, by address or id.' })
  @ApiResponse({ status: 200, standardSchema: accountView })
  account(@Param('account') account: string): Promise<AccountView> {
    return this.ledger.account({ account });
  }

  @Get('accounts/:account/postings')
  @ApiOperation({ summary: 'Coins that came and went, newest first.' })
  @ApiResponse({ status: 200, standardSchema: pageOf(postingView) })
  accountPostings(
    @Param('account') account: string,
    @Query({ schema: pageQuery }) page: PageQuery,
  ): Promise<Page<PostingView>> {
    return this.ledger.accountPostings({ account, ...page });
  }

  @Get('postings')
  @ApiOperation({ summary: 'Every movement of coins with its reason, newest first.' })
  @ApiResponse({ status: 200, standardSchema: pageOf(postingView) })
  postings(
    @Query({ schema: postingsQuery }) query: z.infer<typeof postingsQuery>,
  ): Promise<Page<PostingView>> {
    return this.ledger.postings(query);
  }

  @Get('happenings')
  @ApiOperation({ summary: 'What happened to contracts and other objects, newest first.' })
  @ApiResponse({ status: 200, standardSchema: pageOf(objectEventView) })
  happenings(
    @Query({ schema: eventsQuery }) query: z.infer<typeof eventsQuery>,
  ): Promise<Page<ObjectEventView>> {
    return this.ledger.events(query);
  }

  @Get('supply')
  @ApiOperation({ summary: 'The coins that exist, by kind of pot.' })
  @ApiResponse({ status: 200, standardSchema: supplyView })
  supply(): Promise<SupplyView> {
    return this.ledger.supply();
  }

  @Get('supply/audit')
  @ApiOperation({ summary: 'Replays every block from genesis in separate code and compares.' })
  @ApiResponse({ status: 200, standardSchema: auditView })
  supplyAudit(): Promise<AuditView> {
    return this.audits.run();
  }

  @Get('search')
  @ApiOperation({ summary: 'Finds any id, height or address.' })
  @ApiResponse({ status: 200, standardSchema: z.array(searchHitView) })
  search(@Query({ schema: searchQuery }) query: z.infer<typeof searchQuery>): Promise<SearchHitView[]> {
    return this.ledger.search(query);
  }

  @Get('events')
  @ApiOperation({
    summary: 'Blocks, reorganisations and pending transactions as they come; resumes after Last-Event-ID.',
  })
  @ApiProduces('text/event-stream')
  @ApiQuery({ name: 'lastEventId', required: false, type: String })
  events(@LastEventId() lastEventId: string | undefined, @Res() response: ServerResponse): Promise<void> {
    return serveEvents(this.ledger, lastEventId, response);
  }
}
