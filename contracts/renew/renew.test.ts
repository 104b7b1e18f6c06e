import { beforeEach, describe, expect, test } from '@jest/globals';
import { accountPot, bountyPot, type KnownTransaction, readsPot, reservePot, vestingPot } from '#chain';
import { fastDevnet } from '../../chain/testing/memory-chain.js';
import { burnFor } from '../money/price.js';
import { usageSpace } from '../offer/usage.js';
import {
  appended,
  dropped,
  dropTransaction,
  renewalTerms,
  renewed,
  renewTransaction,
  reviseTransaction,
} from '../testing/changes.js';
import {
  type ContractScenario,
  createContractScenario,
  scenarioFragment,
  usualOffer,
} from '../testing/contract-scenario.js';

const params = { ...fastDevnet, mint: { ...fastDevnet.mint, burnPerGiBEpoch: 1_000_000_000n } };

let scenario: ContractScenario;

beforeEach(() => {
  scenario = createContractScenario({ params, epochs: 3 });
  scenario.chain.mineBlock([scenario.formWith({ readEscrow: 90n })]);
});

function refusalOf(known: KnownTransaction): string | undefined {
  const before = scenario.chain.snapshot();
  const rule = scenario.chain.template([known]).refusals[0]?.violation.rule;
  expect(scenario.chain.snapshot()).toEqual(before);
  return rule;
}

describe('a renewal', () => {
  test('settles the old contract and starts the new one in one step; money to the unit', () => {
    const { chain, terms, id } = scenario;
    scenario.proveEpoch(0);
    const old = scenario.contract;
    const client = chain.balance(terms.client);
    const provider = chain.balance(terms.provider);
    const vested = chain.pot(vestingPot(id));
    expect(vested).toBe(old.tranche / 10n);
    const { agreement } = renewalTerms(scenario, { epochs: 6 });
    chain.mineBlock([renewTransaction(scenario, { epochs: 6 }, {}, { fee: 13n })]);
    const next = renewed(scenario);
    const burn = burnFor(1_000_000_000n, old.totalBytes, 6);
    expect(scenario.contract).toMatchObject({
      status: 'renewed',
      settledAt: chain.height,
      successor: next.id,
      window: undefined,
    });
    expect(next.contract).toMatchObject({
      status: 'active',
      origin: { kind: 'renewal', contract: id },
      registeredAt: chain.height,
      nextEpoch: 0,
      endEpoch: 6,
      lots: [],
      burned: burn,
      minted: 0n,
      root: old.root,
      totalChunks: old.totalChunks,
    });
    expect(scenario.pots).toEqual({ escrow: 0n, vesting: 0n, collateral: 0n });
    for (const pot of [readsPot(id), reservePot(id), bountyPot(id)]) expect(chain.pot(pot)).toBe(0n);
    const returned = 2n * old.tranche + 90n;
    const paid = 6n * next.contract.tranche + burn + 13n;
    expect(chain.balance(terms.client)).toBe(client + returned - paid);
    expect(chain.balance(terms.provider)).toBe(provider + vested + old.collateral - agreement.collateral);
    expect(chain.state.get(usageSpace, terms.provider.account)).toBe(old.totalBytes);
  });

  test('mints nothing, however often it is proven; the old lots are gone', () => {
    const { chain } = scenario;
    chain.mineBlock([renewTransaction(scenario)]);
    const next = renewed(scenario);
    for (const epoch of [0, 1, 2]) next.proveEpoch(epoch);
    expect(next.contract).toMatchObject({ proven: 3, minted: 0n, lots: [] });
    while (next.contract.status === 'active') chain.mineBlock();
    expect(next.contract.status).toBe('completed');
  });

  test('carries what was dropped and what was appended', () => {
    const { chain } = scenario;
    chain.mineBlock([dropTransaction(scenario, [3])]);
    scenario = dropped(scenario, [3]);
    const more = [scenarioFragment(50, 3_000)];
    chain.mineBlock([reviseTransaction(scenario, { appended: more })]);
    scenario = appended(scenario, more);
    chain.mineBlock([renewTransaction(scenario)]);
    const next = renewed(scenario);
    expect(next.contract).toMatchObject({ droppedChunks: 5n, leafCount: 6, totalBytes: 75_050n });
    next.proveEpoch(0);
    expect(next.contract.proven).toBe(1);
  });

  test('of a renewal works the same way, and an id never comes back', () => {
    const { chain, terms } = scenario;
    chain.mineBlock([renewTransaction(scenario)]);
    const second = renewed(scenario);
    const nonce = (byte: number): { nonce: Uint8Array } => ({ nonce: new Uint8Array(16).fill(byte) });
    scenario = second;
    expect(refusalOf(renewTransaction(second, { nonce: terms.agreement.nonce }))).toBe('renew/twice');
    chain.mineBlock([renewTransaction(second, nonce(5))]);
    scenario = renewed(second);
    expect(refusalOf(renewTransaction(scenario))).toBe('renew/twice');
    expect(refusalOf(scenario.formWith({ formBy: chain.height + 1 }))).toBe('form/twice');
    expect(refusalOf(scenario.formWith({ ...nonce(5), formBy: chain.height + 1 }))).toBe('form/twice');
  });

  test('after an early end, and in the block that would settle the contract', () => {
    const { chain } = scenario;
    chain.mineBlock([scenario.endTransaction()]);
    while (scenario.contract.dueAt > chain.height + 1) chain.mineBlock();
    chain.mineBlock([renewTransaction(scenario)]);
    expect(scenario.contract.status).toBe('renewed');
    expect(renewed(scenario).contract.status).toBe('active');
    chain.mineTo(chain.height + 3);
    expect(scenario.contract.settledAt).toBe(chain.height - 3);
  });

  test('is taken back whole by a reorg', () => {
    const { chain, terms } = scenario;
    const before = chain.snapshot();
    const { root } = chain.stateTree;
    chain.mineBlock([renewTransaction(scenario)]);
    expect(chain.pot(accountPot(terms.client.account))).toBeGreaterThan(0n);
    chain.revertTip();
    expect(chain.snapshot()).toEqual(before);
    expect(chain.stateTree.root).toEqual(root);
  });
});

describe('a revision and a renewal in one block', () => {
  test('that agree on the list: one order is valid, and both orders lead to it', () => {
    const { chain } = scenario;
    const more = [scenarioFragment(51, 3_000)];
    const revise = reviseTransaction(scenario, { appended: more });
    chain.mineBlock([revise]);
    const grown = appended(scenario, more);
    const renew = renewTransaction(grown);
    chain.revertTip();

    expect(chain.draft([renew, revise]).transactions).toEqual([revise]);
    chain.mineBlock([revise]);
    chain.mineBlock([renew]);
    const inTwo = renewed(grown).contract;
    chain.revertTip();
    chain.revertTip();
    chain.mineBlock([revise, renew]);
    const inOne = renewed(grown).contract;
    expect({ ...inTwo, registeredAt: 0, dueAt: 0 }).toEqual({ ...inOne, registeredAt: 0, dueAt: 0 });
    expect(scenario.contract).toMatchObject({ status: 'renewed', revision: 1, leafCount: 6 });
  });

  test('that do not agree: only one of them is ever in the chain', () => {
    const { chain } = scenario;
    const revise = reviseTransaction(scenario, { appended: [scenarioFragment(51, 3_000)] });
    const renew = renewTransaction(scenario);
    for (const order of [
      [revise, renew],
      [renew, revise],
    ]) {
      const [first, second] = order as [KnownTransaction, KnownTransaction];
      expect(chain.draft(order).transactions).toEqual([first]);
      chain.mineBlock([first]);
      expect(refusalOf(second)).toMatch(/^re(new|vise)\/(commitment|not-active)$/);
      chain.revertTip();
    }
  });
});

describe('a renewal that is refused', () => {
  test('for want of an offer, of room or of the right list leaves the old contract as it was', () => {
    const { chain, terms } = scenario;
    const offer = (changes: object): void => {
      chain.mineBlock([chain.sign(terms.provider, 'offer', { ...usualOffer(terms.provider), ...changes })]);
    };
    offer({ capacityBytes: 77_049n });
    expect(refusalOf(renewTransaction(scenario, { offerNumber: 2n }))).toBe('form/capacity');
    offer({ expiresAt: chain.height + 3, capacityBytes: 77_050n });
    expect(refusalOf(renewTransaction(scenario, { offerNumber: 3n }))).toBeUndefined();
    chain.mineBlock();
    expect(refusalOf(renewTransaction(scenario, { offerNumber: 3n }))).toBe('form/offer-expired');
    expect(refusalOf(renewTransaction(scenario, { totalBytes: 1n }))).toBe('renew/commitment');
    scenario.proveEpoch(0);
    expect(scenario.contract).toMatchObject({ status: 'active', proven: 1 });
  });

  test('while a challenge is open, so that nobody escapes it', () => {
    const { chain } = scenario;
    scenario.openWindow(0);
    expect(refusalOf(renewTransaction(scenario))).toBe('renew/open-window');
    chain.mineBlock([scenario.proveTransaction()]);
    expect(refusalOf(renewTransaction(scenario))).toBeUndefined();
  });

  test('because the burn price rose above what the client agreed to', () => {
    const burn = burnFor(1_000_000_000n, scenario.contract.totalBytes, 3);
    expect(refusalOf(renewTransaction(scenario, { maxBurn: burn - 1n }))).toBe('form/burn');
    expect(refusalOf(renewTransaction(scenario, { maxBurn: burn }))).toBeUndefined();
  });
});
