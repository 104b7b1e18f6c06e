import { beforeEach, describe, expect, test } from '@jest/globals';
import { accountPot, type KnownTransaction, MAX_U63 } from '#chain';
import { dueKey, dueSpace } from '../lifecycle/due-index.js';
import { shareOfUp } from '../money/price.js';
import { usageSpace } from '../offer/usage.js';
import { type ContractScenario, createContractScenario, usualOffer } from '../testing/contract-scenario.js';

let scenario: ContractScenario;

beforeEach(() => {
  scenario = createContractScenario({ epochs: 3 });
});

/** Why a transaction does not get into the next block; nothing may change because of it. */
function refusalOf(transaction: KnownTransaction): string | undefined {
  const before = scenario.chain.snapshot();
  const rule = scenario.chain.template([transaction]).refusals[0]?.violation.rule;
  expect(scenario.chain.snapshot()).toEqual(before);
  return rule;
}

describe('form', () => {
  test('locks the whole price and the collateral, burns the burn, takes capacity, enters the schedule', () => {
    const { chain, terms, id } = scenario;
    const client = chain.balance(terms.client);
    const provider = chain.balance(terms.provider);
    chain.mineBlock([scenario.formTransaction({}, 11n)]);
    const { contract } = scenario;
    expect(contract).toMatchObject({
      status: 'active',
      registeredAt: chain.height,
      epochs: 3,
      endEpoch: 3,
      nextEpoch: 0,
      leafCount: terms.leaves.length,
      totalBytes: terms.agreement.totalBytes,
      window: undefined,
    });
    const { tranche, collateral, burned, lots } = contract;
    expect(tranche).toBeGreaterThan(1_000_000n);
    expect(burned).toBeGreaterThan(0n);
    expect(lots).toMatchObject([{ burned, minted: 0n, firstEpoch: 0, endEpoch: 3, isProven: false }]);
    expect(scenario.pots).toEqual({ escrow: tranche * 3n, vesting: 0n, collateral });
    expect(chain.balance(terms.client)).toBe(client - tranche * 3n - burned - 11n);
    expect(chain.balance(terms.provider)).toBe(provider - collateral);
    expect(chain.state.get(usageSpace, terms.provider.account)).toBe(terms.agreement.totalBytes);
    expect(contract.dueAt).toBe(scenario.challengeHeight(0));
    expect(chain.state.get(dueSpace, dueKey(id, contract.dueAt))).toEqual([id]);
  });

  test.each([
    ['form/late', () => scenario.formWith({ formBy: scenario.chain.height })],
    ['form/epochs', () => scenario.formWith({ epochs: 0 })],
    ['form/epochs', () => scenario.formWith({ epochs: 3_651 })],
    ['form/overflow', () => scenario.formWith({ pricePerGiBEpoch: MAX_U63, basePerEpoch: MAX_U63 })],
    ['form/overflow', () => scenario.formWith({ basePerEpoch: MAX_U63 / 3n })],
    ['form/collateral', () => scenario.formWith({ collateral: scenario.terms.agreement.collateral - 1n })],
    ['form/no-fragments', () => scenario.formTransaction({ fragments: [] })],
    ['form/totals', () => scenario.formWith({ totalBytes: 1n })],
    ['form/totals', () => scenario.formWith({ totalChunks: 1n })],
    ['form/totals', () => scenario.formWith({ leafCount: 4 })],
    ['form/root', () => scenario.formWith({ root: new Uint8Array(32) })],
    ['form/offer', () => scenario.formWith({ offerNumber: 2n })],
    ['form/offer', () => scenario.formWith({ offerNumber: 0n })],
    ['coins/too-little', () => scenario.formWith({ collateral: 1n << 60n })],
    ['coins/too-little', () => scenario.formWith({ basePerEpoch: 1n << 50n, collateral: 1n << 60n })],
  ] as [string, () => KnownTransaction][])('%s', (rule, make) => {
    expect(refusalOf(make())).toBe(rule);
  });

  test('form/not-client: somebody else puts the agreement on chain', () => {
    const { chain, terms } = scenario;
    const body = scenario.formTransaction().transaction.body;
    expect(refusalOf(chain.sign(terms.provider, 'form', body))).toBe('form/not-client');
  });

  test('form/same-party: a key makes no contract with itself', () => {
    const { terms } = scenario;
    expect(refusalOf(scenario.formWith({ providerKey: terms.client.publicKey }))).toBe('form/same-party');
  });

  test('form/too-many-fragments', () => {
    const fragments = Array.from({ length: 8_193 }, (_, index) => ({
      id: index.toString(16).padStart(64, '0') as never,
      lengthBytes: 1,
    }));
    expect(refusalOf(scenario.formTransaction({ fragments }))).toBe('form/too-many-fragments');
  });

  test('leaf/length and leaf/twice', () => {
    const [first, ...rest] = scenario.terms.leaves.map(({ id, lengthBytes }) => ({ id, lengthBytes }));
    if (first === undefined) throw new Error('no leaf');
    const list = (fragments: readonly (typeof first)[]): KnownTransaction =>
      scenario.formTransaction({ fragments });
    expect(refusalOf(list([{ ...first, lengthBytes: 0 }, ...rest]))).toBe('leaf/length');
    expect(refusalOf(list([{ ...first, lengthBytes: 4 * 1024 * 1024 + 1 }, ...rest]))).toBe('leaf/length');
    expect(refusalOf(list([first, first, ...rest]))).toBe('leaf/twice');
  });

  test('form/root: the same fragments in another order are another commitment', () => {
    const fragments = scenario.terms.leaves.map(({ id, lengthBytes }) => ({ id, lengthBytes }));
    expect(refusalOf(scenario.formTransaction({ fragments: fragments.reverse() }))).toBe('form/root');
  });

  test('form/twice: also after the contract has settled', () => {
    scenario.form();
    expect(refusalOf(scenario.formTransaction())).toBe('form/twice');
    const { chain } = scenario;
    chain.mineBlock([scenario.endTransaction()]);
    while (scenario.contract.status === 'active') chain.mineBlock();
    expect(refusalOf(scenario.formWith({ formBy: chain.height + 5 }))).toBe('form/twice');
  });

  test('form/offer: a newer offer makes the older one void', () => {
    const { chain, terms } = scenario;
    chain.mineBlock([chain.sign(terms.provider, 'offer', usualOffer(terms.provider))]);
    expect(refusalOf(scenario.formTransaction())).toBe('form/offer');
    expect(refusalOf(scenario.formWith({ offerNumber: 2n }))).toBeUndefined();
  });

  test.each([
    ['form/offer-expired', { expiresAt: 5 }],
    ['form/offer-epochs', { minEpochs: 4 }],
    ['form/offer-epochs', { maxEpochs: 2 }],
    ['form/capacity', { capacityBytes: 77_049n }],
    ['form/capacity', { capacityBytes: 0n }],
  ])('%s', (rule, changes) => {
    const { chain, terms } = scenario;
    chain.mineBlock([chain.sign(terms.provider, 'offer', { ...usualOffer(terms.provider), ...changes })]);
    chain.mineBlock();
    expect(refusalOf(scenario.formWith({ offerNumber: 2n }))).toBe(rule);
  });

  test('an offer is filled to its last byte', () => {
    const { chain, terms } = scenario;
    const capacityBytes = terms.agreement.totalBytes;
    expect(capacityBytes).toBe(77_050n);
    chain.mineBlock([chain.sign(terms.provider, 'offer', { ...usualOffer(terms.provider), capacityBytes })]);
    chain.mineBlock([scenario.formWith({ offerNumber: 2n })]);
    expect(refusalOf(scenario.formWith({ offerNumber: 2n, nonce: new Uint8Array(16).fill(1) }))).toBe(
      'form/capacity',
    );
  });

  test('a bad signature of the provider is found with the others', () => {
    const forged = scenario.formTransaction({ providerSignature: new Uint8Array(64) });
    expect(scenario.chain.add(scenario.chain.draft([forged]))).toEqual({
      ok: false,
      violation: { rule: 'tx/signature', transaction: forged.id },
    });
  });

  test('the provider’s signature covers every field of the agreement', () => {
    const { agreement } = scenario.terms;
    const fair = scenario.formTransaction().transaction.body as { providerSignature: Uint8Array };
    const cheaper = scenario.formTransaction({
      agreement: { ...agreement, basePerEpoch: 0n },
      providerSignature: fair.providerSignature,
    });
    expect(scenario.chain.add(scenario.chain.draft([cheaper]))).toMatchObject({
      violation: { rule: 'tx/signature' },
    });
  });

  test('more collateral than the least is accepted, and the last block of the agreement too', () => {
    const { agreement } = scenario.terms;
    scenario.chain.mineTo(agreement.formBy - 1);
    expect(refusalOf(scenario.formWith({ collateral: agreement.collateral + 1n }))).toBeUndefined();
    scenario.chain.mineBlock();
    expect(refusalOf(scenario.formTransaction())).toBe('form/late');
  });

  test('the least collateral is rounded up', () => {
    const price = { escrow: 3n };
    expect(shareOfUp(price.escrow, 5_000n)).toBe(2n);
  });

  test('a client that can pay the price but not the burn forms nothing', () => {
    const { chain, terms } = scenario;
    const poor = chain.balance(terms.client);
    const { tranche } = (() => {
      chain.mineBlock([scenario.formTransaction()]);
      const { contract } = scenario;
      chain.revertTip();
      return contract;
    })();
    chain.mineBlock([chain.transfer(terms.client, chain.miner.account, poor - tranche * 3n)]);
    expect(chain.pot(accountPot(terms.client.account))).toBe(tranche * 3n);
    expect(refusalOf(scenario.formTransaction())).toBe('coins/too-little');
  });
});
