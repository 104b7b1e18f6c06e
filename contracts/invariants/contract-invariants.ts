import {
  bountyPot,
  type ContractId,
  collateralPot,
  escrowPot,
  readsPot,
  reservePot,
  vestingPot,
} from '#chain';
import { bytesToHex, equalBytes } from '#crypto';
import { contractSpace, type StorageContract } from '../lifecycle/contract-object.js';
import {
  type BlockFacts,
  broken,
  type ContractChange,
  changedPots,
  contractOfPot,
  sumOf,
} from './block-facts.js';

const BPS = 10_000n;

/** What every contract that a block touched must be like after it. */
export function checkContracts(facts: BlockFacts): void {
  for (const change of facts.contracts) {
    checkIdentity(facts, change);
    checkProgress(facts, change);
    checkPayments(facts, change);
  }
  const touched = new Set(facts.contracts.map(({ id }) => id));
  for (const pot of changedPots(facts).keys()) {
    const id = contractOfPot(pot);
    if (id !== undefined) touched.add(id);
  }
  for (const id of touched) checkPots(facts, id);
}

/** Terms agreed on stay, final states are final, revision numbers rise. */
function checkIdentity(facts: BlockFacts, { id, before, after }: ContractChange): void {
  if (before === undefined) {
    if (after.registeredAt !== facts.view.height)
      broken(facts, id, 'a new contract of another height', { registeredAt: after.registeredAt });
    checkTerm(facts, { id, before, after });
    return;
  }
  if (before.settledAt !== undefined)
    broken(facts, id, 'a contract that was over changed', {
      status: before.status,
      settledAt: before.settledAt,
    });
  if (before.status !== 'active' && after.status !== before.status)
    broken(facts, id, 'a final state was left', { before: before.status, after: after.status });
  const fixed = ['client', 'provider', 'payout', 'registeredAt', 'basePerEpoch', 'pricePerGiBEpoch'] as const;
  for (const field of fixed)
    if (before[field] !== after[field])
      broken(facts, id, `${field} changed`, { before: before[field], after: after[field] });
  if (after.revision < before.revision)
    broken(facts, id, 'a revision number fell', { before: before.revision, after: after.revision });
  if (after.revision > before.revision) return;
  const isGrown =
    after.epochs !== before.epochs ||
    after.endEpoch > before.endEpoch ||
    after.leafCount !== before.leafCount ||
    after.totalChunks !== before.totalChunks ||
    after.totalBytes > before.totalBytes ||
    after.collateral !== before.collateral;
  if (isGrown) broken(facts, id, 'terms changed without a revision', { revision: after.revision });
  if (after.droppedChunks === before.droppedChunks && !equalBytes(after.root, before.root))
    broken(facts, id, 'another commitment without a revision', { root: bytesToHex(after.root) });
}

/**
 * A replacement is over no later than the contract it goes on for, so that coins come back when both sides said; unless
 * both sides extended it in its first block.
 */
function checkTerm(facts: BlockFacts, { id, after }: ContractChange): void {
  const { view } = facts;
  if (after.origin?.kind !== 'replacement' || after.revision > 0) return;
  const from = view.get(contractSpace, after.origin.contract);
  const { epochBlocks } = view.params.contract;
  const endsAt = after.registeredAt + after.epochs * epochBlocks;
  const allowed = from === undefined ? 0 : from.registeredAt + from.endEpoch * epochBlocks;
  if (endsAt > allowed) broken(facts, id, 'a replacement outlives its contract', { endsAt, allowed });
}

/** Epochs are asked for one after the other, and each is proven, missed or skipped once. */
function checkProgress(facts: BlockFacts, { id, before, after }: ContractChange): void {
  const { height } = facts.view;
  const isAsked = after.nextEpoch === (before?.nextEpoch ?? 0) + 1;
  if (!isAsked && after.nextEpoch !== (before?.nextEpoch ?? 0))
    broken(facts, id, 'epochs left out', { before: before?.nextEpoch, after: after.nextEpoch });
  if (after.droppedChunks < (before?.droppedChunks ?? 0n) || after.droppedChunks > after.totalChunks)
    broken(facts, id, 'dropped chunks', { dropped: after.droppedChunks, total: after.totalChunks });
  const skipped = after.skip !== undefined && after.skip < after.nextEpoch ? 1 : 0;
  const open = after.window !== undefined && !after.window.proven ? 1 : 0;
  const left = after.status === 'replaced' ? 1 : 0;
  const known = after.proven + after.missed + skipped + open;
  // One that is replaced may leave its last epoch unanswered.
  if (known !== after.nextEpoch && known + left !== after.nextEpoch)
    broken(facts, id, 'epochs asked for and answered differ', {
      nextEpoch: after.nextEpoch,
      proven: after.proven,
      missed: after.missed,
      skipped,
      open,
    });
  const { window } = after;
  if (window === undefined || window.epoch === before?.window?.epoch) return;
  const isSnapshot =
    isAsked &&
    window.epoch === after.nextEpoch - 1 &&
    window.challengeHeight === height &&
    window.totalChunks === after.totalChunks &&
    window.leafCount === after.leafCount &&
    equalBytes(window.root, after.root);
  if (!isSnapshot || after.skip === window.epoch)
    broken(facts, id, 'a window that is no challenge of this block', { epoch: window.epoch, height });
}

/** What is paid, returned and slashed follows from what was proven and missed, once each. */
function checkPayments(facts: BlockFacts, { id, before, after }: ContractChange): void {
  const sum = (...reasons: readonly string[]): bigint =>
    sumOf(facts, id, ({ from, reason }) => contractOfPot(from) === id && reasons.includes(reason));
  const open = before?.window !== undefined && !before.window.proven ? before.window.tranche : undefined;
  const proven = after.proven - (before?.proven ?? 0);
  const missed = after.missed - (before?.missed ?? 0);
  if (proven < 0 || missed < 0 || proven + missed > (open === undefined ? 0 : 1))
    broken(facts, id, 'an epoch that was not open is proven or missed', { proven, missed });
  const tranche = open ?? 0n;
  const paid = sum('tranche', 'tranche-vesting');
  if (paid !== BigInt(proven) * tranche)
    broken(facts, id, 'paid other than proven', { paid, proven, tranche });
  const vesting = sum('tranche-vesting');
  if (vesting !== (paid * facts.view.params.contract.vestingBps) / BPS)
    broken(facts, id, 'another share than agreed vests', { vesting, paid });
  const returned = sum('tranche-returned');
  if (returned !== BigInt(missed) * tranche)
    broken(facts, id, 'returned other than missed', { returned, missed, tranche });
  const isSkipped = after.skip === after.nextEpoch - 1 && after.nextEpoch > (before?.nextEpoch ?? 0);
  if (!isSkipped && sum('tranche-skipped') > 0n)
    broken(facts, id, 'a tranche returned for no skip', { skip: after.skip, nextEpoch: after.nextEpoch });
  checkSlash(facts, id, BigInt(missed), sum);
  checkEnding(facts, { id, before, after }, sum);
  const locked = sumOf(facts, id, ({ to, reason }) => to === collateralPot(id) && reason === 'collateral');
  if (locked !== after.collateral - (before?.collateral ?? 0n))
    broken(facts, id, 'collateral locked and counted differ', { locked, counted: after.collateral });
  const reads = sum('reads-paid');
  if (reads !== after.readsPaid - (before?.readsPaid ?? 0n))
    broken(facts, id, 'reads paid and counted differ', { reads, counted: after.readsPaid });
  const bounty = sum('bounty');
  if (bounty > 0n && (proven === 0 || after.proven !== 1))
    broken(facts, id, 'a bounty for no first proof', { bounty, proven: after.proven });
}

type SumOf = (...reasons: readonly string[]) => bigint;

/** A miss costs its share of the collateral, and at least half of whatever is slashed is burned. */
function checkSlash(facts: BlockFacts, id: ContractId, missed: bigint, sum: SumOf): void {
  const slashed = sum('slash-burned', 'slash-to-client');
  const pot = changedPots(facts).get(collateralPot(id));
  const added = sumOf(facts, id, ({ to }) => to === collateralPot(id));
  const held = (pot?.before ?? facts.view.balance(collateralPot(id))) + added;
  const due = (held * facts.view.params.contract.missSlashBps * missed + BPS - 1n) / BPS;
  if (slashed !== due) broken(facts, id, 'slashed other than a miss costs', { slashed, due, held, missed });
  const burned = sum('slash-burned', 'failure-burned');
  const toOthers = sum('slash-to-client', 'failure-to-client', 'failure-to-reserve');
  if (burned < toOthers) broken(facts, id, 'less than half of a slash is burned', { burned, toOthers });
}

/** What returns at the end returns at no other time. */
function checkEnding(facts: BlockFacts, { id, before, after }: ContractChange, sum: SumOf): void {
  const isEnding = after.status !== 'active' && (before === undefined || before.status === 'active');
  const atEnd = sum(
    'escrow-refunded',
    'vesting-paid',
    'collateral-returned',
    'bounty-refunded',
    'reads-refunded',
  );
  const atFailure = sum('vesting-forfeited', 'failure-burned', 'failure-to-client', 'failure-to-reserve');
  const reserve = sum('reserve-refunded');
  const isClosing = after.settledAt === facts.view.height;
  if (
    (atEnd > 0n && !isEnding) ||
    (atFailure > 0n && !(isEnding && after.status === 'failed')) ||
    (reserve > 0n && !isClosing)
  )
    broken(facts, id, 'coins of the end moved before it', {
      atEnd,
      atFailure,
      reserve,
      status: after.status,
    });
}

/** What the pots of a contract must hold in its state. */
function checkPots(facts: BlockFacts, id: ContractId): void {
  const { view } = facts;
  const contract = view.get(contractSpace, id);
  if (contract === undefined) broken(facts, id, 'coins of no contract', {});
  const { status, settledAt } = contract;
  const pots = {
    escrow: view.balance(escrowPot(id)),
    vesting: view.balance(vestingPot(id)),
    collateral: view.balance(collateralPot(id)),
    bounty: view.balance(bountyPot(id)),
    reads: view.balance(readsPot(id)),
  };
  const reserve = view.balance(reservePot(id));
  const isOpen = status === 'active';
  if (isOpen !== (settledAt === undefined) && status !== 'failed')
    broken(facts, id, 'over and not settled, or settled and not over', { status, settledAt });
  if (!isOpen && Object.values(pots).some((held) => held !== 0n))
    broken(facts, id, 'coins are left in a contract that is over', { status, ...pots });
  if (settledAt !== undefined && reserve !== 0n)
    broken(facts, id, 'a reserve is left in a settled contract', { status, reserve });
  const due = isOpen ? dueOf(contract) : 0n;
  // Above that only what an early end by the client will give back.
  if (pots.escrow < due || (isOpen && contract.endEpoch === contract.epochs && pots.escrow !== due))
    broken(facts, id, 'the escrow is not what is due', { escrow: pots.escrow, due });
}

/** The price of the epochs to come and of the open one; counted here a second time. */
function dueOf({ begun, nextEpoch, endEpoch, tranche, window }: StorageContract): bigint {
  let due = window === undefined || window.proven ? 0n : window.tranche;
  for (let epoch = nextEpoch; epoch < endEpoch; epoch++)
    due += begun !== undefined && begun.epoch === epoch ? begun.tranche : tranche;
  return due;
}
