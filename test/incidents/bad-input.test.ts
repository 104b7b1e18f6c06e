import { afterAll, describe, expect, test } from '@jest/globals';
import { encode, type KnownTransaction, MAX_U63, potKind, potSpace, u63 } from '#chain';
import { type Agreement, contractSpace, type Leaf, type StorageProof } from '#contracts';
import type { Violation } from '#errors';
import { createMemoryChain, fastDevnet } from '../../chain/testing/memory-chain.js';
import { type RevisionChoices, reviseTransaction } from '../../contracts/testing/changes.js';
import {
  agreeOn,
  ContractScenario,
  challengeProof,
  createContractScenario,
  formBody,
  scenarioFragment,
  usualOffer,
} from '../../contracts/testing/contract-scenario.js';

/** A contract under way, another one that nobody has formed yet, and a provider with little room. */
const scenario = createContractScenario({ epochs: 6, fragmentLengths: [3_000, 1_500] });
const { chain, terms } = scenario;
const { crypto } = chain.law;
scenario.form();
const other = new ContractScenario(
  chain,
  agreeOn(chain, terms.client, terms.provider, [scenarioFragment(7, 4_000)], {
    epochs: 3,
    nonce: new Uint8Array(16).fill(1),
  }),
);

/** What refuses a transaction; nothing may have changed because of it. */
function refusal(transaction: KnownTransaction): Violation {
  const before = chain.snapshot();
  const [refused] = chain.template([transaction]).refusals;
  expect(chain.snapshot()).toEqual(before);
  if (refused === undefined) throw new Error('accepted');
  return refused.violation;
}

/** Collateral for any price that is near the right one. */
const ENOUGH = { collateral: 10_000_000n };

/** An agreement signed by both sides. */
const formed = (changes: Partial<Agreement>): KnownTransaction => other.formWith(changes);

describe('agreements', () => {
  test.each([
    ['form/overflow', 'a price that overflows', { basePerEpoch: MAX_U63 }, 'price'],
    [
      'coins/too-little',
      'a price per GiB nobody has',
      { pricePerGiBEpoch: MAX_U63, collateral: MAX_U63 },
      'pot',
    ],
    ['form/overflow', 'deposits that overflow', { readEscrow: MAX_U63 }, 'price'],
    [
      'form/totals',
      'a size that is not that of its fragments',
      { totalBytes: 4_001n, ...ENOUGH },
      'totalBytes',
    ],
    ['form/overflow', 'a size that overflows', { totalBytes: MAX_U63 }, 'price'],
    ['form/totals', 'fewer leaves than are listed', { leafCount: 0 }, 'leafCount'],
    ['form/totals', 'other chunks than are listed', { totalChunks: 5n }, 'totalChunks'],
    ['form/epochs', 'a term of nothing', { epochs: 0 }, 'epochs'],
    ['form/epochs', 'a term without end', { epochs: 0xffff_ffff }, 'epochs'],
    ['form/late', 'an agreement of long ago', { formBy: 1 }, 'formBy'],
    ['form/collateral', 'no collateral', { collateral: 0n }, 'collateral'],
    ['form/burn', 'a burn above what was agreed', { maxBurn: 0n }, 'maxBurn'],
    ['form/reserve', 'a reserve for nobody', { reserve: 1n }, 'reserve'],
    ['form/offer', 'terms of an offer that never was', { offerNumber: 9n }, 'offerNumber'],
  ] as [string, string, Partial<Agreement>, string][])('%s: %s', (rule, _why, changes, field) => {
    const violation = refusal(formed(changes));
    expect(violation.rule).toBe(rule);
    expect(Object.keys(violation)).toContain(field);
  });

  test('tx/signature: forged, changed after it was signed, or of another network', () => {
    const { agreement } = other.terms;
    const body = formBody(chain, other.terms);
    const forged = { ...body, providerSignature: crypto.sign(terms.client.secretKey, agreement.root) };
    const cheaper = { ...body, agreement: { ...agreement, basePerEpoch: 0n } };
    const testnet = createMemoryChain([], { ...fastDevnet, networkId: 7 });
    const elsewhere = formBody({ ...chain, law: testnet.law } as typeof chain, other.terms);
    for (const wrong of [forged, cheaper, elsewhere]) {
      const known = chain.sign(terms.client, 'form', wrong);
      const block = chain.draft([known]);
      expect(chain.add(block)).toMatchObject({ ok: false, violation: { rule: 'tx/signature' } });
    }
  });

  test('form/twice: an agreement replayed', () => {
    expect(refusal(scenario.formTransaction()).rule).toBe('form/twice');
  });

  test('form/offer-expired and form/capacity: an offer taken after its end, or beyond its room', () => {
    const narrow = chain.wallet('narrow');
    chain.fund(1_000_000_000n, narrow);
    const offer = { ...usualOffer(narrow), capacityBytes: 3_999n, expiresAt: chain.height + 3 };
    chain.mineBlock([chain.sign(narrow, 'offer', offer)]);
    const wide = agreeOn(chain, terms.client, narrow, [scenarioFragment(8, 4_000)], { epochs: 3 });
    expect(refusal(new ContractScenario(chain, wide).formTransaction())).toMatchObject({
      rule: 'form/capacity',
      capacityBytes: 3_999n,
    });
    chain.mineTo(offer.expiresAt - 1);
    expect(refusal(new ContractScenario(chain, wide).formTransaction())).toMatchObject({
      rule: 'form/offer-expired',
      expiresAt: offer.expiresAt,
    });
  });

  test('a negative amount has no form at all', () => {
    expect(() => encode(u63, -1n)).toThrow();
    expect(() => formed({ basePerEpoch: -1n })).toThrow();
    expect(() => formed({ collateral: 1n << 63n })).toThrow();
  });

  test('an empty contract, an empty fragment, one above the limit, one twice', () => {
    const list = (...fragments: { id: string; lengthBytes: number }[]): Violation =>
      refusal(other.formTransaction({ fragments: fragments as never }));
    const id = other.terms.leaves[0]?.id as string;
    expect(list().rule).toBe('form/no-fragments');
    expect(list({ id, lengthBytes: 0 })).toMatchObject({ rule: 'leaf/length', lengthBytes: 0 });
    expect(list({ id, lengthBytes: 4 * 1024 * 1024 + 1 }).rule).toBe('leaf/length');
    expect(list({ id, lengthBytes: 4_000 }, { id, lengthBytes: 4_000 })).toMatchObject({
      rule: 'leaf/twice',
      fragment: id,
    });
  });
});

describe('proofs', () => {
  const proving = (change: (proof: StorageProof) => Partial<StorageProof>): Violation => {
    const proof = challengeProof(chain, terms);
    return refusal(scenario.proveTransaction({ proof: { ...proof, ...change(proof) } }));
  };

  test('of another contract, epoch, fragment or length are refused by name; the right one is not', () => {
    other.form();
    scenario.openWindow(0);
    const { proof } = scenario.proveTransaction().transaction.body as { proof: StorageProof };
    // The other contract is challenged later, or has other draws: its provider is the same.
    expect(refusal(scenario.proveTransaction({ contract: other.id }))).toMatchObject({
      contract: other.id,
    });
    for (const epoch of [1, 5, 0xffff_ffff])
      expect(refusal(scenario.proveTransaction({ epoch }))).toMatchObject({ rule: 'prove/no-window', epoch });
    const strange = 'ab'.repeat(32) as StorageProof['leaves'][number]['leaf']['id'];
    const leafWith = (changes: Partial<Leaf>) => (given: StorageProof) => ({
      leaves: given.leaves.map((shown) => ({ ...shown, leaf: { ...shown.leaf, ...changes } })),
    });
    expect(proving(leafWith({ id: strange })).rule).toBe('prove/leaf');
    // Longer, so that cheap chunks answer; shorter, so that a lost tail is not missed.
    expect(proving(leafWith({ lengthBytes: 4_096 })).rule).toBe('prove/leaf');
    expect(proving(leafWith({ lengthBytes: 1 })).rule).toBe('prove/leaf');
    expect(proving(leafWith({ endChunk: 100n })).rule).toBe('prove/leaf');
    const sliceWith = (change: (slice: Uint8Array) => Uint8Array) => (given: StorageProof) => ({
      slices: given.slices.map(change),
    });
    expect(proving(sliceWith((slice) => Uint8Array.of(...slice, 0)))).toMatchObject({
      rule: 'prove/slice',
      wrong: 'size',
    });
    expect(proving(sliceWith((slice) => slice.slice(0, -1)))).toMatchObject({ wrong: 'size' });
    expect(
      proving(sliceWith((slice) => Uint8Array.of((slice[0] as number) ^ 1, ...slice.slice(1)))),
    ).toMatchObject({
      rule: 'prove/slice',
      wrong: 'length',
    });
    expect(proving(({ slices }) => ({ slices: [...slices, new Uint8Array(9)] })).rule).toBe(
      'prove/item-count',
    );
    chain.mineBlock([scenario.proveTransaction({ proof })]);
    expect(refusal(scenario.proveTransaction({ proof })).rule).toBe('prove/already');
  });
});

describe('revisions', () => {
  const revising = (choices: RevisionChoices): Violation => refusal(reviseTransaction(scenario, choices));
  const more = [scenarioFragment(60, 500)];

  test('with an old number, changed totals, a shorter term or coins that overflow are refused by name', () => {
    const totals = scenario.contract;
    expect(revising({ changes: { number: 0 } })).toMatchObject({ rule: 'revise/number', number: 0 });
    for (const changes of [
      { totalBytes: 0n },
      { totalBytes: totals.totalBytes },
      { leafCount: 2 },
      { totalChunks: MAX_U63 },
    ])
      expect(revising({ appended: more, changes })).toMatchObject({ rule: 'revise/totals' });
    expect(revising({ changes: { totalBytes: 1n } }).rule).toBe('revise/totals');
    expect(revising({ changes: { root: new Uint8Array(32) } }).rule).toBe('revise/root');
    expect(revising({ epochs: 5 })).toMatchObject({ rule: 'revise/epochs', epochs: 5 });
    expect(revising({ epochs: 0xffff_ffff }).rule).toBe('revise/epochs');
    expect(revising({ changes: { addReadEscrow: MAX_U63 } }).rule).toBe('revise/overflow');
    expect(revising({ appended: more, changes: { maxBurn: 0n } })).toMatchObject({
      rule: 'revise/burn',
      maxBurn: 0n,
    });
    const good = reviseTransaction(scenario, { appended: more });
    chain.mineBlock([good]);
    // The same bytes once more: the number has been used.
    expect(refusal(good).rule).toBe('revise/number');
  });
});

afterAll(() => {
  // Whatever was tried above: the contracts run out by themselves, and no coin is stuck or was made.
  const ids = [scenario.id, other.id];
  while (ids.some((id) => chain.state.get(contractSpace, id)?.settledAt === undefined)) chain.mineBlock();
  const { minted, burned, held } = chain.audit();
  expect(held).toBe(minted - burned);
  const kinds = new Set([...chain.state.entries(potSpace)].map(([pot]) => potKind(pot)));
  expect([...kinds].filter((kind) => !['account', 'reward', 'pool'].includes(kind))).toEqual([]);
});
