import { availableParallelism } from 'node:os';
import { type DynamicModule, Module } from '@nestjs/common';
import type { NetworkParams } from '#chain';
import { LedgerModule } from '#ledger';
import type { Logger } from '#logging';
import type { NetworkOptions } from './network.js';
import { NetworkModule } from './network-module.js';
import { NodeApiModule } from './node-api-module.js';

export interface ChainNodeOptions {
  /** Folder of this ledger alone; created when missing. */
  readonly dataDir: string;
  readonly params: NetworkParams;
  /** Where the explorer's index is kept. Default: a file in the folder. */
  readonly databaseUrl?: string;
  /** Threads that check signatures. Default: as many as there are cores. */
  readonly verifyThreads?: number;
  /** Builds the ledger's files anew from the blocks in them. */
  readonly isRebuild?: boolean;
  /** Holds every block against what must hold of any block. */
  readonly checkInvariants?: boolean;
  /** How to take part in the network. Default: not at all. */
  readonly network?: NetworkOptions;
  readonly logger?: Logger;
}

/**
 * A node: its ledger under LEDGER and CHAIN_ACCESS (global), the law in a thread of its own with native signatures on
 * more threads and the system's clock, and its HTTP API. The app that imports it adds health, metrics and a listener
 * with NODE_BODY_LIMIT_BYTES and NODE_STATUS_TABLE.
 */
@Module({})
export class ChainNodeModule {
  static of(options: ChainNodeOptions): DynamicModule {
    const { dataDir, params, databaseUrl, isRebuild = false, network, logger } = options;
    const { checkInvariants = false } = options;
    const ledger = LedgerModule.worker({
      dataDir,
      params,
      isRebuild,
      checkInvariants,
      verifyThreads: options.verifyThreads ?? availableParallelism(),
      ...(databaseUrl === undefined ? {} : { databaseUrl }),
      onNotice: ({ code, message, data }) => logger?.warn({ code, ...data }, message),
      onError: (error) => logger?.error({ err: error }, 'the ledger met trouble'),
    });
    return {
      module: ChainNodeModule,
      imports: [
        ledger,
        ...(network === undefined ? [] : [NetworkModule.of(network, logger)]),
        NodeApiModule.of(),
      ],
    };
  }
}
