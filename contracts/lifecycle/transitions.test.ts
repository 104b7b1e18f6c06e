import { beforeEach, describe, expect, test } from '@jest/globals';
import { BURN, type KnownTransaction } from '#chain';
import { fastDevnet } from '../../chain/testing/memory-chain.js';
import { slashForMiss, splitSlash } from '../money/price.js';
import { usageSpace } from '../offer/usage.js';
import { type ContractScenario, createContractScenario, EMPTY_PROOF } from '../testing/contract-scenario.js';
import { dueSpace } from './due-index.js';
import { endHeightExclusive, settleHeight, startHeight } from './schedule.js';

let scenario: ContractScenario;

beforeEach(() => {
  scenario = createContractScenario({ epochs: 4 });
  scenario.form();
});

const refusalOf = (transaction: KnownTransaction): string | undefined =>
  scenario.chain.template([transaction]).refusals[0]?.violation.rule;

describe('challenges', () => {
  test('one an epoch, at the contract’s own slot, closed after W, none after the last', () => {
    const { chain } = scenario;
    const { epochBlocks, windowBlocks } = chain.law.params.contract;
    const start = startHeight(chain.law.params, scenario.contract.registeredAt);
    const slot = scenario.challengeHeight(0) - start;
    expect(slot).toBeGreaterThanOrEqual(0);
    expect(slot).toBeLessThan(epochBlocks);
    const open: number[] = [];
    while (scenario.contract.status === 'active') {
      chain.mineBlock([]);
      const { window } = scenario.contract;
      if (window === undefined) continue;
      open.push(chain.height);
      expect(window.challengeHeight).toBe(start + window.epoch * epochBlocks + slot);
      expect(window.epoch).toBe(scenario.contract.nextEpoch - 1);
    }
    expect(open).toHaveLength(3 * windowBlocks);
  });

  test('snapshot what must be proven', () => {
    scenario.chain.mineTo(scenario.challengeHeight());
    const { root, leafCount, totalChunks } = scenario.terms.agreement;
    expect(scenario.contract.window).toEqual({
      epoch: 0,
      challengeHeight: scenario.chain.height,
      root,
      leafCount,
      totalChunks,
      tranche: scenario.contract.tranche,
      proven: false,
    });
  });
});

describe('a miss', () => {
  test('returns the tranche and costs a slice of the collateral, at least half of it burned', () => {
    const { chain, terms } = scenario;
    const { tranche, collateral } = scenario.contract;
    const client = chain.balance(terms.client);
    scenario.missEpoch(0);
    const slash = slashForMiss(chain.law.params, collateral);
    expect(slash.burned + slash.toClient).toBe((collateral * 2_000n + 9_999n) / 10_000n);
    expect(slash.burned).toBeGreaterThanOrEqual(slash.toClient);
    expect(slash.burned).toBeGreaterThan(0n);
    expect(chain.balance(terms.client)).toBe(client + tranche + slash.toClient);
    expect(scenario.pots).toEqual({
      escrow: tranche * 3n,
      vesting: 0n,
      collateral: collateral - slash.burned - slash.toClient,
    });
    expect(scenario.contract).toMatchObject({ status: 'active', missed: 1, proven: 0, window: undefined });
    const burned = chain.tip.events.filter((event) => event.type === 'posting' && event.to === BURN);
    expect(burned).toMatchObject([{ amount: slash.burned, reason: 'slash-burned' }]);
  });

  test('a client never gains by making its provider miss, whatever the collateral', () => {
    for (const left of [0n, 1n, 2n, 3n, 9_999n, 10n ** 15n]) {
      const slash = slashForMiss(fastDevnet, left);
      expect(slash.burned).toBeGreaterThanOrEqual(slash.toClient);
      expect(slash.burned + slash.toClient).toBeLessThanOrEqual(left);
      const rest = splitSlash(fastDevnet, left);
      expect(rest.burned + rest.toClient).toBe(left);
      expect(rest.burned).toBeGreaterThanOrEqual(rest.toClient);
    }
  });

  test('does not end the contract: the next epoch can be proven', () => {
    scenario.missEpoch(0);
    scenario.proveEpoch(1);
    expect(scenario.contract).toMatchObject({ status: 'active', proven: 1, missed: 1 });
  });

  test('the third fails it: no tranche, no vesting, no collateral to the provider, everything settled', () => {
    const { chain, terms } = scenario;
    scenario.proveEpoch(0);
    const provider = chain.balance(terms.provider);
    const { tranche } = scenario.contract;
    const vested = scenario.pots.vesting;
    expect(vested).toBe(tranche / 10n);
    for (const epoch of [1, 2]) scenario.missEpoch(epoch);
    const client = chain.balance(terms.client);
    const left = scenario.pots.collateral;
    chain.mineTo(scenario.lastProofHeight(3) - 1);
    expect(scenario.contract.status).toBe('active');
    chain.mineBlock();
    const slash = slashForMiss(chain.law.params, left);
    const rest = splitSlash(chain.law.params, left - slash.burned - slash.toClient);
    expect(scenario.contract).toMatchObject({ status: 'failed', missed: 3, settledAt: chain.height });
    expect(scenario.pots).toEqual({ escrow: 0n, vesting: 0n, collateral: 0n });
    expect(chain.balance(terms.client)).toBe(client + tranche + slash.toClient + vested + rest.toClient);
    expect(chain.balance(terms.provider)).toBe(provider);
    expect(chain.state.get(usageSpace, terms.provider.account)).toBeUndefined();
  });

  test('a failure with epochs left returns what they would have cost', () => {
    scenario = createContractScenario({ epochs: 10 });
    scenario.form();
    const { chain, terms } = scenario;
    for (const epoch of [0, 1]) scenario.missEpoch(epoch);
    const { tranche } = scenario.contract;
    const client = chain.balance(terms.client);
    scenario.missEpoch(2);
    expect(chain.balance(terms.client)).toBeGreaterThanOrEqual(client + 8n * tranche);
    expect(scenario.contract).toMatchObject({ status: 'failed', nextEpoch: 3, endEpoch: 10 });
    expect([...chain.state.entries(dueSpace)]).toEqual([]);
  });
});

describe('settlement', () => {
  test('at end + W + delay, once, and for good', () => {
    const { chain, terms } = scenario;
    for (const epoch of [0, 1, 2, 3]) scenario.proveEpoch(epoch);
    const { params } = chain.law;
    const at = settleHeight(params, scenario.contract);
    expect(at).toBe(endHeightExclusive(params, scenario.contract) + 8 + 2);
    const { vesting, collateral } = scenario.pots;
    const provider = chain.balance(terms.provider);
    chain.mineTo(at - 1);
    expect(scenario.contract.status).toBe('active');
    chain.mineBlock();
    expect(scenario.contract).toMatchObject({ status: 'completed', settledAt: at });
    expect(chain.balance(terms.provider)).toBe(provider + vesting + collateral);
    const settled = scenario.contract;
    const balances = [chain.balance(terms.client), chain.balance(terms.provider)];
    expect(refusalOf(scenario.proveTransaction({ proof: EMPTY_PROOF }))).toBe('prove/no-window');
    expect(refusalOf(scenario.endTransaction())).toBe('end/not-active');
    chain.mineTo(at + 60);
    expect(scenario.contract).toEqual(settled);
    expect([chain.balance(terms.client), chain.balance(terms.provider)]).toEqual(balances);
    const settlements = Array.from({ length: chain.height + 1 }, (_, height) => chain.at(height).events)
      .flat()
      .filter((event) => event.type === 'object' && event.name === 'contract/settled');
    expect(settlements).toHaveLength(1);
  });

  test('pays vested earnings to the payout account and returns the collateral to the provider', () => {
    scenario = createContractScenario({ epochs: 1 });
    const { chain, terms } = scenario;
    const safe = chain.wallet('safe');
    chain.mineBlock([scenario.formWith({ payout: safe.account })]);
    const { tranche, collateral } = scenario.contract;
    const provider = chain.balance(terms.provider);
    scenario.proveEpoch(0);
    while (scenario.contract.status === 'active') chain.mineBlock();
    expect(chain.balance(safe)).toBe(tranche);
    expect(chain.balance(terms.provider)).toBe(provider + collateral);
  });

  test('gives the capacity back', () => {
    const { chain, terms } = scenario;
    expect(chain.state.get(usageSpace, terms.provider.account)).toBe(terms.agreement.totalBytes);
    chain.mineBlock([scenario.endTransaction()]);
    while (scenario.contract.status === 'active') chain.mineBlock();
    expect(chain.state.get(usageSpace, terms.provider.account)).toBeUndefined();
  });
});
