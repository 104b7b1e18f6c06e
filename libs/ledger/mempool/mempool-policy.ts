import type { KnownTransaction, Law } from '#chain';
import type { Violation } from '#errors';

/** What a node takes into its mempool: its own choice, apart from consensus. */
export interface MempoolPolicy {
  /** Base units per byte; proofs pay it too. */
  readonly minFeePerByte: bigint;
  readonly maxPerAccount: number;
  readonly maxSizeBytes: number;
  /** A transaction that no block took in this many blocks is dropped. */
  readonly expiryBlocks: number;
}

export const DEFAULT_MEMPOOL_POLICY: MempoolPolicy = {
  minFeePerByte: 1n,
  maxPerAccount: 2_000,
  maxSizeBytes: 64 * 1024 * 1024,
  expiryBlocks: 1_440,
};

/** The least fee a node asks for a transaction of a size. */
export function minFee(policy: Pick<MempoolPolicy, 'minFeePerByte'>, sizeBytes: number): bigint {
  return policy.minFeePerByte * BigInt(sizeBytes);
}

/** The first policy rule a transaction breaks by itself. */
export function validatePolicy(
  law: Law,
  policy: MempoolPolicy,
  known: KnownTransaction,
  pendingOfAccount: number,
): Violation | undefined {
  const sizeBytes = known.bytes.length;
  const min = minFee(policy, sizeBytes);
  if (known.transaction.fee < min) {
    return { rule: 'mempool/fee-too-low', fee: known.transaction.fee, minFee: min, sizeBytes };
  }
  if (pendingOfAccount >= policy.maxPerAccount) {
    return { rule: 'mempool/account-limit', pending: pendingOfAccount, max: policy.maxPerAccount };
  }
  const maxBytes = Math.min(policy.maxSizeBytes, law.params.limits.maxTransactionBytes);
  return sizeBytes > maxBytes ? { rule: 'mempool/too-large', sizeBytes, maxBytes } : undefined;
}

/** Positive when `a` pays more per byte than `b`. */
export function compareFeeRate(a: KnownTransaction, b: KnownTransaction): number {
  const left = a.transaction.fee * BigInt(b.bytes.length);
  const right = b.transaction.fee * BigInt(a.bytes.length);
  return left > right ? 1 : left < right ? -1 : 0;
}
