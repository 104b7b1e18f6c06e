import { mkdir, readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { z } from 'zod';
import { replaceFile } from '#durable-file';
import { AppError } from '#errors';
import { amountText } from '#wire';
import {
  NO_NOTE,
  type PlannedContract,
  RENEWAL_OUTLOOKS,
  type RenewalNote,
  type RenewalOutlook,
} from './renewal-policy.js';

const amount = amountText.transform((text) => BigInt(text));

const noteSchema = z.object({
  state: z.enum(['waiting', 'trying', 'renewed', 'refused']),
  amount,
  attempts: z.number().int().nonnegative(),
  retryAt: z.number().int().nonnegative(),
  successor: z.string().optional(),
  why: z.string().optional(),
  warned: z.array(z.number().int()),
});

const fileSchema = z.object({
  version: z.literal(1),
  network: z.string(),
  /** The limit that automatic renewal was last run with. */
  limit: amount.nullable(),
  epochs: z.number().int(),
  /** When somebody last looked whether something is due. */
  lastPass: z.object({ height: z.number().int(), atMs: z.number() }).nullable(),
  /** What it found to come of each contract. */
  outlooks: z.record(z.string(), z.object({ outlook: z.enum(RENEWAL_OUTLOOKS), why: z.string().optional() })),
  notes: z.record(z.string(), noteSchema),
});

/** What the book says. */
export interface RenewalBookState {
  readonly limit: bigint | undefined;
  readonly epochs: number;
  readonly lastPass: { readonly height: number; readonly atMs: number } | undefined;
  /** What the last look found to come of each contract. */
  readonly outlooks: ReadonlyMap<
    string,
    { readonly outlook: RenewalOutlook; readonly why?: string | undefined }
  >;
  readonly notes: ReadonlyMap<string, RenewalNote>;
}

/**
 * What automatic renewal did and may still spend, in a file that is on disk before anything is spent: after a crash the
 * limit holds as if there had been none.
 */
export class RenewalBook {
  private readonly notes = new Map<string, RenewalNote>();
  private limit: bigint | undefined;
  private epochs = 0;
  private lastPass: { readonly height: number; readonly atMs: number } | undefined;
  private outlooks: RenewalBookState['outlooks'] = new Map();
  private writing: Promise<void> = Promise.resolve();

  private constructor(
    private readonly file: string,
    private readonly network: string,
  ) {}

  /**
   * Opens the book of a folder; a missing one is empty. A damaged one is not begun anew: nobody would know what was
   * spent. @throws AppError `renewals/damaged`
   */
  static async open(file: string, network: string): Promise<RenewalBook> {
    const book = new RenewalBook(file, network);
    const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return undefined;
      throw damaged(file, error);
    });
    if (text === undefined) return book;
    const parsed = fileSchema.safeParse(parseJson(file, text));
    if (!parsed.success) throw damaged(file, parsed.error);
    if (parsed.data.network !== network) throw otherNetwork(file, parsed.data.network, network);
    const { limit, epochs, lastPass, notes, outlooks } = parsed.data;
    book.limit = limit ?? undefined;
    book.epochs = epochs;
    book.lastPass = lastPass ?? undefined;
    book.outlooks = new Map(Object.entries(outlooks));
    for (const [contract, note] of Object.entries(notes)) book.notes.set(contract, note);
    return book;
  }

  get state(): RenewalBookState {
    const { limit, epochs, lastPass, outlooks, notes } = this;
    return { limit, epochs, lastPass, outlooks, notes };
  }

  note(contract: string): RenewalNote {
    return this.notes.get(contract) ?? NO_NOTE;
  }

  /** Notes something; it counts once `save` has resolved. */
  change(contract: string, change: Partial<RenewalNote>): void {
    this.notes.set(contract, { ...this.note(contract), ...change });
  }

  /** Notes under which terms somebody looked, when, and what was found. */
  passed(
    terms: { readonly limit: bigint | undefined; readonly epochs: number },
    height: number,
    atMs: number,
    contracts: readonly PlannedContract[],
  ): void {
    this.limit = terms.limit;
    this.epochs = terms.epochs;
    this.lastPass = { height, atMs };
    this.outlooks = new Map(
      contracts.map(({ contract, outlook, lapseWhy: why }) => [contract, { outlook, why }]),
    );
  }

  /** Writes the book whole or not at all, and waits for the disk. @throws AppError `renewals/not-written` */
  save(): Promise<void> {
    this.writing = this.writing.then(() => this.write());
    return this.writing;
  }

  private async write(): Promise<void> {
    const notes = [...this.notes].map(([contract, { amount: sum, ...note }]) => [
      contract,
      { ...note, amount: sum.toString() },
    ]);
    const content = {
      version: 1,
      network: this.network,
      limit: this.limit?.toString() ?? null,
      epochs: this.epochs,
      lastPass: this.lastPass ?? null,
      outlooks: Object.fromEntries(this.outlooks) as Record<string, unknown>,
      notes: Object.fromEntries(notes) as Record<string, unknown>,
    };
    try {
      await mkdir(dirname(this.file), { recursive: true, mode: 0o700 });
      await replaceFile(this.file, `${JSON.stringify(content)}\n`);
    } catch (cause) {
      throw new AppError({
        code: 'renewals/not-written',
        message: `the book of renewals at ${this.file} cannot be written (${(cause as NodeJS.ErrnoException).code ?? String(cause)}); nothing is renewed without it`,
        next: 'free some space, or correct the permissions of the folder',
        data: { file: this.file },
        cause,
      });
    }
  }
}

function parseJson(file: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw damaged(file, cause);
  }
}

function damaged(file: string, cause: unknown): AppError {
  return new AppError({
    code: 'renewals/damaged',
    message: `the book of renewals at ${file} cannot be read: what was spent is not known, so nothing is renewed`,
    next: 'see with `cairn contracts` what was renewed, then move the file away: the limit counts from nothing again',
    data: { file },
    cause,
  });
}

function otherNetwork(file: string, network: string, configured: string): AppError {
  return new AppError({
    code: 'renewals/other-network',
    message: `the book of renewals at ${file} belongs to ${network}, not to ${configured}`,
    next: 'use the data folder of that network, or another one',
    data: { file, network },
  });
}
