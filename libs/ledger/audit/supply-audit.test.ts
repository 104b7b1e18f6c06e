import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { accountPot, MemoryState, potSpace } from '#chain';
import { createContractScenario } from '../../../contracts/testing/contract-scenario.js';
import { feedScenario } from '../testing/market-scene.js';
import { TestLedger } from '../testing/test-ledger.js';

let test: TestLedger;
const scenario = createContractScenario({ epochs: 6 });

beforeAll(async () => {
  test = await TestLedger.open();
  scenario.form();
  scenario.proveEpoch(0);
  scenario.proveEpoch(1);
  scenario.missEpoch(2);
  scenario.openWindow(3);
  await feedScenario(test, scenario);
});
afterAll(async () => {
  await test.close();
});

/** Changes pots behind the law's back, audits, and takes the change back. */
async function auditWith(...changes: readonly [string, bigint][]) {
  const { state } = test.ledger.chain;
  const diff = changes.map(([key, by]) => {
    const before = state.get(potSpace, key);
    const after = (before ?? 0n) + by;
    return { space: potSpace, key, before, after: after === 0n ? undefined : after };
  });
  state.apply(diff);
  try {
    return await test.ledger.audit();
  } finally {
    state.revert(diff);
  }
}

describe('the supply audit', () => {
  it('balances on a history with burns, mints, a miss and open escrows', async () => {
    const audit = await test.ledger.audit();
    expect(audit.differences).toEqual([]);
    expect(audit.balanced).toBe(true);
    expect(BigInt(audit.burned)).toBeGreaterThan(0n);
    expect(BigInt(audit.expectedTotal)).toBe(
      BigInt(audit.genesis) + BigInt(audit.minted) - BigInt(audit.burned),
    );
  });

  it('finds a single unit planted in any pot there is, or in one there is not', async () => {
    const pots = [...test.ledger.chain.state.entries(potSpace)].map(([pot]) => pot);
    expect(new Set(pots.map((pot) => pot.split(':')[0]))).toEqual(
      new Set(['account', 'reward', 'escrow', 'vesting', 'collateral', 'pool']),
    );
    for (const pot of [...pots, accountPot(test.wallet('nobody').account)]) {
      const audit = await auditWith([pot, 1n]);
      expect(audit.balanced).toBe(false);
      expect(audit.differences.some((text) => text.includes(pot))).toBe(true);
      expect(BigInt(audit.actualTotal) - BigInt(audit.expectedTotal)).toBe(1n);
    }
  });

  it('finds a unit taken away, and one moved where the sum stays the same', async () => {
    const { client, provider } = scenario.terms;
    expect((await auditWith([accountPot(client.account), -1n])).balanced).toBe(false);
    const moved = await auditWith([accountPot(client.account), -1n], [accountPot(provider.account), 1n]);
    expect(moved.actualTotal).toBe(moved.expectedTotal);
    expect(moved.balanced).toBe(false);
    expect(moved.differences).toHaveLength(2);
  });

  it('does not take the state for its source', async () => {
    const empty = new MemoryState();
    expect(empty.count(potSpace)).toBe(0);
    const all = [...test.ledger.chain.state.entries(potSpace)].map(
      ([pot, held]) => [pot, -held] as [string, bigint],
    );
    const audit = await auditWith(...all);
    expect(audit.actualTotal).toBe('0');
    expect(audit.expectedTotal).toBe((await test.ledger.supply()).total);
  });
});
