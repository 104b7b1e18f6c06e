import type { FileEntry } from '#catalogue';
import { bytesToHex, equalBytes, hexToBytes } from '#crypto';
import { AppError } from '#errors';
import { encodeManifest, isPlaced, type Manifest } from '#fragments';
import { manifestOf } from '../catalogue/entry-content.js';
import type { ClientContext } from '../context.js';
import { contractNow } from '../providers/provider-directory.js';
import { contractsOf } from '../transfer/upload.js';
import { type Renewed, type RenewOptions, renew } from './renew.js';

/** How a file's contracts are to go on; `maxCost` is for all of them together. */
export type RenewFileOptions = RenewOptions;

/** A file whose contracts were renewed. */
export interface RenewedFile {
  /** With the new contracts and the height up to which they are all paid. */
  readonly entry: FileEntry;
  /** Its manifest before. */
  readonly before: Uint8Array;
  /** What goes on as which contract, by the name that the manifest had for it. */
  readonly successors: ReadonlyMap<string, string>;
  readonly renewed: readonly Renewed[];
  /** Contracts that were not renewed: their fragments are kept as long as those contracts run. */
  readonly failed: readonly { readonly contract: string; readonly error: AppError }[];
  /** Base units. */
  readonly cost: bigint;
}

/** What the catalogue is told of a file that goes on longer. */
export type PublishedRenewal = Pick<RenewedFile, 'entry' | 'before' | 'successors'>;

/** Renews the contracts of a file one after the other; what one provider refuses keeps none of the others back. */
export async function renewFile(
  context: ClientContext,
  entry: FileEntry,
  manifest: Manifest,
  options: RenewFileOptions,
): Promise<RenewedFile> {
  const renewed: Renewed[] = [];
  const failed: { contract: string; error: AppError }[] = [];
  const successors = new Map<string, string>();
  let left = options.maxCost;
  const contracts = contractsOf(manifest);
  for (const contract of contracts) {
    options.signal?.throwIfAborted();
    try {
      const current = (await contractNow(context.ledger, contract))?.id ?? contract;
      successors.set(contract, current);
      const one = await renew(context, current, left === undefined ? options : { ...options, maxCost: left });
      successors.set(contract, one.renewed);
      renewed.push(one);
      if (left !== undefined) left -= one.cost;
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
      failed.push({ contract, error });
    }
    options.onProgress?.({ stage: 'forming', done: renewed.length, total: contracts.length });
  }
  return {
    entry: {
      ...entry,
      manifest: encodeManifest(withContracts(manifest, successors)),
      paidUntilHeight: await paidUntil(context, renewed, entry.paidUntilHeight),
    },
    before: entry.manifest,
    successors,
    renewed,
    failed,
    cost: renewed.reduce((sum, { cost }) => sum + cost, 0n),
  };
}

/**
 * What a file's entry becomes in the newest catalogue. Where another run filled its gaps since, who holds what is left as
 * that one found it, under the contracts that go on; how long those of the other run are paid for is what counted before.
 */
export function renewedEntry(now: FileEntry, file: PublishedRenewal): FileEntry {
  if (equalBytes(now.manifest, file.before)) return file.entry;
  const manifest = encodeManifest(withContracts(manifestOf(now), file.successors));
  return { ...now, manifest };
}

function withContracts(manifest: Manifest, successors: ReadonlyMap<string, string>): Manifest {
  const segments = manifest.segments.map((segment) => ({
    ...segment,
    holders: segment.holders.map((holder) => {
      const successor = isPlaced(holder) ? successors.get(bytesToHex(holder)) : undefined;
      return successor === undefined ? holder : hexToBytes(successor);
    }),
  }));
  return { ...manifest, segments };
}

/** Height of the first renewed contract's end. */
async function paidUntil(
  { ledger }: ClientContext,
  renewed: readonly Renewed[],
  before: bigint,
): Promise<bigint> {
  const ends: number[] = [];
  for (const { renewed: id } of renewed) ends.push((await ledger.contract({ id }))?.endHeight ?? 0);
  return ends.length === 0 ? before : BigInt(Math.min(...ends));
}
