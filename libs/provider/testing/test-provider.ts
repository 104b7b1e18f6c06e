import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { NetworkParams } from '#chain';
import { deriveKeyAtPath, type KeyPair } from '#crypto';
import { createHttpApp, type RunningHttpApp } from '#http';
import type { LedgerPort } from '#ledger';
import { createLogger } from '#logging';
import {
  createFragmentRoute,
  createProvider,
  PROVIDER_STATUS_TABLE,
  type Provider,
  ProviderModule,
  type ProviderOptions,
} from '../index.js';
import { ProviderClient } from './provider-client.js';

export interface TestProviderOptions
  extends Partial<Pick<ProviderOptions, 'terms' | 'limits' | 'now' | 'dataDir' | 'volumes'>> {
  readonly params: NetworkParams;
  readonly ledger: LedgerPort;
  /** Different seeds, different providers. Default 1. */
  readonly seed?: number;
  /** Default: any that is free. */
  readonly port?: number;
}

/** A provider that serves over real HTTP, in this process, with a folder of its own. */
export class TestProvider {
  private constructor(
    readonly provider: Provider,
    private readonly app: RunningHttpApp,
    readonly dataDir: string,
    readonly keys: KeyPair,
    private readonly options: TestProviderOptions,
  ) {}

  static async open(options: TestProviderOptions): Promise<TestProvider> {
    const keys = deriveKeyAtPath(new Uint8Array(32).fill(options.seed ?? 1), "m/0'");
    const dataDir = options.dataDir ?? (await mkdtemp(join(tmpdir(), 'cairn-provider-')));
    let url = '';
    const provider = await createProvider({
      params: options.params,
      ledger: options.ledger,
      keys,
      dataDir,
      logger: createLogger({ app: 'provider', level: 'silent', format: 'json' }),
      publicUrl: () => url,
      limits: { scrubBytesPerSecond: 0, ...options.limits },
      ...(options.terms === undefined ? {} : { terms: options.terms }),
      ...(options.volumes === undefined ? {} : { volumes: options.volumes }),
      ...(options.now === undefined ? {} : { now: options.now }),
    });
    const app = await createHttpApp(ProviderModule.of(provider), {
      port: options.port ?? 0,
      statusTable: PROVIDER_STATUS_TABLE,
      bodyLimitBytes: 4 << 20,
      directRoutes: [createFragmentRoute(provider)],
    });
    url = app.url;
    await provider.start();
    return new TestProvider(provider, app, dataDir, keys, options);
  }

  get url(): string {
    return this.app.url;
  }

  get address(): string {
    return this.provider.context.address;
  }

  /** A client with a contract id of its own. */
  client(wallet: { readonly secretKey: Uint8Array; readonly publicKey: Uint8Array }): ProviderClient {
    return new ProviderClient(this.url, this.options.params, wallet, this.keys.publicKey);
  }

  /** Stops and opens again on the same folder and port, as a restarted process would. */
  async restart(changes: Partial<TestProviderOptions> = {}): Promise<TestProvider> {
    await this.stop();
    return this.reopen(changes);
  }

  /** Opens again after `stop`. */
  reopen(changes: Partial<TestProviderOptions> = {}): Promise<TestProvider> {
    const port = Number(new URL(this.url).port);
    return TestProvider.open({ ...this.options, port, ...changes, dataDir: this.dataDir });
  }

  async stop(): Promise<void> {
    await this.app.close();
    await this.provider.stop();
  }

  async close(): Promise<void> {
    await this.stop();
    await rm(this.dataDir, { recursive: true, force: true });
  }
}
