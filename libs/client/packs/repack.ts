import { type Catalogue, type FileEntry, type Holding, holdingsOf, memberKey } from '#catalogue';
import { AppError } from '#errors';
import { packCapacity, profileToText, type RedundancyProfile, sealedLength } from '#fragments';
import { holdingManifest } from '../catalogue/entry-content.js';
import type { CallOptions, ClientContext } from '../context.js';
import { depositsOf } from '../contracts/contract-deposits.js';
import type { Deposits } from '../transfer/upload-plan.js';
import { PackBuilder } from './pack-builder.js';
import { type RangeReader, readMembersBy } from './read-members.js';
import { type StoreBytes, storePack } from './store-pack.js';

/** How what is left of packs is stored anew. */
export interface RepackTerms {
  readonly profile: RedundancyProfile;
  readonly fragmentSize: number;
  readonly epochs: number;
  readonly deposits: Deposits;
}

/** How bytes come and go. */
export interface RepackRoads {
  readonly read: RangeReader;
  readonly storeWith: (terms: RepackTerms) => StoreBytes;
}

/** Members of packs stored anew elsewhere; the catalogue does not say so yet. */
export interface Repacked {
  /** Where they lie now, by `memberKey` of where they lay. */
  readonly moved: ReadonlyMap<string, FileEntry>;
  /** Packs that nothing lies in any more once the catalogue says so. */
  readonly packs: number;
  readonly contracts: readonly string[];
  /** Why a pack was left as it is. */
  readonly failures: readonly AppError[];
}

/** Packs of which more than half is dead: their live members are worth storing anew. */
export function wastefulPacks(catalogue: Catalogue): Holding[] {
  return holdingsOf(catalogue).filter((holding) => {
    if (holding.pack === undefined) return false;
    return 2 * liveBytes(holding) < holdingManifest(holding).sizeBytes;
  });
}

/** Bytes of a pack that entries lie in. */
export function liveBytes({ entries }: Holding): number {
  return entries.reduce((sum, { sizeBytes }) => sum + sealedLength(Number(sizeBytes)), 0);
}

/**
 * Stores the live members of wasteful packs anew, together and under new keys, for as long as they are paid for. What
 * fails stays where it is: it is tried again at the next change.
 */
export async function repack(
  context: Pick<ClientContext, 'ledger' | 'params'>,
  catalogue: Catalogue,
  { read, storeWith }: RepackRoads,
  options: CallOptions = {},
): Promise<Repacked> {
  const moved = new Map<string, FileEntry>();
  const contracts: string[] = [];
  const failures: AppError[] = [];
  let packs = 0;
  for (const { terms, holdings } of await groups(context, wastefulPacks(catalogue))) {
    const store = storeWith(terms);
    let builder = new PackBuilder(packCapacity(terms.profile.k, terms.fragmentSize));
    let waiting: FileEntry[] = [];
    const flush = async (): Promise<void> => {
      if (waiting.length === 0) return;
      const stored = await storePack(builder.finish(), store);
      contracts.push(...stored.contracts);
      stored.entries.forEach((entry, at) => {
        moved.set(memberKey(waiting[at] as FileEntry), entry);
      });
      builder = new PackBuilder(packCapacity(terms.profile.k, terms.fragmentSize));
      waiting = [];
    };
    for (const { entries } of holdings) {
      options.signal?.throwIfAborted();
      try {
        for await (const member of readMembersBy(read, entries, options)) {
          if ('error' in member) throw member.error;
          const { entry, plain } = member;
          if (!builder.fits(plain.length)) await flush();
          builder.add({ name: entry.path, plain, modifiedAtMs: Number(entry.modifiedAt) });
          waiting.push(entry);
        }
        packs += 1;
      } catch (error) {
        if (!(error instanceof AppError) || options.signal?.aborted === true) throw error;
        failures.push(error);
      }
    }
    try {
      await flush();
    } catch (error) {
      if (!(error instanceof AppError) || options.signal?.aborted === true) throw error;
      failures.push(error);
    }
  }
  return { moved, packs, contracts, failures };
}

/** What may be stored together: alike in profile, fragments and paid time. What is paid for no longer is left out. */
async function groups(
  context: Pick<ClientContext, 'ledger' | 'params'>,
  wasteful: readonly Holding[],
): Promise<{ terms: RepackTerms; holdings: Holding[] }[]> {
  if (wasteful.length === 0) return [];
  const { epochBlocks, minEpochs, maxEpochs } = context.params.contract;
  const { tip } = await context.ledger.status();
  const found = new Map<string, { terms: RepackTerms; holdings: Holding[] }>();
  for (const holding of wasteful) {
    const blocks = Number(holding.paidUntilHeight) - tip.height;
    if (blocks <= 0) continue;
    const manifest = holdingManifest(holding);
    const { profile, fragmentSize } = manifest;
    const epochs = Math.min(maxEpochs, Math.max(minEpochs, Math.ceil(blocks / epochBlocks)));
    const deposits = await depositsOf(context, manifest);
    const key = [profileToText(profile), fragmentSize, epochs, JSON.stringify(deposits, bigintToText)].join();
    const group = found.get(key);
    if (group === undefined)
      found.set(key, { terms: { profile, fragmentSize, epochs, deposits }, holdings: [holding] });
    else group.holdings.push(holding);
  }
  return [...found.values()];
}

function bigintToText(_name: string, value: unknown): unknown {
  if (typeof value === 'bigint') return value.toString();
  return value instanceof Uint8Array ? Buffer.from(value).toString('hex') : value;
}
