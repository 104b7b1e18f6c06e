import { mkdir, readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { z } from 'zod';
import { replaceFile } from '#durable-file';
import { type RepairRecordView, repairRecordView } from '#wire';

/** Repairs that are remembered. */
const KEPT_RECORDS = 100;

const fileSchema = z.object({
  version: z.literal(1),
  healed: z.number().int(),
  records: z.array(repairRecordView),
});

/** The last repairs, for the operator: on disk, newest first. What is still to be done follows from the chain alone. */
export class RepairBook {
  private records: RepairRecordView[] = [];
  private healedCount = 0;
  private writing: Promise<void> = Promise.resolve();

  private constructor(private readonly file: string) {}

  /** A book that cannot be read is begun anew: it only tells what was. */
  static async open(file: string): Promise<RepairBook> {
    const book = new RepairBook(file);
    await mkdir(dirname(file), { recursive: true, mode: 0o700 });
    const parsed = fileSchema.safeParse(parseJson(await readFile(file, 'utf8').catch(() => '')));
    if (parsed.success) {
      book.records = parsed.data.records;
      book.healedCount = parsed.data.healed;
    }
    return book;
  }

  get last(): readonly RepairRecordView[] {
    return this.records;
  }

  /** Fragments that were put again at providers that had lost them. */
  get healed(): number {
    return this.healedCount;
  }

  note(records: readonly RepairRecordView[]): Promise<void> {
    this.records = [...records, ...this.records].slice(0, KEPT_RECORDS);
    return this.save();
  }

  noteHealed(count: number): Promise<void> {
    this.healedCount += count;
    return this.save();
  }

  private save(): Promise<void> {
    // Of a write that failed only its own caller is told.
    this.writing = this.writing.catch(() => undefined).then(() => this.write());
    return this.writing;
  }

  private write(): Promise<void> {
    const { healedCount: healed, records } = this;
    return replaceFile(this.file, `${JSON.stringify({ version: 1, healed, records })}\n`);
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
