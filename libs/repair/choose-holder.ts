import type { NetworkParams } from '#chain';
import { priceReplacement, restOfTerm } from '#contracts';
import { type Candidate, choosePlacement, type OccupiedDomains } from '#placement';
import type { ContractView } from '#wire';

/** What a new holder must satisfy besides the client's own terms. */
export interface HolderRequest {
  readonly height: number;
  /** Accounts that keep, kept or are about to keep fragments of the same segments, that are gone, or are ours. */
  readonly exclude: ReadonlySet<string>;
  /** Their failure domains. */
  readonly domains: OccupiedDomains;
}

/** The new holder of a contract, or why there is none. */
export type HolderChoice = { readonly candidate: Candidate } | { readonly why: string };

/** Blocks until a replacement that is begun now may be on chain: what is left of the term by then is priced. */
const UNDER_WAY_BLOCKS = 6;

/** The best provider that may go on with a contract: another failure domain, within the client's caps and coins. */
export function chooseHolder(
  params: NetworkParams,
  view: ContractView,
  candidates: readonly Candidate[],
  request: HolderRequest,
): HolderChoice {
  const { epochs } = restOfTerm(params, view, request.height + UNDER_WAY_BLOCKS);
  if (epochs === 0) return { why: 'no epoch of its term is left' };
  const { usable: elsewhere } = choosePlacement(params, candidates, {
    bytesPerHolder: BigInt(view.totalBytes),
    epochs,
    height: request.height + UNDER_WAY_BLOCKS,
    exclude: request.exclude,
    occupied: request.domains,
  });
  if (elsewhere.length === 0)
    return { why: `none of ${candidates.length} providers is free and in another failure domain` };
  const affordable = elsewhere.find(({ offer }) => isWithin(params, view, offer, epochs));
  return affordable === undefined
    ? { why: `none of ${elsewhere.length} providers is within the client's prices and what it set aside` }
    : { candidate: affordable };
}

function isWithin(
  params: NetworkParams,
  view: ContractView,
  offer: Candidate['offer'],
  epochs: number,
): boolean {
  const { repair } = view;
  if (repair === null) return false;
  const basePerEpoch = BigInt(offer.basePerEpoch);
  const pricePerGiBEpoch = BigInt(offer.pricePerGiBEpoch);
  const isReadable =
    BigInt(offer.pricePerGiBRead) <= BigInt(view.pricePerGiBRead) &&
    (BigInt(offer.pricePerGiBRead) === 0n ||
      BigInt(offer.freeReadBytesPerEpoch) >= BigInt(view.freeReadBytesPerEpoch));
  if (!isReadable || basePerEpoch > BigInt(repair.maxBasePerEpoch)) return false;
  if (pricePerGiBEpoch > BigInt(repair.maxPricePerGiBEpoch)) return false;
  const pots = { escrow: BigInt(view.escrow), reserve: BigInt(view.reserve) };
  const terms = { basePerEpoch, pricePerGiBEpoch, totalBytes: BigInt(view.totalBytes), epochs };
  return priceReplacement(params, pots, terms).missing === 0n;
}
