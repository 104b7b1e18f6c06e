import { type DynamicModule, Module } from '@nestjs/common';
import type { NetworkParams } from '#chain';
import { LEDGER, type LedgerPort } from '#ledger';
import {
  createMessageController,
  MARKET,
  MARKET_CONTRACT,
  PLACEMENT,
  type PlacementPort,
  REGISTRY,
  type RegistryPort,
} from '#services';
import { createMarketService } from './market-service.js';

/** The market service in this process, under MARKET; needs LEDGER, PLACEMENT and REGISTRY, and answers messages where there is a transport. */
@Module({})
export class MarketModule {
  static embedded(params: NetworkParams): DynamicModule {
    return {
      module: MarketModule,
      global: true,
      controllers: [createMessageController(MARKET_CONTRACT, MARKET)],
      providers: [
        {
          provide: MARKET,
          inject: [LEDGER, PLACEMENT, REGISTRY],
          useFactory: (ledger: LedgerPort, placement: PlacementPort, registry: RegistryPort) =>
            createMarketService({ ledger, placement, registry, params }),
        },
      ],
      exports: [MARKET],
    };
  }
}
