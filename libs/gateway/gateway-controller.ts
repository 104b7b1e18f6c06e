import { Controller, Get, Inject, Param, Query } from '@nestjs/common';
import { ApiOperation, ApiParam, ApiResponse, ApiTags } from '@nestjs/swagger';
import { z } from 'zod';
import { problemSchema } from '#http';
import { LEDGER, type LedgerPort } from '#ledger';
import { MARKET, type MarketPort, type QuoteView, quoteView } from '#services';
import { queryNumber } from '#wire';
import { toFileName } from './file-name.js';
import type { FileVault } from './file-vault.js';
import {
  type FileHealthView,
  fileHealthView,
  type GatewayStatusView,
  gatewayStatusView,
  healthToView,
} from './file-views.js';
import { FILE_VAULT } from './tokens.js';

const quoteQuery = z.object({
  sizeBytes: queryNumber(0, Number.MAX_SAFE_INTEGER, 0),
  profile: z.string().max(40).default('devnet'),
  epochs: queryNumber(1, 3_650, 30),
  withRepair: z.enum(['true', 'false']).default('false'),
  reads: queryNumber(0, 1_000_000, 0),
});

/** What the gateway says about itself, prices and the state of files. */
@ApiTags('gateway')
@ApiResponse({ status: 'default', description: 'A problem (RFC 9457)', standardSchema: problemSchema })
@Controller()
export class GatewayController {
  constructor(
    @Inject(FILE_VAULT) private readonly vault: FileVault,
    @Inject(LEDGER) private readonly ledger: LedgerPort,
    @Inject(MARKET) private readonly market: MarketPort,
  ) {}

  @Get('status')
  @ApiOperation({ summary: 'Whose gateway this is, its coins and what it has stored.' })
  @ApiResponse({ status: 200, standardSchema: gatewayStatusView })
  async gatewayStatus(): Promise<GatewayStatusView> {
    const [{ network, tip }, balance, files] = await Promise.all([
      this.ledger.status(),
      this.vault.balance(),
      this.vault.files(),
    ]);
    return {
      network,
      tip: { height: tip.height, id: tip.id, time: tip.time },
      address: this.vault.address,
      balance: balance.toString(),
      files: files.length,
      storedBytes: files.reduce((sum, { sizeBytes }) => sum + Number(sizeBytes), 0),
    };
  }

  @Get('quote')
  @ApiOperation({
    summary: 'The price of storing a file of this size now, itemised.',
    description:
      'Publishing it costs about as much as a small file on top: the list of all files is stored anew.',
  })
  @ApiResponse({ status: 200, standardSchema: quoteView })
  gatewayQuote(@Query({ schema: quoteQuery }) query: z.infer<typeof quoteQuery>): Promise<QuoteView> {
    return this.market.quote({ ...query, withRepair: query.withRepair === 'true' });
  }

  @Get('health/*path')
  @ApiOperation({ summary: 'Challenges the holders of a file now.' })
  @ApiParam({ name: 'path', type: String })
  @ApiResponse({ status: 200, standardSchema: fileHealthView })
  async fileHealth(@Param('path') path: string | string[]): Promise<FileHealthView> {
    const name = toFileName(path);
    return healthToView(name, await this.vault.health(await this.vault.file(name)));
  }
}
