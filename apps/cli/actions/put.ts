import { stat } from 'node:fs/promises';
import type { CairnClient, Progress, StoredFile } from '#client';
import { formatSize, parseSize } from '#config';
import { AppError, violationToText } from '#errors';
import { parseProfile, profileToText, type RedundancyProfile, redundancyProfiles } from '#fragments';
import { addQuotes, epochsToSeconds, type Quote } from '#market';
import type { NodeClient } from '#node-api';
import type { CommandAction, CommandInput } from '../command.js';
import type { CliContext } from '../context.js';
import { confirm } from '../output/ask.js';
import { formatSpan, safeText } from '../output/text.js';
import { keepQuotes } from '../quotes-file.js';
import { withClient } from '../session.js';
import { findSources, type LocalSource } from './local-sources.js';
import { quoteToLines } from './quote-lines.js';

/** Stored files are published after so many, or after this long: a crash loses no more than these. */
const ANCHOR_EVERY_FILES = 16;
const ANCHOR_EVERY_MS = 20_000;

interface PutTerms {
  readonly profile: RedundancyProfile;
  readonly epochs: number;
  readonly fragmentSize?: number;
}

export const put: CommandAction = async ({ args, options }, context) => {
  const terms = readTerms(options, context);
  const name = typeof options['name'] === 'string' ? options['name'] : undefined;
  const { sources, leftOut, release } = await findSources(args, name, context);
  if (leftOut.length > 0) context.output.note(leftOutText(leftOut));
  try {
    return await withClient(context, async (client, node) => {
      const price = await quoteAll(client, sources, terms, context.signal);
      const isDryRun = options['dryRun'] === true;
      showQuote(context, price, sources.length, terms);
      if (isDryRun) return printDryRun(context, sources, price);
      if (context.canAsk && !(await confirm('Store for this price?', context.signal))) {
        throw new AppError({
          code: 'cli/not-confirmed',
          message: 'Nothing was stored.',
          next: 'Answer with yes.',
        });
      }
      return storeAll(client, node, sources, terms, context);
    });
  } finally {
    await release();
  }
};

/** Tells providers that an earlier run, killed on the way, comes no more; names what it had formed all the same. */
async function tidyUp(client: CairnClient, { output }: CliContext): Promise<void> {
  const formed = await client.withdrawOpenNegotiations();
  if (formed.length === 0) return;
  output.note(
    `An earlier run was stopped after it had formed contracts that no file points at: ${formed.join(', ')}. Get back what they have not earned with \`cairn contracts end ID\`.`,
  );
}

async function storeAll(
  client: CairnClient,
  node: NodeClient,
  sources: readonly LocalSource[],
  terms: PutTerms,
  context: CliContext,
): Promise<undefined> {
  const { output, signal } = context;
  await tidyUp(client, context);
  const anchored: StoredFile[] = [];
  let waiting: StoredFile[] = [];
  let since = Date.now();
  // What is stored is paid for: it is published even when the next file fails or Ctrl-C comes.
  const anchor = async (): Promise<void> => {
    if (waiting.length === 0) return;
    await client.anchor(waiting.map(({ entry }) => entry));
    anchored.push(...waiting);
    waiting = [];
    since = Date.now();
  };
  try {
    for (const { path, name } of sources) {
      signal.throwIfAborted();
      const bar = output.progress(safeText(name));
      const onProgress = (progress: Progress): void => showProgress(bar, progress);
      const stored = await client.storeFile(path, name, { ...terms, signal, onProgress });
      waiting.push(stored);
      await keepQuotes(context, node, stored);
      bar.done();
      if (waiting.length >= ANCHOR_EVERY_FILES || Date.now() - since > ANCHOR_EVERY_MS) await anchor();
    }
  } finally {
    await anchor();
    for (const { entry } of anchored) {
      output.print(`${safeText(entry.path)}  ${formatSize(entry.sizeBytes)}`);
    }
    output.printJson({ files: anchored.map(storedToJson) });
  }
  return undefined;
}

function showProgress(bar: ReturnType<CliContext['output']['progress']>, progress: Progress): void {
  const unit = progress.stage === 'sealing' ? 'bytes' : 'items';
  bar.update(progress.stage, progress.done, progress.total, unit);
}

function storedToJson({ entry, quote, contracts }: StoredFile): Record<string, unknown> {
  return {
    name: entry.path,
    sizeBytes: Number(entry.sizeBytes),
    paidUntilHeight: Number(entry.paidUntilHeight),
    contracts,
    cost: costToJson(quote),
  };
}

function costToJson(quote: Quote): Record<string, unknown> {
  const { lines, ...whole } = quote;
  return whole;
}

/** What a put costs: the files, and about what the list of files does. */
interface Price {
  readonly files: Quote;
  readonly catalogue: Quote;
  /** Bytes of the files themselves. */
  readonly sizeBytes: number;
}

async function quoteAll(
  client: CairnClient,
  sources: readonly LocalSource[],
  terms: PutTerms,
  signal: AbortSignal,
): Promise<Price> {
  let sum: Quote | undefined;
  const bySize = new Map<number, Quote>();
  const files: { path: string; sizeBytes: number }[] = [];
  for (const { path, name } of sources) {
    signal.throwIfAborted();
    const sizeBytes = await sizeOf(path);
    files.push({ path: name, sizeBytes });
    const quote = bySize.get(sizeBytes) ?? (await client.quote(sizeBytes, terms));
    bySize.set(sizeBytes, quote);
    sum = sum === undefined ? quote : addQuotes(sum, quote);
  }
  return {
    files: sum as Quote,
    catalogue: await client.quoteCatalogue(files, { ...terms, signal }),
    sizeBytes: files.reduce((total, { sizeBytes }) => total + sizeBytes, 0),
  };
}

function showQuote({ output, params }: CliContext, price: Price, files: number, terms: PutTerms): void {
  const quote = price.files;
  const what =
    `${files} ${files === 1 ? 'file' : 'files'}, profile ${profileToText(terms.profile)}, ` +
    `${formatSize(quote.storedBytes)} stored in ${quote.contracts} contracts for ${quote.epochs} epochs (${formatSpan(epochsToSeconds(params, quote.epochs))}):`;
  output.note(
    [what, ...quoteToLines(params, quote, { sizeBytes: price.sizeBytes, catalogue: price.catalogue })].join(
      '\n',
    ),
  );
}

/** A folder's links, sockets and devices are not followed and not stored: said, so that nobody misses them later. */
function leftOutText(paths: readonly string[]): string {
  const some = paths.slice(0, 5).map((path) => `'${safeText(path)}'`);
  const more = paths.length > some.length ? `, and ${paths.length - some.length} more` : '';
  return `Left out, since only plain files are stored: ${some.join(', ')}${more}.`;
}

function printDryRun({ output }: CliContext, sources: readonly LocalSource[], price: Price): undefined {
  for (const { name, path } of sources) output.print(`${safeText(name)}  (${safeText(path)})`);
  output.printJson({
    dryRun: true,
    files: sources.map(({ name, path }) => ({ name, path })),
    cost: costToJson(price.files),
    catalogueCost: costToJson(price.catalogue),
  });
  return undefined;
}

function readTerms(options: CommandInput['options'], { params }: CliContext): PutTerms {
  const isDevnet = params.name === 'devnet';
  const given = String(options['profile'] ?? (isDevnet ? 'devnet' : 'default'));
  const profile = parseProfile(given);
  if (!profile.ok) {
    throw new AppError({
      code: 'cli/bad-profile',
      message: `--profile ${given} is not possible: ${violationToText(profile.violation)}.`,
      next: `Use one of ${Object.keys(redundancyProfiles).join(', ')}, or k/repairBelow/n such as 3/4/8.`,
    });
  }
  const { minEpochs, maxEpochs } = params.contract;
  const epochs = Number(options['epochs'] ?? (isDevnet ? 180 : 30));
  if (!Number.isInteger(epochs) || epochs < minEpochs || epochs > maxEpochs) {
    throw new AppError({
      code: 'cli/bad-epochs',
      message: `--epochs ${String(options['epochs'])} is not possible.`,
      next: `Use a whole number from ${minEpochs} to ${maxEpochs}.`,
    });
  }
  const size = options['fragmentSize'];
  if (typeof size !== 'string') return { profile: profile.value, epochs };
  const fragmentSize = parseSize(size);
  if (fragmentSize === undefined) {
    throw new AppError({
      code: 'cli/bad-size',
      message: `--fragment-size ${size} is no size.`,
      next: 'Use a power of two from 64KiB to 4MiB, such as 1MiB.',
    });
  }
  return { profile: profile.value, epochs, fragmentSize };
}

async function sizeOf(path: string): Promise<number> {
  return (
    await stat(path).catch((cause: unknown) => {
      throw new AppError({
        code: 'source/unreadable',
        message: `'${path}' cannot be read (${(cause as NodeJS.ErrnoException).code}).`,
        next: 'Check the path.',
        cause,
      });
    })
  ).size;
}
