/** Base units per byte that a node's mempool asks at least. */
export const MIN_FEE_PER_BYTE = 1n;

/** What a wallet pays by itself at most, whatever a node says it costs: a node must not be able to empty it. */
export const MAX_ESTIMATED_FEE_PER_BYTE = 1_000n;

/** Bytes of a `form` transaction without its list of fragments, and of one entry of the list. */
const FORM_FIXED_BYTES = 470n;
const FORM_ENTRY_BYTES = 36n;
/** What naming a repairer and its caps adds. */
const REPAIR_BYTES = 48n;

/** A node's estimate, within reason. */
export function boundFeePerByte(asked: bigint): bigint {
  const bounded = asked > MAX_ESTIMATED_FEE_PER_BYTE ? MAX_ESTIMATED_FEE_PER_BYTE : asked;
  return bounded > MIN_FEE_PER_BYTE ? bounded : MIN_FEE_PER_BYTE;
}

/** Size of a `form` transaction in bytes, bounded from above. */
export function formTransactionBytes(fragmentCount: number, hasRepair = false): bigint {
  return FORM_FIXED_BYTES + FORM_ENTRY_BYTES * BigInt(fragmentCount) + (hasRepair ? REPAIR_BYTES : 0n);
}
