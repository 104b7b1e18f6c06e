import { appendFile, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import type { StoredFiles } from '#client';
import { AppError } from '#errors';
import type { QuotePrice } from '#market';
import type { NodeClient } from '#node-api';
import { amountText } from '#wire';
import type { CliContext } from './context.js';

/** What was quoted before contracts were paid for, one JSON line each; kept so that a bill can stand beside it. */
const QUOTES_FILE = 'quotes.jsonl';

const amount = amountText.transform((text) => BigInt(text));
const keptQuote = z.object({
  contract: z.string(),
  name: z.string(),
  quotedAt: z.string(),
  storage: amount,
  burn: amount,
  burnAtMost: amount,
  fees: amount,
  reserve: amount,
  reads: amount,
  cost: amount,
  total: amount,
  totalAtMost: amount,
});

/** A contract's line of the quote its file was stored by. */
export interface KeptQuote {
  /** Of the file. */
  readonly name: string;
  readonly quotedAt: string;
  readonly price: QuotePrice;
}

/** Keeps what was quoted for each contract of a stored file or pack. A quote that cannot be kept stops nobody from storing. */
export async function keepQuotes(
  { config, output }: CliContext,
  node: NodeClient,
  { name, quote, contracts }: Pick<StoredFiles, 'name' | 'quote' | 'contracts'>,
): Promise<void> {
  const quotedAt = new Date().toISOString();
  let lines = '';
  try {
    for (const contract of contracts) {
      const view = await node.contract({ id: contract });
      // A spare that took a failed provider's place was not in the quote.
      const line = quote.lines.find(({ provider }) => provider === view?.provider);
      if (line === undefined) continue;
      const {
        provider: _provider,
        address: _address,
        totalBytes: _bytes,
        fragments: _fragments,
        ...price
      } = line;
      const amounts = Object.fromEntries(
        Object.entries(price).map(([kind, value]) => [kind, value.toString()]),
      );
      lines += `${JSON.stringify({ contract, name, quotedAt, ...amounts })}\n`;
    }
    await appendFile(quotesPath(config.dataDir), lines, { mode: 0o600 });
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    output.note(`The quote was not kept, so that a bill cannot be compared with it: ${why}`);
  }
}

/** The quotes kept in a data folder, by contract. */
export async function readQuotes(dataDir: string): Promise<Map<string, KeptQuote>> {
  const path = quotesPath(dataDir);
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return '';
    throw new AppError({
      code: 'cli/quotes-unreadable',
      message: `The kept quotes at ${path} cannot be read (${error.code}).`,
      next: 'Correct the permissions of the file, or move it away: bills then stand without their quotes.',
      cause: error,
    });
  });
  const quotes = new Map<string, KeptQuote>();
  for (const line of text.split('\n')) {
    const parsed = keptQuote.safeParse(parseJson(line));
    // A line cut short by a crash is no quote.
    if (!parsed.success) continue;
    const { contract, name, quotedAt, ...price } = parsed.data;
    quotes.set(contract, { name, quotedAt, price });
  }
  return quotes;
}

function parseJson(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}

function quotesPath(dataDir: string): string {
  return join(dataDir, QUOTES_FILE);
}
