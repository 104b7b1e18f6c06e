import { randomBytes } from 'node:crypto';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { ContractId } from '#chain';
import { type Manifest } from '#fragments';
import type { Quote } from '#market';
import type { CallOptions, ClientContext } from '../context.js';
import { agreeWithAll } from './agree.js';
import { fillMissing, gatherFromSlots } from './fill/fill-missing.js';
import { abandonContracts, appearsOnChain, formContracts } from './form-contracts.js';
import { HolderSlots } from './holder-slots.js';
import { PlacementBook } from './placement-book.js';
import { type ResumedUpload, resumeUpload } from './resume/resume-upload.js';
import type { UploadJournal } from './resume/upload-journal.js';
import type { SourceFile } from './source.js';
import { type FileKeys, readAndSend, type UploadRun } from './upload.js';
import { quoteHolders, tooFewProviders, type UploadPlan } from './upload-plan.js';
import { type SignedAgreement, type UploadSlot, withdrawAll } from './upload-slot.js';

/** Times that gaps are filled and further providers agreed with, where some deny what they took. */
const MAX_ROUNDS = 3;
/** Filling before anything is paid may take so long, or this share of the time before it. */
const FILL_LEAST_MS = 10_000;
const FILL_SHARE = 0.5;

/** Something stored under contracts that exist; nothing points at it yet. */
export interface Stored {
  readonly manifest: Manifest;
  readonly contracts: readonly string[];
  /** Formed by an earlier run and needed no longer; somebody may point at them all the same. */
  readonly unneeded: readonly string[];
}

/** How something is stored. */
export interface StoreUnderOptions extends CallOptions {
  /** Writes down what is finished, so that another process can go on. */
  readonly journal?: UploadJournal | undefined;
  /** Called with the price once the size of an open-ended source is known; throw to refuse. */
  readonly onPriced?: (quote: Quote) => Promise<void>;
}

/**
 * Uploads, agrees and forms contracts, and fills what is missing where that is soon done. Every segment has its quorum of
 * holders in failure domains of their own, or nothing is formed. If it fails, whatever was formed is ended again.
 */
export async function storeUnderContracts(
  context: ClientContext,
  source: SourceFile,
  upload: UploadPlan,
  options: StoreUnderOptions = {},
): Promise<Stored> {
  const halt = new AbortController();
  const signal = options.signal === undefined ? halt.signal : AbortSignal.any([options.signal, halt.signal]);
  const storing = new Storing(context, source, upload, { ...options, signal });
  try {
    const stored = await storing.run();
    halt.abort();
    return stored;
  } catch (error) {
    halt.abort(error);
    await storing.giveUp();
    throw error;
  } finally {
    await options.journal?.leave();
  }
}

class Storing {
  private readonly book: PlacementBook;
  private readonly keys: FileKeys;
  private readonly startedAt = performance.now();
  private readonly agreed = new Map<ContractId, SignedAgreement>();
  private readonly formed = new Set<ContractId>();
  /** Formed here, and not by an earlier run. */
  private readonly formedHere = new Set<ContractId>();
  /** Providers that are told that nothing comes of their room. */
  private readonly freeing = new Map<UploadSlot, Promise<void>>();
  /** Room is asked for while the first segments are sealed. */
  private opening: Promise<HolderSlots> | undefined;
  private slots: HolderSlots | undefined;
  private resumed: ResumedUpload | undefined;

  constructor(
    private readonly context: ClientContext,
    private readonly source: SourceFile,
    private readonly upload: UploadPlan,
    private readonly options: StoreUnderOptions & { readonly signal: AbortSignal },
  ) {
    this.book = new PlacementBook(upload.plan.profile);
    this.keys = options.journal?.before.header ?? {
      contentKey: new Uint8Array(randomBytes(32)),
      repairKey: new Uint8Array(randomBytes(32)),
    };
  }

  async run(): Promise<Stored> {
    const { book, upload, source } = this;
    await this.begin();
    // Also where reading failed: room that nobody knows of cannot be given back.
    const read = await readAndSend(this.uploadRun(), this.options).finally(() => this.opening);
    if (read.plan.segmentCount > 0) {
      if (source.sizeBytes === undefined) await this.confirmPrice();
      await this.settle();
    }
    const { profile, sizeBytes } = read.plan;
    const { contentKey, repairKey } = this.keys;
    const { fileHash } = read;
    const { fragmentSize } = upload.plan;
    const segments = book.toSegments();
    const used = book.contracts();
    await this.slots?.stop();
    await this.free((contract) => this.formed.has(contract));
    return {
      manifest: { sizeBytes, profile, fragmentSize, contentKey, repairKey, fileHash, segments },
      contracts: [...used],
      unneeded: [...this.formed].filter((contract) => !used.has(contract)),
    };
  }

  /** After a failure: ends what was formed; where nobody will go on, gives the room back at once. */
  async giveUp(): Promise<void> {
    await abandonContracts(this.context, [...this.formedHere]);
    await this.slots?.stop();
    const { journal } = this.options;
    if (journal === undefined) await this.free(() => false);
    // Nothing was sent, and no room is kept: there is nothing to go on with.
    else if (this.slots === undefined && journal.before.slots.length === 0) await journal.remove();
  }

  /** Gives back room that is not needed, each once. */
  private async free(isNeeded: (contract: ContractId) => boolean): Promise<void> {
    for (const slot of this.slots?.all ?? []) {
      if (isNeeded(slot.contract) || this.freeing.has(slot)) continue;
      this.freeing.set(slot, withdrawAll([slot]));
    }
    await Promise.all(this.freeing.values());
  }

  private async begin(): Promise<void> {
    const { context, upload, book, options, source } = this;
    const { journal, signal } = options;
    journal?.attach(book);
    if (upload.plan.segmentCount === 0) return;
    if (journal !== undefined && journal.before.slots.length > 0) {
      this.resumed = await resumeUpload(context, journal.before, book);
      for (const one of this.resumed.agreed) this.agreed.set(one.contract, one);
      for (const contract of this.resumed.formed) this.formed.add(contract);
    }
    const isOpenEnded = source.sizeBytes === undefined;
    const { resumed } = this;
    const open = async (): Promise<HolderSlots> => {
      // Signing for all of them takes a while: the first segment goes to a worker before.
      if (!isOpenEnded) await nextTurn();
      this.slots = await HolderSlots.open(context, upload, book, {
        signal,
        isOpenEnded,
        isLasting: journal !== undefined,
        onOpened: (slot, position) => journal?.noteSlot(slot, position),
        ...(resumed === undefined ? {} : { adopted: resumed.positions }),
      });
      return this.slots;
    };
    this.opening = open();
    // Told by whoever has a segment to send.
    this.opening.catch(() => undefined);
    // What comes down a pipe cannot be read twice: not begun on before somebody takes it.
    if (isOpenEnded) await this.opening;
  }

  private uploadRun(): UploadRun {
    const { context, source, upload, keys, book, opening, resumed } = this;
    const { journal, signal } = this.options;
    const isKept: UploadRun['isKept'] = (segment, hash) => resumed?.isKept(segment, hash) ?? false;
    return { context, source, upload, keys, book, slots: opening, journal, signal, isKept };
  }

  /** Fills, agrees and forms until every segment has its quorum under contracts that exist. */
  private async settle(): Promise<void> {
    const { book, options } = this;
    for (let round = 1; ; round++) {
      await this.agreeAndFill();
      this.assertQuorum();
      // What was agreed on by an earlier run may hold nothing that is still wanted.
      const wanted = book.contracts();
      const toForm = [...this.agreed.values()].filter(
        ({ contract }) => wanted.has(contract) && !this.formed.has(contract),
      );
      // Meanwhile: a block takes as long.
      const freed = this.free((contract) => wanted.has(contract));
      await this.form(toForm);
      await freed;
      book.keepOnly((contract) => this.formed.has(contract));
      if (book.fewestPlaced() >= book.quorum) return;
      options.signal.throwIfAborted();
      if (round === MAX_ROUNDS) this.assertQuorum();
    }
  }

  /** Ends with every holder of the book agreed on. */
  private async agreeAndFill(): Promise<void> {
    const { book, options, context, upload } = this;
    const slots = this.slots as HolderSlots;
    for (let round = 1; ; round++) {
      await this.fill();
      const settled = new Set([...this.agreed.keys(), ...this.formed]);
      const agreements = await agreeWithAll(
        { context, upload, book, slots, signal: options.signal },
        settled,
        options,
      );
      for (const one of agreements) this.agreed.set(one.contract, one);
      book.keepOnly((contract) => this.agreed.has(contract) || this.formed.has(contract));
      const isShort = book.fewestPlaced() < book.profile.n;
      if (!isShort || slots.spareCount === 0 || round === MAX_ROUNDS) return;
    }
  }

  private async fill(): Promise<void> {
    const { book, context, keys, options } = this;
    if (book.fewestPlaced() === book.profile.n) return;
    const byContract = new Map<ContractId, UploadSlot>();
    for (const slot of [...(this.slots?.all ?? []), ...(this.resumed?.closed ?? [])]) {
      byContract.set(slot.contract, slot);
    }
    await fillMissing(
      {
        context,
        book,
        slots: this.slots as HolderSlots,
        repairKey: keys.repairKey,
        signal: options.signal,
        gather: gatherFromSlots(book, (contract) => byContract.get(contract)),
        onPlaced: (segment, fragment) => options.journal?.notePlaced(segment, fragment),
      },
      { withinMs: Math.max(FILL_LEAST_MS, FILL_SHARE * (performance.now() - this.startedAt)) },
    );
  }

  private async form(agreements: readonly SignedAgreement[]): Promise<void> {
    const { context, options } = this;
    await options.journal?.flush();
    const { formed, refused } = await formContracts(context, agreements, options);
    for (const contract of formed) {
      this.formed.add(contract as ContractId);
      this.formedHere.add(contract as ContractId);
    }
    for (const { contract } of agreements)
      if (!formed.has(contract)) await this.noteRefused(contract, refused);
  }

  /** A node also refuses what an earlier run handed in already. */
  private async noteRefused(contract: ContractId, refused: readonly Error[]): Promise<void> {
    this.agreed.delete(contract);
    const isResumed = this.resumed?.agreed.some((one) => one.contract === contract) ?? false;
    if (isResumed && (await appearsOnChain(this.context, contract, this.options.signal))) {
      this.formed.add(contract);
      await this.context.journal.close(contract);
      return;
    }
    for (const slot of this.slots?.all ?? []) {
      if (slot.contract !== contract) continue;
      this.slots?.drop(slot, refused[0] ?? new Error('refused by the ledger'));
    }
  }

  private async confirmPrice(): Promise<void> {
    const { context, upload, options } = this;
    const entries = this.book.entries();
    const holders = [...(this.slots?.all ?? [])].flatMap(({ contract, candidate }) => {
      const list = entries.get(contract);
      if (list === undefined) return [];
      const totalBytes = list.reduce((sum, { lengthBytes }) => sum + BigInt(lengthBytes), 0n);
      return [{ offer: candidate.offer, totalBytes, fragmentCount: list.length }];
    });
    await options.onPriced?.(await quoteHolders(context, holders, upload.epochs, upload.deposits));
  }

  private assertQuorum(): void {
    const { book } = this;
    const placed = book.fewestPlaced();
    if (placed < book.quorum) {
      throw tooFewProviders(book.profile, book.quorum, placed, this.slots?.reasons ?? []);
    }
  }
}
