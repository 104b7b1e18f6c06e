import type { AccountId } from '#chain';
import { assertInvariant } from '#errors';

/**
 * How a pool shares what it earns. `solo`: it earns nothing, every coinbase pays its own miner. `proportional`: by the
 * shares since the pool's last paid block. `pplns`: by the last shares up to the block, whoever's round it was, as many as
 * make up twice the hashes a block takes on average, so that nobody gains by coming and going.
 */
export const SCHEMES = ['solo', 'proportional', 'pplns'] as const;
export type PayoutScheme = (typeof SCHEMES)[number];

/** Shares counted by `pplns`, in average blocks' worth of hashes. */
export const PPLNS_BLOCKS = 2n;

const BPS = 10_000n;

/** A reward divided: credits and what the pool keeps add up to it exactly. */
export interface RewardSplit {
  readonly credits: ReadonlyMap<AccountId, bigint>;
  /** The pool's fee. */
  readonly fee: bigint;
  /** What is left of rounding down: less than one base unit for each account. */
  readonly dust: bigint;
}

/** Divides a reward by weights, which are hashes. Accounts whose part rounds to nothing get none. */
export function splitReward(
  reward: bigint,
  feeBps: bigint,
  weights: ReadonlyMap<AccountId, bigint>,
): RewardSplit {
  const fee = (reward * feeBps) / BPS;
  const shared = reward - fee;
  let total = 0n;
  for (const weight of weights.values()) total += weight;
  const credits = new Map<AccountId, bigint>();
  let dust = shared;
  for (const [account, weight] of weights) {
    const credit = total === 0n ? 0n : (shared * weight) / total;
    if (credit === 0n) continue;
    credits.set(account, credit);
    dust -= credit;
  }
  assertInvariant(fee >= 0n && dust >= 0n, `a reward of ${reward} was divided into more than there is`);
  return { credits, fee, dust };
}

/** Weights of the newest shares up to a number of hashes; the share that crosses the limit counts in part. */
export function takeWindow(
  newestFirst: Iterable<{ readonly account: AccountId; readonly hashes: bigint }>,
  windowHashes: bigint,
): Map<AccountId, bigint> {
  const weights = new Map<AccountId, bigint>();
  let left = windowHashes;
  for (const { account, hashes } of newestFirst) {
    if (left <= 0n) break;
    const counted = hashes < left ? hashes : left;
    weights.set(account, (weights.get(account) ?? 0n) + counted);
    left -= counted;
  }
  return weights;
}
