import { EASY, type RuleVectorFile, VectorBook, vectorParams } from '../../../chain/testing/rules/index.js';
import { contractSpace } from '../../lifecycle/contract-object.js';
import { dueKey } from '../../lifecycle/due-index.js';
import { challengeHeight } from '../../lifecycle/schedule.js';
import { contractsModule } from '../../module.js';
import {
  agreeOn,
  ContractScenario,
  createContractScenario,
  type ScenarioTerms,
} from '../contract-scenario.js';
import { RepairScenario } from '../repair-scenario.js';
import { inheritedLots } from './lot-rules.js';

const rule = 'coinbase/state-root';

/** Ends of contracts of which every pot holds something, and contracts that are due together: the state's root says it. */
export function settleRules(): RuleVectorFile {
  const book = new VectorBook([contractsModule]);
  book.network('easy', EASY);
  failures(book);
  together(book);
  inheritedLots(book);
  return book.finish();
}

function failures(book: VectorBook): void {
  const params = vectorParams(EASY);
  const scenario = new RepairScenario({ params, epochs: 12, readEscrow: 700n });
  const { chain, old } = scenario;
  book.adopt('failures', 'easy', chain);
  old.proveEpoch(0);
  const failing = (of: ContractScenario, misses: readonly number[], why: string): void => {
    for (const epoch of misses.slice(0, -1)) of.missEpoch(epoch);
    chain.mineTo(of.lastProofHeight(misses.at(-1)) - 1);
    book.block(rule, 'accept', why, chain);
    chain.mineBlock();
  };
  failing(
    old,
    [1, 2, 3],
    'a failure with coins vested and coins for reads: both to the client, the rest waits',
  );
  const next = scenario.replace({ epochs: 5 });
  failing(next, [0, 1, 2], 'a failure before the first proof: the bounty that was promised returns too');
  while (chain.state.get(contractSpace, next.id)?.dueAt !== chain.height + 1) chain.mineBlock();
  book.block(rule, 'accept', 'a reserve nobody repaired with returns', chain);

  const leaving = new RepairScenario({ params, epochs: 6, readEscrow: 700n });
  book.adopt('unearned', 'easy', leaving.chain);
  leaving.old.missEpoch(0);
  const idle = leaving.replace({ epochs: 1 });
  while (leaving.chain.state.get(contractSpace, idle.id)?.dueAt !== leaving.chain.height + 1)
    leaving.chain.mineBlock();
  while (idle.contract.window !== undefined || idle.contract.nextEpoch === 0) leaving.chain.mineBlock();
  while (idle.contract.dueAt !== leaving.chain.height + 1) leaving.chain.mineBlock();
  book.block(
    rule,
    'accept',
    'a term that ends without a proof: reads, bounty and reserve return',
    leaving.chain,
  );
}

/** Five contracts of one list of the schedule: the state has their ids in ascending order at every step. */
function together(book: VectorBook): void {
  const { chain, terms } = createContractScenario({
    params: vectorParams(EASY),
    fragmentLengths: [9],
  });
  book.adopt('together', 'easy', chain);
  const found: ScenarioTerms[] = [];
  const height = chain.height + 1;
  let wanted: string | undefined;
  for (let nonce = 0; found.length < 5; nonce++) {
    const bytes = Uint8Array.from({ length: 16 }, (_, at) => nonce >> (8 * at));
    const agreed = agreeOn(chain, terms.client, terms.provider, terms.fragments, { epochs: 3, nonce: bytes });
    const key = dueKey(agreed.id, challengeHeight(chain.law, agreed.id, { registeredAt: height }, 0));
    wanted ??= key;
    if (key === wanted) found.push(agreed);
  }
  const first = chain.nextSequence(terms.client);
  const forms = found.map((agreed, index) => {
    const { body } = new ContractScenario(chain, agreed).formTransaction().transaction;
    return chain.sign(terms.client, 'form', body, { sequence: first + BigInt(index) });
  });
  book.block(
    rule,
    'accept',
    'five contracts that are due together are registered in any order',
    chain,
    forms,
  );
  chain.mineBlock(forms);
  const sorted = [...found]
    .sort((a, b) => (a.id < b.id ? -1 : 1))
    .map((agreed) => new ContractScenario(chain, agreed));
  for (const [place, why] of [
    [2, 'the one in the middle is ended'],
    [0, 'and the first'],
    [4, 'and the last'],
  ] as const) {
    const end = (sorted[place] as ContractScenario).endTransaction();
    book.block(rule, 'accept', why, chain, [end]);
    chain.mineBlock([end]);
  }
  chain.mineTo((sorted[1] as ContractScenario).challengeHeight(0) - 1);
  book.block(rule, 'accept', 'the other two are challenged', chain);
}
