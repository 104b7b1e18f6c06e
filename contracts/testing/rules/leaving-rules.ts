import { EASY, type RuleVectorFile, VectorBook, vectorParams } from '../../../chain/testing/rules/index.js';
import { contractsModule } from '../../module.js';
import { RepairScenario } from '../repair-scenario.js';

/** What a provider may do besides proving: skip one epoch for maintenance, say that it wants to leave. */
export function leavingRules(): RuleVectorFile {
  const book = new VectorBook([contractsModule]);
  book.network('easy', EASY);
  skips(book);
  drains(book);
  over(book);
  return book.finish();
}

function scenarioIn(book: VectorBook, name: string): RepairScenario {
  const scenario = new RepairScenario({ params: vectorParams(EASY), epochs: 3, fragmentLengths: [9] });
  book.adopt(name, 'easy', scenario.chain);
  return scenario;
}

function skips(book: VectorBook): void {
  const scenario = scenarioIn(book, 'skips');
  const { chain, old, repairer } = scenario;
  const { client, provider } = old.terms;
  const skip = (epoch: number, lane = 0) =>
    chain.sign(provider, 'skip', { contract: old.id, epoch }, { lane });
  const unknown = chain.sign(provider, 'skip', { contract: 'ab'.repeat(32), epoch: 0 });
  book.block('skip/no-contract', 'refuse', 'no such contract', chain, [unknown]);
  book.block('skip/no-contract', 'accept', 'a contract formed in the block before', chain, [skip(0)]);
  book.block('skip/not-provider', 'accept', 'by the provider', chain, [skip(1)]);
  for (const [role, wallet] of Object.entries({ client, repairer }))
    book.block('skip/not-provider', 'refuse', `by the ${role}`, chain, [scenario.skipTransaction(0, wallet)]);
  book.block('skip/beyond-end', 'accept', 'epoch 2 of three', chain, [skip(2)]);
  book.block('skip/beyond-end', 'refuse', 'epoch 3 of three', chain, [skip(3)]);
  book.block('skip/beyond-end', 'refuse', 'epoch 0 of a contract ended before it began', chain, [
    old.endTransaction(),
    skip(0),
  ]);
  chain.mineTo(old.challengeHeight(0) - 2);
  book.block('skip/late', 'accept', 'in the block before the challenge', chain, [skip(0)]);
  chain.mineBlock();
  book.block('skip/late', 'refuse', 'in the block of the challenge', chain, [skip(0)]);
  book.block('skip/late', 'accept', 'the next epoch, in the block of a challenge', chain, [skip(1)]);
  chain.mineBlock();
  book.block('skip/late', 'refuse', 'while the window of the epoch is open', chain, [skip(0)]);
  book.block('skip/twice', 'accept', 'the first', chain, [skip(1)]);
  book.block('skip/twice', 'refuse', 'another epoch in the same block', chain, [skip(1), skip(2, 1)]);
  chain.mineBlock([skip(1)]);
  book.block('skip/twice', 'refuse', 'the same epoch in the next block', chain, [skip(1)]);
  chain.mineTo(old.challengeHeight(1) - 1);
  book.block('coinbase/state-root', 'accept', 'no window opens: the tranche returns, no strike', chain);
  chain.mineTo(old.challengeHeight(1) + 9);
  book.block('skip/twice', 'refuse', 'another epoch after the skipped one', chain, [skip(2)]);
}

function drains(book: VectorBook): void {
  const scenario = scenarioIn(book, 'drains');
  const { chain, old, repairer } = scenario;
  const { client, provider } = old.terms;
  const unknown = chain.sign(provider, 'drain', { contract: 'ab'.repeat(32) });
  book.block('drain/no-contract', 'refuse', 'no such contract', chain, [unknown]);
  book.block('drain/no-contract', 'accept', 'a contract formed in the block before', chain, [
    scenario.drainTransaction(),
  ]);
  book.block('drain/not-provider', 'accept', 'by the provider', chain, [scenario.drainTransaction()]);
  for (const [role, wallet] of Object.entries({ client, repairer }))
    book.block('drain/not-provider', 'refuse', `by the ${role}`, chain, [scenario.drainTransaction(wallet)]);
  book.block('drain/twice', 'accept', 'the first', chain, [scenario.drainTransaction()]);
  book.block('drain/twice', 'refuse', 'twice in one block', chain, [
    scenario.drainTransaction(),
    chain.sign(provider, 'drain', { contract: old.id }, { lane: 1 }),
  ]);
  chain.mineBlock([scenario.drainTransaction()]);
  book.block('drain/twice', 'refuse', 'in the next block', chain, [scenario.drainTransaction()]);
}

function over(book: VectorBook): void {
  const scenario = scenarioIn(book, 'over');
  const { chain, old } = scenario;
  chain.mineBlock([old.endTransaction()]);
  while (old.contract.dueAt > chain.height + 1) chain.mineBlock();
  book.block('drain/not-active', 'accept', 'in the block that settles the contract', chain, [
    scenario.drainTransaction(),
  ]);
  chain.mineBlock();
  book.block('drain/not-active', 'refuse', 'in the block after', chain, [scenario.drainTransaction()]);
  book.block('skip/not-active', 'refuse', 'a contract that is settled', chain, [scenario.skipTransaction(0)]);
  const failing = scenarioIn(book, 'failing');
  failing.old.missEpoch(0);
  failing.old.missEpoch(1);
  failing.chain.mineTo(failing.old.challengeHeight(2) - 2);
  book.block('skip/not-active', 'accept', 'before the epoch that would fail the contract', failing.chain, [
    failing.skipTransaction(2),
  ]);
  failing.chain.mineTo(failing.old.lastProofHeight(2) - 1);
  book.block(
    'coinbase/state-root',
    'accept',
    'the third miss of a contract with a repairer: refund and half of the collateral wait in the reserve',
    failing.chain,
  );
  failing.chain.mineBlock();
  book.block('skip/not-active', 'refuse', 'a contract that failed', failing.chain, [
    failing.skipTransaction(2),
  ]);
  book.block('drain/not-active', 'refuse', 'a contract that failed', failing.chain, [
    failing.drainTransaction(),
  ]);
  book.block('end/not-active', 'accept', 'a failed contract whose reserve is still held', failing.chain, [
    failing.old.endTransaction(),
  ]);
  while (failing.old.contract.dueAt > failing.chain.height + 1) failing.chain.mineBlock();
  book.block('coinbase/state-root', 'accept', 'the reserve nobody used returns to the client', failing.chain);
}
