import { beforeEach, describe, expect, test } from '@jest/globals';
import { type KnownTransaction, readsPot } from '#chain';
import { redeemTransaction, renewTransaction, reviseTransaction } from '../testing/changes.js';
import { type ContractScenario, createContractScenario } from '../testing/contract-scenario.js';
import { voucherWorth } from './voucher.js';

let scenario: ContractScenario;

beforeEach(() => {
  scenario = createContractScenario({ epochs: 3 });
  scenario.chain.mineBlock([scenario.formWith({ readEscrow: 1_000n })]);
});

function refusalOf(known: KnownTransaction): string | undefined {
  const before = scenario.chain.snapshot();
  const rule = scenario.chain.template([known]).refusals[0]?.violation.rule;
  expect(scenario.chain.snapshot()).toEqual(before);
  return rule;
}

/** What a voucher is said to be worth. */
function worth(total: bigint): bigint {
  return voucherWorth(scenario.contract, scenario.chain.pot(readsPot(scenario.id)), total);
}

describe('read vouchers', () => {
  test('pay what they are above those before, to the payout, out of what the client locked', () => {
    const { chain, terms, id } = scenario;
    const provider = chain.balance(terms.provider);
    chain.mineBlock([redeemTransaction(scenario, 300n)]);
    expect(scenario.contract.readsPaid).toBe(300n);
    chain.mineBlock([redeemTransaction(scenario, 1_000n, {}, terms.provider, 7n)]);
    expect(chain.balance(terms.provider)).toBe(provider + 1_000n - 7n);
    expect(chain.pot(readsPot(id))).toBe(0n);
    expect(refusalOf(redeemTransaction(scenario, 1_001n))).toBe('redeem/uncovered');
  });

  test('above what is locked pay nothing until the client adds to it', () => {
    const { chain } = scenario;
    const large = redeemTransaction(scenario, 1_500n);
    expect(refusalOf(large)).toBe('redeem/uncovered');
    expect(worth(1_500n)).toBe(0n);
    chain.mineBlock([reviseTransaction(scenario, { changes: { addReadEscrow: 500n } })]);
    expect(worth(1_500n)).toBe(1_500n);
    expect(refusalOf(large)).toBeUndefined();
  });

  test('are worth what the ledger pays for them, at every step of a life', () => {
    const { chain } = scenario;
    const isWorthWhatItPays = (total: bigint): void => {
      const held = chain.pot(readsPot(scenario.id));
      const refusal = refusalOf(redeemTransaction(scenario, total));
      expect(worth(total)).toBe(refusal === undefined ? total - scenario.contract.readsPaid : 0n);
      expect(worth(total)).toBeLessThanOrEqual(held);
    };
    const totals = [0n, 1n, 399n, 400n, 401n, 1_000n, 1_001n];
    totals.forEach(isWorthWhatItPays);
    chain.mineBlock([redeemTransaction(scenario, 400n)]);
    totals.forEach(isWorthWhatItPays);
    chain.mineBlock([scenario.endTransaction()]);
    totals.forEach(isWorthWhatItPays);
    while (scenario.contract.status === 'active') chain.mineBlock();
    totals.forEach(isWorthWhatItPays);
    expect(totals.map(worth)).toEqual(totals.map(() => 0n));
  });

  test('are worth nothing once the contract is over, whatever an older reading says is locked', () => {
    const active = { status: 'active', readsPaid: 10n } as const;
    expect(voucherWorth(active, 100n, 50n)).toBe(40n);
    for (const status of ['completed', 'ended', 'cancelled', 'failed', 'renewed', 'replaced'] as const)
      expect(voucherWorth({ ...active, status }, 100n, 50n)).toBe(0n);
  });

  test('of a contract that failed or was renewed are void, and what was locked is the client’s', () => {
    const { chain, terms } = scenario;
    const voucher = redeemTransaction(scenario, 10n);
    const client = chain.balance(terms.client);
    chain.mineBlock([renewTransaction(scenario, { readEscrow: 0n, epochs: 1 })]);
    expect(refusalOf(voucher)).toBe('redeem/not-active');
    expect(chain.pot(readsPot(scenario.id))).toBe(0n);
    expect(chain.balance(terms.client)).toBeGreaterThan(client);
    chain.revertTip();
    for (const epoch of [0, 1, 2]) scenario.missEpoch(epoch);
    expect(scenario.contract.status).toBe('failed');
    expect(refusalOf(voucher)).toBe('redeem/not-active');
  });

  test('do not disturb a challenge or the schedule', () => {
    const { chain } = scenario;
    scenario.openWindow();
    const { window, dueAt } = scenario.contract;
    chain.mineBlock([redeemTransaction(scenario, 5n)]);
    expect(scenario.contract).toMatchObject({ window, dueAt });
    chain.mineBlock([scenario.proveTransaction()]);
  });
});
