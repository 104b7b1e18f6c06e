import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { type AccountId, devnet } from '#chain';
import { CairnClient, memorySource, requestCoins } from '#client';
import { createNetworkLaw } from '#contracts';
import { newPhrase } from '#crypto';
import { nativeCrypto } from '#crypto-native';
import { type Child, spawnChild } from '#lifecycle';
import { createNodeClient, type NodeClient } from '#node-api';
import { waitUntil } from './wait.js';

const READY_MS = 60_000;
const FUNDS = 1_000n * 1_000_000_000n;
/** One copy per provider: the fewest processes that make a market. */
const PROFILE = { k: 1, repairBelow: 2, n: 2 };
const EPOCHS = 60;

/** A site with two providers and a stored file: what the explorer has to show. */
export class ExplorerSite {
  private readonly children: Child[] = [];
  private ledger: NodeClient | undefined;
  /** Where the explorer is. */
  adminUrl = '';
  /** Contracts of the stored file. */
  contracts: readonly string[] = [];

  private constructor(readonly folder: string) {}

  static async start(): Promise<ExplorerSite> {
    const site = new ExplorerSite(await mkdtemp(join(tmpdir(), 'cairn-explorer-')));
    try {
      await site.prepare();
      return site;
    } catch (error) {
      await site.stop();
      throw error;
    }
  }

  /** GET of the admin API. */
  async get<T>(path: string): Promise<T> {
    return (await (await fetch(`${this.adminUrl}/api/v1/${path}`)).json()) as T;
  }

  /** Ends every process and deletes the folder. */
  async stop(): Promise<void> {
    await this.ledger?.close();
    await Promise.all(this.children.map((child) => child.kill()));
    await rm(this.folder, { recursive: true, force: true });
  }

  private async prepare(): Promise<void> {
    const ports = {
      CAIRN_NODE_PORT: '0',
      CAIRN_P2P_PORT: '0',
      CAIRN_GATEWAY_PORT: '0',
      CAIRN_ADMIN_PORT: '0',
      CAIRN_REPAIRER_PORT: '0',
    };
    const { node = '', admin = '' } = await this.spawn('site', 'site', ports).ready(READY_MS);
    this.adminUrl = admin;
    this.ledger = createNodeClient({ baseUrl: node });
    const providers = Array.from({ length: PROFILE.n }, (_, index) =>
      this.spawn('provider', `provider-${index}`, { CAIRN_NODE_URL: node, CAIRN_PROVIDER_PORT: '0' }),
    );
    for (const provider of providers) await this.fund((await provider.ready(READY_MS))['address'] ?? '');
    const phrase = newPhrase(new Uint8Array(randomBytes(16)));
    const client = CairnClient.open({ ledger: this.ledger, params: devnet, phrase, workers: 1 });
    try {
      await this.fund(client.address);
      await waitUntil('offers and addresses of the providers on chain', READY_MS, async () => {
        const { items } = await this.get<{ items: unknown[] }>('endpoints');
        return items.length === PROFILE.n && (await client.context.wallet.balance()) > 0n;
      });
      const source = memorySource(new Uint8Array(randomBytes(10_000)));
      const stored = await client.storeSource(source, 'file', { profile: PROFILE, epochs: EPOCHS });
      this.contracts = stored.contracts;
    } finally {
      await client.close();
    }
  }

  private async fund(address: string): Promise<void> {
    const ledger = this.ledger as NodeClient;
    const { account } = await ledger.account({ account: address });
    await requestCoins(ledger, createNetworkLaw(devnet, nativeCrypto), account as AccountId, FUNDS);
  }

  private spawn(app: string, name: string, settings: Readonly<Record<string, string>>): Child {
    const child = spawnChild({
      name,
      file: resolve('dist', 'apps', app, 'main.js'),
      cwd: tmpdir(),
      env: {
        CAIRN_NETWORK: 'devnet',
        CAIRN_CHECK_INVARIANTS: 'on',
        CAIRN_DATA_DIR: join(this.folder, name),
        CAIRN_LOG_LEVEL: 'warn',
        CAIRN_PASSPHRASE: '',
        REDIS_URL: '',
        ...settings,
      },
    });
    this.children.push(child);
    return child;
  }
}
