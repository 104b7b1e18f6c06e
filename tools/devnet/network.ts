import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { devnet, type Law } from '#chain';
import { askRepairer, requestCoins } from '#client';
import { createNetworkLaw } from '#contracts';
import { nativeCrypto } from '#crypto-native';
import { AppError } from '#errors';
import type { LedgerPort } from '#ledger';
import { type Child, checkDataVersion, type DataFolderLock, lockDataFolder, spawnChild } from '#lifecycle';
import { createNodeClient } from '#node-api';
import { waitFor } from './wait-for.js';

/** Where the network answers. */
export interface NetworkAddresses {
  readonly node: string;
  readonly gateway: string;
  readonly admin: string;
  readonly repairer: string;
}

/** One provider process. */
export interface ProviderProcess {
  readonly index: number;
  readonly name: string;
  /** Its account's address, once it is ready. */
  readonly address: string;
  readonly url: string;
  child: Child;
}

export interface NetworkOptions {
  readonly distRoot: string;
  readonly dataDir: string;
  readonly providers: number;
  readonly reset: boolean;
  readonly autoPorts: boolean;
  /** Starting on these when autoPorts is off. The provider port itself stays free for one of the user's own. */
  readonly ports: {
    readonly node: number;
    readonly p2p: number;
    readonly gateway: number;
    readonly admin: number;
    readonly repairer: number;
    readonly provider: number;
  };
}

/** Coins each provider is given for its collateral and its first fees. */
const PROVIDER_FUNDS = 1_000n * 1_000_000_000n;
const PROVIDER_LOW = PROVIDER_FUNDS / 4n;
/** What the repairer announces itself with; a replacement is paid by what its client set aside. */
const REPAIRER_FUNDS = 10n * 1_000_000_000n;
const REPAIRER_LOW = REPAIRER_FUNDS / 4n;
const READY_MS = 60_000;

/** A private network of real processes on this machine: a site (node, miner, services, web page) and providers. */
export class DevnetNetwork {
  readonly providers: ProviderProcess[] = [];
  readonly law: Law = createNetworkLaw(devnet, nativeCrypto);
  private site: Child | undefined;
  private folderLock: DataFolderLock | undefined;
  private client: (LedgerPort & { close(): void | Promise<void> }) | undefined;
  private found: NetworkAddresses | undefined;
  private repairer: string | undefined;

  constructor(private readonly options: NetworkOptions) {}

  get clientDir(): string {
    return join(this.options.dataDir, 'client');
  }

  get siteDir(): string {
    return join(this.options.dataDir, 'site');
  }

  get addresses(): NetworkAddresses {
    if (this.found === undefined)
      throw new AppError({ code: 'devnet/not-started', message: 'The network is not running.' });
    return this.found;
  }

  get ledger(): LedgerPort {
    if (this.client === undefined)
      throw new AppError({ code: 'devnet/not-started', message: 'The network is not running.' });
    return this.client;
  }

  /** Takes the data folder: nobody else may run the same network. */
  async claim(): Promise<void> {
    const { dataDir, reset } = this.options;
    await mkdir(dataDir, { recursive: true });
    this.folderLock = await lockDataFolder(dataDir, 'devnet');
    if (reset) {
      for (const part of ['site', 'client', 'logs', 'version.json'])
        await rm(join(dataDir, part), { recursive: true, force: true });
      await rm(join(dataDir, 'providers'), { recursive: true, force: true });
    }
    await checkDataVersion(dataDir, devnet.protocolVersion);
    await mkdir(join(dataDir, 'logs'), { recursive: true });
  }

  /** Starts the site and waits until it answers. */
  async startSite(): Promise<void> {
    const { ports, autoPorts } = this.options;
    const port = (value: number) => String(autoPorts ? 0 : value);
    this.site = this.spawn('site', 'apps/site/main.js', this.siteDir, {
      CAIRN_NODE_PORT: port(ports.node),
      CAIRN_P2P_PORT: port(ports.p2p),
      CAIRN_GATEWAY_PORT: port(ports.gateway),
      CAIRN_ADMIN_PORT: port(ports.admin),
      CAIRN_REPAIRER_PORT: port(ports.repairer),
    });
    const ready = await this.site.ready(READY_MS);
    this.found = {
      node: need(ready, 'node'),
      gateway: need(ready, 'gateway'),
      admin: need(ready, 'admin'),
      repairer: need(ready, 'repairer'),
    };
    this.client = createNodeClient({ baseUrl: this.found.node });
    this.repairer = (await askRepairer(this.found.repairer)).address;
  }

  /** The repairer's account, once the site is ready. */
  get repairerAddress(): string {
    if (this.repairer === undefined)
      throw new AppError({ code: 'devnet/not-started', message: 'The network is not running.' });
    return this.repairer;
  }

  /** Starts all providers, and gives the repairer what it announces itself with. */
  async startProviders(): Promise<void> {
    const { repairerAddress } = this;
    const { pendingBalance } = await this.ledger.account({ account: repairerAddress });
    if (BigInt(pendingBalance) < REPAIRER_LOW) await this.fund(repairerAddress, REPAIRER_FUNDS);
    await this.addProviders(this.options.providers);
    await waitFor('the repairer to announce itself on chain', 60_000, async () => {
      return (await this.ledger.endpoint({ principal: repairerAddress })) !== null;
    });
  }

  /** Starts providers, gives those who need it coins, and waits until every one has its offer on chain. */
  async addProviders(count: number): Promise<readonly ProviderProcess[]> {
    const first = this.providers.length;
    const children = Array.from({ length: count }, (_, at) => this.spawnProvider(first + at));
    for (const [at, child] of children.entries()) {
      const index = first + at;
      const ready = await child.ready(READY_MS);
      this.providers.push({
        index,
        name: `provider ${index + 1}`,
        address: need(ready, 'address'),
        url: need(ready, 'url'),
        child,
      });
    }
    const added = this.providers.slice(first);
    for (const { address } of added) {
      const { pendingBalance } = await this.ledger.account({ account: address });
      if (BigInt(pendingBalance) < PROVIDER_LOW) await this.fund(address, PROVIDER_FUNDS);
    }
    await waitFor('every provider to announce its offer and its address on chain', 60_000, async () => {
      for (const { address } of added) {
        if ((await this.ledger.offer({ provider: address })) === null) return false;
        if ((await this.ledger.endpoint({ principal: address })) === null) return false;
      }
      return true;
    });
    return added;
  }

  /** Sends coins from the faucet. */
  async fund(address: string, amount: bigint): Promise<void> {
    const { account } = await this.ledger.account({ account: address });
    await requestCoins(this.ledger, this.law, account as never, amount);
  }

  /** SIGKILL, as a power cut. */
  async killProvider(index: number): Promise<void> {
    await this.providers[index]?.child.kill();
  }

  /** Brings a killed provider back on its own data. */
  async restartProvider(index: number): Promise<void> {
    const provider = this.providers[index];
    if (provider === undefined || provider.child.isRunning()) return;
    provider.child = this.spawnProvider(index);
    await provider.child.ready(READY_MS);
  }

  /** Stops everything: providers first, so that their last words reach the node. */
  async stop(): Promise<void> {
    await Promise.all(this.providers.map(({ child }) => child.stop()));
    await this.client?.close();
    await this.site?.stop();
    await this.folderLock?.release();
  }

  /** Resolves with the last lines of the site when it ends, whoever ended it. */
  async siteEnded(): Promise<string> {
    await this.site?.exited;
    return this.site?.lastLines().join('\n') ?? '';
  }

  private spawnProvider(index: number): Child {
    const { dataDir, ports, autoPorts } = this.options;
    return this.spawn(
      `provider-${index + 1}`,
      'apps/provider/main.js',
      join(dataDir, 'providers', String(index + 1)),
      {
        CAIRN_NODE_URL: this.addresses.node,
        CAIRN_PROVIDER_PORT: String(autoPorts ? 0 : ports.provider + 1 + index),
      },
    );
  }

  private spawn(name: string, entry: string, dataDir: string, env: Record<string, string>): Child {
    return spawnChild({
      name,
      file: join(this.options.distRoot, entry),
      env: {
        CAIRN_NETWORK: 'devnet',
        CAIRN_DATA_DIR: dataDir,
        CAIRN_PASSPHRASE: '',
        CAIRN_LOG_FORMAT: 'json',
        ...env,
      },
      logFile: join(this.options.dataDir, 'logs', `${name}.log`),
    });
  }
}

function need(addresses: Readonly<Record<string, string>>, name: string): string {
  const value = addresses[name];
  if (value === undefined)
    throw new AppError({ code: 'devnet/no-address', message: `A process did not tell its ${name} address.` });
  return value;
}
