import { assertInvariant } from '#errors';
import { hexId, struct } from '../codec/schema.js';
import type { AccountId } from '../primitives/ids.js';
import { namespace } from '../state/namespace.js';
import { accountPot, FEES, MINT, POOL, PROOF_MINT, rewardPot } from '../state/pots.js';
import type { BlockView } from '../state/view.js';
import { blockSubsidy } from './subsidy.js';

/** Who gets the reward of a block, until it matures; by height. */
export const rewardSpace = namespace('reward', 3, struct({ miner: hexId<AccountId>(20) }));

/** The money figures of a coinbase. */
export interface RewardFigures {
  readonly subsidy: bigint;
  readonly fees: bigint;
  readonly proofMint: bigint;
  readonly poolDraw: bigint;
}

/** Subsidy and pool draw, before the block's transactions. */
export function openReward(view: BlockView): Pick<RewardFigures, 'subsidy' | 'poolDraw'> {
  const pot = rewardPot(view.height);
  const subsidy = blockSubsidy(view.params, view.height);
  const poolDraw = view.balance(POOL) / view.params.reward.poolDrawDivisor;
  view.mustMove(MINT, pot, subsidy, 'subsidy', pot);
  view.mustMove(POOL, pot, poolDraw, 'pool-draw', pot);
  return { subsidy, poolDraw };
}

/** What the transactions left for the miner so far. */
export function earnedFigures(view: BlockView): Pick<RewardFigures, 'fees' | 'proofMint'> {
  return { fees: view.balance(FEES), proofMint: view.balance(PROOF_MINT) };
}

/** Collects fees and proof mint for the miner, and pays out the reward that matures now. */
export function closeReward(view: BlockView, miner: AccountId): void {
  const pot = rewardPot(view.height);
  const { fees, proofMint } = earnedFigures(view);
  view.mustMove(FEES, pot, fees, 'fees', pot);
  view.mustMove(PROOF_MINT, pot, proofMint, 'proof-mint', pot);
  if (view.balance(pot) > 0n) view.put(rewardSpace, String(view.height), { miner });
  const matureHeight = view.height - view.params.reward.maturityBlocks;
  if (matureHeight < 1) return;
  const mature = rewardPot(matureHeight);
  const amount = view.balance(mature);
  if (amount === 0n) return;
  const record = view.get(rewardSpace, String(matureHeight));
  assertInvariant(record !== undefined, `no miner recorded for the reward of block ${matureHeight}`);
  view.remove(rewardSpace, String(matureHeight));
  view.mustMove(mature, accountPot(record.miner), amount, 'reward-matured', mature);
}
