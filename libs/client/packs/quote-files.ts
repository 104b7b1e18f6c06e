import { defaultFragmentSizeBytes, packCapacity, packedFileLimit, packSizes } from '#fragments';
import { type Quote, sumQuotes } from '#market';
import type { ClientContext } from '../context.js';
import type { StoreSourceOptions } from '../transfer/store-source.js';
import { planUpload } from '../transfer/upload-plan.js';

/**
 * What storing files of these sizes costs now, small ones packed together as `storeFiles` does it. One plan for each
 * distinct size, all by the same look at the market.
 */
export async function quoteFiles(
  context: ClientContext,
  sizes: Iterable<number>,
  options: StoreSourceOptions,
): Promise<Quote> {
  const { profile, fragmentSize = defaultFragmentSizeBytes, signal } = options;
  const limit = packedFileLimit(profile.k, fragmentSize);
  const small: number[] = [];
  const counts = new Map<number, number>();
  const count = (size: number): void => {
    counts.set(size, (counts.get(size) ?? 0) + 1);
  };
  for (const size of sizes) {
    if (size > 0 && size <= limit) small.push(size);
    else count(size);
  }
  if (small.length === 1) count(small[0] as number);
  else for (const size of packSizes(small, packCapacity(profile.k, fragmentSize))) count(size);
  if (counts.size === 0) count(0);
  const now = asOfNow(context);
  const quotes = [];
  for (const [sizeBytes, times] of counts) {
    signal?.throwIfAborted();
    quotes.push({ quote: (await planUpload(now, { ...options, sizeBytes })).quote, count: times });
  }
  return sumQuotes(quotes);
}

/** The context with the market as it is at the first question: thousands of sizes ask it once. */
function asOfNow(context: ClientContext): ClientContext {
  const { ledger, providers } = context;
  return {
    ...context,
    ledger: Object.create(ledger, {
      status: { value: once(() => ledger.status()) },
      feeEstimate: { value: once(() => ledger.feeEstimate()) },
    }),
    providers: Object.create(providers, { candidates: { value: once(() => providers.candidates()) } }),
  };
}

function once<T>(ask: () => Promise<T>): () => Promise<T> {
  let answer: Promise<T> | undefined;
  return () => {
    answer ??= ask();
    return answer;
  };
}
