import type { ContractId, KnownTransaction } from '#chain';
import { EASY, type RuleVectorFile, VectorBook, vectorParams } from '../../../chain/testing/rules/index.js';
import { startHeight } from '../../lifecycle/schedule.js';
import { contractsModule } from '../../module.js';
import type { Agreement } from '../../terms/agreement.js';
import { agreeOn, ContractScenario, scenarioFragment, usualOffer } from '../contract-scenario.js';
import { type RepairOptions, RepairScenario } from '../repair-scenario.js';

/** The easy devnet with a burn that is worth minting from a few bytes. */
const BURNING = {
  base: 'devnet',
  changes: { ...(EASY.changes as object), mint: { burnPerGiBEpoch: '1000000000' } },
} as const;

/** A scenario with short ways to ask. */
class Asking extends RepairScenario {
  constructor(
    private readonly book: VectorBook,
    name: string,
    options: RepairOptions = {},
  ) {
    super({ params: vectorParams(BURNING), epochs: 5, fragmentLengths: [1, 3_000], ...options });
    book.adopt(name, 'burning', this.chain);
  }

  accept(rule: string, why: string, changes: Partial<Agreement> = {}, fee = 0n): void {
    this.book.block(rule, 'accept', why, this.chain, [this.replaceTransaction(changes, fee)]);
  }

  refuse(rule: string, why: string, changes: Partial<Agreement> = {}): void {
    this.book.block(rule, 'refuse', why, this.chain, [this.replaceTransaction(changes)]);
  }
}

/** A repairer gives a contract's fragments to another provider. */
export function replaceRules(): RuleVectorFile {
  const book = new VectorBook([contractsModule]);
  book.network('burning', BURNING);
  causes(book);
  drained(book);
  failed(book);
  holders(book);
  terms(book);
  coins(book);
  return book.finish();
}

function causes(book: VectorBook): void {
  const scenario = new Asking(book, 'missed');
  const { chain, old, repairer, holder } = scenario;
  old.proveEpoch(0);
  scenario.refuse('replace/no-cause', 'a contract that proved all it was asked for');
  chain.mineTo(old.lastProofHeight(1) - 1);
  scenario.refuse('replace/no-cause', 'in the block that closes the window without a proof');
  chain.mineBlock();
  scenario.accept('replace/no-cause', 'in the block after the miss');
  const body = scenario.body();
  const other = { ...body, contract: 'ab'.repeat(32) as ContractId };
  book.block('replace/no-contract', 'refuse', 'no such contract', chain, [
    chain.sign(repairer, 'replace', other),
  ]);
  scenario.accept('replace/no-contract', 'a contract that is there');
  scenario.accept('replace/not-repairer', 'by the repairer');
  for (const [role, wallet] of Object.entries({ ...old.terms, holder }))
    if (role === 'client' || role === 'provider' || role === 'holder')
      book.block('replace/not-repairer', 'refuse', `by the ${role}`, chain, [
        scenario.replaceTransaction({}, 0n, wallet as typeof holder),
      ]);
  const second = scenario.body(scenario.agreement({ nonce: new Uint8Array(16).fill(8) }));
  book.block('replace/over', 'refuse', 'the second replacement in one block', chain, [
    scenario.replaceTransaction(),
    chain.sign(repairer, 'replace', second, { lane: 1 }),
  ]);
  old.openWindow(2);
  scenario.accept('replace/open-window', 'while a window is open, after a miss');
  book.block('replace/no-cause', 'refuse', 'a proof comes first in the block', chain, [
    old.proveTransaction(),
    scenario.replaceTransaction(),
  ]);
  scenario.accept('replace/over', 'the first');
  const next = scenario.replace();
  book.block('replace/over', 'refuse', 'the second replacement in the next block', chain, [
    chain.sign(repairer, 'replace', second),
  ]);
  next.openWindow(0);
  book.block('coinbase/proof-mint', 'accept', 'the first proof: an inherited lot, and the bounty', chain, [
    next.proveTransaction(),
  ]);
  const unnamed = new Asking(book, 'no-repairer', { agreement: { repair: undefined }, reserve: 0n });
  unnamed.old.missEpoch(0);
  book.block('replace/not-repairer', 'refuse', 'a contract that names none', unnamed.chain, [
    unnamed.chain.sign(repairer, 'replace', { ...body, contract: unnamed.old.id }),
  ]);
}

function drained(book: VectorBook): void {
  const scenario = new Asking(book, 'drained');
  const { chain, old } = scenario;
  scenario.refuse('replace/no-cause', 'a contract that was never challenged');
  book.block('replace/no-cause', 'accept', 'drained in the same block', chain, [
    scenario.drainTransaction(),
    scenario.replaceTransaction(),
  ]);
  chain.mineBlock([scenario.drainTransaction()]);
  chain.mineTo(old.challengeHeight(0) - 1);
  scenario.accept('replace/open-window', 'in the block of the challenge, before it');
  chain.mineBlock();
  scenario.refuse('replace/open-window', 'an open challenge of a drained provider');
  old.proveEpoch(0);
  scenario.accept('replace/open-window', 'an open challenge that is proven');
}

function failed(book: VectorBook): void {
  const scenario = new Asking(book, 'failed', { epochs: 8 });
  const { chain, old } = scenario;
  scenario.fail();
  const { epochBlocks, startDelayBlocks } = chain.law.params.contract;
  const { client } = old.terms;
  book.block('replace/over', 'refuse', 'the client took the reserve back first', chain, [
    chain.sign(client, 'end', { contract: old.id }),
    scenario.replaceTransaction(),
  ]);
  const start = startHeight(chain.law.params, old.contract.registeredAt);
  chain.mineTo(start + 4 * epochBlocks - startDelayBlocks - 1);
  scenario.accept('replace/epochs', '4 epochs, the last of which ends with the old term', { epochs: 4 });
  scenario.refuse('replace/epochs', '5 epochs where 4 end in time', { epochs: 5 });
  chain.mineBlock();
  scenario.accept('replace/epochs', '3 epochs, one block later', { epochs: 3 });
  scenario.refuse('replace/epochs', '4 epochs that end a block after the old term', { epochs: 4 });
  while (old.contract.dueAt > chain.height + 1) chain.mineBlock();
  scenario.accept('replace/over', 'in the block that returns the reserve', { epochs: 1 });
  chain.mineBlock();
  scenario.refuse('replace/over', 'in the block after', { epochs: 1 });
}

function holders(book: VectorBook): void {
  const scenario = new Asking(book, 'holders');
  const { chain, old, repairer, holder } = scenario;
  const { client, provider } = old.terms;
  old.missEpoch(0);
  scenario.accept('replace/holder', 'another provider');
  scenario.accept('replace/payout', 'earnings to an account of nobody else', {
    payout: chain.wallet('safe').account,
  });
  for (const [role, wallet] of Object.entries({ client, provider, repairer })) {
    const agreement = scenario.agreement({ providerKey: wallet.publicKey });
    book.block('replace/holder', 'refuse', `the ${role}`, chain, [
      chain.sign(repairer, 'replace', scenario.body(agreement, wallet)),
    ]);
    scenario.refuse('replace/payout', `earnings to the ${role}`, { payout: wallet.account });
  }
  const safe = chain.wallet('safe');
  const paidElsewhere = new Asking(book, 'old-payout', { agreement: { payout: safe.account } });
  paidElsewhere.old.missEpoch(0);
  paidElsewhere.refuse('replace/payout', 'earnings to the old payout', { payout: safe.account });
  book.block('tx/signature', 'refuse', 'signed by somebody else than the new provider', chain, [
    chain.sign(repairer, 'replace', scenario.body(scenario.agreement(), provider)),
  ]);
  book.block('form/capacity', 'refuse', '3,001 bytes of 3,000 offered', chain, [
    chain.sign(holder, 'offer', { ...usualOffer(holder), capacityBytes: 3_000n }),
    chain.sign(repairer, 'replace', scenario.body(scenario.agreement({ offerNumber: 2n }))),
  ]);
  usedId(book);
  scenario.replace();
  const next = old.contract.successor as ContractId;
  const third = chain.wallet('third');
  chain.fund(1_000_000_000_000n, third);
  chain.mineBlock([
    chain.sign(third, 'offer', usualOffer(third)),
    chain.sign(holder, 'drain', { contract: next }),
  ]);
  const onwards = (): KnownTransaction => {
    const agreement = scenario.agreementOf(scenario.contractOf(next), third, 5);
    return chain.sign(repairer, 'replace', scenario.body(agreement, third, next));
  };
  book.block('replace/no-cause', 'refuse', 'a drained replacement that was never asked', chain, [onwards()]);
  const again = { ...scenario.body(), contract: next };
  const asked = new ContractScenario(chain, { ...old.terms, provider: holder, id: next });
  asked.proveEpoch(0);
  book.block('replace/no-cause', 'accept', 'a drained replacement that proved once', chain, [onwards()]);
  book.block('replace/holder', 'refuse', 'who holds the replacement already', chain, [
    chain.sign(repairer, 'replace', again),
  ]);
}

function usedId(book: VectorBook): void {
  const scenario = new Asking(book, 'used-id');
  const { chain, old, holder } = scenario;
  old.missEpoch(0);
  const choices = { epochs: 2, nonce: scenario.agreement().nonce };
  const fragments = [scenarioFragment(5, 30)];
  const other = new ContractScenario(chain, agreeOn(chain, old.terms.client, holder, fragments, choices));
  scenario.accept('form/twice', 'a contract id that is free');
  other.form();
  scenario.refuse('form/twice', 'the id of another contract of this client and provider');
}

function terms(book: VectorBook): void {
  const scenario = new Asking(book, 'terms', { agreement: { freeReadBytesPerEpoch: 7n } });
  const { old, holder } = scenario;
  old.missEpoch(0);
  const { repair } = old.contract;
  if (repair === undefined) throw new Error('the contract names a repairer');
  const { totalBytes, totalChunks, leafCount } = old.contract;
  const same = ['commitment', 'client', 'ticket-key', 'repair', 'reads', 'price', 'deposits'];
  for (const what of same) scenario.accept(`replace/${what}`, `as agreed: ${what}`);
  scenario.refuse('replace/commitment', 'another root', { root: new Uint8Array(32).fill(1) });
  scenario.refuse('replace/commitment', 'a leaf more', { leafCount: leafCount + 1 });
  scenario.refuse('replace/commitment', 'a byte less', { totalBytes: totalBytes - 1n });
  scenario.refuse('replace/commitment', 'a chunk less', { totalChunks: totalChunks - 1n });
  scenario.refuse('replace/client', 'another client', { clientKey: new Uint8Array(32).fill(1) });
  scenario.refuse('replace/ticket-key', 'tickets of another', { ticketKey: holder.publicKey });
  scenario.refuse('replace/repair', 'no repairer', { repair: undefined });
  const repairs = {
    'another repairer': { key: holder.publicKey },
    'a higher base': { maxBasePerEpoch: repair.maxBasePerEpoch + 1n },
    'a higher price': { maxPricePerGiBEpoch: repair.maxPricePerGiBEpoch + 1n },
  };
  for (const [why, change] of Object.entries(repairs))
    scenario.refuse('replace/repair', why, { repair: { ...repair, ...change } });
  scenario.accept('replace/reads', 'reading is cheaper and more of it free', {
    pricePerGiBRead: 999_999_999n,
    freeReadBytesPerEpoch: 8n,
  });
  scenario.refuse('replace/reads', 'reading is dearer', { pricePerGiBRead: 1_000_000_001n });
  scenario.refuse('replace/reads', 'less of it is free', { freeReadBytesPerEpoch: 6n });
  scenario.refuse('replace/price', 'base one unit above the cap', { basePerEpoch: 1_000_001n });
  scenario.refuse('replace/price', 'price one unit above the cap', { pricePerGiBEpoch: 1_000_000_001n });
  scenario.refuse('replace/deposits', 'a reserve of the client', { reserve: 1n });
  scenario.refuse('replace/deposits', 'a deposit for reads of the client', { readEscrow: 1n });
  scenario.refuse('replace/deposits', 'a burn of the client', { maxBurn: 1n });
  scenario.refuse('form/late', 'an agreement of the block before', { formBy: scenario.chain.height });
  scenario.refuse('form/epochs', 'no epoch', { epochs: 0, collateral: 0n });
  scenario.refuse('form/collateral', 'collateral one unit short', {
    collateral: scenario.agreement().collateral - 1n,
  });
  scenario.refuse('form/offer', 'an offer that is not there', { offerNumber: 2n });
}

function coins(book: VectorBook): void {
  const scenario = new Asking(book, 'coins', { reserve: 10_000_000n, readEscrow: 9n, maxSlot: 6 });
  const { old, repairer, chain } = scenario;
  old.proveEpoch(0);
  old.missEpoch(1);
  const { escrow } = scenario.deposits();
  const bounty = escrow / 10n;
  scenario.accept('coins/too-little', 'a fee of the bounty, out of the reserve', {}, bounty);
  scenario.accept('coins/too-little', 'a fee above the bounty, out of the repairer’s', {}, bounty + 1n);
  const poor = new Asking(book, 'small-reserve', { reserve: 450_000n, maxSlot: 6 });
  poor.old.proveEpoch(0);
  poor.old.missEpoch(1);
  const left = 450_000n - bounty;
  if (left <= 0n || left >= bounty) throw new Error(`the vector needs a reserve below the bounty: ${left}`);
  poor.accept('coins/too-little', 'a fee of all the reserve left', {}, left);
  poor.accept('coins/too-little', 'a fee above the reserve left, out of the repairer’s', {}, left + 1n);
  const bare = new Asking(book, 'no-reserve', { reserve: 0n, maxSlot: 6 });
  bare.old.missEpoch(0);
  bare.accept('coins/too-little', 'no reserve: the old escrow just reaches, no bounty');
  const repair = {
    key: repairer.publicKey,
    maxBasePerEpoch: 9_000_000n,
    maxPricePerGiBEpoch: 1_000_000_000n,
  };
  const dear = new Asking(book, 'exact-reserve', { reserve: 3_000n, maxSlot: 6, agreement: { repair } });
  dear.old.proveEpoch(0);
  dear.old.missEpoch(1);
  const price = { basePerEpoch: 1_001_000n, collateral: 9_000_000n };
  dear.accept('coins/too-little', 'escrow and reserve just reach', price);
  dear.refuse('coins/too-little', 'one unit an epoch above what was set aside', {
    ...price,
    basePerEpoch: 1_001_001n,
  });
  scenario.refuse('coins/too-little', 'more collateral than the new provider has', {
    collateral: chain.balance(scenario.holder) + 1n,
  });
}
