import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { BURN, type PostingEvent } from '#chain';
import { blake3ChunkCount, bytesToHex } from '#crypto';
import { escrowDue } from './lifecycle/escrow.js';
import { usageSpace } from './offer/usage.js';
import { commitToLeaves } from './terms/leaves.js';
import { isTombstone } from './terms/tombstone.js';
import { ChangingContract, type ContractStep } from './testing/changing-contract.js';

const step: fc.Arbitrary<ContractStep> = fc.record({
  action: fc.oneof(
    { weight: 10, arbitrary: fc.constantFrom('append' as const, 'drop' as const) },
    { weight: 12, arbitrary: fc.constant('prove' as const) },
    { weight: 6, arbitrary: fc.constantFrom('extend' as const, 'top-up' as const, 'redeem' as const) },
    { weight: 1, arbitrary: fc.constantFrom('end' as const, 'renew' as const) },
  ),
  size: fc.nat(20_000),
  pick: fc.nat(1_023),
  blocks: fc.oneof(
    { weight: 3, arbitrary: fc.nat(3) },
    { weight: 2, arbitrary: fc.integer({ min: 4, max: 20 }) },
  ),
});

const steps = fc.array(step, { minLength: 4, maxLength: 24 });

const does = (action: ContractStep['action'], pick = 1, blocks = 4): ContractStep => ({
  action,
  size: 3_333,
  pick,
  blocks,
});

/** Every change at least once in one life, so that no run of the property is about nothing. */
const wholeLife: readonly ContractStep[] = [
  does('append', 4, 0),
  does('drop', 48, 2),
  does('redeem', 40, 17),
  ...Array.from({ length: 12 }, () => does('prove', 0, 1)),
  does('extend', 2, 0),
  does('drop', 3, 0),
  does('append', 2, 0),
  ...Array.from({ length: 12 }, () => does('prove', 0, 1)),
  does('top-up', 9, 0),
  ...Array.from({ length: 20 }, () => does('prove', 0, 1)),
  does('renew', 3, 0),
  does('append', 1, 30),
  does('end', 0, 0),
];

/** Everything about the contract that must be so after any block. */
function checkContract(changing: ChangingContract): void {
  const { chain, contract, terms, id } = changing.scenario;
  const { minted, burned, held } = chain.audit();
  expect(held).toBe(minted - burned);

  const list = commitToLeaves(chain.law.crypto, terms.leaves);
  expect(bytesToHex(contract.root)).toBe(bytesToHex(list.root));
  const live = terms.leaves.filter((leaf) => !isTombstone(leaf));
  const chunksOf = (leaves: typeof live): bigint =>
    leaves.reduce((sum, { lengthBytes }) => sum + BigInt(blake3ChunkCount(lengthBytes)), 0n);
  expect({
    leafCount: contract.leafCount,
    totalBytes: contract.totalBytes,
    totalChunks: contract.totalChunks,
    droppedChunks: contract.droppedChunks,
  }).toEqual({
    leafCount: terms.leaves.length,
    totalBytes: live.reduce((sum, { lengthBytes }) => sum + BigInt(lengthBytes), 0n),
    totalChunks: chunksOf([...terms.leaves]),
    droppedChunks: chunksOf(terms.leaves.filter(isTombstone)),
  });

  for (const lot of contract.lots) {
    expect(lot.minted).toBeLessThanOrEqual(lot.burned);
    expect(lot.droppedBytes).toBeLessThanOrEqual(lot.bytes);
    const covered = terms.leaves.slice(lot.firstLeaf, lot.firstLeaf + lot.leafCount);
    const bytesLeft = covered.reduce(
      (sum, leaf) => sum + (isTombstone(leaf) ? 0n : BigInt(leaf.lengthBytes)),
      0n,
    );
    expect(lot.bytes - lot.droppedBytes).toBe(bytesLeft);
  }
  expect(contract.minted).toBeLessThanOrEqual(contract.burned);

  const { escrow } = changing.scenario.pots;
  const isOver = contract.settledAt !== undefined;
  if (contract.status === 'active') {
    const due = escrowDue(contract);
    if (contract.endEpoch === contract.epochs) expect(escrow).toBe(due);
    else expect(escrow).toBeGreaterThanOrEqual(due);
    expect(chain.state.get(usageSpace, contract.provider)).toBe(contract.totalBytes);
  }
  if (isOver) expect(changing.pots.every((amount) => amount === 0n)).toBe(true);
  expect(changing.ids.at(-1)).toBe(id);
}

/** What went into the pots of a contract in its whole life came out of them again, once; burned coins are counted. */
function checkFlows(changing: ChangingContract): void {
  const { chain } = changing.scenario;
  const postings = Array.from({ length: chain.height + 1 }, (_, height) => chain.at(height).events)
    .flat()
    .filter((event): event is PostingEvent => event.type === 'posting');
  for (const id of changing.ids) {
    const into = postings.filter(({ to }) => to.endsWith(`:${id}`));
    const out = postings.filter(({ from }) => from.endsWith(`:${id}`));
    const sum = (list: readonly PostingEvent[]): bigint => list.reduce((all, { amount }) => all + amount, 0n);
    expect(sum(out)).toBe(sum(into));
    const burned = postings.filter(
      ({ to, reason, subject }) => to === BURN && reason === 'burn' && subject === id,
    );
    const minted = postings.filter(({ reason, subject }) => reason.startsWith('mint-') && subject === id);
    expect(sum(minted)).toBeLessThanOrEqual(sum(burned));
  }
}

function live(changing: ChangingContract, all: readonly ContractStep[]): void {
  const { chain } = changing.scenario;
  const before = chain.snapshot();
  const { height } = chain;
  const { root } = chain.stateTree;
  let seen: unknown;
  // A block that leaves the contract as it was leaves nothing to check.
  const check = (): void => {
    if (changing.scenario.contract === seen) return;
    seen = changing.scenario.contract;
    checkContract(changing);
  };
  for (const one of all) changing.run(one, check);
  changing.finish(check);
  checkFlows(changing);
  while (chain.height > height) chain.revertTip();
  expect(chain.snapshot()).toEqual(before);
  expect(chain.stateTree.root).toEqual(root);
}

describe('a contract that changes', () => {
  test('keeps its escrow, its list and its burns through every change of one whole life', () => {
    const changing = new ChangingContract();
    live(changing, wholeLife);
    const taken = [...changing.taken.keys()].sort();
    expect(taken).toEqual(['append', 'drop', 'end', 'extend', 'prove', 'redeem', 'renew', 'top-up']);
  });

  test('keeps them through any sequence of changes, and the way back is exact', () => {
    fc.assert(
      fc.property(steps, (all) => live(new ChangingContract(), all)),
      { numRuns: 15 },
    );
  });
});
