import { bool, type NetworkParams, struct, type TypeOf, u32, u63 } from '#chain';
import { assertInvariant } from '#errors';
import { shareOf } from './price.js';

/** Open lots a contract may have at once; a revision that would open more waits for one to run out. */
export const MAX_LOTS = 16;

/**
 * A burn lot: what storing some fragments for some epochs burned, and how much of it was minted again for proofs.
 * Nothing is minted that was not burned before, so faking storage does not pay at any share of the hash power
 * (2-protocol, section 6). Amounts in base units, epochs counted in the contract.
 */
export const lotSchema = struct({
  burned: u63,
  minted: u63,
  /** Minted to the miner who includes the lot's first proof. */
  inclusion: u63,
  /** Minted to the pool at every later proof. */
  perEpoch: u63,
  firstEpoch: u32,
  /** First epoch the lot does not pay for. */
  endEpoch: u32,
  /** The leaves it was burned for, in one run. */
  firstLeaf: u32,
  leafCount: u32,
  bytes: u63,
  /** Of them dropped: their share is never minted. */
  droppedBytes: u63,
  /** Its first proof has come. */
  isProven: bool,
});
export type BurnLot = TypeOf<typeof lotSchema>;

/** What a burn was paid for. */
export interface LotTerms {
  readonly burned: bigint;
  readonly firstEpoch: number;
  readonly endEpoch: number;
  readonly firstLeaf: number;
  readonly leafCount: number;
  readonly bytes: bigint;
}

/** New coins for one proven epoch. */
export interface LotMint {
  /** To the miner who includes the proof. */
  readonly toMiner: bigint;
  /** To the pool every coinbase draws from. */
  readonly toPool: bigint;
  readonly lots: readonly BurnLot[];
}

/** A fresh lot: inclusion + (epochs - 1) * perEpoch is at most what was burned. */
export function openLot(params: NetworkParams, terms: LotTerms): BurnLot {
  const epochs = terms.endEpoch - terms.firstEpoch;
  const inclusion = shareOf(terms.burned, params.mint.inclusionBps);
  const perEpoch = epochs > 1 ? (terms.burned - inclusion) / BigInt(epochs - 1) : 0n;
  return { ...terms, minted: 0n, inclusion, perEpoch, droppedBytes: 0n, isProven: false };
}

/** What the proof of an epoch mints from a contract's lots. */
export function mintForProof(lots: readonly BurnLot[], epoch: number): LotMint {
  let toMiner = 0n;
  let toPool = 0n;
  const after = lots.map((lot) => {
    if (epoch < lot.firstEpoch || epoch >= lot.endEpoch) return lot;
    const whole = lot.isProven ? lot.perEpoch : lot.inclusion;
    const amount = lot.bytes === 0n ? 0n : (whole * (lot.bytes - lot.droppedBytes)) / lot.bytes;
    const minted = lot.minted + amount;
    assertInvariant(minted <= lot.burned, `a lot that burned ${lot.burned} would mint ${minted}`);
    if (lot.isProven) toPool += amount;
    else toMiner += amount;
    return { ...lot, minted, isProven: true };
  });
  return { toMiner, toPool, lots: after };
}

/** The lots that still mint for an epoch or a later one; the rest is history. */
export function openLots(lots: readonly BurnLot[], fromEpoch: number): readonly BurnLot[] {
  return lots.filter((lot) => lot.endEpoch > fromEpoch);
}

/** Lots of a contract that a replacement inherits at `fromEpoch`: what is left of them, counted from its epoch 0. */
export function inheritLots(lots: readonly BurnLot[], fromEpoch: number, epochs: number): readonly BurnLot[] {
  return openLots(lots, fromEpoch)
    .map((lot) => ({
      ...lot,
      firstEpoch: Math.max(0, lot.firstEpoch - fromEpoch),
      endEpoch: Math.min(epochs, lot.endEpoch - fromEpoch),
    }))
    .filter((lot) => lot.firstEpoch < lot.endEpoch);
}

/** The lots after the leaf at `index`, of `lengthBytes`, was dropped. */
export function dropFromLots(
  lots: readonly BurnLot[],
  index: number,
  lengthBytes: number,
): readonly BurnLot[] {
  return lots.map((lot) =>
    index >= lot.firstLeaf && index < lot.firstLeaf + lot.leafCount
      ? { ...lot, droppedBytes: lot.droppedBytes + BigInt(lengthBytes) }
      : lot,
  );
}
