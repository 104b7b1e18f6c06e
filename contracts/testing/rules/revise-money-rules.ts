import { accountPot, MAX_U63 } from '#chain';
import { bytesToHex } from '#crypto';
import type { MemoryChain } from '../../../chain/testing/memory-chain.js';
import { EASY, type RuleVectorFile, VectorBook, vectorParams } from '../../../chain/testing/rules/index.js';
import { createWallet } from '../../../chain/testing/wallet.js';
import { contractsModule } from '../../module.js';
import { burnPriceOf } from '../../money/burn-price.js';
import type { OfferBody } from '../../offer/offer.js';
import { priceRevision, type RevisionPrice } from '../../revise/price-revision.js';
import { appended, type RevisionChoices, reviseBody, reviseTransaction } from '../changes.js';
import {
  agreeOn,
  ContractScenario,
  createContractScenario,
  scenarioFragment,
  usualOffer,
} from '../contract-scenario.js';

/** The easy devnet with several revisions in one epoch. */
const QUICK = {
  base: 'devnet',
  changes: { ...(EASY.changes as object), contract: { revisionsPerEpoch: 99 } },
} as const;

const MORE = [scenarioFragment(9, 2_000)];

/** What a revision costs, and what it finds on the ledger: coins, lots, the provider's offer. */
export function reviseMoneyRules(): RuleVectorFile {
  const book = new VectorBook([contractsModule]);
  book.network('easy', EASY);
  book.network('quick', QUICK);
  prices(book);
  deposits(book);
  coins(book);
  rooms(book);
  lots(book);
  overflows(book);
  return book.finish();
}

type Verdict = 'accept' | 'refuse';
type Judge = (verdict: Verdict, rule: string, why: string, choices?: RevisionChoices) => void;

function judging(book: VectorBook, scenario: ContractScenario): Judge {
  return (verdict, rule, why, choices = {}) =>
    book.block(rule, verdict, why, scenario.chain, [reviseTransaction(scenario, choices)]);
}

function priceOf(scenario: ContractScenario, choices: RevisionChoices): RevisionPrice {
  const { chain, contract } = scenario;
  const { revision } = reviseBody(scenario, choices);
  return priceRevision(chain.law.params, contract, revision, burnPriceOf(chain.law.params, chain.state));
}

function formed(book: VectorBook, name: string, offer: Partial<OfferBody> = {}): ContractScenario {
  const fragmentLengths = [1, 1_024, 3_000];
  const scenario = createContractScenario({ params: vectorParams(EASY), fragmentLengths, offer });
  book.adopt(name, 'easy', scenario.chain);
  scenario.form();
  return scenario;
}

/** What a client burns at most and a provider locks at least, for an append, an extension and both. */
function prices(book: VectorBook): void {
  const scenario = formed(book, 'priced');
  const judge = judging(book, scenario);
  const whys: readonly [string, RevisionChoices][] = [
    ['an append', { appended: MORE }],
    ['an extension', { epochs: 5 }],
    ['both', { appended: MORE, epochs: 5 }],
  ];
  for (const [what, choices] of whys) {
    const { burn, minCollateral } = priceOf(scenario, choices);
    const asks = (changes: RevisionChoices['changes']): RevisionChoices => ({
      ...choices,
      changes: changes ?? {},
    });
    const least = minCollateral - scenario.contract.collateral;
    judge('accept', 'revise/burn', `${what}: as much as the client agreed to burn`, asks({ maxBurn: burn }));
    judge('refuse', 'revise/burn', `${what}: one more`, asks({ maxBurn: burn - 1n }));
    judge(
      'accept',
      'revise/collateral',
      `${what}: the least the provider must lock`,
      asks({ addCollateral: least }),
    );
    judge('refuse', 'revise/collateral', `${what}: one less`, asks({ addCollateral: least - 1n }));
  }
  scenario.openWindow(0);
  const { minCollateral } = priceOf(scenario, { epochs: 5 });
  const least = minCollateral - scenario.contract.collateral;
  const inWindow = 'inside an open window, whose tranche counts';
  for (const [verdict, addCollateral] of [
    ['accept', least],
    ['refuse', least - 1n],
  ] as const)
    judge(verdict, 'revise/collateral', `${inWindow}: ${addCollateral}`, {
      epochs: 5,
      changes: { addCollateral },
    });
  const none = { addCollateral: 0n, maxBurn: 0n };
  judge('accept', 'revise/burn', 'no burn for coins alone', { changes: { ...none, addReadEscrow: 1n } });
  slashed(book);
}

/** After a miss a long contract has less collateral than its escrow to come would ask for. */
function slashed(book: VectorBook): void {
  const scenario = createContractScenario({
    params: vectorParams(EASY),
    epochs: 20,
    fragmentLengths: [9],
  });
  book.adopt('slashed', 'easy', scenario.chain);
  scenario.form();
  scenario.missEpoch(0);
  const judge = judging(book, scenario);
  const rule = 'revise/collateral';
  const coins = { addCollateral: 0n, addReadEscrow: 1n };
  judge('accept', rule, 'coins alone after a slash', { changes: coins });
  judge('accept', rule, 'an append that fills the collateral up after a slash', { appended: MORE });
  judge('refuse', rule, 'an append that does not', { appended: MORE, changes: coins });
  const large = [scenarioFragment(10, 600_000)];
  judge('accept', 'revise/burn', 'the demand of many bytes counts the epochs to come alone', {
    appended: large,
  });
}

function deposits(book: VectorBook): void {
  const plain = judging(book, formed(book, 'no-repairer'));
  plain('accept', 'revise/reserve', 'no reserve and no repairer', { changes: { addReadEscrow: 3n } });
  plain('refuse', 'revise/reserve', 'a reserve and no repairer', { changes: { addReserve: 1n } });
  const scenario = createContractScenario({ params: vectorParams(EASY), fragmentLengths: [9] });
  book.adopt('repairer', 'easy', scenario.chain);
  const { publicKey } = scenario.chain.wallet('repairer');
  const repair = { key: publicKey, maxBasePerEpoch: 1n, maxPricePerGiBEpoch: 1n };
  scenario.chain.mineBlock([scenario.formWith({ repair })]);
  const judge = judging(book, scenario);
  judge('accept', 'revise/reserve', 'a reserve and a repairer', { changes: { addReserve: 1n } });
}

/** Both sides have to the unit what a revision takes. */
function coins(book: VectorBook): void {
  const scenario = formed(book, 'exact-coins');
  const { chain, terms } = scenario;
  const choices: RevisionChoices = {
    appended: MORE,
    epochs: 4,
    changes: { addReadEscrow: 70n, addCollateral: 3_000_000n },
  };
  const { escrowAdded, burn } = priceOf(scenario, choices);
  const cost = escrowAdded + burn + 70n;
  chain.mineBlock([
    chain.transfer(terms.client, chain.miner.account, chain.balance(terms.client) - cost),
    chain.transfer(terms.provider, chain.miner.account, chain.balance(terms.provider) - 3_000_000n),
  ]);
  const judge = judging(book, scenario);
  const changing = (changes: RevisionChoices['changes']): RevisionChoices => ({
    ...choices,
    changes: { ...choices.changes, ...changes },
  });
  judge('accept', 'coins/too-little', 'both sides have what a revision takes, no more', choices);
  judge('refuse', 'coins/too-little', 'the client is one unit short', changing({ addReadEscrow: 71n }));
  judge(
    'refuse',
    'coins/too-little',
    'the provider is one unit short',
    changing({ addCollateral: 3_000_001n }),
  );
  const fee = reviseTransaction(scenario, choices, terms.client, 1n);
  book.block('coins/too-little', 'refuse', 'the client is short of a fee', chain, [fee]);
  const epochs = { ...choices, epochs: 5, changes: { ...choices.changes, addCollateral: 3_000_000n } };
  judge('refuse', 'coins/too-little', 'the client is short of an epoch', epochs);
  if (chain.pot(accountPot(terms.client.account)) !== cost) throw new Error('the client has other coins');
}

/** New bytes need an offer that holds, with room for them. */
function rooms(book: VectorBook): void {
  const full = formed(book, 'full', { capacityBytes: 4_025n + 2_000n });
  const judge = judging(book, full);
  judge('accept', 'revise/capacity', '2,000 bytes where 2,000 are left', { appended: MORE });
  judge('refuse', 'revise/capacity', '2,001 bytes where 2,000 are left', {
    appended: [scenarioFragment(9, 2_001)],
  });
  full.chain.mineBlock([
    full.chain.sign(full.terms.provider, 'offer', { ...usualOffer(full.terms.provider), capacityBytes: 0n }),
  ]);
  judge('refuse', 'revise/capacity', 'a byte after the provider withdrew its offer', {
    appended: [scenarioFragment(9, 1)],
  });
  judge('accept', 'revise/capacity', 'an extension needs no room', { epochs: 4 });

  const short = formed(book, 'expiring', { expiresAt: 6 });
  const ask = judging(book, short);
  short.chain.mineTo(4);
  ask('accept', 'revise/offer-expired', 'in block 5 of an offer that expires at 6', { appended: MORE });
  short.chain.mineBlock();
  ask('refuse', 'revise/offer-expired', 'in block 6 of an offer that expires at 6', { appended: MORE });
  ask('accept', 'revise/offer-expired', 'an extension needs no offer', { epochs: 4 });
}

/** Sixteen burns at most may still mint. */
function lots(book: VectorBook): void {
  let scenario = createContractScenario({ params: vectorParams(QUICK), epochs: 3, fragmentLengths: [9] });
  const { chain } = scenario;
  book.adopt('many-lots', 'quick', chain);
  scenario.form();
  for (let count = 1; count < 15; count++) {
    const more = [scenarioFragment(40 + count, 30)];
    chain.mineBlock([reviseTransaction(scenario, { appended: more })]);
    scenario = appended(scenario, more);
  }
  const judge = judging(book, scenario);
  judge('accept', 'revise/lots', 'the sixteenth', { appended: MORE });
  judge('refuse', 'revise/lots', 'the sixteenth and seventeenth', { appended: MORE, epochs: 4 });
  chain.mineBlock([reviseTransaction(scenario, { appended: MORE })]);
  const last = judging(book, appended(scenario, MORE));
  last('refuse', 'revise/lots', 'the seventeenth', { epochs: 4 });
  last('accept', 'revise/lots', 'coins alone beside sixteen', { changes: { addReadEscrow: 1n } });
}

/** All that a contract holds, has burned and is given must stay below 2^63. */
function overflows(book: VectorBook): void {
  const easy = vectorParams(EASY);
  const { crypto } = book.law('easy');
  const key = (label: string): string => bytesToHex(createWallet(crypto, easy, label).publicKey);
  book.network('rich', {
    base: 'devnet',
    changes: {
      ...(EASY.changes as object),
      genesis: {
        allocations: ['client', 'provider'].map((label) => ({
          publicKey: key(label),
          amount: String(MAX_U63),
        })),
      },
    },
  });
  const chain: MemoryChain = book.chain('rich', 'rich');
  const client = chain.wallet('client');
  const provider = chain.wallet('provider');
  chain.mineBlock([chain.sign(provider, 'offer', usualOffer(provider))]);
  const terms = { epochs: 2, basePerEpoch: 1n << 40n, pricePerGiBEpoch: 1n << 62n, readEscrow: 11n };
  const scenario = new ContractScenario(
    chain,
    agreeOn(chain, client, provider, [scenarioFragment(1, 1)], terms),
  );
  scenario.form();
  const { contract } = scenario;
  const held = contract.tranche * 2n + contract.burned + contract.collateral + 11n;
  const judge = judging(book, scenario);
  const room = MAX_U63 - held;
  const rule = 'revise/overflow';
  const adding = (addReadEscrow: bigint, addCollateral = 0n): RevisionChoices => ({
    changes: { addReadEscrow, addCollateral },
  });
  judge('accept', rule, 'coins for reading up to 2^63 - 1 in all', adding(room));
  judge('refuse', rule, 'coins for reading up to 2^63 in all', adding(room + 1n));
  judge('accept', rule, 'collateral up to 2^63 - 1 in all', adding(0n, room));
  judge('refuse', rule, 'collateral up to 2^63 in all', adding(0n, room + 1n));
  judge('refuse', rule, '2^63 - 1 of each', adding(MAX_U63, MAX_U63));
  const large = [scenarioFragment(9, 1 << 20)];
  judge('refuse', rule, 'bytes whose price is above 2^63', {
    appended: large,
    epochs: 3_650,
    changes: { addCollateral: 0n, maxBurn: MAX_U63 },
  });
}
