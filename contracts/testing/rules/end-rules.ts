import { EASY, type RuleVectorFile, VectorBook, vectorParams } from '../../../chain/testing/rules/index.js';
import { startHeight } from '../../lifecycle/schedule.js';
import { contractsModule } from '../../module.js';
import { createContractScenario } from '../contract-scenario.js';

/** A client ends its contract early. */
export function endRules(): RuleVectorFile {
  const book = new VectorBook([contractsModule]);
  book.network('easy', EASY);
  const params = vectorParams(EASY);
  const scenario = createContractScenario({ params, epochs: 3, fragmentLengths: [1, 1_024, 3_000] });
  const { chain, terms } = scenario;
  book.adopt('ended', 'easy', chain);
  book.block('end/no-contract', 'refuse', 'before the contract is formed', chain, [
    scenario.endTransaction(),
  ]);
  scenario.form();
  book.block('end/no-contract', 'accept', 'in the block after', chain, [scenario.endTransaction()]);
  book.block('end/not-client', 'accept', 'by the client', chain, [scenario.endTransaction()]);
  book.block('end/not-client', 'refuse', 'by the provider', chain, [scenario.endTransaction(terms.provider)]);
  book.block('end/already-ending', 'refuse', 'twice in one block', chain, [
    scenario.endTransaction(),
    chain.sign(terms.client, 'end', { contract: scenario.id }, { lane: 1 }),
  ]);
  const start = startHeight(params, scenario.contract.registeredAt);
  const { epochBlocks } = params.contract;
  chain.mineTo(start - 2);
  book.block('end/already-ending', 'accept', 'in the block before the first epoch: none is run', chain, [
    scenario.endTransaction(),
  ]);
  chain.mineBlock();
  book.block('end/already-ending', 'accept', 'in the first block of the first epoch: one is run', chain, [
    scenario.endTransaction(),
  ]);
  chain.mineTo(start + 2 * epochBlocks - 2);
  book.block('end/already-ending', 'accept', 'in the last block of the last but one epoch', chain, [
    scenario.endTransaction(),
  ]);
  chain.mineBlock();
  book.block('end/already-ending', 'refuse', 'in the first block of the last epoch', chain, [
    scenario.endTransaction(),
  ]);
  const early = createContractScenario({ params, epochs: 3, fragmentLengths: [9] });
  book.adopt('settled', 'easy', early.chain);
  early.form();
  book.block('end/not-active', 'accept', 'while it is active', early.chain, [early.endTransaction()]);
  early.chain.mineBlock([early.endTransaction()]);
  book.block('end/already-ending', 'refuse', 'a second time, in a later block', early.chain, [
    early.endTransaction(),
  ]);
  while (early.contract.dueAt > early.chain.height + 1) early.chain.mineBlock();
  book.block('end/already-ending', 'refuse', 'in the block that settles it', early.chain, [
    early.endTransaction(),
  ]);
  early.chain.mineBlock();
  book.block('end/not-active', 'refuse', 'in the block after it settled', early.chain, [
    early.endTransaction(),
  ]);
  return book.finish();
}
