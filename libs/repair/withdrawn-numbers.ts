import { mkdir, readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { replaceFile } from '#durable-file';

/** What was taken back: what was signed before it must not be given again by whoever kept a copy. */
export interface Withdrawn {
  readonly subject: string;
  /** Hex of the client's wallet key. */
  readonly client: string;
  /** The highest number seen. */
  readonly number: bigint;
  /** As the capability named them: once all are over, no capability over them is taken anyway. */
  readonly contracts: readonly string[];
}

/** How many are remembered. */
export interface WithdrawnLimits {
  readonly filesPerClient: number;
  readonly files: number;
}

const fileSchema = z.object({
  version: z.literal(1),
  client: z.string(),
  number: z.string().regex(/^\d+$/),
  contracts: z.array(z.string()),
});

/** Numbers of capabilities that were taken back, on disk, one file each; all of them in memory, the oldest first. */
export class WithdrawnNumbers {
  private readonly known = new Map<string, Withdrawn>();
  private readonly unchecked: string[] = [];

  private constructor(private readonly folder: string) {}

  /** Reads what is there; one that cannot be read is forgotten. */
  static async open(folder: string): Promise<WithdrawnNumbers> {
    const numbers = new WithdrawnNumbers(folder);
    await mkdir(folder, { recursive: true, mode: 0o700 });
    for (const name of await readdir(folder)) {
      const subject = /^([0-9a-f]{64})\.json$/.exec(name)?.[1];
      if (subject === undefined) continue;
      const parsed = fileSchema.safeParse(parseJson(await readFile(join(folder, name), 'utf8')));
      if (!parsed.success) continue;
      const { client, number, contracts } = parsed.data;
      numbers.known.set(subject, { subject, client, number: BigInt(number), contracts });
    }
    return numbers;
  }

  get size(): number {
    return this.known.size;
  }

  get(subject: string): Withdrawn | undefined {
    return this.known.get(subject);
  }

  /** Remembers a number; once resolved it survives kill -9. Where there are too many, the client's oldest makes room. */
  async note(one: Withdrawn, { filesPerClient, files }: WithdrawnLimits): Promise<void> {
    const { subject, client, number, contracts } = one;
    const text = JSON.stringify({ version: 1, client, number: number.toString(), contracts });
    await replaceFile(this.pathOf(subject), `${text}\n`);
    this.known.delete(subject);
    this.known.set(subject, one);
    const own = [...this.known.values()].filter((other) => other.client === client);
    const [oldest] = own.length > filesPerClient ? own : this.known.size > files ? this.known.values() : [];
    if (oldest !== undefined) await this.forget(oldest.subject);
  }

  async forget(subject: string): Promise<void> {
    if (this.known.delete(subject)) await rm(this.pathOf(subject), { force: true });
  }

  /** The next ones to look at, each once before any comes again. */
  nextToCheck(count: number): Withdrawn[] {
    if (this.unchecked.length === 0) this.unchecked.push(...this.known.keys());
    return this.unchecked.splice(0, count).flatMap((subject) => this.known.get(subject) ?? []);
  }

  private pathOf(subject: string): string {
    return join(this.folder, `${subject}.json`);
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
