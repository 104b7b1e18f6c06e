import { type Catalogue, findFile } from '#catalogue';
import { type CairnClient, entryContent, hashOfSource, openSource } from '#client';
import { formatSize, parseSize } from '#config';
import { equalBytes } from '#crypto';
import { AppError, violationToText } from '#errors';
import { parseProfile, profileToText, redundancyProfiles } from '#fragments';
import { epochsToSeconds, type Quote } from '#market';
import { estimateDurability } from '#placement';
import type { CommandAction, CommandInput } from '../command.js';
import type { CliContext } from '../context.js';
import { confirm } from '../output/ask.js';
import { formatSpan, safeText } from '../output/text.js';
import { withClient } from '../session.js';
import { type FoundSources, findSources, isSameTime, type LocalSource } from './local-sources.js';
import { costToJson, failedToJson, type PutTerms } from './put-report.js';
import { PutRun } from './put-run.js';
import { quoteToLines } from './quote-lines.js';

export const put: CommandAction = async ({ args, options }, context) => {
  const terms = readTerms(options, context);
  const name = typeof options['name'] === 'string' ? options['name'] : undefined;
  if (args.includes('-')) return putStdin(args, name, terms, options, context);
  const found = await findSources(args, name, context.signal);
  if (found.leftOut.length > 0) context.output.note(leftOutText(found.leftOut));
  return withClient(context, async (client, node) => {
    const { catalogue } = await client.catalogue({ signal: context.signal });
    const { changed, unchanged } = await compare(catalogue, found.sources, options, client, context);
    if (unchanged > 0)
      context.output.note(`${unchanged} of ${found.sources.length} files are stored already, unchanged.`);
    const run = new PutRun(client, node, context, {
      terms,
      keepVersions: options['keepVersions'] === true,
      unchanged,
    });
    for (const { name: failed, error } of found.failed) run.fail(failed, error);
    if (changed.length === 0)
      return options['dryRun'] === true ? printDryRun(context, changed, found) : run.finish();
    const price = await priceOf(client, changed, terms, context.signal);
    showQuote(context, price, changed.length, terms);
    if (options['dryRun'] === true) return printDryRun(context, changed, found, price, terms);
    if (context.canAsk && !(await confirm('Store for this price?', context.signal))) {
      throw new AppError({
        code: 'cli/not-confirmed',
        message: 'Nothing was stored.',
        next: 'Answer with yes.',
      });
    }
    return run.store(changed);
  });
};

/** Standard input has no size before its end: it is priced then, before anything is paid. */
function putStdin(
  args: readonly string[],
  name: string | undefined,
  terms: PutTerms,
  options: CommandInput['options'],
  context: CliContext,
): Promise<number | undefined> {
  if (args.length > 1) {
    throw new AppError({
      code: 'cli/stdin-alone',
      message: 'Standard input is stored alone, not beside other paths.',
      next: 'Store them one after the other.',
    });
  }
  if (name === undefined || name === '') {
    throw new AppError({
      code: 'cli/name-needed',
      message: 'What comes from stdin has no name of its own.',
      next: 'Give it one: cairn put - --name NAME.',
    });
  }
  return withClient(context, async (client, node) => {
    if (options['dryRun'] === true) {
      let sizeBytes = 0;
      for await (const part of process.stdin) sizeBytes += (part as Buffer).length;
      const source = { path: '-', name, sizeBytes, modifiedAtMs: 0 };
      const price = await priceOf(client, [source], terms, context.signal);
      showQuote(context, price, 1, terms);
      return printDryRun(context, [source], { failed: [] }, price, terms);
    }
    const run = new PutRun(client, node, context, {
      terms,
      keepVersions: options['keepVersions'] === true,
      unchanged: 0,
    });
    return run.storeStdin(name, (quote, sizeBytes) =>
      showQuote(context, { files: quote, sizeBytes }, 1, terms),
    );
  });
}

/**
 * What is not stored yet, or differs from what is by size or time; by its content with --checksum. What nobody pays for
 * any longer is stored again.
 */
async function compare(
  catalogue: Catalogue,
  sources: readonly LocalSource[],
  options: CommandInput['options'],
  client: CairnClient,
  { signal }: CliContext,
): Promise<{ changed: LocalSource[]; unchanged: number }> {
  if (options['again'] === true || catalogue.files.length === 0)
    return { changed: [...sources], unchanged: 0 };
  const { tip } = await client.context.ledger.status();
  const changed: LocalSource[] = [];
  for (const source of sources) {
    signal.throwIfAborted();
    const entry = findFile(catalogue, source.name);
    const isThere =
      entry !== undefined &&
      Number(entry.sizeBytes) === source.sizeBytes &&
      Number(entry.paidUntilHeight) > tip.height;
    const isSame =
      isThere &&
      (options['checksum'] === true
        ? await hasHash(source, entryContent(catalogue, entry).fileHash)
        : isSameTime(Number(entry.modifiedAt), source.modifiedAtMs));
    if (!isSame) changed.push(source);
  }
  return { changed, unchanged: sources.length - changed.length };
}

/** A file that cannot be read has no hash: storing it will say why. */
async function hasHash(source: LocalSource, hash: Uint8Array): Promise<boolean> {
  try {
    const opened = await openSource(source.path);
    try {
      return equalBytes(await hashOfSource(opened), hash);
    } finally {
      await opened.close();
    }
  } catch (error) {
    if (error instanceof AppError) return false;
    throw error;
  }
}

/** What a put costs: the files, and about what the list of files does. */
interface Price {
  readonly files: Quote;
  readonly catalogue?: Quote;
  /** Bytes of the files themselves. */
  readonly sizeBytes: number;
}

async function priceOf(
  client: CairnClient,
  sources: readonly LocalSource[],
  terms: PutTerms,
  signal: AbortSignal,
): Promise<Price> {
  const files = sources.map(({ name: path, sizeBytes }) => ({ path, sizeBytes }));
  const sizes = files.map(({ sizeBytes }) => sizeBytes);
  return {
    files: await client.quoteFiles(sizes, { ...terms, signal }),
    catalogue: await client.quoteCatalogue(files, { ...terms, signal }),
    sizeBytes: sizes.reduce((total, sizeBytes) => total + sizeBytes, 0),
  };
}

function showQuote({ output, params }: CliContext, price: Price, files: number, terms: PutTerms): void {
  const quote = price.files;
  const what =
    `${files} ${files === 1 ? 'file' : 'files'}, profile ${profileToText(terms.profile)}, ` +
    `${formatSize(quote.storedBytes)} stored in ${quote.contracts} contracts for ${quote.epochs} epochs (${formatSpan(epochsToSeconds(params, quote.epochs))}):`;
  const extras = {
    sizeBytes: price.sizeBytes,
    profile: terms.profile,
    ...(price.catalogue !== undefined && { catalogue: price.catalogue }),
  };
  output.note([what, ...quoteToLines(params, quote, extras)].join('\n'));
}

/** A folder's links, sockets and devices are not followed and not stored: said, so that nobody misses them later. */
function leftOutText(paths: readonly string[]): string {
  const some = paths.slice(0, 5).map((path) => `'${safeText(path)}'`);
  const more = paths.length > some.length ? `, and ${paths.length - some.length} more` : '';
  return `Left out, since only plain files are stored: ${some.join(', ')}${more}.`;
}

function printDryRun(
  { output }: CliContext,
  sources: readonly LocalSource[],
  { failed }: { readonly failed: FoundSources['failed'] },
  price?: Price,
  terms?: PutTerms,
): undefined {
  for (const { name, path } of sources) output.print(`${safeText(name)}  (${safeText(pathText(path))})`);
  for (const { name, error } of failed) output.note(`would fail: ${safeText(name)}: ${error.message}`);
  output.printJson({
    dryRun: true,
    files: sources.map(({ name, path }) => ({ name, path: pathText(path) })),
    failed: failed.map(failedToJson),
    cost: price === undefined ? null : costToJson(price.files),
    catalogueCost: price?.catalogue === undefined ? null : costToJson(price.catalogue),
    durability:
      price === undefined || terms === undefined
        ? null
        : estimateDurability(terms.profile, price.files.reserve > 0n ? 'repairer' : 'nobody'),
  });
  return undefined;
}

function pathText(path: string | Uint8Array): string {
  return typeof path === 'string' ? path : Buffer.from(path).toString('utf8');
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
