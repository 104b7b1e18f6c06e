import { type DynamicModule, Inject, Module, type OnApplicationShutdown } from '@nestjs/common';
import { type EmbeddedLedger, type OpenLedgerOptions, openLedger } from './embedded-ledger.js';
import type { LedgerPort } from './port.js';

/** Injection token of the `LedgerPort`. */
export const LEDGER = Symbol('LEDGER');

type Closable = LedgerPort & Partial<Pick<EmbeddedLedger, 'close'>>;

/** Provides the process's ledger under `LEDGER`; who injects it cannot tell where it runs. */
@Module({})
export class LedgerModule implements OnApplicationShutdown {
  constructor(@Inject(LEDGER) private readonly ledger: Closable) {}

  /** The ledger in this process's own data folder. */
  static embedded(options: OpenLedgerOptions): DynamicModule {
    return moduleWith(() => openLedger(options));
  }

  /** A ledger elsewhere, through an adapter of the port; it is closed on shutdown where it can be. */
  static remote(port: LedgerPort): DynamicModule {
    return moduleWith(() => Promise.resolve(port));
  }

  async onApplicationShutdown(): Promise<void> {
    await this.ledger.close?.();
  }
}

function moduleWith(useFactory: () => Promise<LedgerPort>): DynamicModule {
  return {
    module: LedgerModule,
    global: true,
    providers: [{ provide: LEDGER, useFactory }],
    exports: [LEDGER],
  };
}
