import { type CairnClient, openStdinSource, type Progress, type StoredFiles, storeFiles } from '#client';
import { formatSize } from '#config';
import { AppError } from '#errors';
import type { Quote } from '#market';
import type { NodeClient } from '#node-api';
import type { CliContext } from '../context.js';
import { EXIT_CODES } from '../exit-codes.js';
import type { ProgressBar } from '../output/progress-bar.js';
import { safeText } from '../output/text.js';
import { keepQuotes } from '../quotes-file.js';
import type { FailedSource, LocalSource } from './local-sources.js';
import { costToJson, failedToJson, type PutTerms } from './put-report.js';

/** Stored files are published after so long: a crash loses no more than these. */
const ANCHOR_EVERY_MS = 20_000;
/** Publishing takes no more than this share of the time: a long list is published less often. */
const ANCHOR_SHARE = 1 / 5;

/** Something stored, and the number of the list of files that names it; none while it waits. */
interface Kept extends StoredFiles {
  sequence: bigint | undefined;
}

/** One run of `cairn put`: what was stored, what was published, what failed. */
export class PutRun {
  private readonly kept: Kept[] = [];
  private waiting: Kept[] = [];
  /** Stored, and given up again since no list names them. */
  private readonly givenUp: Kept[] = [];
  private readonly failed: FailedSource[] = [];
  private publishedAtMs = Date.now();
  private publishingMs = 0;
  private bar: { readonly name: string; readonly bar: ProgressBar } | undefined;

  constructor(
    private readonly client: CairnClient,
    private readonly node: NodeClient,
    private readonly context: CliContext,
    private readonly how: {
      readonly terms: PutTerms;
      readonly keepVersions: boolean;
      /** Files that were stored already. */
      readonly unchanged: number;
    },
  ) {}

  /** Notes a file that cannot be stored; the others are. */
  fail(name: string, error: AppError): void {
    this.failed.push({ name, error });
    this.context.output.note(`not stored: ${safeText(name)}: ${error.message} [${error.code}]`);
  }

  /** Stores files, publishes them as it goes, and says what became of all. */
  async store(sources: readonly LocalSource[]): Promise<number | undefined> {
    const { signal } = this.context;
    await this.tidyUp();
    try {
      const options = {
        ...this.how.terms,
        signal,
        onProgress: (name: string, progress: Progress) => this.show(name, progress),
      };
      for await (const event of storeFiles(this.client, sources, options)) {
        if (event.kind === 'failed') {
          if (sources.length === 1) throw event.error;
          this.fail(event.file.name, event.error);
        } else await this.keep(event.stored);
      }
    } finally {
      // What is stored is paid for: it is published even when the next file fails or Ctrl-C comes.
      await this.publish().finally(() => this.report());
    }
    await this.repack();
    return this.exitCode();
  }

  /** Stores standard input under a name; `onQuote` shows the price once the end has come. */
  async storeStdin(
    name: string,
    onQuote: (quote: Quote, sizeBytes: number) => void,
  ): Promise<number | undefined> {
    await this.tidyUp();
    const source = openStdinSource(process.stdin);
    let sizeBytes = 0;
    try {
      const { entry, ...stored } = await this.client.storeSource(
        {
          ...source,
          read: async (lengthBytes) => {
            const part = await source.read(lengthBytes);
            sizeBytes += part.length;
            return part;
          },
        },
        name,
        {
          ...this.how.terms,
          signal: this.context.signal,
          onQuote: (quote) => onQuote(quote, sizeBytes),
          onProgress: (progress) => this.show(name, progress),
        },
      );
      await this.keep({ ...stored, name, entries: [entry] });
    } finally {
      await source.close();
      await this.publish().finally(() => this.report());
    }
    return this.exitCode();
  }

  /** Nothing was left to be stored. */
  finish(): number | undefined {
    this.report();
    return this.exitCode();
  }

  /** Tells providers that an earlier run, killed on the way, comes no more; names what it had formed all the same. */
  private async tidyUp(): Promise<void> {
    const formed = await this.client.withdrawOpenNegotiations();
    if (formed.length === 0) return;
    this.context.output.note(
      `An earlier run was stopped after it had formed contracts that no file points at: ${formed.join(', ')}. Get back what they have not earned with \`cairn contracts end ID\`.`,
    );
  }

  private async keep(stored: StoredFiles): Promise<void> {
    const kept = { ...stored, sequence: undefined };
    this.kept.push(kept);
    this.waiting.push(kept);
    this.hideBar();
    await keepQuotes(this.context, this.node, stored);
    const pauseMs = Math.max(ANCHOR_EVERY_MS, this.publishingMs / ANCHOR_SHARE);
    if (Date.now() - this.publishedAtMs > pauseMs) await this.publish();
  }

  private async publish(): Promise<void> {
    const batch = this.waiting;
    if (batch.length === 0) return;
    const files = batch.reduce((sum, { entries }) => sum + entries.length, 0);
    const startedMs = Date.now();
    try {
      const { sequence } = await this.client.anchor(
        batch.flatMap(({ entries }) => entries),
        {
          keepVersions: this.how.keepVersions,
          onProgress: (progress) => this.show('list of files', progress),
        },
      );
      for (const kept of batch) kept.sequence = sequence;
      this.waiting = [];
    } catch (error) {
      this.context.output.note(this.notAnchoredText(files, error));
      throw error;
    } finally {
      this.hideBar();
      this.publishedAtMs = Date.now();
      this.publishingMs = this.publishedAtMs - startedMs;
    }
  }

  /**
   * Where publishing certainly failed, the contracts were ended: to publish them at a second try would name files that
   * their providers are about to delete.
   */
  private notAnchoredText(files: number, error: unknown): string {
    const [were, them] = files === 1 ? ['file was', 'it'] : ['files were', 'them'];
    if (error instanceof AppError && error.code === 'catalogue/outcome-unknown')
      return `${files} ${were} stored and NOT anchored: the phrase alone does not find ${them} yet.`;
    this.givenUp.push(...this.waiting);
    this.waiting = [];
    return `${files} ${were} could NOT be anchored and ${files === 1 ? 'is' : 'are'} given up again: what the contracts have not earned returns. Run the same command again to store ${them} anew.`;
  }

  /** Replaced files may have left packs half empty. */
  private async repack(): Promise<void> {
    const { signal, output } = this.context;
    const done = await this.client.repack({ signal });
    if (done === undefined) return;
    const { packs, moved, failures } = done.repacked;
    if (packs > 0)
      output.note(
        `${packs} packs were more than half dead: ${moved.size} files were stored anew without them.`,
      );
    for (const { message, code } of failures) output.note(`a pack was left as it is: ${message} [${code}]`);
  }

  private report(): void {
    this.hideBar();
    const { output } = this.context;
    const anchored = this.kept.filter(({ sequence }) => sequence !== undefined);
    for (const { entries } of anchored)
      for (const { path, sizeBytes } of entries) output.print(`${safeText(path)}  ${formatSize(sizeBytes)}`);
    const last = anchored.at(-1);
    if (last?.sequence !== undefined) {
      const files = anchored.reduce((sum, { entries }) => sum + entries.length, 0);
      output.note(
        `${files} ${files === 1 ? 'file' : 'files'} stored and anchored in list ${last.sequence}: the phrase alone finds ${files === 1 ? 'it' : 'them'} again.`,
      );
    }
    output.printJson({
      files: anchored.flatMap(storedToJson),
      packs: anchored.flatMap(packToJson),
      notAnchored: [...this.givenUp, ...this.waiting].flatMap(({ entries }) =>
        entries.map(({ path }) => path),
      ),
      unchanged: this.how.unchanged,
      failed: this.failed.map(failedToJson),
    });
  }

  private exitCode(): number | undefined {
    if (this.failed.length === 0) return undefined;
    const files = this.failed.length;
    this.context.output.note(
      `${files} ${files === 1 ? 'file was' : 'files were'} not stored; run the same command again once ${files === 1 ? 'it' : 'they'} can be read: what is stored is passed by.`,
    );
    return EXIT_CODES.incomplete.code;
  }

  private show(name: string, progress: Progress): void {
    if (this.bar?.name !== name) {
      this.hideBar();
      this.bar = { name, bar: this.context.output.progress(safeText(name)) };
    }
    const unit = progress.stage === 'sealing' ? 'bytes' : 'items';
    this.bar.bar.update(progress.stage, progress.done, progress.total, unit);
  }

  private hideBar(): void {
    this.bar?.bar.done();
    this.bar = undefined;
  }
}

function storedToJson({ entries, quote, contracts, sequence }: Kept): Record<string, unknown>[] {
  return entries.map(({ path, sizeBytes, paidUntilHeight, member }) => ({
    name: path,
    sizeBytes: Number(sizeBytes),
    paidUntilHeight: Number(paidUntilHeight),
    anchored: sequence,
    ...(member === undefined ? { contracts, cost: costToJson(quote) } : { pack: member.pack }),
  }));
}

function packToJson({ entries, quote, contracts }: Kept): Record<string, unknown>[] {
  const pack = entries[0]?.member?.pack;
  if (pack === undefined) return [];
  return [{ id: pack, files: entries.length, contracts, cost: costToJson(quote) }];
}
