import type { KnownTransaction, Law } from '#chain';
import type { Violation } from '#errors';

/** What a node takes into its mempool: its own choice, apart from consensus. */
export interface MempoolPolicy {
  /** Base units per byte; proofs pay it too. */
  readonly minFeePerByte: bigint;
  /** What a replacement pays per byte on top of those it replaces: the price of having everybody pass it on again. */
  readonly replacementStepPerByte: bigint;
  /** Replacements of one account between two blocks. */
  readonly maxReplacementsPerBlock: number;
  readonly maxPerAccount: number;
  readonly maxSizeBytes: number;
  /** A transaction that no block took in this many blocks is dropped. */
  readonly expiryBlocks: number;
}

export const DEFAULT_MEMPOOL_POLICY: MempoolPolicy = {
  minFeePerByte: 1n,
  replacementStepPerByte: 1n,
  maxReplacementsPerBlock: 25,
  maxPerAccount: 2_000,
  maxSizeBytes: 64 * 1024 * 1024,
  expiryBlocks: 1_440,
};

/** The least fee a node asks for a transaction of a size. */
export function minFee(policy: Pick<MempoolPolicy, 'minFeePerByte'>, sizeBytes: number): bigint {
  return policy.minFeePerByte * BigInt(sizeBytes);
}

/** The first policy rule a transaction breaks by itself. `pendingOfAccount` leaves out what it would replace. */
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

/**
 * Whether a transaction pays enough to take the place of one that waits: more in all, so that passing it on is paid
 * for, and more per byte, so that the pool gets better by it.
 */
export function validateReplacement(
  policy: MempoolPolicy,
  known: KnownTransaction,
  replaced: KnownTransaction,
  replacementsOfAccount: number,
): Violation | undefined {
  const size = BigInt(known.bytes.length);
  const oldSize = BigInt(replaced.bytes.length);
  const oldFee = replaced.transaction.fee;
  const step = policy.replacementStepPerByte * size;
  const inAll = oldFee + step;
  const perByte = (oldFee * size + oldSize - 1n) / oldSize + step;
  const min = inAll > perByte ? inAll : perByte;
  const { fee } = known.transaction;
  if (fee < min) return { rule: 'mempool/replacement-fee', pending: replaced.id, fee, minFee: min };
  if (replacementsOfAccount >= policy.maxReplacementsPerBlock) {
    return { rule: 'mempool/replacement-limit', max: policy.maxReplacementsPerBlock };
  }
  return undefined;
}

/** Positive when `a` pays more per byte than `b`. */
export function compareFeeRate(a: KnownTransaction, b: KnownTransaction): number {
  const left = a.transaction.fee * BigInt(b.bytes.length);
  const right = b.transaction.fee * BigInt(a.bytes.length);
  return left > right ? 1 : left < right ? -1 : 0;
}
