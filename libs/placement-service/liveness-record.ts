import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { z } from 'zod';
import { type LivenessView, livenessView } from '#services';

const fileSchema = z.array(livenessView);

/** One answer, or none, of a provider. */
export interface ProbeResult {
  readonly provider: string;
  readonly address: string;
  readonly url: string;
  readonly latencyMs: number | undefined;
  /** Why it counts as down. */
  readonly error: string | undefined;
}

/** Which providers answer, since when: in memory, and in a file so that a restart does not forget. */
export class LivenessRecord {
  private readonly byProvider = new Map<string, LivenessView>();

  private constructor(private readonly file: string) {}

  /** Reads the record; one that cannot be read is begun anew, as it only describes the present. */
  static async open(file: string): Promise<LivenessRecord> {
    const record = new LivenessRecord(file);
    await mkdir(dirname(file), { recursive: true });
    for (const view of await readRecord(file)) record.byProvider.set(view.provider, view);
    return record;
  }

  get(provider: string): LivenessView | undefined {
    return this.byProvider.get(provider);
  }

  all(): LivenessView[] {
    return [...this.byProvider.values()].sort((a, b) => (a.provider < b.provider ? -1 : 1));
  }

  /** Notes one probe. */
  note(result: ProbeResult, now: Date): void {
    const time = now.toISOString();
    const before = this.byProvider.get(result.provider);
    const state = result.error === undefined ? 'up' : 'down';
    this.byProvider.set(result.provider, {
      provider: result.provider,
      address: result.address,
      url: result.url,
      state,
      since: before?.state === state ? before.since : time,
      checkedAt: time,
      latencyMs: result.latencyMs ?? before?.latencyMs ?? null,
      answered: (before?.answered ?? 0) + (state === 'up' ? 1 : 0),
      probes: (before?.probes ?? 0) + 1,
      error: result.error ?? null,
    });
  }

  /** Forgets those who have no offer any more, then writes the file whole or not at all. */
  async save(known: ReadonlySet<string>): Promise<void> {
    for (const provider of this.byProvider.keys()) if (!known.has(provider)) this.byProvider.delete(provider);
    const temporary = `${this.file}.${process.pid}.tmp`;
    await writeFile(temporary, `${JSON.stringify(this.all())}\n`);
    await rename(temporary, this.file);
  }
}

async function readRecord(file: string): Promise<LivenessView[]> {
  try {
    return fileSchema.parse(JSON.parse(await readFile(file, 'utf8')));
  } catch {
    return [];
  }
}
