import { beforeEach, describe, expect, test } from '@jest/globals';
import type { KnownTransaction } from '#chain';
import { RepairScenario } from '../testing/repair-scenario.js';

let scenario: RepairScenario;

beforeEach(() => {
  scenario = new RepairScenario();
});

const refusalOf = (transaction: KnownTransaction): string | undefined =>
  scenario.chain.template([transaction]).refusals[0]?.violation.rule;

describe('a provider that wants to leave', () => {
  test('goes on proving and being paid, and settles as ever where nobody replaces it', () => {
    const { chain, old } = scenario;
    chain.mineBlock([scenario.drainTransaction()]);
    expect(old.contract).toMatchObject({ status: 'active', drainedAt: chain.height });
    for (const epoch of [0, 1, 2, 3]) old.proveEpoch(epoch);
    while (old.contract.status === 'active') chain.mineBlock();
    expect(old.contract).toMatchObject({ status: 'completed', proven: 4 });
    expect(old.pots).toEqual({ escrow: 0n, vesting: 0n, collateral: 0n });
    expect(scenario.deposits()).toEqual({ escrow: 0n, reserve: 0n, bounty: 0n, reads: 0n });
  });

  test('misses like any other', () => {
    const { chain, old } = scenario;
    chain.mineBlock([scenario.drainTransaction()]);
    old.missEpoch(0);
    expect(old.contract).toMatchObject({ missed: 1, lastMissed: 0 });
  });

  test('lets the repairer replace it, which it could not before', () => {
    expect(refusalOf(scenario.replaceTransaction())).toBe('replace/no-cause');
    scenario.chain.mineBlock([scenario.drainTransaction()]);
    expect(refusalOf(scenario.replaceTransaction())).toBeUndefined();
  });

  test('drain/no-contract, drain/not-provider', () => {
    const { chain, old } = scenario;
    const other = chain.sign(old.terms.provider, 'drain', { contract: 'ab'.repeat(32) });
    expect(refusalOf(other)).toBe('drain/no-contract');
    expect(refusalOf(scenario.drainTransaction(old.terms.client))).toBe('drain/not-provider');
    expect(refusalOf(scenario.drainTransaction(scenario.repairer))).toBe('drain/not-provider');
  });

  test('drain/twice', () => {
    scenario.chain.mineBlock([scenario.drainTransaction()]);
    expect(refusalOf(scenario.drainTransaction())).toBe('drain/twice');
  });

  test('drain/not-active: failed, replaced or settled', () => {
    scenario.fail();
    expect(refusalOf(scenario.drainTransaction())).toBe('drain/not-active');
    scenario = new RepairScenario();
    scenario.chain.mineBlock([scenario.drainTransaction()]);
    scenario.replace();
    expect(refusalOf(scenario.drainTransaction())).toBe('drain/not-active');
  });
});
