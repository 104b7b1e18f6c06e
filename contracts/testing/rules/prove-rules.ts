import type { KnownTransaction } from '#chain';
import { encodeBaoSlice } from '#crypto';
import { EASY, type RuleVectorFile, VectorBook, vectorParams } from '../../../chain/testing/rules/index.js';
import { contractsModule } from '../../module.js';
import { buildProofItem } from '../../prove/build-proof.js';
import { drawChunks } from '../../prove/challenge.js';
import type { ProofItem } from '../../prove/storage-proof.js';
import { type ContractScenario, createContractScenario, proofItems } from '../contract-scenario.js';

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
  items(setting);
  slices(setting);
  draws(setting);
  return book.finish();
}

function windows({ scenario, accept, refuse }: Setting): void {
  const { chain, terms } = scenario;
  chain.mineTo(scenario.challengeHeight() - 1);
  refuse('prove/no-window', 'in the challenge block itself', scenario.proveTransaction({ items: [] }));
  chain.mineBlock();
  refuse('prove/too-early', 'one block before the challenge is buried', scenario.proveTransaction());
  chain.mineTo(scenario.firstProofHeight() - 1);
  accept('prove/too-early', 'in the first block that takes it', scenario.proveTransaction());
  const proofs = proofItems(chain, terms);
  accept('prove/no-contract', 'of a contract that is there', scenario.proveTransaction({}, 1n));
  const unknown = 'ab'.repeat(32) as never;
  refuse(
    'prove/no-contract',
    'of a contract that is not',
    scenario.proveTransaction({ contract: unknown, items: proofs }),
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

/** The right proof with its first item changed. */
function withItem(
  scenario: ContractScenario,
  change: (item: ProofItem) => Partial<ProofItem>,
): KnownTransaction {
  const [first, ...rest] = proofItems(scenario.chain, scenario.terms);
  if (first === undefined) throw new Error('no draw');
  return scenario.proveTransaction({ items: [{ ...first, ...change(first) }, ...rest] });
}

/** The right proof with its last item changed: every item is looked at. */
function withLastItem(
  scenario: ContractScenario,
  change: (item: ProofItem) => Partial<ProofItem>,
): KnownTransaction {
  const all = proofItems(scenario.chain, scenario.terms);
  const last = all.at(-1);
  if (last === undefined) throw new Error('no draw');
  return scenario.proveTransaction({ items: [...all.slice(0, -1), { ...last, ...change(last) }] });
}

function changed(bytes: Uint8Array, at: number): Uint8Array {
  const copy = bytes.slice();
  const index = at < 0 ? copy.length + at : at;
  copy[index] = (copy[index] as number) ^ 1;
  return copy;
}

function items({ scenario, accept, refuse }: Setting): void {
  scenario.openWindow(2);
  const right = proofItems(scenario.chain, scenario.terms);
  accept('prove/item-count', 'two items for two draws', scenario.proveTransaction());
  refuse('prove/item-count', 'none', scenario.proveTransaction({ items: [] }));
  refuse('prove/item-count', 'one', scenario.proveTransaction({ items: right.slice(0, 1) }));
  refuse(
    'prove/item-count',
    'three',
    scenario.proveTransaction({ items: [...right, right[0] as ProofItem] }),
  );

  accept('prove/leaf', 'the leaf, its index and its path', scenario.proveTransaction({}, 1n));
  for (const [why, change] of [
    ['another index', (item) => ({ leafIndex: (item.leafIndex + 1) % 4 })],
    ['an index beyond the list', (item) => ({ leafIndex: item.leafIndex + 4 })],
    ['another end', ({ leaf }) => ({ leaf: { ...leaf, endChunk: leaf.endChunk + 1n } })],
    ['another length', ({ leaf }) => ({ leaf: { ...leaf, lengthBytes: leaf.lengthBytes + 1 } })],
    ['another fragment', ({ leaf }) => ({ leaf: { ...leaf, id: 'cd'.repeat(32) as never } })],
    ['a path too short', ({ leafPath }) => ({ leafPath: leafPath.slice(1) })],
    ['a path too long', ({ leafPath }) => ({ leafPath: [...leafPath, new Uint8Array(32)] })],
    ['a path of other nodes', ({ leafPath }) => ({ leafPath: leafPath.map((node) => changed(node, 5)) })],
  ] as [string, (item: ProofItem) => Partial<ProofItem>][])
    refuse('prove/leaf', why, withItem(scenario, change));
  const lastNode = ({ leafPath }: ProofItem): Partial<ProofItem> => ({
    leafPath: leafPath.map((node) => changed(node, 0)),
  });
  refuse('prove/leaf', 'the last item’s path', withLastItem(scenario, lastNode));
}

function slices({ scenario, accept, refuse }: Setting): void {
  accept('prove/slice', 'the slices of the chunks drawn', scenario.proveTransaction({}, 2n));
  const change = (why: string, bytes: (slice: Uint8Array) => Uint8Array): void =>
    refuse(
      'prove/slice',
      why,
      withItem(scenario, ({ slice }) => ({ slice: bytes(slice) })),
    );
  change('a bit of the chunk is another', (slice) => changed(slice, -1));
  change('another length in the header', (slice) => changed(slice, 0));
  change('one byte more', (slice) => Uint8Array.of(...slice, 0));
  change('one byte less', (slice) => slice.subarray(0, -1));
  change('nothing', () => new Uint8Array(0));
  refuse(
    'prove/slice',
    'the last item’s chunk',
    withLastItem(scenario, ({ slice }) => ({ slice: changed(slice, -1) })),
  );
}

function drawsOf({ chain, id, contract }: ContractScenario): readonly bigint[] {
  const { window } = contract;
  if (window === undefined) throw new Error('no window is open');
  const { epoch, totalChunks } = window;
  const { crypto, params } = chain.law;
  const blockId = chain.at(window.challengeHeight).block.id;
  return drawChunks(crypto, params, { contract: id, epoch, blockId, totalChunks });
}

/** A true item for any chunk of the contract. */
function itemOf({ chain, terms }: ContractScenario, chunk: bigint): ProofItem {
  return buildProofItem(
    chain.law.crypto,
    terms.leaves,
    chunk,
    (leafIndex, at) => encodeBaoSlice(terms.fragments[leafIndex] as Uint8Array, at).slice,
  );
}

/** Waits for an epoch whose draws are what a vector needs. */
function draws({ scenario, accept, refuse }: Setting): void {
  const { chain } = scenario;
  let isChunkSeen = false;
  let isNodeSeen = false;
  let isFirstSeen = false;
  for (let epoch = 3; epoch < 40; epoch++) {
    chain.mineBlock([scenario.proveTransaction()]);
    scenario.openWindow(epoch);
    const [first, second] = proofItems(chain, scenario.terms) as [ProofItem, ProofItem];
    if (isChunkSeen && isNodeSeen && isFirstSeen) break;
    if (!isChunkSeen && first.leafIndex !== second.leafIndex) {
      isChunkSeen = true;
      accept('prove/wrong-chunk', 'each item holds its draw', scenario.proveTransaction({}, 3n));
      refuse(
        'prove/wrong-chunk',
        'true items in another order',
        scenario.proveTransaction({ items: [second, first] }),
      );
      const [low, high] = first.leafIndex < second.leafIndex ? [first, second] : [second, first];
      refuse(
        'prove/wrong-chunk',
        'the lower leaf for both draws',
        scenario.proveTransaction({ items: [low, low] }),
      );
      refuse(
        'prove/wrong-chunk',
        'the higher leaf for both draws',
        scenario.proveTransaction({ items: [high, high] }),
      );
    }
    const [draw] = drawsOf(scenario);
    const before = scenario.terms.leaves.find(({ endChunk }) => endChunk === draw);
    if (!isFirstSeen && before !== undefined) {
      isFirstSeen = true;
      const items = [itemOf(scenario, before.endChunk - 1n), second];
      refuse('prove/wrong-chunk', 'the leaf that ends before the draw', scenario.proveTransaction({ items }));
    }
    if (!isNodeSeen && first.slice.length > 8 + 1_024 + 64) {
      isNodeSeen = true;
      const node = withItem(scenario, ({ slice }) => ({ slice: changed(slice, 8) }));
      refuse('prove/slice', 'a bit of a parent node is another', node);
    }
  }
  if (!isChunkSeen || !isNodeSeen || !isFirstSeen) throw new Error('no epoch drew what the vectors need');
}
