import {
  type DynamicModule,
  Inject,
  Module,
  type ModuleMetadata,
  type OnApplicationBootstrap,
  type OnModuleDestroy,
} from '@nestjs/common';
import { LEDGER, type LedgerPort } from '#ledger';
import { createMiner, type Miner, type MinerOptions } from './miner.js';

/** Injection token of the process's miner. */
export const MINER = Symbol('MINER');

export interface MinerModuleOptions extends Omit<MinerOptions, 'ledger'> {
  /** The module that provides LEDGER, where it is not a global one. */
  readonly imports?: NonNullable<ModuleMetadata['imports']>;
}

/** Provides a miner on the process's ledger under MINER, and runs it as long as the app. */
@Module({})
export class MinerModule implements OnApplicationBootstrap, OnModuleDestroy {
  constructor(@Inject(MINER) private readonly miner: Miner) {}

  static of({ imports = [], ...options }: MinerModuleOptions): DynamicModule {
    return {
      module: MinerModule,
      imports: [...imports],
      providers: [
        {
          provide: MINER,
          inject: [LEDGER],
          useFactory: (ledger: LedgerPort) => createMiner({ ...options, ledger }),
        },
      ],
      exports: [MINER],
    };
  }

  onApplicationBootstrap(): void {
    this.miner.start();
  }

  /** Before the ledger closes. */
  async onModuleDestroy(): Promise<void> {
    await this.miner.stop();
  }
}
