import { beforeEach, describe, expect, test } from '@jest/globals';
import type { KnownTransaction } from '#chain';
import { equalBytes } from '#crypto';
import { fastDevnet } from '../../chain/testing/memory-chain.js';
import { startHeight, windowCloseHeight } from '../lifecycle/schedule.js';
import { trancheOf } from '../money/price.js';
import { usageSpace } from '../offer/usage.js';
import { planStorageProof } from '../prove/build-proof.js';
import { commitToLeaves } from '../terms/leaves.js';
import { isTombstone } from '../terms/tombstone.js';
import { appended, dropped, dropTransaction, reviseTransaction } from '../testing/changes.js';
import {
  type ContractScenario,
  createContractScenario,
  openChallenge,
  scenarioFragment,
} from '../testing/contract-scenario.js';
import { contractKeptUntil, droppedKeptUntil } from './kept-until.js';
import { priceDrop } from './price-drop.js';

/** A burn price at which every rounding shows. */
const params = { ...fastDevnet, mint: { ...fastDevnet.mint, burnPerGiBEpoch: 1_000_000_000n } };
/** 69 chunks each: either may be dropped, both may not. */
const LENGTHS = [70_000, 1, 70_000];

let scenario: ContractScenario;
let start: number;

beforeEach(() => {
  scenario = createContractScenario({ params, epochs: 4, fragmentLengths: LENGTHS });
  scenario.form();
  start = startHeight(params, scenario.contract.registeredAt);
});

function refusalOf(known: KnownTransaction): string | undefined {
  const before = scenario.chain.snapshot();
  const rule = scenario.chain.template([known]).refusals[0]?.violation.rule;
  expect(scenario.chain.snapshot()).toEqual(before);
  return rule;
}

/** Mines a drop and returns what came back to the client. */
function drop(indexes: readonly number[]): bigint {
  const { chain, terms } = scenario;
  const before = chain.balance(terms.client);
  chain.mineBlock([dropTransaction(scenario, indexes)]);
  scenario = dropped(scenario, indexes);
  return chain.balance(terms.client) - before;
}

describe('a drop', () => {
  test('before the first epoch gives back the price of all epochs, and the capacity; never the burn', () => {
    const { chain, terms } = scenario;
    const before = scenario.contract;
    const tranche = trancheOf({ ...before, totalBytes: 70_001n });
    expect(drop([0])).toBe(4n * (before.tranche - tranche));
    expect(scenario.contract).toMatchObject({
      tranche,
      begun: undefined,
      totalBytes: 70_001n,
      totalChunks: before.totalChunks,
      droppedChunks: 69n,
      leafCount: 3,
      burned: before.burned,
    });
    expect(scenario.contract.lots).toMatchObject([{ droppedBytes: 70_000n }]);
    expect(scenario.pots.escrow).toBe(4n * tranche);
    expect(chain.state.get(usageSpace, terms.provider.account)).toBe(70_001n);
    const { root } = commitToLeaves(chain.law.crypto, scenario.terms.leaves);
    expect(equalBytes(scenario.contract.root, root)).toBe(true);
  });

  test('in an epoch that has begun: that one is paid at the old price, those after it at the new', () => {
    const { chain, terms } = scenario;
    const { tranche: old } = scenario.contract;
    chain.mineTo(start - 1);
    const refund = drop([0]);
    const { tranche, begun } = scenario.contract;
    expect(refund).toBe(3n * (old - tranche));
    expect(begun).toEqual({ epoch: 0, tranche: old });
    scenario.openWindow(0);
    expect(scenario.contract).toMatchObject({ begun: undefined, window: { tranche: old, epoch: 0 } });
    const provider = chain.balance(terms.provider);
    chain.mineBlock([scenario.proveTransaction()]);
    expect(chain.balance(terms.provider)).toBe(provider + old - old / 10n);
    scenario.openWindow(1);
    expect(scenario.contract.window?.tranche).toBe(tranche);
    chain.mineBlock([scenario.proveTransaction()]);
  });

  test('in the last block before an epoch is cheaper than in the first block of it', () => {
    const { tranche: old } = scenario.contract;
    scenario.proveEpoch(0);
    const { chain } = scenario;
    chain.mineTo(start + params.contract.epochBlocks - 2);
    const early = dropTransaction(scenario, [0]);
    chain.mineBlock([early]);
    expect(chain.height).toBe(start + params.contract.epochBlocks - 1);
    expect(scenario.contract.begun).toBeUndefined();
    chain.revertTip();
    chain.mineBlock();
    drop([0]);
    expect(scenario.contract.begun).toEqual({ epoch: 1, tranche: old });
  });

  test('in the very block of a challenge: asked for no more, paid at the old price', () => {
    const { chain } = scenario;
    const { tranche: old } = scenario.contract;
    chain.mineTo(scenario.challengeHeight(0) - 1);
    drop([0]);
    const { window, root } = scenario.contract;
    expect(window).toMatchObject({ tranche: old, root });
    scenario.openWindow(0);
    chain.mineBlock([scenario.proveTransaction()]);
    expect(scenario.contract.proven).toBe(1);
  });

  test('does not change what a client is told it gives back', () => {
    const { chain, contract } = scenario;
    const told = priceDrop(params, contract, 70_000n, chain.height + 1);
    expect(drop([2])).toBe(told.refund);
    expect(scenario.contract.tranche).toBe(told.tranche);
  });
});

describe('a dropped fragment', () => {
  test('is still wanted by a challenge that was open; by none after it', () => {
    const old = scenario;
    const { chain } = scenario;
    scenario.openWindow(0);
    drop([0]);
    const { contract } = scenario;
    const asked = planStorageProof(old.terms.leaves, openChallenge(chain, scenario));
    expect(contract.window).toEqual(old.contract.window);
    expect(refusalOf(scenario.proveTransaction())).toMatch(/^prove\//);
    expect(droppedKeptUntil(params, contract, chain.height)).toBe(
      windowCloseHeight(params, scenario.challengeHeight(0)) + params.contract.settleDelayBlocks,
    );
    chain.mineBlock([old.proveTransaction()]);
    expect(asked.slices.length).toBeGreaterThan(0);
    for (const epoch of [1, 2, 3]) {
      scenario.openWindow(epoch);
      const plan = planStorageProof(scenario.terms.leaves, openChallenge(chain, scenario));
      expect(plan.slices.some(({ leafIndex }) => leafIndex === 0)).toBe(false);
      chain.mineBlock([scenario.proveTransaction()]);
    }
    expect(scenario.contract).toMatchObject({ proven: 4, missed: 0 });
  });

  test('is kept for a reorg of the drop where no challenge is open', () => {
    expect(droppedKeptUntil(params, scenario.contract, 50)).toBe(50 + params.contract.settleDelayBlocks);
    const { window: _, ...rest } = scenario.contract;
    expect(contractKeptUntil(params, rest)).toBeGreaterThan(scenario.challengeHeight(3));
    expect(contractKeptUntil(params, { ...rest, settledAt: 7 })).toBe(7);
  });

  test('is drawn again: of many draws some fall on it, and none asks for it', () => {
    drop([0]);
    scenario.openWindow(0);
    const { chain } = scenario;
    const draws = [0n, 68n, 69n, 138n];
    const plan = planStorageProof(scenario.terms.leaves, { draws, wanted: 2 });
    expect(plan.leaves.filter(({ leaf }) => isTombstone(leaf))).toHaveLength(1);
    expect(plan.slices.map(({ leafIndex }) => leafIndex)).toEqual([1, 2]);
    chain.mineBlock([scenario.proveTransaction()]);
  });

  test('mints nothing from its share of the lot any more', () => {
    drop([0]);
    scenario.proveEpoch(0);
    const [lot] = scenario.contract.lots;
    expect(lot?.minted).toBe(((lot?.inclusion ?? 0n) * 70_001n) / 140_001n);
  });

  test('cannot be dropped twice, nor by the provider, nor with too many others', () => {
    const { chain, terms } = scenario;
    const again = dropTransaction(scenario, [0], {}, { sequence: chain.nextSequence(terms.client) + 1n });
    expect(refusalOf(dropTransaction(scenario, [0], {}, {}, terms.provider))).toBe('drop/not-client');
    drop([0]);
    expect(refusalOf(again)).toBe('drop/leaf');
    expect(refusalOf(dropTransaction(scenario, [2]))).toBe('drop/too-much');
  });
});

test('an append after a drop in one epoch comes on top of the price the epoch began with', () => {
  const { chain } = scenario;
  const { tranche: old } = scenario.contract;
  chain.mineTo(start - 1);
  drop([0]);
  const { tranche: low } = scenario.contract;
  const more = [scenarioFragment(77, 30_000)];
  const escrow = scenario.pots.escrow;
  chain.mineBlock([reviseTransaction(scenario, { appended: more })]);
  scenario = appended(scenario, more);
  const { tranche, begun } = scenario.contract;
  expect(begun).toEqual({ epoch: 0, tranche: old + tranche - low });
  expect(scenario.pots.escrow - escrow).toBe(4n * (tranche - low));
  scenario.proveEpoch(0);
  expect(scenario.pots.escrow).toBe(3n * tranche);
});

test('a drop from a contract its client has ended gives back the epochs that would have come', () => {
  const { chain, terms } = scenario;
  chain.mineTo(start - 1);
  chain.mineBlock([scenario.endTransaction()]);
  const { tranche } = scenario.contract;
  expect(drop([0])).toBe(0n);
  scenario.proveEpoch(0);
  const client = chain.balance(terms.client);
  while (scenario.contract.status === 'active') chain.mineBlock();
  expect(chain.balance(terms.client)).toBe(client + 3n * tranche);
});
