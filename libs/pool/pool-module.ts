import {
  type DynamicModule,
  Inject,
  Module,
  type ModuleMetadata,
  type OnApplicationBootstrap,
  type OnModuleDestroy,
} from '@nestjs/common';
import { LEDGER, type LedgerPort } from '#ledger';
import { createPool, type Pool, type PoolOptions } from './pool.js';

/** Injection token of the process's pool. */
export const POOL = Symbol('POOL');

/** The pool, and the port its Stratum server listens on once the app has started. */
export interface PoolProvider {
  readonly pool: Pool;
  port: number | undefined;
}

export interface PoolModuleOptions extends Omit<PoolOptions, 'ledger'> {
  /** The module that provides LEDGER, where it is not a global one. */
  readonly imports?: NonNullable<ModuleMetadata['imports']>;
}

/** Provides a pool on the process's ledger under POOL, and runs it as long as the app. */
@Module({})
export class PoolModule implements OnApplicationBootstrap, OnModuleDestroy {
  constructor(@Inject(POOL) private readonly provider: PoolProvider) {}

  static of({ imports = [], ...options }: PoolModuleOptions): DynamicModule {
    return {
      module: PoolModule,
      global: true,
      imports: [...imports],
      providers: [
        {
          provide: POOL,
          inject: [LEDGER],
          useFactory: (ledger: LedgerPort): PoolProvider => ({
            pool: createPool({ ...options, ledger }),
            port: options.port,
          }),
        },
      ],
      exports: [POOL],
    };
  }

  async onApplicationBootstrap(): Promise<void> {
    ({ port: this.provider.port } = await this.provider.pool.start());
  }

  /** Before the ledger closes. */
  async onModuleDestroy(): Promise<void> {
    await this.provider.pool.stop();
  }
}
