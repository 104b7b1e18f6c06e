import type { Readable } from 'node:stream';
import type { FileEntry } from '#catalogue';
import type { NetworkParams } from '#chain';
import {
  CairnClient,
  type FileHealth,
  type HandOver,
  handOverCatalogue,
  type StandingDeposits,
  type StoredFile,
} from '#client';
import { AppError } from '#errors';
import type { RedundancyProfile } from '#fragments';
import type { LedgerPort } from '#ledger';
import type { ByteRange } from './byte-range.js';
import { Spool } from './spool.js';

export interface FileVaultOptions {
  readonly ledger: LedgerPort;
  readonly params: NetworkParams;
  readonly phrase: string;
  /** Folder of bodies that wait to be sealed. */
  readonly spoolDir: string;
  readonly requestTimeoutMs?: number;
  /** Folder for what must outlive a killed process: negotiations under way, totals of read vouchers. */
  readonly journalFolder?: string;
  /** Set aside in new contracts, and who repairs them. */
  readonly deposits?: StandingDeposits;
  /** Remembers what was handed to repairers; without it nothing is handed over. */
  readonly repairBook?: string;
  readonly onHandedOver?: (handOver: HandOver) => void;
}

/** The files of one phrase, stored and fetched for whoever may reach this process. */
export class FileVault {
  private anchoring: Promise<unknown> = Promise.resolve();
  /** What an earlier run left open is withdrawn once, before the first store. */
  private tidied: Promise<unknown> | undefined;

  private constructor(
    readonly client: CairnClient,
    private readonly spool: Spool,
    private readonly repair: Pick<FileVaultOptions, 'repairBook' | 'onHandedOver'>,
  ) {}

  static async open({
    spoolDir,
    repairBook,
    onHandedOver,
    ...options
  }: FileVaultOptions): Promise<FileVault> {
    const repair = {
      ...(repairBook === undefined ? {} : { repairBook }),
      ...(onHandedOver === undefined ? {} : { onHandedOver }),
    };
    return new FileVault(CairnClient.open(options), await Spool.open(spoolDir), repair);
  }

  get address(): string {
    return this.client.address;
  }

  async balance(): Promise<bigint> {
    return this.client.context.wallet.balance();
  }

  /** Stores a body under a name and publishes it: once this resolves, phrase and network are enough to get it back. */
  async store(
    name: string,
    body: Readable,
    options: { profile: RedundancyProfile; epochs: number; signal: AbortSignal },
  ): Promise<StoredFile> {
    const spooled = await this.spool.receive(body);
    try {
      this.tidied ??= this.client.withdrawOpenNegotiations().catch((error: unknown) => {
        this.tidied = undefined;
        throw error;
      });
      await this.tidied;
      const stored = await this.client.storeFile(spooled.path, name, options);
      await this.inTurn(() => this.client.anchor([stored.entry]));
      return stored;
    } finally {
      await spooled.remove();
    }
  }

  /** @throws AppError `catalogue/no-such-file` */
  file(name: string): Promise<FileEntry> {
    return this.client.file(name);
  }

  async files(): Promise<readonly FileEntry[]> {
    return (await this.client.catalogue()).catalogue.files;
  }

  read(entry: FileEntry, options: { range: ByteRange; signal: AbortSignal }): AsyncGenerator<Uint8Array> {
    return this.client.read(entry, options);
  }

  health(entry: FileEntry): Promise<FileHealth> {
    return this.client.health(entry);
  }

  remove(name: string): Promise<{ ended: number }> {
    return this.inTurn(() => this.client.remove([name]));
  }

  async close(): Promise<void> {
    await this.anchoring.catch((error: unknown) => {
      if (!(error instanceof AppError)) throw error;
    });
    await this.client.close();
  }

  /** What it could not hand over is told, and tried again after the next change. */
  private async handOver(): Promise<void> {
    const { repairBook: book, onHandedOver } = this.repair;
    if (book === undefined) return;
    try {
      onHandedOver?.(await handOverCatalogue(this.client.context, await this.client.catalogue(), { book }));
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
      onHandedOver?.({ handed: 0, withdrawn: 0, failed: [{ name: 'everything', repairer: '', error }] });
    }
  }

  /** Two changes of the catalogue at once would only make one of them start over. */
  private inTurn<T>(change: () => Promise<T>): Promise<T> {
    const run = this.anchoring.then(change, change).then(async (done) => {
      await this.handOver();
      return done;
    });
    this.anchoring = run.catch(() => undefined);
    return run;
  }
}
