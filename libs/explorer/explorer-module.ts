import { Module } from '@nestjs/common';
import { APP_INTERCEPTOR } from '@nestjs/core';
import type { OpenApiOptions, StatusTable } from '#http';
import { LEDGER, type LedgerPort } from '#ledger';
import { NODE_STATUS_TABLE } from '#node-server';
import { ChainController } from './chain-controller.js';
import { MarketController } from './market-controller.js';
import { PayoutsController } from './payouts-controller.js';
import { PenaltiesController } from './penalties-controller.js';
import { RegistryController } from './registry-controller.js';
import { SupplyAudits } from './supply-audits.js';
import { createTipHeaders } from './tip-headers.js';
import { WebController, WebFiles } from './web-controller.js';

export { TIP_HEIGHT_HEADER, TIP_ID_HEADER } from './tip-headers.js';

/** HTTP statuses of the codes that only these APIs know. */
export const ADMIN_STATUS_TABLE: StatusTable = {
  ...NODE_STATUS_TABLE,
  'market/too-few-providers': 503,
};

/** How the API describes itself. */
export const ADMIN_API_OPENAPI: OpenApiOptions = {
  title: 'Cairn admin API',
  description:
    'Everything on the ledger and in the market, read only. Amounts are decimal strings of base units (10^9 to the coin). ' +
    'Every answer carries the headers cairn-tip-height and cairn-tip-id: the tip it was made at. Lists are paged by cursor. ' +
    'Errors are problem+json (RFC 9457) with code, detail and next.',
  version: '1',
};

/** The admin API and its page; needs LEDGER, MARKET, PLACEMENT, REGISTRY and PAYOUTS. */
@Module({
  controllers: [
    ChainController,
    MarketController,
    RegistryController,
    PayoutsController,
    PenaltiesController,
    WebController,
  ],
  providers: [
    { provide: WebFiles, useFactory: () => WebFiles.read() },
    { provide: SupplyAudits, inject: [LEDGER], useFactory: (ledger: LedgerPort) => new SupplyAudits(ledger) },
    { provide: APP_INTERCEPTOR, inject: [LEDGER], useFactory: createTipHeaders },
  ],
})
export class ExplorerModule {}
