import { beforeEach, describe, expect, test } from '@jest/globals';
import type { KnownTransaction } from '#chain';
import type { Wallet } from '../../chain/testing/wallet.js';
import { type ContractScenario, createContractScenario } from '../testing/contract-scenario.js';

let scenario: ContractScenario;

beforeEach(() => {
  scenario = createContractScenario({ epochs: 4, fragmentLengths: [9] });
  scenario.form();
});

const skip = (epoch: number, wallet: Wallet = scenario.terms.provider, lane = 0): KnownTransaction =>
  scenario.chain.sign(wallet, 'skip', { contract: scenario.id, epoch }, { lane });
const refusalOf = (transaction: KnownTransaction): string | undefined =>
  scenario.chain.template([transaction]).refusals[0]?.violation.rule;

describe('a maintenance skip', () => {
  test('no challenge, no pay, no strike: the tranche returns at the height of the challenge', () => {
    const { chain, terms } = scenario;
    scenario.proveEpoch(0);
    chain.mineBlock([skip(1)]);
    const { tranche, collateral } = scenario.contract;
    const client = chain.balance(terms.client);
    chain.mineTo(scenario.challengeHeight(1) - 1);
    expect(chain.balance(terms.client)).toBe(client);
    chain.mineBlock();
    expect(chain.balance(terms.client)).toBe(client + tranche);
    expect(scenario.contract).toMatchObject({ window: undefined, nextEpoch: 2, missed: 0, skip: 1 });
    scenario.proveEpoch(2);
    scenario.proveEpoch(3);
    while (scenario.contract.status === 'active') chain.mineBlock();
    expect(scenario.contract).toMatchObject({ status: 'completed', proven: 3, missed: 0, collateral });
    expect(scenario.pots).toEqual({ escrow: 0n, vesting: 0n, collateral: 0n });
  });

  test('keeps a miss in mind: only a proof clears it', () => {
    const { chain } = scenario;
    scenario.missEpoch(0);
    chain.mineBlock([skip(1)]);
    chain.mineTo(scenario.challengeHeight(1));
    expect(scenario.contract.lastMissed).toBe(0);
    scenario.proveEpoch(2);
    expect(scenario.contract.lastMissed).toBeUndefined();
  });

  test('of every epoch of a term of one leaves nothing behind', () => {
    scenario = createContractScenario({ epochs: 1, fragmentLengths: [9] });
    scenario.form();
    const { chain } = scenario;
    const { tranche } = scenario.contract;
    chain.mineBlock([skip(0)]);
    const client = chain.balance(scenario.terms.client);
    while (scenario.contract.status === 'active') chain.mineBlock();
    expect(chain.balance(scenario.terms.client)).toBe(client + tranche);
    expect(scenario.contract).toMatchObject({ status: 'completed', proven: 0, missed: 0, minted: 0n });
    expect(scenario.pots).toEqual({ escrow: 0n, vesting: 0n, collateral: 0n });
  });

  test('of an epoch that an early end takes away is spent', () => {
    const { chain } = scenario;
    chain.mineBlock([skip(2)]);
    chain.mineTo(scenario.challengeHeight(0));
    chain.mineBlock([scenario.endTransaction()]);
    expect(refusalOf(skip(0))).toBe('skip/twice');
    while (scenario.contract.status === 'active') chain.mineBlock();
    expect(scenario.contract).toMatchObject({ status: 'ended', nextEpoch: 1, missed: 1 });
  });

  test('is undone with its block', () => {
    const { chain } = scenario;
    const before = chain.snapshot();
    chain.mineBlock([skip(1)]);
    chain.revertTip();
    expect(chain.snapshot()).toEqual(before);
  });

  test('skip/no-contract, skip/not-provider', () => {
    const { chain, terms } = scenario;
    const other = chain.sign(terms.provider, 'skip', { contract: 'ab'.repeat(32), epoch: 0 });
    expect(refusalOf(other)).toBe('skip/no-contract');
    expect(refusalOf(skip(0, terms.client))).toBe('skip/not-provider');
  });

  test('skip/not-active', () => {
    const { chain } = scenario;
    chain.mineBlock([scenario.endTransaction()]);
    while (scenario.contract.status === 'active') chain.mineBlock();
    expect(refusalOf(skip(0))).toBe('skip/not-active');
  });

  test('skip/twice: another epoch, or the same again', () => {
    scenario.chain.mineBlock([skip(1)]);
    expect(refusalOf(skip(1))).toBe('skip/twice');
    expect(refusalOf(skip(2))).toBe('skip/twice');
    expect(scenario.chain.template([skip(0, scenario.terms.provider, 1)]).refusals).toHaveLength(1);
  });

  test('skip/beyond-end: the end of the term, or of a contract ended early', () => {
    const { chain } = scenario;
    expect(refusalOf(skip(3))).toBeUndefined();
    expect(refusalOf(skip(4))).toBe('skip/beyond-end');
    expect(refusalOf(skip(0xffff_ffff))).toBe('skip/beyond-end');
    chain.mineBlock([scenario.endTransaction()]);
    expect(refusalOf(skip(0))).toBe('skip/beyond-end');
  });

  test('skip/late: in the block of the challenge or after it', () => {
    const { chain } = scenario;
    chain.mineTo(scenario.challengeHeight(0) - 2);
    expect(refusalOf(skip(0))).toBeUndefined();
    chain.mineBlock();
    expect(refusalOf(skip(0))).toBe('skip/late');
    chain.mineBlock();
    expect(refusalOf(skip(0))).toBe('skip/late');
    expect(refusalOf(skip(1))).toBeUndefined();
  });
});
