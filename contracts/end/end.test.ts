import { beforeEach, describe, expect, test } from '@jest/globals';
import type { KnownTransaction } from '#chain';
import { settleHeight } from '../lifecycle/schedule.js';
import { type ContractScenario, createContractScenario } from '../testing/contract-scenario.js';

let scenario: ContractScenario;

beforeEach(() => {
  scenario = createContractScenario({ epochs: 3 });
  scenario.form();
});

const refusalOf = (transaction: KnownTransaction): string | undefined =>
  scenario.chain.template([transaction]).refusals[0]?.violation.rule;

function runOut(): void {
  while (scenario.contract.status === 'active') scenario.chain.mineBlock();
}

describe('an early end by the client', () => {
  test('before the start: no challenge at all, everything returns but the burn', () => {
    const { chain, terms } = scenario;
    const { burned, tranche, collateral } = scenario.contract;
    const client = chain.balance(terms.client);
    const provider = chain.balance(terms.provider);
    chain.mineBlock([scenario.endTransaction()]);
    expect(scenario.contract).toMatchObject({ endEpoch: 0, nextEpoch: 0 });
    runOut();
    expect(scenario.contract).toMatchObject({ status: 'cancelled', proven: 0, missed: 0, window: undefined });
    expect(chain.height).toBe(settleHeight(chain.law.params, scenario.contract));
    expect(chain.balance(terms.client)).toBe(client + 3n * tranche);
    expect(chain.balance(terms.provider)).toBe(provider + collateral);
    expect(burned).toBeGreaterThan(0n);
    expect(scenario.pots).toEqual({ escrow: 0n, vesting: 0n, collateral: 0n });
  });

  test('in the very block of a challenge: that epoch is still challenged and paid', () => {
    const { chain } = scenario;
    chain.mineTo(scenario.challengeHeight() - 1);
    chain.mineBlock([scenario.endTransaction()]);
    expect(scenario.contract).toMatchObject({ endEpoch: 1, nextEpoch: 1, window: { epoch: 0 } });
    scenario.proveEpoch(0);
    runOut();
    expect(scenario.contract).toMatchObject({ status: 'ended', proven: 1, missed: 0 });
  });

  test('in an epoch before its challenge: the challenge still comes', () => {
    const { chain } = scenario;
    chain.mineTo(scenario.challengeHeight(0) - 1);
    scenario.proveEpoch(0);
    const boundary = scenario.challengeHeight(1) - 1;
    chain.mineTo(boundary - 1);
    chain.mineBlock([scenario.endTransaction()]);
    expect(scenario.contract.endEpoch).toBeLessThan(3);
    const { endEpoch } = scenario.contract;
    runOut();
    expect(scenario.contract).toMatchObject({ status: 'ended', proven: 1, missed: endEpoch - 1, endEpoch });
  });

  test('while a window is open: the proof is still taken and paid, then the rest returns', () => {
    const { chain, terms } = scenario;
    scenario.openWindow();
    chain.mineBlock([scenario.endTransaction()]);
    const { tranche } = scenario.contract;
    const client = chain.balance(terms.client);
    expect(scenario.contract.window).toBeDefined();
    chain.mineBlock([scenario.proveTransaction()]);
    const { endEpoch } = scenario.contract;
    runOut();
    expect(scenario.contract).toMatchObject({ status: 'ended', proven: 1, missed: endEpoch - 1 });
    expect(chain.balance(terms.client)).toBeGreaterThanOrEqual(client + tranche * 2n);
  });

  test('and a proof in one block work in either order', () => {
    const { chain } = scenario;
    scenario.openWindow();
    chain.mineBlock([scenario.endTransaction(), scenario.proveTransaction()]);
    expect(scenario.contract).toMatchObject({ proven: 1, status: 'active' });
    chain.revertTip();
    chain.mineBlock([scenario.proveTransaction(), scenario.endTransaction()]);
    expect(scenario.contract).toMatchObject({ proven: 1, status: 'active' });
  });

  test('and the form in one block', () => {
    scenario = createContractScenario({ epochs: 3 });
    const { chain, terms } = scenario;
    const form = scenario.formTransaction();
    chain.mineBlock([form, chain.sign(terms.client, 'end', { contract: scenario.id }, { sequence: 1n })]);
    expect(scenario.contract).toMatchObject({ status: 'active', endEpoch: 0 });
    runOut();
    expect(scenario.contract.status).toBe('cancelled');
  });

  test('end/no-contract, end/not-client', () => {
    const { chain, terms } = scenario;
    expect(refusalOf(chain.sign(terms.client, 'end', { contract: 'ab'.repeat(32) }))).toBe('end/no-contract');
    expect(refusalOf(scenario.endTransaction(terms.provider))).toBe('end/not-client');
  });

  test('end/already-ending: twice, or when the last epoch has begun', () => {
    const { chain } = scenario;
    chain.mineBlock([scenario.endTransaction()]);
    expect(refusalOf(scenario.endTransaction())).toBe('end/already-ending');
    scenario = createContractScenario({ epochs: 1 });
    scenario.form();
    scenario.chain.mineTo(scenario.challengeHeight(0));
    expect(refusalOf(scenario.endTransaction())).toBe('end/already-ending');
  });

  test('end/not-active: a settled contract stays as it is', () => {
    const { chain } = scenario;
    chain.mineBlock([scenario.endTransaction()]);
    runOut();
    const settled = scenario.contract;
    expect(refusalOf(scenario.endTransaction())).toBe('end/not-active');
    chain.mineTo(chain.height + 50);
    expect(scenario.contract).toEqual(settled);
  });
});
