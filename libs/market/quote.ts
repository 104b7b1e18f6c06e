import type { NetworkParams } from '#chain';
import { burnFor, priceContract } from '#contracts';
import type { OfferView } from '#wire';

/** One contract to come: whose offer, and what it would hold. */
export interface QuoteItem {
  readonly offer: OfferView;
  readonly totalBytes: bigint;
  readonly fragmentCount: number;
}

/** The itemised price of storing something, in base units, before anything is paid. */
export interface Quote {
  readonly contracts: number;
  readonly epochs: number;
  readonly storedBytes: bigint;
  /** Locked in escrow; what providers do not earn returns. */
  readonly storage: bigint;
  /** Burned at once; never refunded. */
  readonly burn: bigint;
  /** Transaction fees at the minimum rate. */
  readonly fees: bigint;
  readonly total: bigint;
}

/** Base units per byte that a node's mempool asks at least. */
export const MIN_FEE_PER_BYTE = 1n;

/** Bytes of a `form` transaction without its list of fragments, and of one entry of the list. */
const FORM_FIXED_BYTES = 470n;
const FORM_ENTRY_BYTES = 36n;

/**
 * Prices contracts over given offers at the burn price of the next block (status' `burnPerGiBEpoch`). Exact but for
 * the fees, which are bounded from above.
 */
export function quoteContracts(
  params: NetworkParams,
  burnPerGiBEpoch: bigint,
  items: readonly QuoteItem[],
  epochs: number,
): Quote {
  let storage = 0n;
  let burn = 0n;
  let fees = 0n;
  let storedBytes = 0n;
  for (const { offer, totalBytes, fragmentCount } of items) {
    const price = priceContract(params, {
      basePerEpoch: BigInt(offer.basePerEpoch),
      pricePerGiBEpoch: BigInt(offer.pricePerGiBEpoch),
      totalBytes,
      epochs,
    });
    storage += price.escrow;
    burn += burnFor(burnPerGiBEpoch, totalBytes, epochs);
    fees += (FORM_FIXED_BYTES + FORM_ENTRY_BYTES * BigInt(fragmentCount)) * MIN_FEE_PER_BYTE;
    storedBytes += totalBytes;
  }
  return { contracts: items.length, epochs, storedBytes, storage, burn, fees, total: storage + burn + fees };
}
