import { EASY, type RuleVectorFile, VectorBook, vectorParams } from '../../../chain/testing/rules/index.js';
import { contractsModule } from '../../module.js';
import { agreeOn, ContractScenario, createContractScenario, scenarioFragment } from '../contract-scenario.js';

/**
 * What happens by itself: the state's root after the block says it. Each vector is the last block of a life, or of a
 * step of one, and carries no transaction.
 */
export function lifeRules(): RuleVectorFile {
  const book = new VectorBook([contractsModule]);
  book.network('easy', EASY);
  const params = vectorParams(EASY);
  const rule = 'coinbase/state-root';

  const missed = createContractScenario({ params, epochs: 5, fragmentLengths: [9] });
  book.adopt('missed', 'easy', missed.chain);
  missed.form();
  missed.chain.mineTo(missed.challengeHeight() - 1);
  book.block(rule, 'accept', 'a window opens', missed.chain);
  missed.chain.mineTo(missed.lastProofHeight() - 1);
  book.block(
    rule,
    'accept',
    'a window closes without a proof: tranche back, a fifth of the collateral slashed',
    missed.chain,
  );
  missed.missEpoch(1);
  missed.chain.mineTo(missed.lastProofHeight(2) - 1);
  book.block(rule, 'accept', 'the third miss fails the contract and settles it', missed.chain);

  const completed = createContractScenario({ params, epochs: 2, fragmentLengths: [1, 1_025] });
  book.adopt('completed', 'easy', completed.chain);
  completed.form();
  completed.proveEpoch(0);
  completed.chain.mineTo(completed.lastProofHeight() - 1);
  book.block(rule, 'accept', 'a window closes with its proof', completed.chain);
  completed.missEpoch(1);
  while (completed.contract.dueAt > completed.chain.height + 1) completed.chain.mineBlock();
  book.block(rule, 'accept', 'a contract completes with one epoch proven and one missed', completed.chain);

  const ended = createContractScenario({ params, epochs: 3, fragmentLengths: [9] });
  const { chain, terms } = ended;
  book.adopt('ended-early', 'easy', chain);
  ended.form();
  const second = new ContractScenario(
    chain,
    agreeOn(chain, terms.client, terms.provider, [scenarioFragment(5, 30)], {
      epochs: 2,
      nonce: new Uint8Array(16).fill(3),
    }),
  );
  chain.mineBlock([
    ended.endTransaction(),
    second.chain.sign(terms.client, 'form', second.formTransaction().transaction.body, {
      sequence: chain.nextSequence(terms.client) + 1n,
    }),
  ]);
  while (ended.contract.dueAt > chain.height + 1) chain.mineBlock();
  book.block(rule, 'accept', 'a contract ended by its client settles, another goes on', chain);
  return book.finish();
}
