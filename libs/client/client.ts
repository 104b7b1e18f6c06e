import { join } from 'node:path';
import { type Catalogue, type FileEntry, findFile, withFile, withoutFile } from '#catalogue';
import type { FragmentId, NetworkParams } from '#chain';
import { createNetworkLaw } from '#contracts';
import { bytesToHex } from '#crypto';
import { nativeCrypto } from '#crypto-native';
import { createSegmentPipeline } from '#erasure';
import { AppError, violationToText } from '#errors';
import { decodeManifest, encodeManifest, type Manifest, type RedundancyProfile } from '#fragments';
import type { LedgerPort } from '#ledger';
import type { Quote } from '#market';
import { catalogueSizeWith, type NewFile } from './catalogue/catalogue-size.js';
import {
  catalogueProfile,
  changeCatalogue,
  isOutcomeUnknown,
  type LoadedCatalogue,
  loadCatalogue,
} from './catalogue/catalogue-store.js';
import type { CallOptions, ClientContext } from './context.js';
import { drop, liveFragments } from './contracts/drop.js';
import { type RenewedFile, type RenewFileOptions, renewFile } from './contracts/renew-file.js';
import { checkFile, type FileHealth } from './health/file-health.js';
import { type ClientIdentity, createIdentity } from './identity.js';
import type { DealLimits } from './negotiation/deal-limits.js';
import { createFileJournal, noJournal } from './negotiation/negotiation-journal.js';
import { withdrawOpenNegotiations } from './negotiation/resume.js';
import { ProviderDirectory } from './providers/provider-directory.js';
import { fileVoucherBook, memoryVoucherBook } from './reads/voucher-book.js';
import { type ByteRange, readFile } from './transfer/download.js';
import { explainExpiry } from './transfer/expiry.js';
import { abandonContracts, endContracts } from './transfer/form-contracts.js';
import { openSource, type SourceFile } from './transfer/source.js';
import { storeUnderContracts } from './transfer/store.js';
import { contractsOf } from './transfer/upload.js';
import { assertAffordable, type Deposits, planUpload } from './transfer/upload-plan.js';
import { type Submitted, Wallet } from './wallet/wallet.js';

/** What a client is made of. */
export interface ClientOptions {
  readonly ledger: LedgerPort;
  readonly params: NetworkParams;
  readonly phrase: string;
  /** Worker threads for sealing and opening; one per core unless given. */
  readonly workers?: number;
  /** Silence after which a provider is given up. */
  readonly requestTimeoutMs?: number;
  readonly nowMs?: () => number;
  /** Folder for what must outlive a killed client: negotiations under way, totals of read vouchers. Nothing is written where absent. */
  readonly journalFolder?: string;
  /** Most that this client pays for reading, base units; default: what its contracts have locked for it. */
  readonly maxReadCost?: bigint;
}

/** How something is to be stored. */
export interface StoreOptions extends CallOptions {
  readonly profile: RedundancyProfile;
  readonly epochs: number;
  readonly fragmentSize?: number;
  /** How far providers' prices may have risen above those quoted. */
  readonly limits?: DealLimits;
  /** Set aside in each contract; the quote does not count it. */
  readonly deposits?: Deposits;
  /** Called with the price before anything is paid; throw to refuse. */
  readonly onQuote?: (quote: Quote) => void | Promise<void>;
}

/** A file that is stored and paid for, but found again only once it is anchored. */
export interface StoredFile {
  readonly entry: FileEntry;
  readonly quote: Quote;
  readonly contracts: readonly string[];
}

const DEFAULT_TIMEOUT_MS = 10_000;

/** What every action works with, for an identity; `closeClientContext` ends its workers and connections. */
export function openClientContext(
  options: Omit<ClientOptions, 'phrase'>,
  identity: ClientIdentity,
): ClientContext {
  const { ledger, params, journalFolder: folder } = options;
  const crypto = nativeCrypto;
  const law = createNetworkLaw(params, crypto);
  return {
    params,
    crypto,
    law,
    ledger,
    identity,
    wallet: new Wallet({ ledger, law, key: identity.wallet }),
    providers: new ProviderDirectory(ledger),
    pipeline: createSegmentPipeline(options.workers === undefined ? {} : { workers: options.workers }),
    journal: folder === undefined ? noJournal : createFileJournal(join(folder, 'negotiations')),
    vouchers: folder === undefined ? memoryVoucherBook() : fileVoucherBook(join(folder, 'vouchers')),
    readBudget: { maxCost: options.maxReadCost, spent: 0n },
    requestTimeoutMs: options.requestTimeoutMs ?? DEFAULT_TIMEOUT_MS,
    nowMs: options.nowMs ?? Date.now,
  };
}

/** Ends workers and connections. */
export async function closeClientContext({ providers, pipeline }: ClientContext): Promise<void> {
  providers.close();
  await pipeline.close();
}

/** A client of the storage market: what the command line and the gateway share. */
export class CairnClient {
  private constructor(readonly context: ClientContext) {}

  /** Opens a client for a phrase; close it to end its workers and connections. */
  static open(options: ClientOptions): CairnClient {
    const identity = createIdentity(nativeCrypto, options.params, options.phrase);
    return new CairnClient(openClientContext(options, identity));
  }

  get address(): string {
    return this.context.identity.address;
  }

  /** The price of storing so many bytes now. */
  async quote(sizeBytes: number, options: StoreOptions): Promise<Quote> {
    return (await planUpload(this.context, { ...options, sizeBytes })).quote;
  }

  /**
   * About what publishing files costs on top of storing them: the list of all files is stored anew. What the list that
   * it replaces has not earned returns.
   */
  async quoteCatalogue(files: readonly NewFile[], options: StoreOptions): Promise<Quote> {
    const { catalogue } = await this.catalogue(options);
    const { params, ledger } = this.context;
    const { tip } = await ledger.status();
    const { epochBlocks, maxEpochs } = params.contract;
    const longest = catalogue.files.reduce(
      (most, file) => Math.max(most, Number(file.paidUntilHeight)),
      tip.height + options.epochs * epochBlocks,
    );
    const plan = await planUpload(this.context, {
      sizeBytes: catalogueSizeWith(catalogue, files, options),
      profile: catalogueProfile(this.context),
      epochs: Math.min(Math.ceil((longest - tip.height) / epochBlocks) + 1, maxEpochs),
    });
    return plan.quote;
  }

  /** Stores one local file under a name. Contracts are formed; call `anchor` to publish the entry. */
  async storeFile(localPath: string, name: string, options: StoreOptions): Promise<StoredFile> {
    const source = await openSource(localPath);
    try {
      return await this.storeSource(source, name, options);
    } finally {
      await source.close();
    }
  }

  /** Stores what a source gives under a name. */
  async storeSource(source: SourceFile, name: string, options: StoreOptions): Promise<StoredFile> {
    const upload = await planUpload(this.context, { ...options, sizeBytes: source.sizeBytes });
    await options.onQuote?.(upload.quote);
    await assertAffordable(this.context, upload.quote);
    const { manifest, contracts } = await storeUnderContracts(this.context, source, upload, options);
    const entry: FileEntry = {
      path: name,
      sizeBytes: BigInt(source.sizeBytes),
      modifiedAt: BigInt(source.modifiedAtMs),
      storedAt: BigInt(this.context.nowMs()),
      paidUntilHeight: BigInt(await this.paidUntil(upload.height, options.epochs, contracts)),
      manifest: encodeManifest(manifest),
    };
    return { entry, quote: upload.quote, contracts };
  }

  /**
   * Publishes stored files in the catalogue and ends the contracts of versions they replace. Where that certainly
   * failed, the contracts of the files themselves are ended: nobody would find them again.
   */
  async anchor(entries: readonly FileEntry[], options: CallOptions = {}): Promise<{ sequence: bigint }> {
    let replaced: FileEntry[] = [];
    const { sequence } = await this.change((catalogue) => {
      replaced = entries.flatMap(({ path }) => findFile(catalogue, path) ?? []);
      return entries.reduce(withFile, catalogue);
    }, options).catch(async (error: unknown) => {
      if (!isOutcomeUnknown(error)) await abandonContracts(this.context, entries.flatMap(contractsOfEntry));
      throw error;
    });
    // The new versions are published: a contract that cannot be ended now shows up as unused later.
    await abandonContracts(this.context, replaced.flatMap(contractsOfEntry));
    return { sequence };
  }

  /**
   * Publishes entries whose contracts go on longer. Nothing is ended, also where it fails: what was not renewed runs on
   * under the version before. A file that was removed meanwhile stays removed.
   */
  async anchorRenewed(
    entries: readonly FileEntry[],
    options: CallOptions = {},
  ): Promise<{ sequence: bigint }> {
    const { sequence } = await this.change(
      (catalogue) =>
        entries.filter(({ path }) => findFile(catalogue, path) !== undefined).reduce(withFile, catalogue),
      options,
    );
    return { sequence };
  }

  /** The newest catalogue on the network. */
  catalogue(options: CallOptions = {}): Promise<LoadedCatalogue> {
    return loadCatalogue(this.context, options);
  }

  /** The entry of a name; a name nobody stored is an AppError that says what is there. */
  async file(name: string, options: CallOptions = {}): Promise<FileEntry> {
    const { catalogue } = await this.catalogue(options);
    const entry = findFile(catalogue, name);
    if (entry === undefined) throw noSuchFile(name, catalogue);
    return entry;
  }

  /**
   * The bytes of a file in order, checked as they come.
   * @throws AppError `fetch/too-few-fragments`, or `fetch/expired` where nobody pays for it any longer
   */
  async *read(
    entry: FileEntry,
    options: CallOptions & { range?: ByteRange } = {},
  ): AsyncGenerator<Uint8Array> {
    try {
      yield* readFile(this.context, manifestOf(entry), options);
    } catch (error) {
      throw await explainExpiry(this.context, entry, error);
    }
  }

  /** Takes files out of the catalogue and ends their contracts. */
  async remove(names: readonly string[], options: CallOptions = {}): Promise<{ ended: number }> {
    let removed: FileEntry[] = [];
    let kept: readonly FileEntry[] = [];
    await this.change((catalogue) => {
      kept = catalogue.files.filter(({ path }) => !names.includes(path));
      removed = names.map((name) => {
        const entry = findFile(catalogue, name);
        if (entry === undefined) throw noSuchFile(name, catalogue);
        return entry;
      });
      return names.reduce(withoutFile, catalogue);
    }, options);
    const shared = new Set(kept.flatMap(contractsOfEntry));
    const contracts = removed.flatMap(contractsOfEntry);
    const submitted = await endContracts(
      this.context,
      contracts.filter((id) => !shared.has(id)),
    );
    await this.dropShared(removed, kept, shared, options);
    return { ended: submitted.length };
  }

  /** Renews every contract of a file with its provider. Call `anchorRenewed` with the entry: it says how long the file is paid. */
  renewFile(entry: FileEntry, options: RenewFileOptions): Promise<RenewedFile> {
    return renewFile(this.context, entry, manifestOf(entry), options);
  }

  /** Ends contracts of this account early and waits until that is on chain; answers those that were not over yet. */
  async endContracts(contracts: readonly string[], options: CallOptions = {}): Promise<string[]> {
    const ending = await endContracts(this.context, contracts);
    for (const { tx } of ending) await this.context.wallet.confirm(tx, { signal: options.signal });
    return ending.map(({ contract }) => contract);
  }

  /**
   * Gives up negotiations that a killed run left open; answers contracts that came to be all the same. Only where no
   * other process of this client is storing something.
   */
  withdrawOpenNegotiations(): Promise<string[]> {
    return withdrawOpenNegotiations(this.context);
  }

  /** Challenges the holders of a file now. */
  health(entry: FileEntry, options: CallOptions = {}): Promise<FileHealth> {
    return checkFile(this.context, manifestOf(entry), options);
  }

  /** Sends coins. */
  async send(to: string, amount: bigint, memo = new Uint8Array(0)): Promise<Submitted> {
    const { account } = await this.context.ledger.account({ account: to });
    return this.context.wallet.submit('transfer', { to: account, amount, memo });
  }

  /** Ends workers and connections. */
  async close(): Promise<void> {
    await closeClientContext(this.context);
  }

  /** Contracts that keep other files, too, go on without the fragments of these. */
  private async dropShared(
    removed: readonly FileEntry[],
    kept: readonly FileEntry[],
    shared: ReadonlySet<string>,
    options: CallOptions,
  ): Promise<void> {
    const needed = new Set(kept.flatMap(fragmentsOfEntry));
    const unwanted = removed.flatMap(fragmentsOfEntry).filter((id) => !needed.has(id));
    for (const contract of new Set(removed.flatMap(contractsOfEntry).filter((id) => shared.has(id)))) {
      const live = await liveFragments(this.context, contract);
      const here = unwanted.filter((id) => live.has(id as FragmentId));
      if (here.length > 0) await drop(this.context, contract, here, options);
    }
  }

  /** The catalogue is kept as long as the file that is paid for longest. */
  private async change(change: (catalogue: Catalogue) => Catalogue, options: CallOptions) {
    const { params, ledger } = this.context;
    const { catalogue } = await this.catalogue(options);
    const { tip } = await ledger.status();
    const longest = change(catalogue).files.reduce(
      (most, file) => Math.max(most, Number(file.paidUntilHeight)),
      tip.height,
    );
    const epochs = Math.ceil((longest - tip.height) / params.contract.epochBlocks) + 1;
    return changeCatalogue(this.context, change, {
      ...options,
      epochs: Math.min(epochs, params.contract.maxEpochs),
    });
  }

  private async paidUntil(height: number, epochs: number, contracts: readonly string[]): Promise<number> {
    const [first] = contracts;
    const view = first === undefined ? null : await this.context.ledger.contract({ id: first });
    return view?.endHeight ?? height + epochs * this.context.params.contract.epochBlocks;
  }
}

/** The manifest of a catalogue entry. */
export function manifestOf(entry: FileEntry): Manifest {
  const decoded = decodeManifest(entry.manifest);
  if (decoded.ok) return decoded.value;
  throw new AppError({
    code: 'catalogue/bad-manifest',
    message: `The catalogue's entry for '${entry.path}' cannot be read (${violationToText(decoded.violation)}).`,
    next: 'Use the version of Cairn that stored it, or a newer one.',
  });
}

function fragmentsOfEntry(entry: FileEntry): string[] {
  return manifestOf(entry).segments.flatMap(({ fragmentIds }) => fragmentIds.map(bytesToHex));
}

function contractsOfEntry(entry: FileEntry): string[] {
  return contractsOf(manifestOf(entry));
}

function noSuchFile(name: string, catalogue: Catalogue): AppError {
  const some = catalogue.files.slice(0, 3).map(({ path }) => `'${path}'`);
  const there =
    some.length === 0
      ? 'nothing is stored yet'
      : `${catalogue.files.length} files are, such as ${some.join(', ')}`;
  return new AppError({
    code: 'catalogue/no-such-file',
    message: `No file '${name}' is stored; ${there}.`,
    next: 'See `cairn ls` for the names.',
  });
}
