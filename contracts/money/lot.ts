import { type NetworkParams, struct, type TypeOf, u32, u63 } from '#chain';
import { assertInvariant } from '#errors';
import { shareOf } from './price.js';

/**
 * A burn lot: what forming a contract burned, and how much of it was minted again for proofs. Nothing is minted that
 * was not burned before, so faking storage does not pay at any share of the hash power (2-protocol, section 6).
 */
export const lotSchema = struct({
  burned: u63,
  minted: u63,
  epochs: u32,
  /** Epochs proven so far. */
  proven: u32,
});

export type BurnLot = TypeOf<typeof lotSchema>;

/** New coins for one proven epoch. */
export interface LotMint {
  /** To the miner who includes the lot's first proof: its fragments are now stored. */
  readonly toMiner: bigint;
  /** To the pool every coinbase draws from. */
  readonly toPool: bigint;
  readonly lot: BurnLot;
}

/** A fresh lot. */
export function openLot(burned: bigint, epochs: number): BurnLot {
  return { burned, minted: 0n, epochs, proven: 0 };
}

/** What a proof of the lot mints; the sum over all epochs never exceeds what was burned. */
export function mintForProof(params: NetworkParams, lot: BurnLot): LotMint {
  const inclusion = shareOf(lot.burned, params.mint.inclusionBps);
  const first = lot.proven === 0;
  const toMiner = first ? inclusion : 0n;
  const toPool = first ? 0n : (lot.burned - inclusion) / BigInt(Math.max(1, lot.epochs - 1));
  const minted = lot.minted + toMiner + toPool;
  assertInvariant(minted <= lot.burned, `a lot that burned ${lot.burned} would mint ${minted}`);
  return { toMiner, toPool, lot: { ...lot, minted, proven: lot.proven + 1 } };
}
