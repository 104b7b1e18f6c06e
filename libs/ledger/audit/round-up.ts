/** A quotient, rounded up; amounts are never negative here. */
export function roundUp(amount: bigint, divisor: bigint): bigint {
  return amount % divisor === 0n ? amount / divisor : amount / divisor + 1n;
}
