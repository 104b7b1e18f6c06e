import { accountPot, type KnownTransaction, MAX_U63, type NetworkParams } from '#chain';
import { bytesToHex, u32le } from '#crypto';
import { EASY, type RuleVectorFile, VectorBook, vectorParams } from '../../../chain/testing/rules/index.js';
import { createWallet } from '../../../chain/testing/wallet.js';
import { dueKey } from '../../lifecycle/due-index.js';
import { challengeHeight } from '../../lifecycle/schedule.js';
import { contractsModule } from '../../module.js';
import { burnFor, type PriceTerms, priceContract } from '../../money/price.js';
import type { OfferBody } from '../../offer/offer.js';
import { contractIdOf } from '../../terms/agreement.js';
import {
  agreeOn,
  ContractScenario,
  createContractScenario,
  formBody,
  scenarioFragment,
  usualOffer,
} from '../contract-scenario.js';

/** The burn at the floor of the burn price. */
const burnOf = (params: NetworkParams, { totalBytes, epochs }: PriceTerms): bigint =>
  burnFor(params.mint.burnPerGiBEpoch, totalBytes, epochs);

const LENGTHS = [1, 1_024, 3_000] as const;
const TOTAL_BYTES = 4_025n;

/** What a form finds on the ledger: the provider's offer, coins, contracts before it. */
export function formStateRules(): RuleVectorFile {
  const book = new VectorBook([contractsModule]);
  book.network('easy', EASY);
  offers(book);
  coins(book);
  overflow(book);
  twice(book);
  crowded(book);
  return book.finish();
}

/** A scenario whose provider replaced its usual offer. */
function offering(book: VectorBook, name: string, changes: Partial<OfferBody>): ContractScenario {
  const { chain, terms } = createContractScenario({ params: vectorParams(EASY), fragmentLengths: LENGTHS });
  book.adopt(name, 'easy', chain);
  chain.mineBlock([chain.sign(terms.provider, 'offer', { ...usualOffer(terms.provider), ...changes })]);
  return new ContractScenario(
    chain,
    agreeOn(chain, terms.client, terms.provider, terms.fragments, { epochs: 3 }),
  );
}

function offers(book: VectorBook): void {
  const newer = offering(book, 'newer-offer', {});
  book.block('form/offer', 'accept', 'the provider’s second offer', newer.chain, [
    newer.formWith({ offerNumber: 2n }),
  ]);
  book.block('form/offer', 'refuse', 'the first, which the second replaced', newer.chain, [
    newer.formWith({ offerNumber: 1n }),
  ]);
  book.block('form/offer', 'refuse', 'a third that is not there', newer.chain, [
    newer.formWith({ offerNumber: 3n }),
  ]);
  const stranger = newer.chain.wallet('stranger');
  const unoffered = new ContractScenario(newer.chain, {
    ...newer.terms,
    provider: stranger,
    agreement: { ...newer.terms.agreement, providerKey: stranger.publicKey },
  });
  book.block('form/offer', 'refuse', 'a provider that never offered', newer.chain, [
    unoffered.formTransaction(),
  ]);

  const short = offering(book, 'short-offer', { expiresAt: 5 });
  book.block('form/offer-expired', 'accept', 'in block 4 of an offer that expires at 5', short.chain, [
    short.formTransaction(),
  ]);
  short.chain.mineBlock();
  book.block('form/offer-expired', 'refuse', 'in block 5 of an offer that expires at 5', short.chain, [
    short.formTransaction(),
  ]);

  const exact = offering(book, 'exact-epochs', { minEpochs: 3, maxEpochs: 3 });
  book.block('form/offer-epochs', 'accept', '3 where the offer allows 3', exact.chain, [
    exact.formTransaction(),
  ]);
  const longer = { epochs: 4, collateral: exact.terms.agreement.collateral * 2n };
  book.block('form/offer-epochs', 'refuse', '2 where the offer allows 3', exact.chain, [
    exact.formWith({ epochs: 2 }),
  ]);
  book.block('form/offer-epochs', 'refuse', '4 where the offer allows 3', exact.chain, [
    exact.formWith(longer),
  ]);

  const full = offering(book, 'exact-capacity', { capacityBytes: TOTAL_BYTES });
  book.block('form/capacity', 'accept', '4,025 bytes of 4,025', full.chain, [full.formTransaction()]);
  const tight = offering(book, 'too-little-capacity', { capacityBytes: TOTAL_BYTES - 1n });
  book.block('form/capacity', 'refuse', '4,025 bytes of 4,024', tight.chain, [tight.formTransaction()]);
  const shared = offering(book, 'shared-capacity', { capacityBytes: TOTAL_BYTES + 9n });
  shared.form();
  const again = (lengthBytes: number): ContractScenario =>
    new ContractScenario(
      shared.chain,
      agreeOn(shared.chain, shared.terms.client, shared.terms.provider, [scenarioFragment(7, lengthBytes)], {
        epochs: 3,
        nonce: new Uint8Array(16).fill(1),
      }),
    );
  book.block('form/capacity', 'accept', '9 bytes where a contract left 9', shared.chain, [
    again(9).formTransaction(),
  ]);
  book.block('form/capacity', 'refuse', '10 bytes where a contract left 9', shared.chain, [
    again(10).formTransaction(),
  ]);
}

function coins(book: VectorBook): void {
  const scenario = createContractScenario({ params: vectorParams(EASY), fragmentLengths: LENGTHS });
  const { chain, terms } = scenario;
  book.adopt('exact-coins', 'easy', chain);
  const { escrow } = priceContract(chain.law.params, terms.agreement);
  const burn = burnOf(chain.law.params, terms.agreement);
  const spend = chain.transfer(
    terms.client,
    chain.miner.account,
    chain.balance(terms.client) - escrow - burn,
  );
  const lock = chain.transfer(
    terms.provider,
    chain.miner.account,
    chain.balance(terms.provider) - terms.agreement.collateral,
  );
  chain.mineBlock([spend, lock]);
  const owner = terms.provider.account;
  if (chain.pot(accountPot(owner)) !== terms.agreement.collateral)
    throw new Error('the provider has other coins');
  book.block(
    'coins/too-little',
    'accept',
    'the client has escrow and burn, the provider the collateral, no more',
    chain,
    [scenario.formTransaction()],
  );
  book.block('coins/too-little', 'refuse', 'one unit short of a fee', chain, [
    scenario.formTransaction({}, 1n),
  ]);
  const { collateral } = terms.agreement;
  book.block('coins/too-little', 'refuse', 'the provider is one unit short', chain, [
    scenario.formWith({ collateral: collateral + 1n }),
  ]);
  book.block('coins/too-little', 'refuse', 'the client is one unit an epoch short', chain, [
    scenario.formWith({ basePerEpoch: terms.agreement.basePerEpoch + 1n, collateral: collateral + 2n }),
  ]);
}

/** A price of exactly 2^63 - 1 needs a client that has it. */
function overflow(book: VectorBook): void {
  const easy = vectorParams(EASY);
  const { crypto } = book.law('easy');
  const key = (label: string): string => bytesToHex(createWallet(crypto, easy, label).publicKey);
  book.network('rich', {
    base: 'devnet',
    changes: {
      ...(EASY.changes as object),
      genesis: {
        allocations: [
          { publicKey: key('client'), amount: String(MAX_U63) },
          { publicKey: key('provider'), amount: String(MAX_U63) },
        ],
      },
    },
  });
  const chain = book.chain('rich', 'rich');
  const client = chain.wallet('client');
  const provider = chain.wallet('provider');
  chain.mineBlock([chain.sign(provider, 'offer', usualOffer(provider))]);
  const priced = (escrowAndBurn: bigint): ContractScenario => {
    const free = { epochs: 1, basePerEpoch: 0n, pricePerGiBEpoch: 0n };
    const fragments = [scenarioFragment(1, 9)];
    const burn = burnOf(chain.law.params, { ...free, totalBytes: 9n });
    const basePerEpoch = escrowAndBurn - burn;
    const collateral = (basePerEpoch + 1n) / 2n;
    return new ContractScenario(
      chain,
      agreeOn(chain, client, provider, fragments, { ...free, basePerEpoch, collateral }),
    );
  };
  book.block('form/overflow', 'accept', 'escrow and burn are 2^63 - 1', chain, [
    priced(MAX_U63).formTransaction(),
  ]);
  book.block('form/overflow', 'refuse', 'escrow and burn are 2^63', chain, [
    priced(MAX_U63 + 1n).formTransaction(),
  ]);
}

function twice(book: VectorBook): void {
  const scenario = createContractScenario({
    params: vectorParams(EASY),
    fragmentLengths: LENGTHS,
    epochs: 1,
  });
  const { chain, terms } = scenario;
  book.adopt('formed-twice', 'easy', chain);
  book.block('form/twice', 'accept', 'the first of its id', chain, [scenario.formTransaction()]);
  const both = [
    scenario.formTransaction(),
    chain.sign(terms.client, 'form', scenario.formTransaction().transaction.body, { lane: 1 }),
  ];
  book.block('form/twice', 'refuse', 'the second in the same block', chain, both);
  scenario.form();
  book.block('form/twice', 'refuse', 'the second in the next block', chain, [scenario.formTransaction()]);
  book.block('form/twice', 'accept', 'another nonce is another contract', chain, [
    scenario.formWith({ nonce: new Uint8Array(16).fill(2) }),
  ]);
  chain.mineBlock([scenario.endTransaction()]);
  while (scenario.contract.status === 'active') chain.mineBlock();
  book.block('form/twice', 'refuse', 'the second after the first has settled', chain, [
    scenario.formWith({ formBy: chain.height + 1 }),
  ]);
}

/** Contracts of one list of the schedule that share a slot: no more than the network allows. */
function crowded(book: VectorBook): void {
  const single = {
    base: 'devnet',
    changes: { ...(EASY.changes as object), contract: { maxSlotContracts: 1 } },
  } as const;
  book.network('single', single);
  const params = vectorParams(single);
  const { chain, terms } = createContractScenario({ params, fragmentLengths: LENGTHS, epochs: 3 });
  book.adopt('one-in-a-slot', 'single', chain);
  const firstOf = (nonce: Uint8Array): { readonly list: string; readonly height: number } => {
    const id = contractIdOf(chain.law.crypto, params, { ...terms.agreement, nonce });
    const height = challengeHeight(chain.law, id, { registeredAt: chain.height + 1 }, 0);
    return { list: dueKey(id, height), height };
  };
  let ground = 0;
  const grind = (isWanted: (list: string, height: number) => boolean): Uint8Array => {
    for (;;) {
      const nonce = new Uint8Array(16);
      nonce.set(u32le(++ground));
      const { list, height } = firstOf(nonce);
      if (isWanted(list, height)) return nonce;
    }
  };
  const form = (nonce: Uint8Array, lane = 0): KnownTransaction => {
    const agreement = { ...terms.agreement, nonce, formBy: chain.height + 2 };
    return chain.sign(terms.client, 'form', formBody(chain, terms, agreement), { lane });
  };
  const nonce = new Uint8Array(16);
  const { list: crowd, height: first } = firstOf(nonce);
  const bucket = crowd.split(':')[1];
  const rival = grind((list) => list === crowd);
  const both = [form(nonce), form(rival, 1)];
  book.block('form/crowded', 'accept', 'one contract in a slot and a list', chain, [form(nonce)]);
  book.block('form/crowded', 'accept', 'another alone', chain, [form(rival)]);
  book.block('form/crowded', 'refuse', 'two ids ground for one slot and list', chain, both);
  const neighbour = grind((list, height) => height === first && list !== crowd);
  const beside = [form(nonce), form(neighbour, 1)];
  book.block('form/crowded', 'accept', 'two ids in one slot and two lists', chain, beside);
  chain.mineBlock([form(nonce)]);
  book.block('form/crowded', 'accept', 'the other in the next block, whose slot is another', chain, [
    form(rival, 1),
  ]);
  const { epochBlocks } = params.contract;
  const next = (): KnownTransaction =>
    form(grind((list, height) => height === first + epochBlocks && list.split(':')[1] === bucket));
  chain.mineTo(first - 1);
  book.block('form/crowded', 'refuse', 'in the block that challenges who has the slot', chain, [next()]);
  chain.mineTo(first);
  book.block('form/crowded', 'refuse', 'while its window is open', chain, [next()]);
}
