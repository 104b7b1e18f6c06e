import { type DynamicModule, Module, type ModuleMetadata } from '@nestjs/common';
import type { OpenApiOptions, StatusTable } from '#http';
import { MAX_BLOCK_BYTES } from '#node-api';
import { NodePeersController } from './network-module.js';
import { createNodeApiController, NodeEventsController } from './node-api-controller.js';

/** HTTP statuses of the ledger's error codes, for the app that serves the API. */
export const NODE_STATUS_TABLE: StatusTable = {
  'ledger/refused': 422,
  'ledger/bad-address': 400,
  'ledger/bad-event-id': 400,
  'ledger/bad-ref': 400,
  'ledger/bad-cursor': 400,
  'ledger/proof-unavailable': 503,
};

/** What the node's API says of itself at /api/docs. */
export const NODE_OPENAPI: OpenApiOptions = {
  title: 'Cairn chain node',
  description: 'Submit, read and follow the ledger (docs/protocol/node-api.md).',
  version: '1',
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
      controllers: [createNodeApiController(), NodeEventsController, NodePeersController],
    };
  }
}
