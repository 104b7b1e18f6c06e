import { type DynamicModule, Module } from '@nestjs/common';
import { LEDGER, type LedgerPort } from '#ledger';
import {
  createMessageController,
  PLACEMENT,
  type PlacementPort,
  REGISTRY,
  REGISTRY_CONTRACT,
} from '#services';
import { createRegistryService } from './registry-service.js';

/** The registry service in this process, under REGISTRY; needs LEDGER and PLACEMENT, and answers messages where there is a transport. */
@Module({})
export class RegistryModule {
  static embedded(): DynamicModule {
    return {
      module: RegistryModule,
      global: true,
      controllers: [createMessageController(REGISTRY_CONTRACT, REGISTRY)],
      providers: [
        {
          provide: REGISTRY,
          inject: [LEDGER, PLACEMENT],
          useFactory: (ledger: LedgerPort, placement: PlacementPort) =>
            createRegistryService({ ledger, placement }),
        },
      ],
      exports: [REGISTRY],
    };
  }
}
