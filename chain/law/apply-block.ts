import { bytesToHex, equalBytes } from '#crypto';
import { accepted, type Result, refused, type Violation } from '#errors';
import type { VerifiedBlock } from '../block/block.js';
import { validateBody } from '../block/body-rules.js';
import type { Coinbase } from '../block/coinbase.js';
import { validateHeader } from '../block/header-rules.js';
import { closeReward, earnedFigures, openReward, type RewardFigures } from '../block/reward.js';
import type { Supplement } from '../block/supplement.js';
import type { StateDiff } from '../state/diff.js';
import type { LawEvent } from '../state/events.js';
import type { StateReader } from '../state/namespace.js';
import { BlockView } from '../state/view.js';
import type { KnownTransaction } from '../tx/transaction.js';
import { applyTransaction } from './apply-transaction.js';
import type { Law } from './law.js';

/** What a block does to the state. `diff` applied goes forward, reverted goes back. */
export interface AppliedBlock {
  readonly diff: StateDiff;
  readonly events: readonly LawEvent[];
}

/** The view of the block after `supplement.parent`. */
export function openBlockView(law: Law, state: StateReader, supplement: Supplement): BlockView {
  return new BlockView(state, {
    params: law.params,
    crypto: law.crypto,
    height: supplement.parent.height + 1,
    blockIdAt: (height) => supplement.recentIds.get(height),
  });
}

/**
 * The ledger's law: what a block does to the state after its parent, or the rule it breaks. Pure: the state is only
 * read, the clock and the disk are not known here.
 */
export function applyBlock(
  law: Law,
  state: StateReader,
  block: VerifiedBlock,
  supplement: Supplement,
): Result<AppliedBlock> {
  const early =
    validateHeader(law, block.header, supplement) ??
    validateBody(law, block, supplement) ??
    validateStateRoot(block.coinbase, supplement);
  if (early !== undefined) return refused(early);
  const view = openBlockView(law, state, supplement);
  const opened = openReward(view);
  for (let index = 0; index < block.transactions.length; index++) {
    const known = block.transactions[index] as KnownTransaction;
    const violation = applyTransaction(law, view, known);
    if (violation !== undefined)
      return refused({ ...violation, transaction: known.id, transactionIndex: index });
  }
  const figures = { ...opened, ...earnedFigures(view) };
  const wrong = validateFigures(block.coinbase, figures);
  if (wrong !== undefined) return refused(wrong);
  closeReward(view, block.coinbase.miner);
  for (const module of law.modules) module.endBlock?.(view);
  return accepted({ diff: view.diff(), events: view.events });
}

/** A block commits to the state it builds on. Known only where the parent was applied, so it is no rule of the body. */
function validateStateRoot({ stateRoot }: Coinbase, supplement: Supplement): Violation | undefined {
  return equalBytes(stateRoot, supplement.stateRoot)
    ? undefined
    : {
        rule: 'coinbase/state-root',
        stateRoot: bytesToHex(stateRoot),
        expected: bytesToHex(supplement.stateRoot),
      };
}

/** The coinbase must state exactly what the rules give: nobody mints above what was burned, nobody loses a fee. */
function validateFigures(coinbase: Coinbase, figures: RewardFigures): Violation | undefined {
  const pairs = [
    ['coinbase/subsidy', coinbase.subsidy, figures.subsidy],
    ['coinbase/fees', coinbase.fees, figures.fees],
    ['coinbase/proof-mint', coinbase.proofMint, figures.proofMint],
    ['coinbase/pool-draw', coinbase.poolDraw, figures.poolDraw],
  ] as const;
  for (const [rule, claimed, expected] of pairs) {
    if (claimed !== expected) return { rule, claimed, expected };
  }
  return undefined;
}
