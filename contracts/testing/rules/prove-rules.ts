import type { KnownTransaction } from '#chain';
import { EASY, type RuleVectorFile, VectorBook, vectorParams } from '../../../chain/testing/rules/index.js';
import { contractsModule } from '../../module.js';
import type { ShownLeaf, StorageProof } from '../../prove/storage-proof.js';
import { TOMBSTONE_ID } from '../../terms/tombstone.js';
import {
  type ContractScenario,
  challengeProof,
  createContractScenario,
  EMPTY_PROOF,
  openChallenge,
  proofOf,
} from '../contract-scenario.js';

interface Setting {
  readonly scenario: ContractScenario;
  accept(rule: string, why: string, proof: KnownTransaction): void;
  refuse(rule: string, why: string, proof: KnownTransaction): void;
}

/** When a proof is accepted and what it must show. */
export function proveRules(): RuleVectorFile {
  const book = new VectorBook([contractsModule]);
  book.network('easy', EASY);
  const scenario = createContractScenario({
    params: vectorParams(EASY),
    epochs: 40,
    fragmentLengths: [1, 1_024, 1_025, 5_000],
  });
  const { chain } = scenario;
  book.adopt('proven', 'easy', chain);
  scenario.form();
  const setting: Setting = {
    scenario,
    accept: (rule, why, proof) => book.block(rule, 'accept', why, chain, [proof]),
    refuse: (rule, why, proof) => book.block(rule, 'refuse', why, chain, [proof]),
  };
  windows(setting);
  twoLeaves(setting);
  leaves(setting);
  draws(setting);
  slices(setting);
  return book.finish();
}

function windows({ scenario, accept, refuse }: Setting): void {
  const { chain, terms } = scenario;
  chain.mineTo(scenario.challengeHeight() - 1);
  refuse(
    'prove/no-window',
    'in the challenge block itself',
    scenario.proveTransaction({ proof: EMPTY_PROOF }),
  );
  chain.mineBlock();
  refuse('prove/too-early', 'one block before the challenge is buried', scenario.proveTransaction());
  chain.mineTo(scenario.firstProofHeight() - 1);
  accept('prove/too-early', 'in the first block that takes it', scenario.proveTransaction());
  const proof0 = challengeProof(chain, terms);
  accept('prove/no-contract', 'of a contract that is there', scenario.proveTransaction({}, 1n));
  const unknown = 'ab'.repeat(32) as never;
  refuse(
    'prove/no-contract',
    'of a contract that is not',
    scenario.proveTransaction({ contract: unknown, proof: proof0 }),
  );
  accept('prove/not-provider', 'by the provider', scenario.proveTransaction({}, 2n));
  refuse('prove/not-provider', 'by the client', scenario.proveTransaction({}, 0n, terms.client));
  accept('prove/no-window', 'of the epoch that is open', scenario.proveTransaction({}, 3n));
  refuse('prove/no-window', 'of the next epoch', scenario.proveTransaction({ epoch: 1 }));
  const late = scenario.proveTransaction();
  chain.mineTo(scenario.lastProofHeight() - 1);
  accept('prove/no-window', 'in the last block of the window', late);
  accept('prove/already', 'once', scenario.proveTransaction({}, 4n));
  chain.mineBlock();
  refuse('prove/no-window', 'one block after the window', late);

  scenario.openWindow(1);
  const proof = scenario.proveTransaction();
  const again = scenario.proveTransaction({}, 1n);
  refuse('prove/no-window', 'of the epoch before', scenario.proveTransaction({ epoch: 0 }));
  chain.mineBlock([proof]);
  refuse('prove/already', 'the same bytes again', proof);
  refuse('prove/already', 'the same epoch in other bytes', again);
}

/** The right proof with some part changed. */
function withProof(
  { scenario }: Setting,
  change: (proof: StorageProof) => Partial<StorageProof>,
): KnownTransaction {
  const proof = challengeProof(scenario.chain, scenario.terms);
  return scenario.proveTransaction({ proof: { ...proof, ...change(proof) } });
}

/** The right proof with the leaf at `place` changed. */
function withLeaf(
  setting: Setting,
  place: number,
  change: (shown: ShownLeaf) => Partial<ShownLeaf>,
): KnownTransaction {
  return withProof(setting, ({ leaves }) => ({
    leaves: leaves.map((shown, at) => (at === place ? { ...shown, ...change(shown) } : shown)),
  }));
}

function changed(bytes: Uint8Array, at: number): Uint8Array {
  const copy = bytes.slice();
  const index = at < 0 ? copy.length + at : at;
  copy[index] = (copy[index] as number) ^ 1;
  return copy;
}

/** Draws of the open window: two. */
function openDraws({ chain, terms }: ContractScenario): readonly [bigint, bigint] {
  const [first, second] = openChallenge(chain, terms).draws;
  if (first === undefined || second === undefined) throw new Error('no draws');
  return [first, second];
}

/** Proves on until the draws fall on two leaves, in other places than these that stand beside each other, the larger last. */
function twoLeaves({ scenario }: Setting): void {
  const { chain, terms } = scenario;
  for (let epoch = 2; epoch < 40; epoch++) {
    scenario.openWindow(epoch);
    const { leaves, siblings, slices } = challengeProof(chain, terms);
    const isLarge = (slices[1]?.length ?? 0) > 8 + 1_024 + 64;
    if (leaves.length === 2 && siblings.length > 0 && isLarge && leaves[0]?.leafIndex !== 0) return;
    chain.mineBlock([scenario.proveTransaction()]);
  }
  throw new Error('no epoch drew what the vectors need');
}

function leaves(setting: Setting): void {
  const { scenario, accept, refuse } = setting;
  accept('prove/order', 'two leaves by ascending index', scenario.proveTransaction());
  refuse(
    'prove/order',
    'the higher first',
    withProof(setting, ({ leaves }) => ({ leaves: [...leaves].reverse() })),
  );
  refuse(
    'prove/order',
    'a leaf twice',
    withProof(setting, ({ leaves }) => ({ leaves: [leaves[0] as ShownLeaf, ...leaves] })),
  );
  refuse(
    'prove/order',
    'an index beyond the list',
    withLeaf(setting, 1, () => ({ leafIndex: 4 })),
  );

  accept('prove/siblings', 'the nodes that the leaves do not give', scenario.proveTransaction({}, 1n));
  refuse(
    'prove/siblings',
    'one less',
    withProof(setting, ({ siblings }) => ({ siblings: siblings.slice(1) })),
  );
  refuse(
    'prove/siblings',
    'one more',
    withProof(setting, ({ siblings }) => ({ siblings: [...siblings, new Uint8Array(32)] })),
  );

  accept('prove/leaf', 'leaves of the list', scenario.proveTransaction({}, 2n));
  for (const place of [0, 1])
    for (const [why, change] of [
      ['another end', ({ leaf }) => ({ leaf: { ...leaf, endChunk: leaf.endChunk + 1n } })],
      ['another length', ({ leaf }) => ({ leaf: { ...leaf, lengthBytes: leaf.lengthBytes + 1 } })],
      ['another fragment', ({ leaf }) => ({ leaf: { ...leaf, id: 'cd'.repeat(32) as never } })],
      ['a fragment that was never dropped', ({ leaf }) => ({ leaf: { ...leaf, id: TOMBSTONE_ID } })],
    ] as [string, (shown: ShownLeaf) => Partial<ShownLeaf>][])
      refuse('prove/leaf', `${why}, leaf ${place + 1}`, withLeaf(setting, place, change));
  refuse(
    'prove/leaf',
    'other nodes',
    withProof(setting, ({ siblings }) => ({ siblings: siblings.map((node) => changed(node, 5)) })),
  );
  refuse(
    'prove/leaf',
    'another index',
    withLeaf(setting, 0, ({ leafIndex }) => ({ leafIndex: leafIndex - 1 })),
  );
}

function draws({ scenario, accept, refuse }: Setting): void {
  const { chain, terms } = scenario;
  const [first, second] = openDraws(scenario);
  const refuseAll = (rule: string, why: string, chunks: readonly bigint[]): void => {
    const proof = proofOf(chain, terms, { draws: chunks, wanted: chunks.length });
    refuse(rule, why, scenario.proveTransaction({ proof }));
  };
  accept('prove/missing-leaf', 'the leaves of both draws', scenario.proveTransaction({}, 3n));
  refuse('prove/missing-leaf', 'nothing', scenario.proveTransaction({ proof: EMPTY_PROOF }));
  refuseAll('prove/missing-leaf', 'the leaf of the first draw', [first]);
  refuseAll('prove/missing-leaf', 'the leaf of the second draw', [second]);
  accept('prove/extra-leaf', 'no other leaf', scenario.proveTransaction({}, 4n));
  const shown = challengeProof(chain, terms).leaves.map(({ leafIndex }) => leafIndex);
  const other = terms.leaves.findIndex((_, index) => !shown.includes(index));
  const { endChunk } = terms.leaves[other] as ShownLeaf['leaf'];
  refuseAll('prove/extra-leaf', 'a true leaf that was not drawn', [first, second, endChunk - 1n]);
}

function slices(setting: Setting): void {
  const { scenario, accept, refuse } = setting;
  accept('prove/item-count', 'a slice for each leaf', scenario.proveTransaction({}, 5n));
  const refuseSlices = (
    rule: string,
    why: string,
    change: (slices: readonly Uint8Array[]) => readonly Uint8Array[],
  ): void =>
    refuse(
      rule,
      why,
      withProof(setting, ({ slices }) => ({ slices: change(slices) })),
    );
  refuseSlices('prove/item-count', 'none', () => []);
  refuseSlices('prove/item-count', 'one', (all) => all.slice(0, 1));
  refuseSlices('prove/item-count', 'three', (all) => [...all, all[0] as Uint8Array]);
  accept('prove/slice', 'the slices of the chunks drawn', scenario.proveTransaction({}, 6n));
  refuseSlices('prove/slice', 'in another order', (all) => [...all].reverse());
  for (const place of [0, 1])
    for (const [why, change] of [
      ['a bit of the chunk is another', (slice) => changed(slice, -1)],
      ['another length in the header', (slice) => changed(slice, 0)],
      ['one byte more', (slice) => Uint8Array.of(...slice, 0)],
      ['one byte less', (slice) => slice.subarray(0, -1)],
      ['nothing', () => new Uint8Array(0)],
    ] as [string, (slice: Uint8Array) => Uint8Array][])
      refuseSlices('prove/slice', `${why}, slice ${place + 1}`, (all) =>
        all.map((slice, at) => (at === place ? change(slice) : slice)),
      );
  refuseSlices('prove/slice', 'a bit of a parent node is another', (all) =>
    all.map((slice, at) => (at === 1 ? changed(slice, 8) : slice)),
  );
  refuse('prove/slice', 'another chunk of the drawn fragment', otherChunk(setting));
}

/** A true proof of the chunk beside the one drawn in the larger fragment. */
function otherChunk({ scenario }: Setting): KnownTransaction {
  const { chain, terms } = scenario;
  const [first, second] = openDraws(scenario);
  const beside = (chunk: bigint): bigint => {
    const leaf = terms.leaves.find(({ endChunk }) => endChunk > chunk);
    if (leaf === undefined) throw new Error('no leaf');
    return leaf.lengthBytes < 2_048 ? chunk : chunk + 1n < leaf.endChunk ? chunk + 1n : chunk - 1n;
  };
  const proof = proofOf(chain, terms, { draws: [beside(first), beside(second)], wanted: 2 });
  return scenario.proveTransaction({ proof });
}
