import { accountPot, type KnownTransaction } from '#chain';
import { EASY, type RuleVectorFile, VectorBook, vectorParams } from '../../../chain/testing/rules/index.js';
import { contractsModule } from '../../module.js';
import { burnFor, trancheOf } from '../../money/price.js';
import type { Agreement } from '../../terms/agreement.js';
import { agreementSigningMessage } from '../../terms/agreement.js';
import {
  appended,
  dropped,
  dropTransaction,
  renewalTerms,
  renewed,
  renewTransaction,
  reviseTransaction,
} from '../changes.js';
import {
  type ContractScenario,
  createContractScenario,
  scenarioFragment,
  usualOffer,
} from '../contract-scenario.js';

const LENGTHS = [1, 1_024, 3_000];

/** A contract goes on under another agreement. */
export function renewRules(): RuleVectorFile {
  const book = new VectorBook([contractsModule]);
  book.network('easy', EASY);
  parties(book);
  terms(book);
  windows(book);
  commitments(book);
  offers(book);
  coins(book);
  return book.finish();
}

function formed(book: VectorBook, name: string): ContractScenario {
  const scenario = createContractScenario({ params: vectorParams(EASY), fragmentLengths: LENGTHS });
  book.adopt(name, 'easy', scenario.chain);
  scenario.form();
  return scenario;
}

type Judge = (rule: string, why: string, changes?: Partial<Agreement>) => void;

function judging(book: VectorBook, scenario: ContractScenario): { accept: Judge; refuse: Judge } {
  const judge =
    (verdict: 'accept' | 'refuse'): Judge =>
    (rule, why, changes = {}) =>
      book.block(rule, verdict, why, scenario.chain, [renewTransaction(scenario, changes)]);
  return { accept: judge('accept'), refuse: judge('refuse') };
}

function parties(book: VectorBook): void {
  const scenario = formed(book, 'parties');
  const { chain, terms } = scenario;
  const { accept, refuse } = judging(book, scenario);
  const { crypto, params } = chain.law;
  accept('tx/signature', 'the provider signed the new agreement');
  const old = crypto.sign(terms.provider.secretKey, agreementSigningMessage(crypto, params, terms.agreement));
  const unsigned = renewTransaction(scenario, {}, { providerSignature: old });
  book.block('tx/signature', 'refuse', 'the provider signed the old one', chain, [unsigned]);
  accept('renew/no-contract', 'of a contract that is there');
  const unknown = renewTransaction(scenario, {}, { contract: 'ab'.repeat(32) as never });
  book.block('renew/no-contract', 'refuse', 'of a contract that is not', chain, [unknown]);
  accept('renew/not-client', 'by the client');
  const by = (wallet = terms.provider): KnownTransaction => renewTransaction(scenario, {}, {}, {}, wallet);
  book.block('renew/not-client', 'refuse', 'by the provider', chain, [by()]);
  book.block('renew/not-client', 'refuse', 'by a stranger', chain, [by(chain.faucet())]);

  const stranger = chain.wallet('stranger');
  accept('renew/parties', 'the same two');
  refuse('renew/parties', 'another client', { clientKey: stranger.publicKey });
  const { agreement } = renewalTerms(scenario, { providerKey: stranger.publicKey });
  const message = agreementSigningMessage(crypto, params, agreement);
  const providerSignature = crypto.sign(stranger.secretKey, message);
  book.block('renew/parties', 'refuse', 'another provider', chain, [
    renewTransaction(scenario, {}, { agreement, providerSignature }),
  ]);

  const { nonce } = terms.agreement;
  accept('renew/twice', 'another nonce is another contract', { nonce: new Uint8Array(16).fill(9) });
  refuse('renew/twice', 'the nonce of the contract itself', { nonce });
  const renewal = renewTransaction(scenario);
  const again = renewTransaction(scenario, { nonce: new Uint8Array(16).fill(2) }, {}, { lane: 1 });
  book.block('renew/not-active', 'accept', 'once', chain, [renewal]);
  book.block('renew/not-active', 'refuse', 'twice in one block', chain, [renewal, again]);
  const top = reviseTransaction(scenario, { changes: { addReadEscrow: 4n } });
  book.block('renew/commitment', 'accept', 'after a revision in one block', chain, [top, renewal]);
  book.block('revise/not-active', 'refuse', 'after a renewal in one block', chain, [renewal, top]);
  chain.mineBlock([renewal]);
  book.block('renew/not-active', 'refuse', 'in the next block', chain, [again]);
  const next = judging(book, renewed(scenario));
  const { nonce: second } = renewalTerms(scenario).agreement;
  next.refuse('renew/twice', 'the nonce of the contract before', { nonce });
  next.refuse('renew/twice', 'its own nonce', { nonce: second });
  next.accept('renew/twice', 'a third nonce', { nonce: new Uint8Array(16).fill(3) });
}

function terms(book: VectorBook): void {
  const scenario = formed(book, 'terms');
  const { chain, contract } = scenario;
  const { accept, refuse } = judging(book, scenario);
  accept('form/late', 'a renewal in the last block of its agreement', { formBy: chain.height + 1 });
  refuse('form/late', 'a renewal one block later', { formBy: chain.height });
  const burn = burnFor(chain.law.params.mint.burnPerGiBEpoch, contract.totalBytes, 3);
  accept('form/burn', 'a renewal burns as much as the client agreed to', { maxBurn: burn });
  refuse('form/burn', 'a renewal would burn one more', { maxBurn: burn - 1n });
  const collateral = (contract.tranche * 3n + 1n) / 2n;
  accept('form/collateral', 'the least for a renewal', { collateral });
  refuse('form/collateral', 'one less than the least for a renewal', { collateral: collateral - 1n });
}

function windows(book: VectorBook): void {
  const scenario = formed(book, 'windows');
  const { chain } = scenario;
  const { accept, refuse } = judging(book, scenario);
  chain.mineTo(scenario.challengeHeight() - 1);
  accept('renew/open-window', 'in the block of a challenge: it has no window yet');
  chain.mineBlock();
  refuse('renew/open-window', 'in the block after a challenge');
  scenario.openWindow();
  const proof = scenario.proveTransaction();
  const both = [proof, renewTransaction(scenario)];
  book.block('renew/open-window', 'accept', 'in the block of the proof, after it', chain, both);
  book.block(
    'renew/open-window',
    'refuse',
    'in the block of the proof, before it',
    chain,
    [...both].reverse(),
  );
  chain.mineBlock([proof]);
  accept('renew/open-window', 'while the window is open and proven');
  scenario.missEpoch(1);
  accept('renew/open-window', 'after a window that closed without a proof');
}

function commitments(book: VectorBook): void {
  const scenario = formed(book, 'commitments');
  const { chain, contract } = scenario;
  const { accept, refuse } = judging(book, scenario);
  const rule = 'renew/commitment';
  accept(rule, 'that of the contract');
  refuse(rule, 'another root', { root: new Uint8Array(32) });
  refuse(rule, 'one leaf more', { leafCount: contract.leafCount + 1 });
  refuse(rule, 'one byte less', { totalBytes: contract.totalBytes - 1n });
  refuse(rule, 'one chunk less', { totalChunks: contract.totalChunks - 1n });
  const { root, leafCount, totalBytes, totalChunks } = contract;
  const drop = dropTransaction(scenario, [1]);
  const stale = renewTransaction(
    scenario,
    {},
    {},
    { sequence: chain.nextSequence(scenario.terms.client) + 1n },
  );
  book.block(rule, 'refuse', 'that of before a drop in the same block', chain, [drop, stale]);
  chain.mineBlock([drop]);
  const smaller = dropped(scenario, [1]);
  const next = judging(book, smaller);
  next.refuse(rule, 'that of before the drop', { root, leafCount, totalBytes, totalChunks });
  next.accept(rule, 'that of after the drop');
  const more = [scenarioFragment(9, 2_000)];
  const revise = reviseTransaction(smaller, { appended: more });
  const unaware = renewTransaction(smaller);
  book.block(rule, 'refuse', 'that of before an append in the same block', chain, [revise, unaware]);
  chain.mineBlock([revise]);
  const grown = appended(smaller, more);
  judging(book, grown).accept(rule, 'that of after the append');
  chain.mineBlock([renewTransaction(grown)]);
  const after = renewed(grown);
  chain.mineTo(after.challengeHeight() - 1);
  book.block(
    'coinbase/state-root',
    'accept',
    'a renewed contract is challenged on its tombstones too',
    chain,
  );
  after.openWindow();
  book.block('coinbase/state-root', 'accept', 'a renewed contract’s proof mints nothing', chain, [
    after.proveTransaction(),
  ]);
}

function offers(book: VectorBook): void {
  const scenario = formed(book, 'offers');
  const { chain, terms } = scenario;
  const offer = (changes: object): void => {
    chain.mineBlock([chain.sign(terms.provider, 'offer', { ...usualOffer(terms.provider), ...changes })]);
  };
  const { accept, refuse } = judging(book, scenario);
  refuse('form/offer', 'a renewal by an offer that is not there', { offerNumber: 2n });
  offer({ capacityBytes: 4_025n, expiresAt: 8, minEpochs: 3, maxEpochs: 3 });
  accept('form/offer', 'a renewal by the second offer', { offerNumber: 2n });
  refuse('form/offer', 'a renewal by the first, which the second replaced', { offerNumber: 1n });
  refuse('form/offer-epochs', 'a renewal for longer than offered', {
    offerNumber: 2n,
    epochs: 4,
    collateral: terms.agreement.collateral * 2n,
  });
  accept('form/capacity', 'a renewal where its own bytes are all there is', { offerNumber: 2n });
  chain.mineTo(6);
  accept('form/offer-expired', 'a renewal in the last block of the offer', { offerNumber: 2n });
  chain.mineBlock();
  refuse('form/offer-expired', 'a renewal one block later', { offerNumber: 2n });
  offer({ capacityBytes: 4_024n });
  refuse('form/capacity', 'a renewal of one byte more than the offer holds', { offerNumber: 3n });
}

/** The same coins pay for the old contract and the new one. */
function coins(book: VectorBook): void {
  const scenario = formed(book, 'same-coins');
  const { chain, terms, contract } = scenario;
  const burn = burnFor(chain.law.params.mint.burnPerGiBEpoch, contract.totalBytes, 3);
  chain.mineBlock([
    chain.transfer(terms.client, chain.miner.account, chain.balance(terms.client) - burn),
    chain.transfer(terms.provider, chain.miner.account, chain.balance(terms.provider)),
  ]);
  if (chain.pot(accountPot(terms.client.account)) !== burn) throw new Error('the client has other coins');
  const { accept, refuse } = judging(book, scenario);
  const rule = 'coins/too-little';
  accept(rule, 'a renewal paid with what the old contract gives back, and the burn');
  refuse(rule, 'a renewal whose client is one unit short', { readEscrow: 1n });
  refuse(rule, 'a renewal whose provider is one unit short', { collateral: contract.collateral + 1n });
  const dearer = terms.agreement.basePerEpoch + 1n;
  const tranche = trancheOf({ ...terms.agreement, basePerEpoch: dearer });
  refuse(rule, 'a renewal whose client is one unit an epoch short', {
    basePerEpoch: dearer,
    collateral: (tranche * 3n + 1n) / 2n,
  });
  const repair = { key: chain.miner.publicKey, maxBasePerEpoch: 1n, maxPricePerGiBEpoch: 1n };
  refuse(rule, 'a renewal whose client cannot pay the reserve', { reserve: 1n, repair });
}
