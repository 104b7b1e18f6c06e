import { join } from 'node:path';
import {
  type Catalogue,
  entryNow,
  type FileEntry,
  findFile,
  versionsOf,
  withFiles,
  withMoved,
  withRenewed,
} from '#catalogue';
import type { NetworkParams } from '#chain';
import { createNetworkLaw } from '#contracts';
import { nativeCrypto } from '#crypto-native';
import { createSegmentPipeline } from '#erasure';
import { AppError } from '#errors';
import { encodeManifest, type RedundancyProfile } from '#fragments';
import type { LedgerPort } from '#ledger';
import type { Quote } from '#market';
import type { LoadedCatalogue } from './catalogue/catalogue-memory.js';
import { catalogueSizeWith, type NewFile } from './catalogue/catalogue-size.js';
import {
  catalogueProfile,
  changeCatalogue,
  isOutcomeUnknown,
  type LoadOptions,
  loadCatalogue,
} from './catalogue/catalogue-store.js';
import { contractsOfEntries, manifestOf } from './catalogue/entry-content.js';
import { abandonReleased, release, releasedBy } from './catalogue/release.js';
import { planRemoval, type Removal, type RemovalPlan, withRemoved } from './catalogue/removal.js';
import { fileSeenHead, memorySeenHead } from './catalogue/seen-head.js';
import type { CallOptions, ClientContext } from './context.js';
import {
  type PublishedRenewal,
  type RenewedFile,
  type RenewFileOptions,
  renewedEntry,
  renewFile,
} from './contracts/renew-file.js';
import { checkFile, type FileHealth } from './health/file-health.js';
import { type ClientIdentity, createIdentity } from './identity.js';
import type { DealLimits } from './negotiation/deal-limits.js';
import { createFileJournal, noJournal } from './negotiation/negotiation-journal.js';
import type { BuiltPack } from './packs/pack-builder.js';
import { quoteFiles } from './packs/quote-files.js';
import { readEntry } from './packs/read-members.js';
import { type Repacked, type RepackRoads, repack, wastefulPacks } from './packs/repack.js';
import { type StoredFiles, storePack } from './packs/store-pack.js';
import { ProviderDirectory } from './providers/provider-directory.js';
import { fileVoucherBook, memoryVoucherBook } from './reads/voucher-book.js';
import type { StandingDeposits } from './repair/standing-deposits.js';
import { type ReadOptions, readFile } from './transfer/download.js';
import { explainExpiry } from './transfer/expiry.js';
import { type FillOptions, fillManifest } from './transfer/fill/fill-file.js';
import { type FilledFile, publishFilled } from './transfer/fill/publish-filled.js';
import { abandonContracts, assertEnded, endContracts, type NotEnded } from './transfer/form-contracts.js';
import { abandonUnlessNamed, endUnlessNamed, tidyUp } from './transfer/resume/leftovers.js';
import { createUploadJournals, noUploadJournals } from './transfer/resume/upload-journal.js';
import { openSource, type SourceFile } from './transfer/source.js';
import { storeSource } from './transfer/store-source.js';
import { memorySource } from './transfer/upload.js';
import { type Deposits, planUpload } from './transfer/upload-plan.js';
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
  /** What is set aside in new contracts, and who repairs them; nothing and nobody unless given. */
  readonly deposits?: StandingDeposits;
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
  /** Set aside in each contract; what the client was opened with where absent. */
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
    uploads:
      folder === undefined
        ? noUploadJournals
        : createUploadJournals(join(folder, 'uploads'), identity.uploadKey),
    vouchers: folder === undefined ? memoryVoucherBook() : fileVoucherBook(join(folder, 'vouchers')),
    readBudget: { maxCost: options.maxReadCost, spent: 0n },
    catalogue: {
      seen:
        folder === undefined
          ? memorySeenHead()
          : fileSeenHead(join(folder, 'catalogue'), params.name, identity.account),
    },
    deposits: options.deposits ?? (async () => ({})),
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

  /** The price of storing files of these sizes now, small ones packed together. */
  quoteFiles(sizes: Iterable<number>, options: StoreOptions): Promise<Quote> {
    return quoteFiles(this.context, sizes, options);
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
  async storeFile(localPath: string | Uint8Array, name: string, options: StoreOptions): Promise<StoredFile> {
    const source = await openSource(localPath);
    try {
      return await this.storeSource(source, name, options);
    } finally {
      await source.close();
    }
  }

  /** Stores what a source gives under a name. */
  async storeSource(source: SourceFile, name: string, options: StoreOptions): Promise<StoredFile> {
    const stored = await storeSource(this.context, source, name, options);
    const { manifest, contracts, quote, unneeded } = stored;
    await endUnlessNamed(this.context, unneeded, options);
    const entry: FileEntry = {
      path: name,
      sizeBytes: BigInt(manifest.sizeBytes),
      modifiedAt: BigInt(source.modifiedAtMs),
      storedAt: BigInt(this.context.nowMs()),
      paidUntilHeight: BigInt(await this.paidUntil(stored.height, options.epochs, contracts)),
      manifest: encodeManifest(manifest),
    };
    return { entry, quote, contracts };
  }

  /** Stores a pack of small files. Contracts are formed; call `anchor` to publish its entries. */
  storePack(pack: BuiltPack, options: StoreOptions): Promise<StoredFiles> {
    return storePack(pack, (bytes, name) => this.storeSource(memorySource(bytes), name, options));
  }

  /**
   * Publishes stored files in the catalogue and ends the contracts of versions they replace, or keeps those versions.
   * Where that certainly failed, the contracts of the files themselves are ended: nobody would find them again.
   */
  async anchor(
    entries: readonly FileEntry[],
    options: CallOptions & { readonly keepVersions?: boolean } = {},
  ): Promise<{ sequence: bigint }> {
    const { sequence, before, after } = await changeCatalogue(
      this.context,
      (catalogue) => withFiles(catalogue, entries, options),
      options,
    ).catch(async (error: unknown) => {
      // An upload that went on after a kill may lie under contracts that the list names already.
      if (!isOutcomeUnknown(error)) await abandonUnlessNamed(this.context, contractsOfEntries(entries));
      throw error;
    });
    await this.context.uploads.close(contractsOfEntries(entries));
    // The new versions are published: a contract that cannot be ended now shows up as unused later.
    await abandonReleased(this.context, releasedBy(before, after));
    return { sequence };
  }

  /**
   * Publishes files whose contracts go on longer; one entry of a pack stands for all of it. Nothing is ended, also where it
   * fails: what was not renewed runs on under the version before. A file that was removed meanwhile stays removed, and one
   * whose gaps were filled keeps what fills them.
   */
  async anchorRenewed(
    files: readonly PublishedRenewal[],
    options: CallOptions = {},
  ): Promise<{ sequence: bigint }> {
    const change = (catalogue: Catalogue): Catalogue => {
      const entries = files.flatMap((file) => {
        const now = entryNow(catalogue, file.entry);
        return now === undefined ? [] : [renewedEntry(now, file)];
      });
      return withRenewed(catalogue, entries);
    };
    return changeCatalogue(this.context, change, options);
  }

  /** The newest catalogue on the network. */
  catalogue(options: LoadOptions = {}): Promise<LoadedCatalogue> {
    return loadCatalogue(this.context, options);
  }

  /** The entry of a name, its newest version unless told; a name nobody stored is an AppError that says what is there. */
  async file(name: string, options: CallOptions & { readonly version?: number } = {}): Promise<FileEntry> {
    const { catalogue } = await this.catalogue(options);
    const entry = findFile(catalogue, name, options.version);
    if (entry === undefined) throw noSuchFile(name, catalogue, options.version);
    return entry;
  }

  /**
   * The bytes of a file in order, checked as they come.
   * @throws AppError `fetch/too-few-fragments`, or `fetch/expired` where nobody pays for it any longer
   */
  async *read(entry: FileEntry, options: ReadOptions = {}): AsyncGenerator<Uint8Array> {
    try {
      yield* readEntry(this.context, entry, options);
    } catch (error) {
      throw await explainExpiry(this.context, entry, error);
    }
  }

  /** What taking files out of the catalogue would set free. */
  async planRemoval(removal: Removal, options: CallOptions = {}): Promise<RemovalPlan> {
    return planRemoval((await this.catalogue(options)).catalogue, removal);
  }

  /**
   * Takes files out of the catalogue and ends the contracts that keep nothing any more. Packs of which more than half is
   * dead then are stored anew without it; where that fails, they stay and are tried again at the next change.
   */
  async remove(
    removal: Removal | readonly string[],
    options: CallOptions = {},
  ): Promise<{ ended: number; repacked: Repacked }> {
    const wanted: Removal = 'names' in removal ? removal : { names: removal };
    const { catalogue } = await this.catalogue(options);
    const repacked = await this.storeAnew(withRemoved(catalogue, wanted), options);
    const ended = await this.publishMoved((newest) => withRemoved(newest, wanted), repacked, options);
    return { ended, repacked };
  }

  /** Stores anew what is left of packs of which more than half is dead, and ends their contracts. */
  async repack(options: CallOptions = {}): Promise<{ ended: number; repacked: Repacked } | undefined> {
    const { catalogue } = await this.catalogue(options);
    if (wastefulPacks(catalogue).length === 0) return undefined;
    const repacked = await this.storeAnew(catalogue, options);
    if (repacked.moved.size === 0) return { ended: 0, repacked };
    return { ended: await this.publishMoved((newest) => newest, repacked, options), repacked };
  }

  /** Renews every contract of a file with its provider. Call `anchorRenewed` with the entry: it says how long the file is paid. */
  renewFile(entry: FileEntry, options: RenewFileOptions): Promise<RenewedFile> {
    return renewFile(this.context, entry, manifestOf(entry), options);
  }

  /**
   * Rebuilds what of a file nobody holds, or whose holders cannot prove now that they do, and stores it with others; an
   * entry of a pack stands for all of it. Call `publishFilled` with the answer.
   */
  async fillFile(entry: FileEntry, options: Omit<FillOptions, 'paidUntilHeight'> = {}): Promise<FilledFile> {
    const paidUntilHeight = Number(entry.paidUntilHeight);
    const filled = await fillManifest(this.context, manifestOf(entry), { ...options, paidUntilHeight });
    const now = { ...entry, manifest: encodeManifest(filled.manifest) };
    return { ...filled, entry: now, before: entry.manifest };
  }

  /**
   * Publishes who holds filled files now, and ends the contracts that keep nothing of them any more.
   * @throws AppError `fill/overtaken` where another run came before
   */
  publishFilled(files: readonly FilledFile[], options: CallOptions = {}): Promise<void> {
    return publishFilled(this.context, files, options);
  }

  /**
   * Ends contracts of this account early and waits until that is on chain; answers those that were not over yet.
   * @throws AppError `contract/not-ended` once all others are ended
   */
  async endContracts(contracts: readonly string[], options: CallOptions = {}): Promise<string[]> {
    const { ending, failed } = await endContracts(this.context, contracts);
    const ended: string[] = [];
    const late: NotEnded[] = [];
    for (const { contract, tx } of ending) {
      try {
        // Nobody mines where the first of them waited in vain: the others are looked at once.
        const wait = late.length > 0 ? { timeoutMs: 0 } : {};
        await this.context.wallet.confirm(tx, { signal: options.signal, ...wait });
        ended.push(contract);
      } catch (error) {
        if (!(error instanceof AppError)) throw error;
        late.push({ contract, error });
      }
    }
    assertEnded([...failed, ...late]);
    return ended;
  }

  /**
   * Gives up negotiations that a killed run left open, those aside of uploads that may still go on; answers contracts that
   * came to be all the same. Only where no other process of this client is storing something.
   */
  withdrawOpenNegotiations(): Promise<string[]> {
    return tidyUp(this.context);
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

  private async storeAnew(catalogue: Catalogue, options: CallOptions): Promise<Repacked> {
    const { signal } = options;
    const formed: string[] = [];
    const roads: RepackRoads = {
      read: (manifest, how) => readFile(this.context, manifest, how),
      storeWith: (terms) => async (bytes, name) => {
        const stored = await this.storeSource(memorySource(bytes), name, { ...terms, signal });
        formed.push(...stored.contracts);
        return stored;
      },
    };
    return repack(this.context, catalogue, roads, options).catch(async (error: unknown) => {
      // Nobody will publish the packs that were done before.
      await abandonContracts(this.context, formed);
      throw error;
    });
  }

  /** Publishes a change together with members that lie elsewhere now, and ends what then keeps nothing. */
  private async publishMoved(
    change: (catalogue: Catalogue) => Catalogue,
    { moved, contracts }: Repacked,
    options: CallOptions,
  ): Promise<number> {
    const { before, after } = await changeCatalogue(
      this.context,
      (catalogue) => withMoved(change(catalogue), moved),
      options,
    ).catch(async (error: unknown) => {
      if (!isOutcomeUnknown(error)) await abandonContracts(this.context, contracts);
      throw error;
    });
    const { ended } = await release(this.context, releasedBy(before, after), options);
    // Another process may have moved or removed the same files meanwhile: nothing lies here then.
    if (contracts.length > 0) await endUnlessNamed(this.context, contracts, options);
    return ended;
  }

  private async paidUntil(height: number, epochs: number, contracts: readonly string[]): Promise<number> {
    const [first] = contracts;
    // Everything is paid by now: a node that does not answer must not make it look like a failure.
    const view =
      first === undefined
        ? null
        : await this.context.ledger.contract({ id: first }).catch((error: unknown) => {
            if (error instanceof AppError) return null;
            throw error;
          });
    return view?.endHeight ?? height + epochs * this.context.params.contract.epochBlocks;
  }
}

function noSuchFile(name: string, catalogue: Catalogue, version?: number): AppError {
  const versions = versionsOf(catalogue, name).map((entry) => entry.version ?? 1);
  if (version !== undefined && versions.length > 0) {
    return new AppError({
      code: 'catalogue/no-such-version',
      message: `Version ${version} of '${name}' is not kept; ${versions.join(', ')} ${versions.length === 1 ? 'is' : 'are'}.`,
      next: 'See `cairn ls --versions`; earlier versions are kept where `cairn put --keep-versions` replaced them.',
    });
  }
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
