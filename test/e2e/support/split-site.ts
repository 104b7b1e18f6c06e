import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { type AccountId, accountIdToAddress, devnet, publicKeyToAccountId } from '#chain';
import { requestCoins } from '#client';
import { createNetworkLaw } from '#contracts';
import { hexToBytes } from '#crypto';
import { nativeCrypto } from '#crypto-native';
import { type Child, type ChildExit, spawnChild } from '#lifecycle';
import { createNodeClient } from '#node-api';
import { waitUntil } from './wait.js';

/** The apps of one operator, in the order in which they may be started. */
export const SPLIT_APPS = [
  'chain-node',
  'miner',
  'placement',
  'market',
  'registry',
  'payouts',
  'gateway',
  'admin-api',
] as const;
export type SplitApp = (typeof SPLIT_APPS)[number];

/** Where an app that is not a service listens: its flag, and the name it announces. */
const LISTENERS: Partial<Record<SplitApp, { readonly env: string; readonly address: string }>> = {
  'chain-node': { env: 'CAIRN_NODE_PORT', address: 'node' },
  gateway: { env: 'CAIRN_GATEWAY_PORT', address: 'gateway' },
  'admin-api': { env: 'CAIRN_ADMIN_PORT', address: 'admin' },
};

const READY_MS = 120_000;
const FUNDS = 100n * 1_000_000_000n;

/** One answer of an HTTP API. */
export interface SplitAnswer {
  readonly status: number;
  readonly body: unknown;
}

/** One operator's apps, each a process, on one Redis; with providers. */
export class SplitSite {
  private readonly children = new Map<string, Child>();
  private readonly ports = new Map<SplitApp, string>();
  private readonly every: Child[] = [];

  private constructor(
    readonly folder: string,
    private readonly redisUrl: string,
  ) {}

  static async create(redisUrl: string): Promise<SplitSite> {
    return new SplitSite(await mkdtemp(join(tmpdir(), 'cairn-split-')), redisUrl);
  }

  url(app: 'chain-node' | 'gateway' | 'admin-api'): string {
    return `http://127.0.0.1:${this.ports.get(app) ?? '9'}`;
  }

  isRunning(app: SplitApp): boolean {
    return this.children.get(app)?.isRunning() === true;
  }

  /** Starts an app, or starts it again on its folder and port, and waits until it is ready. */
  async start(app: SplitApp): Promise<void> {
    const listener = LISTENERS[app];
    const port: Record<string, string> =
      listener === undefined ? {} : { [listener.env]: this.ports.get(app) ?? '0' };
    const child = this.spawn(app, app, {
      ...port,
      CAIRN_P2P_PORT: '0',
      CAIRN_MINER_ADDRESS: faucetAddress(),
    });
    const ready = await child.ready(READY_MS);
    const address = listener === undefined ? undefined : ready[listener.address];
    if (address !== undefined) this.ports.set(app, new URL(address).port);
  }

  /** SIGTERM. */
  async stop(app: SplitApp): Promise<ChildExit> {
    return this.children.get(app)?.stop() ?? { code: null, signal: null };
  }

  /** SIGKILL. */
  async kill(app: SplitApp): Promise<void> {
    await this.children.get(app)?.kill();
  }

  /** Runs an app that is expected not to start, with other settings; its exit code and last words. */
  async startInVain(
    app: SplitApp,
    settings: Readonly<Record<string, string>>,
  ): Promise<{ readonly code: number | null; readonly said: string }> {
    const child = this.spawn(`${app} in vain`, app, settings);
    const { code } = await child.exited;
    return { code, said: child.lastLines().join('\n') };
  }

  /** Starts providers with coins and waits until their offers and addresses are on chain. */
  async startProviders(count: number): Promise<void> {
    const children = Array.from({ length: count }, (_, index) =>
      this.spawn(`provider ${index}`, 'provider', { CAIRN_PROVIDER_PORT: '0', REDIS_URL: '' }),
    );
    const addresses: string[] = [];
    for (const child of children) addresses.push((await child.ready(READY_MS))['address'] ?? '');
    for (const address of addresses) await this.fund(address);
    await waitUntil('providers on chain', READY_MS, async () => {
      const { body } = await this.get('admin-api', '/api/v1/endpoints');
      return (body as { items: unknown[] }).items.length === count;
    });
  }

  /** Sends coins from the faucet. */
  async fund(address: string): Promise<void> {
    const law = createNetworkLaw(devnet, nativeCrypto);
    const ledger = createNodeClient({ baseUrl: this.url('chain-node') });
    try {
      const { account } = await ledger.account({ account: address });
      await requestCoins(ledger, law, account as AccountId, FUNDS);
      await waitUntil(`coins of ${address}`, READY_MS, async () => {
        const { balance } = await ledger.account({ account: address });
        return BigInt(balance) >= FUNDS / 2n; // fees of what it publishes at once are gone already
      });
    } finally {
      await ledger.close();
    }
  }

  /** GET of JSON; status 0 where nothing listens. */
  async get(app: 'chain-node' | 'gateway' | 'admin-api', path: string): Promise<SplitAnswer> {
    try {
      const response = await fetch(this.url(app) + path, { signal: AbortSignal.timeout(40_000) });
      return { status: response.status, body: await response.json() };
    } catch (error) {
      if ((error as Error).name === 'TimeoutError') throw error;
      return { status: 0, body: null };
    }
  }

  /** Stops everything in the order that lets each say its last words; how each app ended. */
  async stopAll(): Promise<Record<string, ChildExit>> {
    const exits: Record<string, ChildExit> = {};
    const order = [...this.children.keys()].reverse();
    for (const name of order)
      exits[name] = (await this.children.get(name)?.stop()) ?? { code: null, signal: null };
    return exits;
  }

  /** Ends whatever is left and deletes the folder. */
  async dispose(): Promise<void> {
    await Promise.all(this.every.map((child) => child.kill()));
    await rm(this.folder, { recursive: true, force: true });
  }

  private spawn(name: string, app: string, settings: Readonly<Record<string, string>>): Child {
    const child = spawnChild({
      name,
      file: resolve('dist', 'apps', app, 'main.js'),
      cwd: tmpdir(),
      env: {
        CAIRN_NETWORK: 'devnet',
        CAIRN_CHECK_INVARIANTS: 'on',
        CAIRN_DATA_DIR: join(this.folder, name.replaceAll(' ', '-')),
        CAIRN_LOG_LEVEL: 'warn',
        CAIRN_LOG_FORMAT: 'json',
        CAIRN_PASSPHRASE: '',
        CAIRN_OPS_PORT: '0',
        CAIRN_NODE_URL: this.url('chain-node'),
        REDIS_URL: this.redisUrl,
        ...settings,
      },
    });
    this.children.set(name, child);
    this.every.push(child);
    return child;
  }
}

function faucetAddress(): string {
  const key = hexToBytes(devnet.genesis.allocations[0]?.publicKey ?? '');
  return accountIdToAddress(devnet, publicKeyToAccountId(nativeCrypto, devnet, key));
}
