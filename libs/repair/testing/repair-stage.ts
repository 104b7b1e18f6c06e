import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { handOver, memorySource, repairDeposits, repairSubject } from '#client';
import { decodeManifest, encodeManifest, type Manifest } from '#fragments';
import { createHttpApp, type RunningHttpApp } from '#http';
import { createEmbeddedJobQueue, type JobQueue } from '#jobs';
import { createLogger } from '#logging';
import { ValuesModule } from '#services';
import type { ContractView } from '#wire';
import { ClientStage } from '../../client/testing/index.js';
import { fastDevnet } from '../../ledger/testing/index.js';
import type { TestProvider } from '../../provider/testing/index.js';
import {
  parseRepairHours,
  REPAIR_STATUS_TABLE,
  REPAIRER,
  RepairApiModule,
  Repairer,
  type RepairerOptions,
} from '../index.js';

const COIN = 1_000_000_000n;
const LABEL = 'repairer';
const BLOCK_MS = 120;
const MAX_BLOCKS = 200;

/** A file as its client left it. */
export interface LeftFile {
  readonly bytes: Uint8Array;
  readonly manifest: Manifest;
  readonly contracts: readonly string[];
}

/** A market with providers, a client that names a repairer, and the repairer with its API over real HTTP. */
export class RepairStage {
  private app: RunningHttpApp | undefined;
  private queue: JobQueue | undefined;
  private readonly gone: TestProvider[] = [];

  private constructor(
    readonly client: ClientStage,
    readonly folder: string,
    public repairer: Repairer,
  ) {}

  static async open(providers: number, options: Partial<RepairerOptions> = {}): Promise<RepairStage> {
    const client = await ClientStage.open();
    for (let seed = 2; seed <= providers; seed++) await client.market.addProvider({ seed });
    const folder = await mkdtemp(join(tmpdir(), 'cairn-repair-'));
    const stage = new RepairStage(client, folder, undefined as never);
    await client.market.ledger.fund(COIN, client.market.ledger.wallet(LABEL));
    await stage.startRepairer(options);
    const { ledger } = client.market.ledger;
    await client.market.mineUntil('the repairer’s endpoint', async () => {
      return (await ledger.endpoint({ principal: stage.repairer.address })) !== null;
    });
    const deposits = repairDeposits({ ledger, address: stage.repairer.address });
    await client.reopenClient({ deposits, requestTimeoutMs: 20_000 });
    return stage;
  }

  /** Opens the repairer on its folder, as a restarted process would. */
  async startRepairer(options: Partial<RepairerOptions> = {}): Promise<void> {
    const { ledger } = this.client.market.ledger;
    this.queue = await createEmbeddedJobQueue({ file: join(this.folder, 'jobs.sqlite') });
    this.repairer = await Repairer.open({
      params: fastDevnet,
      ledger,
      queue: this.queue,
      keys: this.client.market.ledger.wallet(LABEL),
      folder: join(this.folder, 'repair'),
      logger: createLogger({ app: 'repairer', level: 'silent', format: 'json' }),
      hours: parseRepairHours('all')!,
      requestTimeoutMs: 3_000,
      ...options,
    });
    this.app = await createHttpApp(
      { module: RepairApiModule, imports: [ValuesModule.of(new Map([[REPAIRER, this.repairer]]))] },
      { port: this.app?.port ?? 0, statusTable: REPAIR_STATUS_TABLE },
    );
    await this.repairer.start(this.app.url);
  }

  async stopRepairer(): Promise<void> {
    await this.app?.close();
    await this.repairer.close();
    await this.queue?.close();
  }

  get url(): string {
    return this.app?.url ?? '';
  }

  /** Stores bytes with all of profile 2/3/4 in segments of 128 KiB, and hands them to the repairer. */
  async store(sizeBytes: number, epochs = 12): Promise<LeftFile> {
    const bytes = new Uint8Array(randomBytes(sizeBytes));
    const { client } = this.client;
    const profile = { k: 2, repairBelow: 3, n: 4 };
    const stored = await this.whileMining(
      client.storeSource(memorySource(bytes), 'file', { profile, epochs, fragmentSize: 65_536 }),
    );
    const decoded = decodeManifest(stored.entry.manifest);
    if (!decoded.ok) throw new Error(decoded.violation.rule);
    const manifest = decoded.value;
    const { failed } = await handOver(client.context, [{ name: 'file', manifest }]);
    if (failed.length > 0) throw failed[0]!.error;
    return { bytes, manifest, contracts: stored.contracts };
  }

  /**
   * Mines until something holds, slowly: the repairer looks at every block, and asks providers over HTTP meanwhile.
   * `isProven` false: where a provider cannot prove what it lost.
   */
  async mineUntil(
    what: string,
    isDone: () => Promise<boolean> | boolean,
    { isProven = true }: { isProven?: boolean } = {},
  ): Promise<void> {
    const { market } = this.client;
    for (let block = 0; block < MAX_BLOCKS; block++) {
      await market.mine();
      if (isProven) await market.proven();
      await delay(BLOCK_MS);
      if (await isDone()) return;
    }
    throw new Error(`mined ${MAX_BLOCKS} blocks in vain until ${what}`);
  }

  /** Mines until something is done, however long that takes on a busy machine. */
  private async whileMining<T>(work: Promise<T>): Promise<T> {
    let isDone = false;
    const settled = work.finally(() => {
      isDone = true;
    });
    settled.catch(() => undefined);
    const deadline = Date.now() + 120_000;
    while (!isDone && Date.now() < deadline) {
      await this.client.market.mine();
      await this.client.market.proven();
      await delay(BLOCK_MS);
    }
    return settled;
  }

  subjectOf({ manifest }: LeftFile): string {
    return repairSubject(this.client.client.context, manifest);
  }

  async read({ manifest }: LeftFile): Promise<Uint8Array> {
    const { client } = this.client;
    const entry = {
      path: 'file',
      sizeBytes: BigInt(manifest.sizeBytes),
      modifiedAt: 0n,
      storedAt: 0n,
      paidUntilHeight: 0n,
      manifest: encodeManifest(manifest),
    };
    const parts: Uint8Array[] = [];
    for await (const part of client.read(entry)) parts.push(part);
    return new Uint8Array(Buffer.concat(parts));
  }

  providerOf({ providerAddress }: ContractView): TestProvider {
    const { provider, others } = this.client.market;
    const found = [provider, ...others].find(({ address }) => address === providerAddress);
    if (found === undefined) throw new Error(`no provider ${providerAddress}`);
    return found;
  }

  /** Stops a provider; it proves nothing any more. */
  async lose(provider: TestProvider): Promise<void> {
    const { market } = this.client;
    await provider.stop();
    if (market.provider === provider) market.provider = market.others.shift()!;
    else market.others.splice(market.others.indexOf(provider), 1);
    this.gone.push(provider);
  }

  /** Brings a provider back on its folder and port. */
  async bringBack(provider: TestProvider): Promise<void> {
    this.gone.splice(this.gone.indexOf(provider), 1);
    this.client.market.others.push(await provider.reopen());
  }

  async close(): Promise<void> {
    await this.stopRepairer();
    await this.client.close();
    for (const { dataDir } of [...this.gone, { dataDir: this.folder }])
      await rm(dataDir, { recursive: true, force: true });
  }
}
