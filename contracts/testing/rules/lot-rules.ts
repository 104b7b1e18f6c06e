import { EASY, type VectorBook, vectorParams } from '../../../chain/testing/rules/index.js';
import { restOfTerm } from '../../repair/replacement.js';
import { reviseTransaction } from '../changes.js';
import { scenarioFragment } from '../contract-scenario.js';
import { RepairScenario } from '../repair-scenario.js';

/** What a new holder inherits of lots that begin and end at different epochs: the state's root says it. */
export function inheritedLots(book: VectorBook): void {
  const scenario = new RepairScenario({ params: vectorParams(EASY), epochs: 5 });
  const { chain, old } = scenario;
  book.adopt('inherited', 'easy', chain);
  old.proveEpoch(0);
  chain.mineBlock([reviseTransaction(old, { appended: [scenarioFragment(40, 900)], epochs: 8 })]);
  old.missEpoch(1);
  const why = 'lots of epochs 0 to 5, 1 to 8 and 5 to 8, taken over after epoch 1';
  const rest = restOfTerm(chain.law.params, old.contract, chain.height + 1).epochs;
  for (const [epochs, what] of [
    [rest, 'for all that is left'],
    [rest - 1, 'for one epoch less'],
    [1, 'for one: what begins later is left behind'],
  ] as const)
    book.block('replace/epochs', 'accept', `${why}, ${what}`, chain, [
      scenario.replaceTransaction({ epochs }),
    ]);
}
