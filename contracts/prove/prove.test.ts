import { beforeEach, describe, expect, test } from '@jest/globals';
import { accountPot, type KnownTransaction, MINT, POOL, PROOF_MINT } from '#chain';
import { fastDevnet } from '../../chain/testing/memory-chain.js';
import { dueKey, dueSpace } from '../lifecycle/due-index.js';
import { shareOf } from '../money/price.js';
import { TOMBSTONE_ID } from '../terms/tombstone.js';
import {
  type ContractScenario,
  challengeProof,
  createContractScenario,
  EMPTY_PROOF,
  openChallenge,
  proofOf,
  usualOffer,
} from '../testing/contract-scenario.js';
import { drawChunks } from './challenge.js';
import type { ShownLeaf, StorageProof } from './storage-proof.js';

let scenario: ContractScenario;

beforeEach(() => {
  scenario = createContractScenario({ epochs: 20 });
  scenario.form();
});

function refusalOf(transaction: KnownTransaction): string | undefined {
  const before = scenario.chain.snapshot();
  const rule = scenario.chain.template([transaction]).refusals[0]?.violation.rule;
  expect(scenario.chain.snapshot()).toEqual(before);
  return rule;
}

/** The right proof changed in some part. */
function withProof(change: (proof: StorageProof) => Partial<StorageProof>): KnownTransaction {
  const proof = challengeProof(scenario.chain, scenario.terms);
  return scenario.proveTransaction({ proof: { ...proof, ...change(proof) } });
}

/** The right proof with its first leaf changed. */
function withLeaf(change: (shown: ShownLeaf) => Partial<ShownLeaf>): KnownTransaction {
  return withProof(({ leaves: [first, ...rest] }) => ({
    leaves: [{ ...(first as ShownLeaf), ...change(first as ShownLeaf) }, ...rest],
  }));
}

function changed(bytes: Uint8Array, at: number): Uint8Array {
  const copy = bytes.slice();
  const index = at < 0 ? copy.length + at : at;
  copy[index] = (copy[index] as number) ^ 1;
  return copy;
}

describe('when a proof is accepted', () => {
  test('not before the window opens', () => {
    const { chain } = scenario;
    chain.mineTo(scenario.challengeHeight() - 1);
    expect(refusalOf(scenario.proveTransaction({ proof: EMPTY_PROOF }))).toBe('prove/no-window');
    chain.mineBlock();
    expect(refusalOf(scenario.proveTransaction())).toBe('prove/too-early');
  });

  test('one block early, at the first, at the last, one late', () => {
    const { chain } = scenario;
    chain.mineTo(scenario.firstProofHeight() - 2);
    expect(refusalOf(scenario.proveTransaction())).toBe('prove/too-early');
    chain.mineBlock();
    expect(refusalOf(scenario.proveTransaction())).toBeUndefined();
    const proof = scenario.proveTransaction();
    chain.mineTo(scenario.lastProofHeight() - 1);
    expect(refusalOf(proof)).toBeUndefined();
    chain.mineBlock();
    expect(refusalOf(proof)).toBe('prove/no-window');
    expect(scenario.contract.missed).toBe(1);
  });

  test('a proof in the last block of its window counts, and the window closes in that block', () => {
    const { chain } = scenario;
    chain.mineTo(scenario.lastProofHeight() - 1);
    chain.mineBlock([scenario.proveTransaction()]);
    expect(scenario.contract).toMatchObject({ proven: 1, missed: 0, window: undefined });
  });

  test('prove/already: once for an epoch, by whatever bytes', () => {
    scenario.openWindow();
    const first = scenario.proveTransaction();
    const second = scenario.proveTransaction({}, 1n);
    expect(scenario.chain.template([first, second]).refusals).toMatchObject([
      { violation: { rule: 'prove/already' } },
    ]);
    scenario.chain.mineBlock([first]);
    expect(refusalOf(second)).toBe('prove/already');
    expect(refusalOf(first)).toBe('prove/already');
  });

  test('prove/no-contract, prove/not-provider, prove/no-window', () => {
    scenario.openWindow();
    const proof = challengeProof(scenario.chain, scenario.terms);
    expect(refusalOf(scenario.proveTransaction({ contract: 'ab'.repeat(32) as never, proof }))).toBe(
      'prove/no-contract',
    );
    expect(refusalOf(scenario.proveTransaction({}, 0n, scenario.terms.client))).toBe('prove/not-provider');
    expect(refusalOf(scenario.proveTransaction({ epoch: 1 }))).toBe('prove/no-window');
  });
});

describe('what a proof must show', () => {
  beforeEach(() => scenario.openWindow());

  test('exactly what the challenge asks for, once', () => {
    const proof = challengeProof(scenario.chain, scenario.terms);
    expect(refusalOf(scenario.proveTransaction())).toBeUndefined();
    expect(refusalOf(scenario.proveTransaction({ proof: EMPTY_PROOF }))).toBe('prove/missing-leaf');
    expect(refusalOf(withProof(() => ({ slices: [] })))).toBe('prove/item-count');
    const slices = [...proof.slices, proof.slices[0] as Uint8Array];
    expect(refusalOf(withProof(() => ({ slices })))).toBe('prove/item-count');
  });

  test.each([
    [
      'a leaf that ends elsewhere',
      ({ leaf }: ShownLeaf) => ({ leaf: { ...leaf, endChunk: leaf.endChunk + 1n } }),
    ],
    [
      'a leaf of another length',
      ({ leaf }: ShownLeaf) => ({ leaf: { ...leaf, lengthBytes: leaf.lengthBytes - 1 } }),
    ],
    [
      'a leaf of another fragment',
      ({ leaf }: ShownLeaf) => ({ leaf: { ...leaf, id: 'cd'.repeat(32) as never } }),
    ],
    ['a tombstone that nobody set', ({ leaf }: ShownLeaf) => ({ leaf: { ...leaf, id: TOMBSTONE_ID } })],
  ] as [string, (shown: ShownLeaf) => Partial<ShownLeaf>][])('prove/leaf: %s', (_why, change) => {
    expect(refusalOf(withLeaf(change))).toBe('prove/leaf');
  });

  test('prove/leaf, prove/siblings: other nodes, one more, one less', () => {
    const { siblings } = challengeProof(scenario.chain, scenario.terms);
    const other = siblings.map((node, index) => (index === 0 ? changed(node, 5) : node));
    expect(refusalOf(withProof(() => ({ siblings: other })))).toBe('prove/leaf');
    expect(refusalOf(withProof(() => ({ siblings: siblings.slice(1) })))).toBe('prove/siblings');
    expect(refusalOf(withProof(() => ({ siblings: [...siblings, new Uint8Array(32)] })))).toBe(
      'prove/siblings',
    );
  });

  test('prove/order: a leaf twice, and one beyond the list', () => {
    expect(refusalOf(withProof(({ leaves }) => ({ leaves: [leaves[0] as ShownLeaf, ...leaves] })))).toBe(
      'prove/order',
    );
    expect(refusalOf(withLeaf(({ leafIndex }) => ({ leafIndex: leafIndex + 5 })))).toBe('prove/order');
  });

  test.each([
    ['a changed byte of the chunk', (slice: Uint8Array) => changed(slice, -1)],
    ['another length in the header', (slice: Uint8Array) => changed(slice, 0)],
    ['a changed node', (slice: Uint8Array) => changed(slice, 8)],
    ['one byte more', (slice: Uint8Array) => Uint8Array.of(...slice, 0)],
    ['one byte less', (slice: Uint8Array) => slice.subarray(0, slice.length - 1)],
    ['nothing', () => new Uint8Array(0)],
  ] as [string, (slice: Uint8Array) => Uint8Array][])('prove/slice: %s', (_why, change) => {
    const broken = withProof(({ slices: [first, ...rest] }) => ({
      slices: [change(first as Uint8Array), ...rest],
    }));
    expect(refusalOf(broken)).toBe('prove/slice');
  });

  test('the proof of another epoch’s draw is worthless', () => {
    const old = challengeProof(scenario.chain, scenario.terms);
    scenario.chain.mineBlock([scenario.proveTransaction()]);
    scenario.openWindow(1);
    expect(['prove/missing-leaf', 'prove/extra-leaf', 'prove/slice']).toContain(
      refusalOf(scenario.proveTransaction({ proof: old })),
    );
  });

  test('true leaves and slices that were not drawn: one too few is missing, one too many is extra', () => {
    const { chain, terms } = scenario;
    const total = terms.agreement.totalChunks;
    for (let epoch = 1; challengeProof(chain, terms).leaves.length < 2; epoch++) {
      chain.mineBlock([scenario.proveTransaction()]);
      scenario.openWindow(epoch);
    }
    const asked = [...openDraws()];
    const one = proofOf(chain, terms, { draws: asked.slice(0, 1), wanted: 1 });
    expect(refusalOf(scenario.proveTransaction({ proof: one }))).toBe('prove/missing-leaf');
    const all = Array.from({ length: 5 }, (_, at) => terms.leaves[at]?.endChunk ?? 0n).map((end) => end - 1n);
    const more = proofOf(chain, terms, { draws: [...asked, ...all], wanted: 7 });
    expect(more.leaves).toHaveLength(5);
    expect(refusalOf(scenario.proveTransaction({ proof: more }))).toBe('prove/extra-leaf');
    expect(asked.every((chunk) => chunk < total)).toBe(true);
  });
});

/** The chunks drawn for the open window. */
function openDraws(): readonly bigint[] {
  const { chain, terms } = scenario;
  const { draws, wanted } = openChallenge(chain, terms);
  const chunks: bigint[] = [];
  for (const chunk of draws) {
    chunks.push(chunk);
    if (chunks.length === wanted) break;
  }
  return chunks;
}

describe('what a proof pays', () => {
  test('the tranche now but for the vested part, the fee out of it; the first mints to the miner, later ones to the pool', () => {
    const { chain, terms } = scenario;
    const before = chain.balance(terms.provider);
    const { tranche, burned } = scenario.contract;
    const vesting = tranche / 10n;
    scenario.openWindow(0);
    const { coinbase } = chain.template([scenario.proveTransaction({}, 7n)]);
    expect(coinbase.proofMint).toBe(shareOf(burned, 2_000n));
    expect(coinbase.proofMint).toBeGreaterThan(0n);
    expect(coinbase.fees).toBe(7n);
    chain.mineBlock([scenario.proveTransaction({}, 7n)]);
    expect(chain.balance(terms.provider)).toBe(before + tranche - vesting - 7n);
    expect(scenario.pots).toMatchObject({ escrow: tranche * 19n, vesting });
    expect(chain.pot(PROOF_MINT)).toBe(0n);
    expect(chain.pot(POOL)).toBe(0n);
    scenario.proveEpoch(1);
    const perEpoch = (burned - shareOf(burned, 2_000n)) / 19n;
    expect(chain.pot(POOL)).toBe(perEpoch);
    expect(scenario.contract.minted).toBe(coinbase.proofMint + perEpoch);
  });

  test('a coinbase with a wrong proof mint or a wrong draw from the pool is refused', () => {
    const mint = { ...fastDevnet.mint, burnPerGiBEpoch: 1_000_000_000n };
    scenario = createContractScenario({ epochs: 3, params: { ...fastDevnet, mint } });
    scenario.form();
    const { chain } = scenario;
    scenario.openWindow(0);
    const proof = scenario.proveTransaction();
    const { proofMint } = chain.template([proof]).coinbase;
    for (const wrong of [proofMint + 1n, proofMint - 1n, 0n])
      expect(chain.add(chain.draft([proof], { coinbase: { proofMint: wrong } }))).toMatchObject({
        violation: { rule: 'coinbase/proof-mint' },
      });
    chain.mineBlock([proof]);
    scenario.proveEpoch(1);
    const { poolDraw } = chain.template().coinbase;
    expect(poolDraw).toBe(chain.pot(POOL) / chain.law.params.reward.poolDrawDivisor);
    expect(poolDraw).toBeGreaterThan(0n);
    for (const wrong of [poolDraw + 1n, poolDraw - 1n])
      expect(chain.add(chain.draft([], { coinbase: { poolDraw: wrong } }))).toMatchObject({
        violation: { rule: 'coinbase/pool-draw' },
      });
  });

  test('a provider with an empty account can still prove and pay its fee', () => {
    const { chain, terms } = scenario;
    chain.mineBlock([chain.transfer(terms.provider, terms.client.account, chain.balance(terms.provider))]);
    expect(chain.balance(terms.provider)).toBe(0n);
    scenario.openWindow();
    chain.mineBlock([scenario.proveTransaction({}, 5n)]);
    expect(chain.balance(terms.provider)).toBeGreaterThan(0n);
  });

  test('a fee above what the proof pays comes from the prover, never from whoever the payout names', () => {
    const { chain, terms } = createVictimScenario();
    const victim = chain.wallet('victim');
    const before = chain.balance(victim);
    scenario.openWindow();
    const paid = scenario.contract.tranche - scenario.contract.tranche / 10n;
    expect(refusalOf(scenario.proveTransaction({}, chain.balance(terms.provider) + 1n))).toBe(
      'coins/too-little',
    );
    const provider = chain.balance(terms.provider);
    chain.mineBlock([scenario.proveTransaction({}, paid + 1n)]);
    expect(chain.balance(victim)).toBe(before + paid);
    expect(chain.balance(terms.provider)).toBe(provider - paid - 1n);
  });

  test('a proof leaves its place in the schedule as it was', () => {
    const { chain, id } = scenario;
    scenario.openWindow();
    const { dueAt } = scenario.contract;
    chain.mineBlock([scenario.proveTransaction()]);
    expect(scenario.contract.dueAt).toBe(dueAt);
    expect(chain.state.get(dueSpace, dueKey(id, dueAt))).toEqual([id]);
  });

  test('what is minted comes from the mint and is counted', () => {
    scenario.openWindow();
    const { events } = scenario.chain.mineBlock([scenario.proveTransaction()]);
    const minted = events.filter((event) => event.type === 'posting' && event.from === MINT);
    expect(minted.map((event) => (event.type === 'posting' ? event.reason : ''))).toEqual([
      'subsidy',
      'mint-inclusion',
    ]);
  });
});

/** The usual scenario with a payout that belongs to a rich stranger. */
function createVictimScenario(): ContractScenario {
  scenario = createContractScenario({ epochs: 3 });
  const { chain, terms } = scenario;
  const victim = chain.wallet('victim');
  chain.fund(5_000_000_000_000n, victim);
  chain.mineBlock([
    chain.sign(terms.provider, 'offer', { ...usualOffer(terms.provider), payout: victim.account }),
  ]);
  chain.mineBlock([scenario.formWith({ payout: victim.account, offerNumber: 2n })]);
  expect(chain.pot(accountPot(victim.account))).toBe(5_000_000_000_000n);
  return scenario;
}

describe('draws', () => {
  test('are the same for everyone and differ with contract, epoch, block and network', () => {
    const { law } = scenario.chain;
    const seed = {
      contract: scenario.id,
      epoch: 0,
      blockId: 'ef'.repeat(32) as never,
      totalChunks: 1n << 60n,
    };
    const base = drawChunks(law.crypto, law.params, seed);
    expect(base).toHaveLength(2);
    expect(drawChunks(law.crypto, law.params, seed)).toEqual(base);
    const others = [
      drawChunks(law.crypto, law.params, { ...seed, epoch: 1 }),
      drawChunks(law.crypto, law.params, { ...seed, blockId: 'ee'.repeat(32) as never }),
      drawChunks(law.crypto, law.params, { ...seed, contract: 'aa'.repeat(32) as never }),
      drawChunks(law.crypto, { ...law.params, networkId: 1 }, seed),
    ];
    for (const other of others) expect(other).not.toEqual(base);
  });

  test('cover every chunk of a small contract about evenly', () => {
    const { law } = scenario.chain;
    const counts = new Map<bigint, number>();
    for (let epoch = 0; epoch < 2_000; epoch++)
      for (const chunk of drawChunks(law.crypto, law.params, {
        contract: scenario.id,
        epoch,
        blockId: 'ef'.repeat(32) as never,
        totalChunks: 8n,
      }))
        counts.set(chunk, (counts.get(chunk) ?? 0) + 1);
    expect([...counts.keys()].sort()).toEqual([0n, 1n, 2n, 3n, 4n, 5n, 6n, 7n]);
    for (const count of counts.values()) expect(Math.abs(count - 500)).toBeLessThan(120);
  });
});
