import { beforeEach, describe, expect, test } from '@jest/globals';
import type { KnownTransaction } from '#chain';
import { fastDevnet } from '../../chain/testing/memory-chain.js';
import type { BurnLot } from '../money/lot.js';
import { contractIdOf } from '../terms/agreement.js';
import {
  appended,
  dropped,
  dropTransaction,
  redeemTransaction,
  renewTransaction,
  reviseTransaction,
} from '../testing/changes.js';
import { ContractScenario, scenarioFragment } from '../testing/contract-scenario.js';
import { RepairScenario } from '../testing/repair-scenario.js';

let scenario: RepairScenario;

beforeEach(() => {
  const mint = { ...fastDevnet.mint, burnPerGiBEpoch: 1_000_000_000_000n };
  scenario = new RepairScenario({ params: { ...fastDevnet, mint }, epochs: 7, readEscrow: 9_000n });
  scenario.old.proveEpoch(0);
  scenario.old.missEpoch(1);
});

/** Which rule refuses the second of two transactions in one block; undefined where both are taken. */
function together(first: KnownTransaction, second: KnownTransaction): string | undefined {
  const { transactions, refusals } = scenario.chain.template([first, second]);
  expect(transactions[0]?.id).toBe(first.id);
  return refusals[0]?.violation.rule;
}

const more = [scenarioFragment(50, 1_500)];

describe('replace in one block with', () => {
  test('a revision: one result, whichever comes first', () => {
    const append = reviseTransaction(scenario.old, { appended: more });
    const replace = scenario.replaceTransaction();
    expect(together(append, replace)).toBe('replace/commitment');
    expect(together(replace, append)).toBe('revise/not-active');
  });

  test('an extension: the replacement runs as long as it was signed for', () => {
    const extend = reviseTransaction(scenario.old, { epochs: 9 });
    const replace = scenario.replaceTransaction();
    expect(together(extend, replace)).toBeUndefined();
    scenario.chain.mineBlock([extend, replace]);
    const next = scenario.contractOf(scenario.old.contract.successor as never);
    expect(next).toMatchObject({ epochs: 4, endEpoch: 4 });
    // The escrow of the two epochs more went where the rest went: into the reserve.
    expect(scenario.deposits(scenario.old.contract.successor as never).reserve).toBeGreaterThan(50_000_000n);
  });

  test('a change of the new contract at once: extended, or smaller by a fragment that its lots were burned for', () => {
    const { chain, old } = scenario;
    const replace = scenario.replaceTransaction();
    const agreement = scenario.agreement();
    const id = contractIdOf(chain.law.crypto, chain.law.params, agreement);
    const next = new ContractScenario(chain, { ...old.terms, provider: scenario.holder, agreement, id });
    // What changes it is signed against the state after the replacement, and stands in the block that makes it.
    chain.mineBlock([replace]);
    const extend = reviseTransaction(next, { epochs: 6, changes: { maxBurn: 1n << 40n } });
    const drop = dropTransaction(next, [2]);
    chain.revertTip();
    for (const change of [extend, drop]) {
      expect(together(replace, change)).toBeUndefined();
      chain.mineBlock([replace, change]);
      expect(next.contract.status).toBe('active');
      chain.revertTip();
    }
  });

  test('a renewal', () => {
    const renew = renewTransaction(scenario.old, { epochs: 3 });
    const replace = scenario.replaceTransaction();
    expect(together(renew, replace)).toBe('replace/over');
    expect(together(replace, renew)).toBe('renew/not-active');
  });

  test('a drop', () => {
    const drop = dropTransaction(scenario.old, [1]);
    const replace = scenario.replaceTransaction();
    expect(together(drop, replace)).toBe('replace/commitment');
    expect(together(replace, drop)).toBe('drop/not-active');
  });

  test('a voucher: redeemed before it is paid, and what is left moves along', () => {
    const redeem = redeemTransaction(scenario.old, 2_000n);
    const replace = scenario.replaceTransaction();
    expect(together(replace, redeem)).toBe('redeem/not-active');
    expect(together(redeem, replace)).toBeUndefined();
    scenario.chain.mineBlock([redeem, replace]);
    const { successor } = scenario.old.contract;
    expect(scenario.deposits(successor).reads).toBe(7_000n);
    expect(scenario.contractOf(successor as never).readsPaid).toBe(0n);
  });

  test('a drain by its provider, and a skip', () => {
    const replace = scenario.replaceTransaction();
    expect(together(replace, scenario.drainTransaction())).toBe('drain/not-active');
    expect(together(replace, scenario.skipTransaction(4))).toBe('skip/not-active');
    expect(together(scenario.skipTransaction(4), replace)).toBeUndefined();
  });
});

describe('after other changes', () => {
  test('an appended contract passes on both lots, and the new holder proves both', () => {
    const { chain, old } = scenario;
    chain.mineBlock([reviseTransaction(old, { appended: more })]);
    const terms = appended(old, more).terms;
    const next = scenario.replace();
    const grown = new ContractScenario(chain, {
      ...next.terms,
      fragments: terms.fragments,
      leaves: terms.leaves,
    });
    expect(grown.contract.lots).toMatchObject([{ isProven: true }, { isProven: false, firstEpoch: 0 }]);
    const before = grown.contract.lots.map(({ minted }: BurnLot) => minted);
    grown.proveEpoch(0);
    const after = grown.contract.lots.map(({ minted }: BurnLot) => minted);
    expect(after[0]).toBeGreaterThan(before[0] as bigint);
    expect(after[1]).toBeGreaterThan(before[1] as bigint);
  });

  test('a contract with dropped fragments is replaced for what is left of it', () => {
    const { chain, old } = scenario;
    chain.mineBlock([dropTransaction(old, [2])]);
    const { leaves } = dropped(old, [2]).terms;
    const next = scenario.replace();
    const smaller = new ContractScenario(chain, { ...next.terms, leaves });
    expect(smaller.contract).toMatchObject({ totalBytes: 1_026n, droppedChunks: 3n, totalChunks: 6n });
    expect(smaller.contract.lots[0]?.droppedBytes).toBe(3_000n);
    for (const epoch of [0, 1, 2, 3]) smaller.proveEpoch(epoch);
    expect(smaller.contract.proven).toBe(4);
  });

  test('a replacement can be extended, renewed and ended like any contract', () => {
    const { chain, old } = scenario;
    const next = scenario.replace();
    chain.mineBlock([reviseTransaction(next, { epochs: 6, changes: { maxBurn: 1n << 40n } })]);
    expect(next.contract).toMatchObject({ epochs: 6, revision: 1 });
    expect(next.contract.lots).toHaveLength(2);
    chain.mineBlock([next.endTransaction()]);
    while (next.contract.status === 'active') chain.mineBlock();
    expect(scenario.deposits(next.id)).toEqual({ escrow: 0n, reserve: 0n, bounty: 0n, reads: 0n });
    expect(old.contract.successor).toBe(next.id);
  });
});
