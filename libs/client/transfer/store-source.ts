import { randomBytes } from 'node:crypto';
import { type RedundancyProfile, segmentOfPlan } from '#fragments';
import type { Quote } from '#market';
import type { CallOptions, ClientContext } from '../context.js';
import type { DealLimits } from '../negotiation/deal-limits.js';
import type { UploadJournal } from './resume/upload-journal.js';
import { type EarlySource, readEarly, type SourceFile } from './source.js';
import { type Stored, storeUnderContracts } from './store.js';
import {
  assertAffordable,
  type Deposits,
  planUpload,
  type UploadPlan,
  validFilePlan,
} from './upload-plan.js';

/** How a source is to be stored. */
export interface StoreSourceOptions extends CallOptions {
  readonly profile: RedundancyProfile;
  readonly epochs: number;
  readonly fragmentSize?: number;
  readonly limits?: DealLimits;
  readonly deposits?: Deposits;
  /** Called with the price before anything is paid; throw to refuse. */
  readonly onQuote?: (quote: Quote) => void | Promise<void>;
}

/** Something stored, its price, and the height its term was counted from. */
export interface StoredSource extends Stored {
  readonly quote: Quote;
  readonly height: number;
}

/**
 * Stores what a source gives. What has a path goes on where a killed run of the same path, name and terms stopped; what
 * has no size yet is priced at its end, before anything is paid.
 */
export async function storeSource(
  context: ClientContext,
  source: SourceFile,
  name: string,
  options: StoreSourceOptions,
): Promise<StoredSource> {
  const early = firstSegmentOf(source, options);
  try {
    return await storePlanned(context, early ?? source, name, options);
  } finally {
    await early?.drop();
  }
}

/** A source of known size, its first segment on its way. */
function firstSegmentOf(source: SourceFile, options: StoreSourceOptions): EarlySource | undefined {
  const { sizeBytes } = source;
  if (sizeBytes === undefined || sizeBytes === 0) return undefined;
  const plan = validFilePlan({ ...options, sizeBytes });
  return readEarly(source, segmentOfPlan(plan, 0).plainLength);
}

async function storePlanned(
  context: ClientContext,
  source: SourceFile,
  name: string,
  options: StoreSourceOptions,
): Promise<StoredSource> {
  const { sizeBytes } = source;
  const upload = await planUpload(context, { ...options, sizeBytes });
  let { quote } = upload;
  if (sizeBytes !== undefined) await options.onQuote?.(quote);
  const journal = await openJournal(context, source, name, upload);
  // What a killed run had formed is paid already: there the ledger says what is too little.
  const isResumed = journal !== undefined && journal.before.slots.length > 0;
  if (sizeBytes !== undefined && !isResumed) {
    await assertAffordable(context, quote).catch(async (error: unknown) => {
      await journal?.remove();
      throw error;
    });
  }
  const onPriced = async (price: Quote): Promise<void> => {
    quote = price;
    await options.onQuote?.(price);
    await assertAffordable(context, price);
  };
  const stored = await storeUnderContracts(context, source, upload, {
    ...options,
    journal,
    ...(sizeBytes === undefined ? { onPriced } : {}),
  });
  return { ...stored, quote, height: upload.height };
}

/** None for what cannot be read again, or is small enough to be sent again at once. */
function openJournal(
  { uploads, params, nowMs }: ClientContext,
  { path }: SourceFile,
  name: string,
  { plan, epochs }: UploadPlan,
): Promise<UploadJournal | undefined> {
  if (path === undefined || plan.segmentCount === 0) return Promise.resolve(undefined);
  const { profile, fragmentSize } = plan;
  const { networkId } = params;
  const newKeys = () => ({
    contentKey: new Uint8Array(randomBytes(32)),
    repairKey: new Uint8Array(randomBytes(32)),
  });
  return uploads.open({ networkId, path, name, profile, epochs, fragmentSize }, newKeys, nowMs());
}
