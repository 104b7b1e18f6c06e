import { EASY, type RuleVectorFile, VectorBook, vectorParams } from '../../../chain/testing/rules/index.js';
import type { Wallet } from '../../../chain/testing/wallet.js';
import { type DroppedLeaf, dropLeaves } from '../../drop/drop-leaves.js';
import { startHeight } from '../../lifecycle/schedule.js';
import { contractsModule } from '../../module.js';
import { leafToTombstone } from '../../terms/tombstone.js';
import { appended, dropped, dropTransaction, reviseTransaction } from '../changes.js';
import { type ContractScenario, createContractScenario, scenarioFragment } from '../contract-scenario.js';

/** The client gives fragments up. */
export function dropRules(): RuleVectorFile {
  const book = new VectorBook([contractsModule]);
  book.network('easy', EASY);
  const scenario = createContractScenario({
    params: vectorParams(EASY),
    epochs: 3,
    fragmentLengths: [1, 1_024, 3_000, 2_048, 5],
  });
  book.adopt('dropping', 'easy', scenario.chain);
  scenario.form();
  const dropping = new Dropping(book, scenario);
  parties(dropping);
  leaves(dropping);
  limits(dropping);
  money(book);
  over(book);
  return book.finish();
}

/** Drops of one contract that are judged and not mined. */
class Dropping {
  constructor(
    readonly book: VectorBook,
    readonly scenario: ContractScenario,
  ) {}

  accept(rule: string, why: string, indexes: readonly number[], sender?: Wallet): void {
    const known = dropTransaction(this.scenario, indexes, {}, {}, sender);
    this.book.block(rule, 'accept', why, this.scenario.chain, [known]);
  }

  refuse(rule: string, why: string, indexes: readonly number[], sender?: Wallet): void {
    const known = dropTransaction(this.scenario, indexes, {}, {}, sender);
    this.book.block(rule, 'refuse', why, this.scenario.chain, [known]);
  }

  refuseList(rule: string, why: string, list: readonly DroppedLeaf[]): void {
    const known = dropTransaction(this.scenario, [], { leaves: list });
    this.book.block(rule, 'refuse', why, this.scenario.chain, [known]);
  }
}

function parties(dropping: Dropping): void {
  const { book, scenario } = dropping;
  const { chain, terms } = scenario;
  const unknown = dropTransaction(scenario, [1], { contract: 'ab'.repeat(32) as never });
  dropping.accept('drop/no-contract', 'of a contract that is there', [1]);
  book.block('drop/no-contract', 'refuse', 'of a contract that is not', chain, [unknown]);
  dropping.accept('drop/not-client', 'by the client', [1]);
  dropping.refuse('drop/not-client', 'by the provider', [1], terms.provider);
  dropping.refuse('drop/not-client', 'by a stranger', [1], chain.faucet());
  dropping.accept('drop/no-leaves', 'one fragment', [4]);
  dropping.refuse('drop/no-leaves', 'none', []);
}

function changed(node: Uint8Array): Uint8Array {
  return node.map((byte, at) => (at === 0 ? byte ^ 1 : byte));
}

function leaves(dropping: Dropping): void {
  const { scenario } = dropping;
  const { crypto } = scenario.chain.law;
  const take = (indexes: readonly number[]): readonly DroppedLeaf[] =>
    dropLeaves(crypto, scenario.terms.leaves, indexes).dropped;
  const [first, second] = take([0, 2]) as [DroppedLeaf, DroppedLeaf];
  const [alone] = take([2]) as [DroppedLeaf];
  const refuse = (why: string, ...list: readonly DroppedLeaf[]): void =>
    dropping.refuseList('drop/leaf', why, list);
  dropping.accept('drop/leaf', 'a leaf and its path', [2]);
  dropping.accept('drop/leaf', 'the last leaf, alone on its side', [4]);
  dropping.accept('drop/leaf', 'two leaves, each path after the one before', [0, 2]);
  dropping.accept('drop/leaf', 'two leaves in descending order', [2, 0]);
  refuse('two paths in the tree before both', first, alone);
  refuse('two leaves in another order than their paths', second, first);
  refuse('the same leaf twice', alone, alone);
  refuse('another index', { ...alone, index: 3 });
  refuse('an index beyond the list', { ...alone, index: 5 });
  refuse('the highest index', { ...alone, index: 2 ** 32 - 1 });
  refuse('another length', { ...alone, leaf: { ...alone.leaf, lengthBytes: 3_001 } });
  refuse('another end', { ...alone, leaf: { ...alone.leaf, endChunk: alone.leaf.endChunk + 1n } });
  refuse('another fragment', { ...alone, leaf: { ...alone.leaf, id: 'cd'.repeat(32) as never } });
  refuse('a path too short', { ...alone, path: alone.path.slice(1) });
  refuse('a path too long', { ...alone, path: [...alone.path, new Uint8Array(32)] });
  refuse('another path', { ...alone, path: alone.path.map(changed) });

  const { book } = dropping;
  const { chain } = scenario;
  chain.mineBlock([dropTransaction(scenario, [2])]);
  const after = dropped(scenario, [2]);
  dropping.refuseList('drop/leaf', 'a leaf dropped in the block before', [alone]);
  const [other] = take([3]) as [DroppedLeaf];
  dropping.refuseList('drop/leaf', 'a path in the tree before the last drop', [other]);
  const next = new Dropping(book, after);
  const tombstone = { index: 2, leaf: leafToTombstone(alone.leaf), path: alone.path };
  next.accept('drop/tombstone', 'another leaf', [0]);
  next.refuseList('drop/tombstone', 'a tombstone, with its path', [tombstone]);
  next.refuseList('drop/tombstone', 'a leaf, and a tombstone with its path', [
    ...dropLeaves(crypto, after.terms.leaves, [3]).dropped,
    { ...tombstone, path: dropLeaves(crypto, scenario.terms.leaves, [3, 2]).dropped[1]?.path ?? [] },
  ]);
}

/** Of 8 chunks at most 6 may be under tombstones; leaf 2 (3 chunks) is dropped already. */
function limits({ book, scenario }: Dropping): void {
  const next = new Dropping(book, dropped(scenario, [2]));
  next.accept('drop/too-much', '6 chunks of 8', [3, 0]);
  next.refuse('drop/too-much', '7 chunks of 8', [3, 0, 1]);
  next.refuse('drop/too-much', 'all', [3, 0, 1, 4]);
  const more = [scenarioFragment(30, 4_096)];
  const { chain } = scenario;
  const revise = reviseTransaction(next.scenario, { appended: more });
  book.block('revise/frontier', 'accept', 'an append after a drop: the tree with its tombstone', chain, [
    revise,
  ]);
  chain.mineBlock([revise]);
  const grown = new Dropping(book, appended(next.scenario, more));
  grown.accept('drop/too-much', '9 chunks of 12', [5, 3]);
  grown.refuse('drop/too-much', '10 chunks of 12', [5, 3, 0]);
}

/** Where the money of a dropped fragment goes: the state's root after the block says it. */
function money(book: VectorBook): void {
  const scenario = createContractScenario({
    params: vectorParams(EASY),
    epochs: 4,
    fragmentLengths: [70_000, 900_000],
  });
  const { chain } = scenario;
  const rule = 'coinbase/state-root';
  const drop = (why: string): void =>
    book.block(rule, 'accept', `a drop ${why}`, chain, [dropTransaction(scenario, [0])]);
  book.adopt('refunds', 'easy', chain);
  scenario.form();
  drop('before the first epoch: every epoch is cheaper');
  const start = startHeight(chain.law.params, scenario.contract.registeredAt);
  chain.mineTo(start - 1);
  drop('in the first block of the first epoch: it is paid at the old price');
  chain.mineTo(scenario.challengeHeight() - 1);
  drop('in the block of a challenge: the window keeps the old price and not the old list');
  chain.mineBlock();
  drop('while a window is open: it keeps the old price and the old list');
  scenario.proveEpoch(0);
  drop('after the proof');
  chain.mineTo(start + chain.law.params.contract.epochBlocks - 1);
  chain.mineBlock([dropTransaction(scenario, [0])]);
  const after = dropped(scenario, [0]);
  const more = [scenarioFragment(31, 40_000)];
  book.block(rule, 'accept', 'an append after a drop in one epoch: it comes on top of the old price', chain, [
    reviseTransaction(after, { appended: more }),
  ]);
  chain.mineTo(after.challengeHeight(1) - 1);
  book.block(rule, 'accept', 'the window after a drop holds the old price and the new list', chain);
  after.openWindow(1);
  book.block(rule, 'accept', 'its proof is paid at the old price', chain, [after.proveTransaction()]);
}

function over(book: VectorBook): void {
  const scenario = createContractScenario({ params: vectorParams(EASY), fragmentLengths: [9, 10, 11] });
  const { chain } = scenario;
  book.adopt('settling', 'easy', chain);
  scenario.form();
  chain.mineBlock([scenario.endTransaction()]);
  const drop = dropTransaction(scenario, [1]);
  book.block('drop/not-active', 'accept', 'the client has ended it', chain, [drop]);
  while (scenario.contract.dueAt > chain.height + 1) chain.mineBlock();
  book.block('drop/not-active', 'accept', 'in the block that settles it', chain, [drop]);
  chain.mineBlock();
  book.block('drop/not-active', 'refuse', 'in the block after', chain, [drop]);
}
