import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { type AccountId, accountIdToAddress, devnet, publicKeyToAccountId } from '#chain';
import { requestCoins, Wallet } from '#client';
import { createNetworkLaw } from '#contracts';
import { nativeCrypto } from '#crypto-native';
import { type Child, spawnChild } from '#lifecycle';
import { createNodeClient, type NodeClient } from '#node-api';
import { waitUntil } from './wait.js';

/** One provider process of a test network. */
export interface TestProvider {
  readonly index: number;
  readonly address: string;
  readonly url: string;
  readonly dataDir: string;
  child: Child;
}

export interface TestNetworkOptions {
  readonly providers: number;
  /** Settings of every provider. */
  readonly providerSettings?: Readonly<Record<string, string>>;
  /** Settings of one of them. */
  readonly settingsOf?: (provider: number) => Readonly<Record<string, string>>;
  /** Where the network lives; a temporary folder of its own unless told. */
  readonly folder?: string;
  /** Whether the node checks its own invariants at every block: yes unless told, for that is what tests are for. */
  readonly checkInvariants?: boolean;
}

const READY_MS = 60_000;
const PROVIDER_FUNDS = 1_000n * 1_000_000_000n;
const LOG_LEVEL = 'warn';

/** A chain node, a miner and providers as real processes with folders of their own, on free ports. */
export class TestNetwork {
  readonly providers: TestProvider[] = [];
  readonly law = createNetworkLaw(devnet, nativeCrypto);
  private node: Child | undefined;
  private miner: Child | undefined;
  private client: NodeClient | undefined;
  private url = '';
  /** Every process ever started here. */
  private readonly started: Child[] = [];

  private constructor(
    readonly folder: string,
    private readonly checkInvariants: boolean,
    private readonly settingsOf: (provider: number) => Readonly<Record<string, string>>,
  ) {}

  /** Starts everything and waits until every provider has its offer and its address on chain. */
  static async start(options: TestNetworkOptions): Promise<TestNetwork> {
    const folder = options.folder ?? (await mkdtemp(join(tmpdir(), 'cairn-network-')));
    const network = new TestNetwork(folder, options.checkInvariants ?? true, (provider) => ({
      ...options.providerSettings,
      ...options.settingsOf?.(provider),
    }));
    try {
      await network.startNode();
      await network.startMiner();
      await network.addProviders(options.providers);
      return network;
    } catch (error) {
      await network.stop();
      throw error;
    }
  }

  get nodeUrl(): string {
    return this.url;
  }

  get ledger(): NodeClient {
    if (this.client === undefined) throw new Error('the network is not running');
    return this.client;
  }

  /** Starts the node, or starts it again on the same folder and port after `killNode`. */
  async startNode(): Promise<void> {
    const port = this.url === '' ? '0' : new URL(this.url).port;
    this.node = this.spawn('chain-node', 'chain-node', join(this.folder, 'node'), {
      CAIRN_NODE_PORT: port,
      CAIRN_P2P_PORT: '0',
    });
    const ready = await this.node.ready(READY_MS);
    this.url = ready['node'] ?? '';
    this.client ??= createNodeClient({ baseUrl: this.url });
  }

  /** SIGKILL. */
  async killNode(): Promise<void> {
    await this.node?.kill();
  }

  /** Starts a miner in place of one that was killed. */
  async startMiner(): Promise<void> {
    this.miner = this.spawn('miner', 'miner', join(this.folder, 'miner'), {
      CAIRN_NODE_URL: this.nodeUrl,
      CAIRN_MINER_ADDRESS: this.faucetAddress(),
      CAIRN_OPS_PORT: '0',
    });
    await this.miner.ready(READY_MS);
  }

  /** SIGKILL. */
  async killMiner(): Promise<void> {
    await this.miner?.kill();
  }

  /** Ends the miner: no block comes any more, unless somebody else mines. */
  async stopMiner(): Promise<void> {
    await this.miner?.stop();
  }

  /** SIGSTOP: no block comes until `resumeMiner`. */
  pauseMiner(): void {
    if (this.miner?.isRunning() === true) process.kill(this.miner.pid, 'SIGSTOP');
  }

  resumeMiner(): void {
    if (this.miner?.isRunning() === true) process.kill(this.miner.pid, 'SIGCONT');
  }

  /** Adds providers, funds them, waits for their records on chain. */
  async addProviders(count: number): Promise<TestProvider[]> {
    const first = this.providers.length;
    const children = Array.from({ length: count }, (_, at) => this.spawnProvider(first + at, '0'));
    const added: TestProvider[] = [];
    for (const [at, child] of children.entries()) {
      const ready = await child.ready(READY_MS);
      const index = first + at;
      added.push({
        index,
        address: ready['address'] ?? '',
        url: ready['url'] ?? '',
        dataDir: this.providerDir(index),
        child,
      });
    }
    this.providers.push(...added);
    for (const { address } of added) await this.fund(address, PROVIDER_FUNDS);
    await waitUntil('every provider on chain', READY_MS, async () => {
      for (const { address } of added) {
        if ((await this.ledger.offer({ provider: address })) === null) return false;
        if ((await this.ledger.endpoint({ principal: address })) === null) return false;
      }
      return true;
    });
    return added;
  }

  /** Sends coins from the faucet and waits until they are in a block. */
  async fund(address: string, amount: bigint): Promise<void> {
    const { account } = await this.ledger.account({ account: address });
    const submitted = await requestCoins(this.ledger, this.law, account as AccountId, amount);
    await new Wallet({ ledger: this.ledger, law: this.law, key: anyKey() }).confirm(submitted);
  }

  /** Starts a provider again on its folder and its port, after a SIGKILL where it still runs. */
  async restartProvider(
    provider: TestProvider,
    settings: Readonly<Record<string, string>> = {},
  ): Promise<void> {
    await provider.child.kill();
    provider.child = this.spawnProvider(provider.index, new URL(provider.url).port, settings);
    await provider.child.ready(READY_MS);
  }

  /** Ends every process and deletes the folder; an Error where the supply did not balance at the end. */
  async stop(): Promise<void> {
    const differences = await this.supplyDifferences();
    await this.client?.close();
    // One that was frozen by SIGSTOP hears nothing but SIGKILL.
    for (const { child } of this.providers) if (child.isRunning()) process.kill(child.pid, 'SIGCONT');
    this.resumeMiner();
    const children = [...this.providers.map(({ child }) => child), this.miner, this.node];
    await Promise.all(children.map((child) => child?.stop()));
    await rm(this.folder, { recursive: true, force: true });
    if (differences.length > 0) throw new Error(`the supply does not balance: ${differences.join('; ')}`);
  }

  /** What the audit of every block finds wrong; nothing where the node never answered. */
  private async supplyDifferences(): Promise<readonly string[]> {
    if (this.client === undefined || this.node?.isRunning() !== true) return [];
    const audit = await this.client.audit();
    return audit.balanced ? [] : [`at block ${audit.height}`, ...audit.differences];
  }

  /** Names of processes that were started and are not gone. */
  runningProcesses(): string[] {
    return this.started.filter((child) => child.isRunning()).map(({ name }) => name);
  }

  /** Of the processes that run now. */
  processIds(): number[] {
    return this.started.filter((child) => child.isRunning()).map(({ pid }) => pid);
  }

  private providerDir(index: number): string {
    return join(this.folder, 'providers', String(index));
  }

  private spawnProvider(index: number, port: string, settings: Readonly<Record<string, string>> = {}): Child {
    return this.spawn(`provider ${index}`, 'provider', this.providerDir(index), {
      CAIRN_NODE_URL: this.url,
      CAIRN_PROVIDER_PORT: port,
      ...this.settingsOf(index),
      ...settings,
    });
  }

  private spawn(
    name: string,
    app: string,
    dataDir: string,
    settings: Readonly<Record<string, string>>,
  ): Child {
    const child = spawnChild({
      name,
      file: resolve('dist', 'apps', app, 'main.js'),
      cwd: tmpdir(),
      env: {
        CAIRN_NETWORK: 'devnet',
        CAIRN_CHECK_INVARIANTS: this.checkInvariants ? 'on' : 'off',
        CAIRN_DATA_DIR: dataDir,
        CAIRN_LOG_LEVEL: LOG_LEVEL,
        CAIRN_PASSPHRASE: '',
        ...settings,
      },
    });
    this.started.push(child);
    return child;
  }

  private faucetAddress(): string {
    const allocation = devnet.genesis.allocations[0];
    const key = Uint8Array.from(Buffer.from(allocation?.publicKey ?? '', 'hex'));
    return accountIdToAddress(devnet, publicKeyToAccountId(nativeCrypto, devnet, key));
  }
}

/** Following a transaction needs no key of one's own. */
function anyKey(): { secretKey: Uint8Array; publicKey: Uint8Array } {
  const secretKey = new Uint8Array(32).fill(1);
  return { secretKey, publicKey: nativeCrypto.publicKey(secretKey) };
}
