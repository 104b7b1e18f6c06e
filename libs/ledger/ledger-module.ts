import { type DynamicModule, Inject, Module, type OnApplicationShutdown } from '@nestjs/common';
import { type OpenLedgerOptions, type OwnLedger, openLedger } from './embedded-ledger.js';
import type { LedgerPort } from './port.js';
import { type OpenLedgerWorkerOptions, openLedgerWorker } from './worker/open-ledger-worker.js';

/** Injection token of the `LedgerPort`. */
export const LEDGER = Symbol('LEDGER');

/** Injection token of the `ChainAccess`; only where the ledger is this process's own. */
export const CHAIN_ACCESS = Symbol('CHAIN_ACCESS');

type Closable = LedgerPort & Partial<Pick<OwnLedger, 'close'>>;

/** Provides the process's ledger under `LEDGER`; who injects it cannot tell where it runs. */
@Module({})
export class LedgerModule implements OnApplicationShutdown {
  constructor(@Inject(LEDGER) private readonly ledger: Closable) {}

  /** The ledger in this process's own data folder, in this thread. */
  static embedded(options: OpenLedgerOptions): DynamicModule {
    return ownModule(() => openLedger(options));
  }

  /** The same in a thread of its own: for processes that serve sockets. */
  static worker(options: OpenLedgerWorkerOptions): DynamicModule {
    return ownModule(() => openLedgerWorker(options));
  }

  /** A ledger elsewhere, through an adapter of the port; it is closed on shutdown where it can be. */
  static remote(port: LedgerPort): DynamicModule {
    return moduleWith(() => Promise.resolve(port));
  }

  async onApplicationShutdown(): Promise<void> {
    await this.ledger.close?.();
  }
}

function ownModule(open: () => Promise<OwnLedger>): DynamicModule {
  const access = {
    provide: CHAIN_ACCESS,
    inject: [LEDGER],
    useFactory: (ledger: OwnLedger) => ledger.access,
  };
  const { providers = [], ...module } = moduleWith(open);
  return { ...module, providers: [...providers, access], exports: [LEDGER, CHAIN_ACCESS] };
}

function moduleWith(useFactory: () => Promise<LedgerPort>): DynamicModule {
  return {
    module: LedgerModule,
    global: true,
    providers: [{ provide: LEDGER, useFactory }],
    exports: [LEDGER],
  };
}
