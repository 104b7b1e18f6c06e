import type { KnownTransaction } from '#chain';
import type { MemoryChain } from '../../../chain/testing/memory-chain.js';
import { type RuleVectorFile, VectorBook, vectorParams } from '../../../chain/testing/rules/index.js';
import { contractsModule } from '../../module.js';
import { burnFor, priceContract } from '../../money/price.js';
import { commitToLeaves, MAX_FRAGMENT_BYTES } from '../../terms/leaves.js';
import { TOMBSTONE_ID } from '../../terms/tombstone.js';
import {
  agreeOn,
  ContractScenario,
  createContractScenario,
  formBody,
  scenarioFragment,
} from '../contract-scenario.js';
import { TERMS } from './terms-network.js';

/** What a form itself must satisfy: parties, terms, fragments. */
export function formRules(): RuleVectorFile {
  const book = new VectorBook([contractsModule]);
  book.network('terms', TERMS);
  const scenario = termsScenario();
  book.adopt('offered', 'terms', scenario.chain);
  const refuse = (rule: string, why: string, known: KnownTransaction): void =>
    book.block(rule, 'refuse', why, scenario.chain, [known]);
  const accept = (rule: string, why: string, known: KnownTransaction): void =>
    book.block(rule, 'accept', why, scenario.chain, [known]);
  parties(scenario, accept, refuse);
  terms(scenario, accept, refuse);
  fragments(scenario, accept, refuse);
  return book.finish();
}

type Ask = (rule: string, why: string, known: KnownTransaction) => void;

function termsScenario(): ContractScenario {
  return createContractScenario({
    params: vectorParams(TERMS),
    epochs: 3,
    fragmentLengths: [1, 1_024, 3_000],
    offer: { minEpochs: 2, maxEpochs: 5 },
  });
}

function parties(scenario: ContractScenario, accept: Ask, refuse: Ask): void {
  const { chain, terms } = scenario;
  const { body } = scenario.formTransaction().transaction;
  accept('form/not-client', 'the client sends it', scenario.formTransaction());
  refuse('form/not-client', 'the provider sends it', chain.sign(terms.provider, 'form', body));
  refuse('form/not-client', 'a stranger sends it', chain.sign(chain.faucet(), 'form', body));
  accept('form/same-party', 'client and provider are two keys', scenario.formTransaction({}, 1n));
  const selfMade = { ...terms, provider: terms.client };
  const own = formBody(chain, selfMade, { ...terms.agreement, providerKey: terms.client.publicKey });
  refuse('form/same-party', 'client and provider are one key', chain.sign(terms.client, 'form', own));
  accept('tx/signature', 'both sides signed', scenario.formTransaction({}, 2n));
  const cheaper = { ...terms.agreement, basePerEpoch: terms.agreement.basePerEpoch - 1n };
  const unagreed = scenario.formTransaction({ agreement: cheaper });
  refuse('tx/signature', 'the provider signed another price', unagreed);
}

function terms(scenario: ContractScenario, accept: Ask, refuse: Ask): void {
  const { height } = scenario.chain;
  const { collateral } = scenario.terms.agreement;
  accept('form/late', 'the last block of the agreement', scenario.formWith({ formBy: height + 1 }));
  refuse('form/late', 'one block later', scenario.formWith({ formBy: height }));
  const { tranche } = priceContract(scenario.chain.law.params, scenario.terms.agreement);
  const epochs = (count: number): KnownTransaction =>
    scenario.formWith({ epochs: count, collateral: (tranche * BigInt(count) + 1n) / 2n });
  accept('form/epochs', '2 epochs where 2 to 5 are allowed', epochs(2));
  accept('form/epochs', '5 epochs where 2 to 5 are allowed', epochs(5));
  refuse('form/epochs', '1 epoch', epochs(1));
  refuse('form/epochs', '6 epochs', epochs(6));
  const { epochs: term, totalBytes } = scenario.terms.agreement;
  const burn = burnFor(scenario.chain.law.params.mint.burnPerGiBEpoch, totalBytes, term);
  accept('form/burn', 'as much as the client agreed to burn', scenario.formWith({ maxBurn: burn }));
  refuse('form/burn', 'one more than the client agreed to', scenario.formWith({ maxBurn: burn - 1n }));
  const repair = { key: scenario.terms.client.publicKey, maxBasePerEpoch: 1n, maxPricePerGiBEpoch: 1n };
  accept('form/reserve', 'a reserve and a repairer', scenario.formWith({ reserve: 5n, repair }));
  accept('form/reserve', 'a repairer without a reserve', scenario.formWith({ repair }));
  refuse('form/reserve', 'a reserve and no repairer', scenario.formWith({ reserve: 1n }));
  const { basePerEpoch } = scenario.terms.agreement;
  const escrow = tranche * 3n;
  if (escrow % 2n === 0n) throw new Error('the vector needs an odd escrow');
  accept('form/collateral', 'of an odd escrow the greater half', scenario.formWith({ collateral }));
  refuse(
    'form/collateral',
    'of an odd escrow the smaller half',
    scenario.formWith({ collateral: escrow / 2n }),
  );
  const even = { basePerEpoch: basePerEpoch + 1n };
  const half = (escrow + 3n) / 2n;
  accept('form/collateral', 'of an even escrow half', scenario.formWith({ ...even, collateral: half }));
  refuse(
    'form/collateral',
    'of an even escrow half less one',
    scenario.formWith({ ...even, collateral: half - 1n }),
  );
}

function fragments(scenario: ContractScenario, accept: Ask, refuse: Ask): void {
  const { chain, terms } = scenario;
  const form = (
    lengths: readonly number[],
    change: (ids: string[]) => string[] = (ids) => ids,
  ): KnownTransaction => {
    const made = agreeOn(
      chain,
      terms.client,
      terms.provider,
      lengths.map((_, index) => scenarioFragment(index, 9)),
      {
        epochs: 3,
      },
    );
    const ids = change(made.leaves.map(({ id }) => id));
    const list = lengths.map((lengthBytes, index) => ({ id: ids[index] as never, lengthBytes }));
    return new ContractScenario(chain, listed(chain, made, list)).formTransaction({ fragments: list });
  };
  accept('leaf/length', 'fragments of 1 byte and of 4 MiB', form([1, MAX_FRAGMENT_BYTES]));
  refuse('leaf/length', 'a fragment of no byte', form([1, 0]));
  refuse('leaf/length', 'a fragment of 4 MiB and one byte', form([1, MAX_FRAGMENT_BYTES + 1]));
  accept('leaf/twice', 'two fragments of one length', form([9, 9]));
  refuse(
    'leaf/twice',
    'one fragment twice',
    form([9, 9], ([first]) => [first as string, first as string]),
  );
  refuse(
    'leaf/twice',
    'one fragment twice, with another length',
    form([9, 8], ([first]) => [first as string, first as string]),
  );
  refuse(
    'leaf/tombstone',
    'the id that stands for a dropped fragment',
    form([9, 9], ([first]) => [first as string, TOMBSTONE_ID]),
  );
  accept('form/no-fragments', 'one fragment', form([9]));
  refuse('form/no-fragments', 'none', form([]));
  accept('form/too-many-fragments', '4 fragments where 4 are allowed', form([9, 9, 9, 9]));
  refuse('form/too-many-fragments', '5 fragments', form([9, 9, 9, 9, 9]));
  const { agreement } = terms;
  accept('form/totals', 'counts of the list', scenario.formTransaction());
  refuse('form/totals', 'one leaf more', scenario.formWith({ leafCount: agreement.leafCount + 1 }));
  refuse('form/totals', 'one byte less', scenario.formWith({ totalBytes: agreement.totalBytes - 1n }));
  refuse('form/totals', 'one chunk more', scenario.formWith({ totalChunks: agreement.totalChunks + 1n }));
  accept('form/root', 'the root of the list', scenario.formTransaction({}, 3n));
  refuse('form/root', 'another root', scenario.formWith({ root: new Uint8Array(32) }));
  const list = terms.leaves.map(({ id, lengthBytes }) => ({ id, lengthBytes }));
  refuse(
    'form/root',
    'the list in another order',
    scenario.formTransaction({ fragments: [...list].reverse() }),
  );
}

/** Terms over a list that the law may refuse: its totals and root are right all the same. */
function listed(
  chain: MemoryChain,
  made: ReturnType<typeof agreeOn>,
  list: readonly { readonly id: never; readonly lengthBytes: number }[],
): ReturnType<typeof agreeOn> {
  const { crypto, params } = chain.law;
  let endChunk = 0n;
  const leaves = list.map((entry) => {
    endChunk += BigInt(Math.max(1, Math.ceil(entry.lengthBytes / 1_024)));
    return { ...entry, endChunk };
  });
  const commitment = commitToLeaves(crypto, leaves);
  const agreement = { ...made.agreement, ...commitment };
  const { escrow } = priceContract(params, agreement);
  return { ...made, leaves, agreement: { ...agreement, collateral: (escrow + 1n) / 2n } };
}
