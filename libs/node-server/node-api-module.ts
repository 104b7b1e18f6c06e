import { type DynamicModule, Module, type ModuleMetadata } from '@nestjs/common';
import type { StatusTable } from '#http';
import { MAX_BLOCK_BYTES } from '#node-api';
import { createNodeApiController, NodeEventsController } from './node-api-controller.js';

/** HTTP statuses of the ledger's error codes, for the app that serves the API. */
export const NODE_STATUS_TABLE: StatusTable = {
  'ledger/refused': 422,
  'ledger/bad-address': 400,
  'ledger/bad-event-id': 400,
  'ledger/bad-ref': 400,
  'ledger/bad-cursor': 400,
};

/** Largest JSON body the app must accept: a whole block as hex. */
export const NODE_BODY_LIMIT_BYTES = 2 * MAX_BLOCK_BYTES + 1_024;

/** Serves the ledger that LEDGER provides as the node's HTTP API. */
@Module({})
export class NodeApiModule {
  /** `imports`: the module that provides LEDGER, where it is not a global one. */
  static of(imports: NonNullable<ModuleMetadata['imports']> = []): DynamicModule {
    return {
      module: NodeApiModule,
      imports: [...imports],
      controllers: [createNodeApiController(), NodeEventsController],
    };
  }
}
