import { createHmac, randomBytes } from 'node:crypto';
import { type FileHandle, mkdir, open, readdir, readFile, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { ContractId } from '#chain';
import { concatBytes } from '#crypto';
import { isOfAnother } from '../../negotiation/living-process.js';
import { type OwnFile, readOwn } from '../../own-files.js';
import type { PlacementBook } from '../placement-book.js';
import type { SlotRecord } from '../slot-record.js';
import {
  JOURNAL_VERSION,
  type JournalHeader,
  type JournalRecord,
  type JournalSegment,
  type JournalSlot,
  openRecord,
  sealRecord,
} from './journal-format.js';
import { takeAlone } from './take-alone.js';

const ID_BYTES = 16;
/** Bytes of the file. */
const SUFFIX = '.upload';
/** After this long an upload that nobody went on with is forgotten. */
export const FORGOTTEN_AFTER_MS = 24 * 3600 * 1000;

/** Which upload it is: the same path on the same terms goes on. */
export type UploadIdentity = Pick<
  JournalHeader,
  'networkId' | 'path' | 'name' | 'profile' | 'epochs' | 'fragmentSize'
>;

/** What an earlier run wrote down. */
export interface JournalState {
  readonly header: JournalHeader;
  readonly slots: readonly JournalSlot[];
  /** By index; the last one counts. */
  readonly segments: ReadonlyMap<number, JournalSegment>;
}

/** Where unfinished uploads are written down, sealed. */
export interface UploadJournals {
  /** The journal of an upload; undefined where another process works on the same one, or none is kept. */
  open(
    identity: UploadIdentity,
    keys: () => Pick<JournalHeader, 'contentKey' | 'repairKey'>,
    nowMs: number,
  ): Promise<UploadJournal | undefined>;
  /** The catalogue names these contracts: their uploads are over. */
  close(contracts: Iterable<string>): Promise<void>;
  /** Contracts of uploads that may still go on, and of those that nobody went on with for long; the latter are forgotten. */
  sweep(
    nowMs: number,
  ): Promise<{ readonly resumable: ReadonlySet<string>; readonly forgotten: readonly string[] }>;
}

/** Keeps nothing. */
export const noUploadJournals: UploadJournals = {
  open: async () => undefined,
  close: async () => undefined,
  sweep: async () => ({ resumable: new Set(), forgotten: [] }),
};

/** One file for each unfinished upload, sealed under a key that follows from the phrase. */
export function createUploadJournals(folder: string, key: Uint8Array): UploadJournals {
  return new FolderOfJournals(folder, key);
}

/** Journals whose upload goes on in this process, whichever client of it opened them. */
const inUseHere = new Set<string>();

class FolderOfJournals implements UploadJournals {
  /** Open in this process, by file. */
  private readonly openHere = new Map<string, UploadJournal>();

  constructor(
    private readonly folder: string,
    private readonly key: Uint8Array,
  ) {}

  async open(
    identity: UploadIdentity,
    keys: () => Pick<JournalHeader, 'contentKey' | 'repairKey'>,
    nowMs: number,
  ): Promise<UploadJournal | undefined> {
    const path = join(this.folder, this.fileName(identity));
    await mkdir(this.folder, { recursive: true, mode: 0o700 });
    // Whether somebody works on it and the note that this process does now: nobody else may come between.
    return takeAlone(path, async () => {
      if (inUseHere.has(path)) return undefined;
      const journal =
        (await this.resume(path)) ??
        (await UploadJournal.create(path, this.key, {
          ...identity,
          ...keys(),
          version: JOURNAL_VERSION,
          createdAt: nowMs,
        }));
      if (journal === 'busy') return undefined;
      this.openHere.set(path, journal);
      return journal;
    });
  }

  async close(contracts: Iterable<string>): Promise<void> {
    const over = new Set(contracts);
    for (const [path, journal] of this.openHere) {
      if (!journal.contracts().some((contract) => over.has(contract))) continue;
      this.openHere.delete(path);
      await journal.remove();
    }
  }

  async sweep(nowMs: number): Promise<{ resumable: Set<string>; forgotten: string[] }> {
    const resumable = new Set<string>();
    const forgotten: string[] = [];
    for (const name of (await readOwn(readdir(this.folder), unreadable(this.folder))) ?? []) {
      if (!name.endsWith(SUFFIX)) continue;
      const path = join(this.folder, name);
      const swept = await takeAlone(path, () => this.sweepOne(path, nowMs));
      // Somebody is just beginning with it, and reads for itself what is in it.
      const { isForgotten, contracts } = swept ?? {
        isForgotten: false,
        contracts: contractsOf(await readJournal(path, this.key)),
      };
      if (isForgotten) forgotten.push(...contracts);
      else for (const contract of contracts) resumable.add(contract);
    }
    return { resumable, forgotten };
  }

  private async sweepOne(
    path: string,
    nowMs: number,
  ): Promise<{ readonly isForgotten: boolean; readonly contracts: readonly string[] }> {
    const read = await readJournal(path, this.key);
    const contracts = contractsOf(read);
    const age =
      nowMs -
      (await stat(path).then(
        (info) => info.mtimeMs,
        () => nowMs,
      ));
    const isAlive = inUseHere.has(path) || (read !== undefined && isOfAnother(read.pid));
    // One that does not open may be another phrase's, or just being begun.
    if (age < FORGOTTEN_AFTER_MS || isAlive || this.openHere.has(path))
      return { isForgotten: false, contracts };
    await rm(path, { force: true });
    return { isForgotten: true, contracts };
  }

  private async resume(path: string): Promise<UploadJournal | 'busy' | undefined> {
    const read = await readJournal(path, this.key);
    if (read === undefined) return undefined;
    if (isOfAnother(read.pid)) return 'busy';
    return UploadJournal.goOn(path, this.key, read);
  }

  /** Says nothing about the path to whoever reads the folder. */
  private fileName(identity: UploadIdentity): string {
    const about = JSON.stringify([
      identity.networkId,
      identity.path,
      identity.name,
      identity.profile,
      identity.epochs,
      identity.fragmentSize,
    ]);
    const mac = createHmac('sha256', this.key)
      .update('cairn/upload-journal/name')
      .update(about)
      .digest('hex');
    return mac.slice(0, 32) + SUFFIX;
  }
}

/** A journal as a file holds it. */
export interface ReadJournal {
  readonly id: Uint8Array;
  readonly state: JournalState;
  /** Of the process that wrote last. */
  readonly pid: number;
  readonly records: number;
  /** Bytes that hold whole records; what follows was cut off by a kill. */
  readonly goodBytes: number;
}

/**
 * Reads a journal; undefined where there is none, or none that this key opens.
 * @throws AppError `upload/journals-unreadable`
 */
export async function readJournal(path: string, key: Uint8Array): Promise<ReadJournal | undefined> {
  const source = new Uint8Array((await readOwn(readFile(path), unreadable(path))) ?? []);
  if (source.length < ID_BYTES) return undefined;
  const id = source.slice(0, ID_BYTES);
  const slots: JournalSlot[] = [];
  const segments = new Map<number, JournalSegment>();
  let pid = process.pid;
  let header: JournalHeader | undefined;
  let at = ID_BYTES;
  let number = 0;
  for (;;) {
    const opened = openRecord({ key, journalId: id, number }, source, at);
    if (opened === undefined) break;
    const { record } = opened;
    if (number === 0 && record.kind !== 'header') return undefined;
    if (record.kind === 'header') header = record.value;
    else if (record.kind === 'run') pid = record.value.pid;
    else if (record.kind === 'slot') slots.push(record.value);
    else if (record.kind === 'segment') segments.set(record.value.index, record.value);
    else addPlaced(segments, record.value);
    at = opened.next;
    number += 1;
  }
  if (header?.version !== JOURNAL_VERSION) return undefined;
  return { id, state: { header, slots, segments }, pid, records: number, goodBytes: at };
}

function contractsOf(read: ReadJournal | undefined): string[] {
  return read?.state.slots.map(({ contract }) => contract) ?? [];
}

function addPlaced(
  segments: Map<number, JournalSegment>,
  { index, fragment, contract }: { index: number; fragment: number; contract: ContractId },
): void {
  const segment = segments.get(index);
  if (segment === undefined) return;
  const holders = segment.holders.map((holder, at) => (at === fragment ? contract : holder));
  segments.set(index, { ...segment, holders });
}

/** What an upload writes down while it goes on: finished segments, and room that providers keep. */
export class UploadJournal {
  private readonly queue: JournalRecord[] = [];
  private writing: Promise<void> | undefined;
  private isBroken = false;
  private book: PlacementBook | undefined;
  private readonly own: string[];

  private constructor(
    private readonly path: string,
    private readonly key: Uint8Array,
    private readonly id: Uint8Array,
    private readonly file: FileHandle,
    private records: number,
    /** What earlier runs wrote down. */
    readonly before: JournalState,
  ) {
    this.own = before.slots.map(({ contract }) => contract);
  }

  static async create(path: string, key: Uint8Array, header: JournalHeader): Promise<UploadJournal> {
    const id = new Uint8Array(randomBytes(ID_BYTES));
    const file = await open(path, 'w', 0o600);
    await file.write(id);
    const before = { header, slots: [], segments: new Map() };
    const journal = new UploadJournal(path, key, id, file, 0, before);
    inUseHere.add(path);
    journal.append({ kind: 'header', value: header });
    journal.append({ kind: 'run', value: { pid: process.pid } });
    await journal.flush();
    return journal;
  }

  static async goOn(path: string, key: Uint8Array, read: ReadJournal): Promise<UploadJournal> {
    const file = await open(path, 'r+');
    await file.truncate(read.goodBytes);
    await file.close();
    const appending = await open(path, 'a');
    const journal = new UploadJournal(path, key, read.id, appending, read.records, read.state);
    inUseHere.add(path);
    journal.append({ kind: 'run', value: { pid: process.pid } });
    await journal.flush();
    return journal;
  }

  /** Whose holders are written down. */
  attach(book: PlacementBook): void {
    this.book = book;
  }

  /** Whether its upload ended, for better or worse. */
  isIdle = false;

  /** Every contract it knows of. */
  contracts(): readonly string[] {
    return this.own;
  }

  noteSlot(slot: SlotRecord, position: number): void {
    const { contract, nonce, providerKey, maxBytes, maxFragments, epochs, expiresAt } = slot;
    this.own.push(contract);
    const room = { maxBytes, maxFragments, epochs, expiresAt: BigInt(expiresAt) };
    this.append({ kind: 'slot', value: { position, contract, nonce, providerKey, ...room } });
  }

  noteSegment(index: number, plainHash: Uint8Array): void {
    const { book } = this;
    if (book === undefined) return;
    const { segmentId, plainLength, fragmentLength } = book.shape(index);
    const holders = [...book.holdersOf(index)];
    const value = { index, segmentId, plainHash, plainLength, fragmentLength, holders };
    this.append({ kind: 'segment', value: { ...value, fragmentIds: book.fragmentIdsOf(index) } });
  }

  notePlaced(index: number, fragment: number): void {
    const contract = this.book?.holdersOf(index)[fragment];
    if (contract !== undefined) this.append({ kind: 'placed', value: { index, fragment, contract } });
  }

  /** Resolves when everything noted is on the disk. */
  async flush(): Promise<void> {
    while (this.writing !== undefined) await this.writing;
  }

  /** Nothing more is noted; the file stays, for another run or until the upload is anchored. */
  async leave(): Promise<void> {
    if (this.isIdle) return;
    this.isIdle = true;
    await this.flush();
    await this.file.close();
    inUseHere.delete(this.path);
  }

  /** The upload is over. */
  async remove(): Promise<void> {
    await this.leave();
    // Another client of this process may have gone on with it.
    if (!inUseHere.has(this.path)) await rm(this.path, { force: true });
  }

  private append(record: JournalRecord): void {
    if (this.isBroken || this.isIdle) return;
    this.queue.push(record);
    this.writing ??= this.write()
      .catch(() => {
        // A journal that cannot be written costs a resumption, not the upload.
        this.isBroken = true;
      })
      .finally(() => {
        this.writing = undefined;
      });
  }

  private async write(): Promise<void> {
    while (this.queue.length > 0) {
      const parts = this.queue.splice(0).map((record) => {
        const place = { key: this.key, journalId: this.id, number: this.records };
        this.records += 1;
        return sealRecord(place, record, new Uint8Array(randomBytes(24)));
      });
      await this.file.appendFile(concatBytes(...parts));
      await this.file.datasync();
    }
  }
}

const unreadable = (path: string): OwnFile => ({
  path,
  code: 'upload/journals-unreadable',
  name: 'What was written down about unfinished uploads',
  next: 'Correct its permissions, or move it away where nothing in it is to be gone on with.',
});
