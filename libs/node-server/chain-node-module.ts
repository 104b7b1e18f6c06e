import { availableParallelism } from 'node:os';
import { type DynamicModule, Inject, Module, type OnApplicationShutdown } from '@nestjs/common';
import type { NetworkParams } from '#chain';
import { createVerifyPool, nativeCrypto, type VerifyPool } from '#crypto-native';
import { LedgerModule } from '#ledger';
import type { Logger } from '#logging';
import type { NetworkOptions } from './network.js';
import { NetworkModule } from './network-module.js';
import { NodeApiModule } from './node-api-module.js';

const VERIFY_POOL = Symbol('VERIFY_POOL');

export interface ChainNodeOptions {
  /** Folder of this ledger alone; created when missing. */
  readonly dataDir: string;
  readonly params: NetworkParams;
  /** Where the explorer's index is kept. Default: a file in the folder. */
  readonly databaseUrl?: string;
  /** Threads that check signatures. Default: half of the cores. */
  readonly verifyThreads?: number;
  /** How to take part in the network. Default: not at all. */
  readonly network?: NetworkOptions;
  readonly logger?: Logger;
}

/**
 * A node: the embedded ledger under LEDGER (global), with native signatures on threads and the system's clock, and its
 * HTTP API. The app that imports it adds health, metrics and a listener with NODE_BODY_LIMIT_BYTES and NODE_STATUS_TABLE.
 */
@Module({})
export class ChainNodeModule implements OnApplicationShutdown {
  constructor(@Inject(VERIFY_POOL) private readonly pool: VerifyPool) {}

  static of(options: ChainNodeOptions): DynamicModule {
    const pool = createVerifyPool({
      workers: options.verifyThreads ?? Math.max(1, Math.floor(availableParallelism() / 2)),
    });
    const ledger = LedgerModule.embedded({
      dataDir: options.dataDir,
      params: options.params,
      crypto: nativeCrypto,
      verifyBatch: (checks) => pool.verifyBatch(checks),
      clock: () => Math.floor(Date.now() / 1_000),
      ...(options.databaseUrl === undefined ? {} : { databaseUrl: options.databaseUrl }),
      onError: (error) => options.logger?.error({ err: error }, 'the ledger met trouble'),
    });
    return {
      module: ChainNodeModule,
      imports: [
        ledger,
        ...(options.network === undefined ? [] : [NetworkModule.of(options.network, options.logger)]),
        NodeApiModule.of(),
      ],
      providers: [{ provide: VERIFY_POOL, useValue: pool }],
    };
  }

  async onApplicationShutdown(): Promise<void> {
    await this.pool.close();
  }
}
