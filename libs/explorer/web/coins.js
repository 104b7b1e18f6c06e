import { get } from './api.js';
import { el } from './dom.js';
import { badge, coins, count, link } from './format.js';
import { penaltyTable } from './market.js';
import { card, facts, figures, pagedTable, table } from './parts.js';

const POT_WORDS = {
  account: 'in accounts',
  reward: 'mined, not mature yet',
  escrow: 'locked by clients',
  vesting: 'earned, kept back until the end',
  collateral: 'locked by providers',
  reserve: 'set aside by clients for repair',
  bounty: 'promised to whoever took over a lost contract',
  reads: 'locked by clients for paid reads',
  pool: 'mint pool of the miners',
  fees: 'fees of the block being made',
};

/** The coins that exist, and the audit that recounts them. */
export async function supplyView() {
  const [supply, burn] = await Promise.all([get('supply'), get('burn-price')]);
  const result = el('div', { 'aria-live': 'polite' });
  const button = el('button', { type: 'button' }, 'Replay the whole chain and compare');
  button.addEventListener('click', async () => {
    button.disabled = true;
    result.replaceChildren(el('p', { class: 'quiet' }, 'Replaying every block from the first one…'));
    try {
      result.replaceChildren(auditResult(await get('supply/audit')));
    } catch (error) {
      result.replaceChildren(el('p', { class: 'problem' }, error.message));
    }
    button.disabled = false;
  });
  const pots = Object.entries(supply.byPot).sort(([, a], [, b]) => (BigInt(b) > BigInt(a) ? 1 : -1));
  return {
    node: el(
      'div',
      {},
      el('h1', {}, 'Supply'),
      el(
        'p',
        { class: 'lead' },
        `Every coin at block ${count(supply.height)}: there from the beginning, minted or burned, and where it is now.`,
      ),
      figures([
        ['In all', coins(supply.total)],
        ['From the first block', coins(supply.genesis)],
        ['Minted', coins(supply.minted)],
        ['Burned', coins(supply.burned)],
        [
          'Burned per GiB and epoch',
          coins(burn.perGiBEpoch),
          `may move by an eighth with block ${count(burn.movesAt)}`,
        ],
      ]),
      el(
        'div',
        { class: 'two' },
        card(
          undefined,
          table(
            'Where the coins are',
            [{ name: 'Pot' }, { name: 'What it means' }, { name: 'Coins', number: true }],
            pots.map(([pot, amount]) => [pot, POT_WORDS[pot] ?? '', coins(amount)]),
          ),
        ),
        card(
          'Audit',
          el(
            'p',
            { class: 'quiet' },
            'Reads every block from the first one in code of its own, which shares no counter with the ledger, and compares.',
          ),
          button,
          result,
        ),
      ),
    ),
  };
}

function auditResult(audit) {
  return el(
    'div',
    {},
    el('p', {}, audit.balanced ? badge('balanced', 'good') : badge('does not balance', 'bad')),
    facts([
      ['Blocks replayed', count(audit.blocksReplayed)],
      ['First block', coins(audit.genesis)],
      ['+ minted', coins(audit.minted)],
      ['− burned', coins(audit.burned)],
      ['= expected', coins(audit.expectedTotal)],
      ['Found', coins(audit.actualTotal)],
    ]),
    audit.differences.length === 0 ? null : el('pre', {}, audit.differences.join('\n')),
  );
}

/** Sums of every provider. */
export async function payoutsView() {
  const list = await pagedTable({
    path: 'payouts',
    columns: [
      { name: 'Provider' },
      { name: 'Contracts', number: true },
      { name: 'Proofs', number: true },
      { name: 'Misses', number: true },
      { name: 'Earned', number: true },
      { name: 'Kept back', number: true },
      { name: 'Lost', number: true },
      { name: 'Statement' },
    ],
    toCells: ({ provider, address, contracts, proofs, misses, totals }) => [
      link('provider', address),
      count(contracts),
      count(proofs),
      count(misses),
      coins(totals.earned),
      coins(totals.held),
      coins(totals.lost),
      el('a', { href: `/api/v1/payouts/statement.csv?provider=${provider}` }, 'CSV'),
    ],
    empty: 'No contract has been formed yet.',
  });
  return {
    node: el(
      'div',
      {},
      el('h1', {}, 'Payouts'),
      el(
        'p',
        { class: 'lead' },
        'What the ledger paid each provider for proven epochs, and took for missed ones.',
      ),
      card(undefined, list),
      card(undefined, await penaltyTable({})),
    ),
  };
}

/** What an id might be; a single hit is opened at once. */
export async function searchView(text) {
  const hits = await get('search', { text });
  const pages = {
    block: 'block',
    transaction: 'tx',
    account: 'address',
    contract: 'contract',
    fragment: 'fragment',
    provider: 'provider',
  };
  if (hits.length === 1) {
    location.replace(`#/${pages[hits[0].type]}/${hits[0].id}`);
    return { node: el('p', { class: 'quiet' }, 'Found.') };
  }
  const rows = hits.map(({ type, id, label }) => [
    type,
    link(pages[type], id, label),
    el('span', { class: 'mono' }, id),
  ]);
  const empty = 'Nothing on this ledger has that id. Give a whole id, an address or a height.';
  return {
    node: el(
      'div',
      {},
      el('h1', {}, 'Search'),
      el('p', { class: 'lead mono' }, text),
      card(undefined, table(undefined, [{ name: 'What' }, { name: 'Page' }, { name: 'Id' }], rows, empty)),
    ),
  };
}
