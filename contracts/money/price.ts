import type { NetworkParams } from '#chain';

const GIB = 1n << 30n;
const BPS = 10_000n;

/** Terms a price follows from. Base units, bytes, epochs. */
export interface PriceTerms {
  readonly basePerEpoch: bigint;
  readonly pricePerGiBEpoch: bigint;
  readonly totalBytes: bigint;
  readonly epochs: number;
}

/** What a contract costs and binds, in base units. */
export interface PriceFigures {
  /** Price of one epoch. */
  readonly tranche: bigint;
  /** Locked by the client: all tranches; what is not earned returns. */
  readonly escrow: bigint;
  /** Least collateral the provider must lock. */
  readonly minCollateral: bigint;
}

/** Division that rounds up; the payer never pays less than the exact price. */
export function divideUp(amount: bigint, divisor: bigint): bigint {
  return (amount + divisor - 1n) / divisor;
}

/** Share of an amount in 1/10000, rounded down. */
export function shareOf(amount: bigint, bps: bigint): bigint {
  return (amount * bps) / BPS;
}

/** Share of an amount in 1/10000, rounded up. */
export function shareOfUp(amount: bigint, bps: bigint): bigint {
  return divideUp(amount * bps, BPS);
}

/** The price of storing under given terms. Exact integers; the caller bounds them. */
export function priceContract(params: NetworkParams, terms: PriceTerms): PriceFigures {
  const tranche = trancheOf(terms);
  const escrow = tranche * BigInt(terms.epochs);
  return { tranche, escrow, minCollateral: shareOfUp(escrow, params.contract.minCollateralBps) };
}

/** The price of one epoch, rounded up. */
export function trancheOf(terms: Omit<PriceTerms, 'epochs'>): bigint {
  return terms.basePerEpoch + divideUp(terms.pricePerGiBEpoch * terms.totalBytes, GIB);
}

/** What storing bytes for a number of epochs burns at a burn price; rounded up, never refunded. */
export function burnFor(burnPerGiBEpoch: bigint, totalBytes: bigint, epochs: number): bigint {
  return divideUp(burnPerGiBEpoch * totalBytes * BigInt(epochs), GIB);
}

/** Split of an earned tranche: what is paid now and what vests until the end. */
export function splitTranche(params: NetworkParams, tranche: bigint): { paid: bigint; vesting: bigint } {
  const vesting = shareOf(tranche, params.contract.vestingBps);
  return { paid: tranche - vesting, vesting };
}

/** What a miss costs the provider: at least half is burned, so that a client never gains by making a provider miss. */
export function slashForMiss(
  params: NetworkParams,
  collateralLeft: bigint,
): { burned: bigint; toClient: bigint } {
  return splitSlash(params, shareOfUp(collateralLeft, params.contract.missSlashBps));
}

/** Split of slashed collateral between the fire and the client. */
export function splitSlash(params: NetworkParams, slashed: bigint): { burned: bigint; toClient: bigint } {
  const burned = shareOfUp(slashed, params.contract.slashBurnBps);
  return { burned, toClient: slashed - burned };
}

/** Collateral that an offer of `collateralBps` asks for over a whole price, rounded up. */
export function collateralFor(escrow: bigint, collateralBps: bigint): bigint {
  return shareOfUp(escrow, collateralBps);
}
