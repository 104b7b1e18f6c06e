import { type KnownTransaction, MAX_U63 } from '#chain';
import { EASY, type RuleVectorFile, VectorBook, vectorParams } from '../../../chain/testing/rules/index.js';
import type { Wallet } from '../../../chain/testing/wallet.js';
import { endHeightExclusive, startHeight } from '../../lifecycle/schedule.js';
import { contractsModule } from '../../module.js';
import { type Revision, revisionSigningMessage } from '../../revise/revision.js';
import { TOMBSTONE_ID } from '../../terms/tombstone.js';
import { appended, type RevisionChoices, reviseBody, reviseTransaction } from '../changes.js';
import { type ContractScenario, createContractScenario, scenarioFragment } from '../contract-scenario.js';
import { TERMS } from './terms-network.js';

/** The easy devnet with several revisions in one epoch. */
const QUICK = {
  base: 'devnet',
  changes: { ...(EASY.changes as object), contract: { revisionsPerEpoch: 99 } },
} as const;

const MORE = [scenarioFragment(9, 2_000)];

/** What a revision itself must satisfy: parties, moment, term, fragments. */
export function reviseRules(): RuleVectorFile {
  const book = new VectorBook([contractsModule]);
  book.network('easy', EASY);
  book.network('terms', TERMS);
  parties(book);
  moments(book);
  ends(book);
  terms(book);
  fragments(book);
  return book.finish();
}

/** A formed contract of three fragments on a chain of the book, and the two verdicts on one revision of it. */
function revising(book: VectorBook, name: string, network: 'easy' | 'terms', epochs = 3) {
  const params = vectorParams(network === 'easy' ? EASY : TERMS);
  const fragmentLengths = [1, 1_024, 3_000];
  const offer = network === 'easy' ? {} : { minEpochs: 2, maxEpochs: 5 };
  const scenario = createContractScenario({ params, epochs, fragmentLengths, offer });
  book.adopt(name, network, scenario.chain);
  scenario.form();
  const judge =
    (verdict: 'accept' | 'refuse') =>
    (rule: string, why: string, choices: RevisionChoices = {}, sender?: Wallet): void =>
      book.block(rule, verdict, why, scenario.chain, [reviseTransaction(scenario, choices, sender)]);
  return { scenario, chain: scenario.chain, accept: judge('accept'), refuse: judge('refuse') };
}

function parties(book: VectorBook): void {
  const { scenario, chain, accept, refuse } = revising(book, 'parties', 'easy');
  const { client, provider } = scenario.terms;
  const { crypto, params } = chain.law;
  const stranger = chain.faucet();
  const signed = (wallet: Wallet, revision: Revision, network = params): Uint8Array =>
    crypto.sign(wallet.secretKey, revisionSigningMessage(crypto, network, revision));
  const right = reviseBody(scenario, { appended: MORE });
  const choose = (body: RevisionChoices['body']): RevisionChoices => ({ appended: MORE, body: body ?? {} });

  accept('tx/signature', 'both sides signed the revision', choose({}));
  refuse('tx/signature', 'the client did not', choose({ clientSignature: signed(stranger, right.revision) }));
  refuse(
    'tx/signature',
    'the provider did not',
    choose({ providerSignature: signed(stranger, right.revision) }),
  );
  const elsewhere = { ...params, networkId: 1 };
  refuse(
    'tx/signature',
    'the provider signed it for another network',
    choose({ providerSignature: signed(provider, right.revision, elsewhere) }),
  );
  const other = { ...right.revision, contract: 'ab'.repeat(32) as never };
  refuse(
    'tx/signature',
    'both signed it for another contract',
    choose({ clientSignature: signed(client, other), providerSignature: signed(provider, other) }),
  );
  accept('revise/no-contract', 'of a contract that is there', { appended: MORE }, provider);
  refuse('revise/no-contract', 'of a contract that is not', {
    changes: { contract: 'ab'.repeat(32) as never },
  });
  accept('revise/not-party', 'the client sends it', {});
  accept('revise/not-party', 'the provider sends it', {}, provider);
  refuse('revise/not-party', 'a stranger sends what both signed', {}, stranger);
  accept('revise/keys', 'the contract’s keys', { changes: { addReadEscrow: 1n } });
  const { revision } = reviseBody(scenario);
  const strange = signed(stranger, revision);
  refuse('revise/keys', 'a stranger signs for the client', {
    body: { clientKey: stranger.publicKey, clientSignature: strange },
  });
  refuse('revise/keys', 'a stranger signs for the provider', {
    body: { providerKey: stranger.publicKey, providerSignature: strange },
  });
}

function moments(book: VectorBook): void {
  const { scenario, chain, accept, refuse } = revising(book, 'moments', 'easy');
  accept('revise/number', 'the first is 1');
  accept('revise/number', 'the first is the highest there can be', { changes: { number: 2 ** 32 - 1 } });
  refuse('revise/number', 'the first is 0', { changes: { number: 0 } });
  const [five, six, seven] = [5, 6, 7].map((number) =>
    reviseTransaction(scenario, { changes: { number, addReadEscrow: BigInt(number) } }),
  ) as [KnownTransaction, KnownTransaction, KnownTransaction];
  book.block('revise/too-often', 'accept', 'one in an epoch', chain, [five]);
  book.block('revise/too-often', 'refuse', 'two in one block', chain, [five, six]);
  book.block('revise/number', 'refuse', 'the lower number after the higher', chain, [six, five]);
  chain.mineBlock([six]);
  book.block('revise/number', 'refuse', 'the same bytes again', chain, [six]);
  book.block('revise/number', 'refuse', 'one that was signed before and not published', chain, [five]);
  const start = startHeight(chain.law.params, scenario.contract.registeredAt);
  if (chain.height !== start - 1) throw new Error('the first epoch begins with the next block');
  book.block('revise/too-often', 'accept', 'in the first block of the first epoch', chain, [seven]);
  accept('revise/number', 'numbers left out', { changes: { number: 900 } });
  chain.mineBlock([seven]);
  refuse('revise/too-often', 'a second one in the next block');
  chain.mineTo(start + chain.law.params.contract.epochBlocks - 2);
  refuse('revise/too-often', 'a second one in the last block of an epoch');
  chain.mineBlock();
  accept('revise/too-often', 'in the first block of the next');
}

function ends(book: VectorBook): void {
  const ending = revising(book, 'ending', 'easy');
  ending.accept('revise/ending', 'an append to a contract that runs its term', { appended: MORE });
  ending.accept('revise/ending', 'an extension of one', { epochs: 4 });
  ending.chain.mineTo(startHeight(ending.chain.law.params, ending.scenario.contract.registeredAt));
  ending.chain.mineBlock([ending.scenario.endTransaction()]);
  ending.refuse('revise/ending', 'an append after the client ended it', { appended: MORE });
  ending.refuse('revise/ending', 'an extension after the client ended it', { epochs: 4 });
  ending.accept('revise/ending', 'coins for reading after the client ended it', {
    changes: { addReadEscrow: 5n },
  });
  ending.accept('revise/not-active', 'it ends and has not settled');
  const late = reviseTransaction(ending.scenario);
  while (ending.scenario.contract.status === 'active') ending.chain.mineBlock();
  book.block('revise/not-active', 'refuse', 'it has settled', ending.chain, [late]);

  const { scenario, chain, accept, refuse } = revising(book, 'last-epoch', 'easy', 1);
  chain.mineTo(scenario.challengeHeight() - 1);
  accept('revise/no-epoch', 'an append in the block of the last challenge', { appended: MORE });
  chain.mineBlock();
  refuse('revise/no-epoch', 'an append in the block after the last challenge', { appended: MORE });
  accept('revise/no-epoch', 'an append that extends the term too', { appended: MORE, epochs: 2 });
  accept('revise/no-epoch', 'nothing is appended after the last challenge', { changes: { addReserve: 0n } });
  const endsAt = endHeightExclusive(chain.law.params, scenario.contract);
  chain.mineTo(endsAt - 2);
  accept('revise/over', 'an extension in the last block of the term', { epochs: 3 });
  chain.mineBlock();
  refuse('revise/over', 'an extension in the block after the term', { epochs: 3 });
  refuse('revise/over', 'coins for reading in the block after the term', { changes: { addReadEscrow: 5n } });
}

function terms(book: VectorBook): void {
  const { accept, refuse } = revising(book, 'bounded', 'terms');
  accept('revise/epochs', '3 epochs as before', { epochs: 3 });
  accept('revise/epochs', '5 epochs where 5 are allowed', { epochs: 5 });
  refuse('revise/epochs', '2 epochs where there were 3', { epochs: 2 });
  refuse('revise/epochs', '6 epochs where 5 are allowed', { epochs: 6 });
  refuse('revise/epochs', 'no epoch', { epochs: 0 });
  refuse('revise/epochs', '2^32 - 1 epochs', { epochs: 2 ** 32 - 1 });
  accept('revise/too-many-fragments', 'a fourth fragment where 4 are allowed', { appended: MORE });
  const two = [...MORE, scenarioFragment(10, 9)];
  refuse('revise/too-many-fragments', 'a fifth', { appended: two });
}

function fragments(book: VectorBook): void {
  const { scenario, accept, refuse } = revising(book, 'appending', 'easy');
  const two = [...MORE, scenarioFragment(10, 9)];
  const right = reviseBody(scenario, { appended: two });
  const [first, second] = right.appended as [(typeof right.appended)[0], (typeof right.appended)[0]];
  const list = (...entries: (typeof first)[]): RevisionChoices => ({
    appended: two,
    body: { appended: entries },
  });
  accept('leaf/length', 'two fragments appended', { appended: two });
  refuse('leaf/length', 'a fragment of no byte appended', list(first, { ...second, lengthBytes: 0 }));
  refuse('leaf/twice', 'one fragment appended twice', list(first, first));
  accept('leaf/tombstone', 'fragments of other ids than 0', { appended: two });
  refuse(
    'leaf/tombstone',
    'the id that stands for a dropped fragment',
    list(first, { ...second, id: TOMBSTONE_ID }),
  );

  const { leafCount, totalBytes, totalChunks } = right.revision;
  const totals = (why: string, changes: Partial<Revision>): void =>
    refuse('revise/totals', why, { appended: two, changes });
  accept('revise/totals', 'those of the list', { appended: two });
  totals('one leaf less', { leafCount: leafCount - 1 });
  totals('one byte more', { totalBytes: totalBytes + 1n });
  totals('2^63 - 1 bytes', { totalBytes: MAX_U63 });
  totals('one chunk more', { totalChunks: totalChunks + 1n });
  totals('no chunk', { totalChunks: 0n });
  refuse('revise/totals', 'one byte less and nothing appended', { changes: { totalBytes: 4_024n } });

  const [left, right_] = right.frontier as [Uint8Array, Uint8Array];
  const { root } = scenario.contract;
  const frontier = (why: string, ...nodes: readonly Uint8Array[]): void =>
    refuse('revise/frontier', why, { appended: two, body: { frontier: nodes } });
  accept('revise/frontier', 'two nodes for three leaves', { appended: two });
  frontier('none');
  frontier('the root alone', root);
  frontier('the nodes in another order', right_, left);
  frontier('the nodes of another tree', left, left);
  frontier('a node too many', left, right_, right_);
  refuse('revise/frontier', 'where nothing is appended', { body: { frontier: [left, right_] } });
  refuse('revise/frontier', 'of one node where nothing is appended', { body: { frontier: [root] } });

  accept('revise/root', 'that of the list', { appended: two });
  refuse('revise/root', 'another', { appended: two, changes: { root: new Uint8Array(32) } });
  refuse('revise/root', 'that of the list in another order', list(second, first));
  refuse('revise/root', 'another, and nothing is appended', { changes: { root: new Uint8Array(32) } });
  accept('revise/root', 'the same as before where nothing is appended', { epochs: 4 });
  grown(book);
}

/** The list grows from a tree of every shape: what the frontier gives is the root of the whole list. */
function grown(book: VectorBook): void {
  book.network('quick', QUICK);
  const params = vectorParams(QUICK);
  let scenario: ContractScenario = createContractScenario({ params, epochs: 3, fragmentLengths: [1] });
  const { chain } = scenario;
  book.adopt('growing', 'quick', chain);
  scenario.form();
  for (const count of [1, 2, 4, 1]) {
    const more = Array.from({ length: count }, (_, index) =>
      scenarioFragment(20 + scenario.terms.leaves.length + index, 700 * (index + 1)),
    );
    const known = reviseTransaction(scenario, { appended: more });
    const before = scenario.terms.leaves.length;
    book.block('revise/frontier', 'accept', `${count} fragments after ${before}`, chain, [known]);
    chain.mineBlock([known]);
    scenario = appended(scenario, more);
  }
}
