import { get } from './api.js';
import { contractTable } from './chain.js';
import { el } from './dom.js';
import { ago, badge, bytes, coins, count, link, moment, pot, statusBadge } from './format.js';
import { card, facts, figures, meter, pagedTable, table } from './parts.js';

const EVENT_WORDS = {
  'contract/formed': 'Formed: both signed, payment and collateral locked',
  'contract/challenged': 'Challenged',
  'contract/proved': 'Proved: paid',
  'contract/missed': 'Missed: nothing paid, collateral slashed',
  'contract/skip-declared': 'Maintenance declared: one epoch will not be challenged',
  'contract/skipped': 'Skipped: maintenance, unpaid and no strike',
  'contract/revised': 'Revised: both signed a change',
  'contract/dropped': 'The client dropped fragments',
  'contract/reads-paid': 'Reads paid by voucher',
  'contract/drained': 'The provider wants to leave; it may be replaced',
  'contract/failed': 'Failed after too many misses',
  'contract/ending': 'The client ends it',
  'contract/settled': 'Settled: what is left is paid out',
};
/** How it ended, or began, where that is not by `form` and by the end of its term. */
const ORIGIN_WORDS = { renewal: 'Formed by renewal', replacement: 'Formed to replace a lost contract' };
const SETTLED_WORDS = {
  renewed: 'Renewed: settled, goes on as another contract',
  replaced: 'Replaced: settled, goes on with another provider',
  cancelled: 'Cancelled before its first challenge: settled',
  ended: 'Ended early by its client: settled',
};

/** All contracts. */
export async function contractsView() {
  const node = el('div', {}, el('h1', {}, 'Contracts'), card(undefined, await contractTable(undefined, {})));
  return { node };
}

/** One contract: terms, proofs, timeline, payouts. */
export async function contractView(id) {
  const node = el('div', {});
  const draw = async () => {
    const [{ contract, timeline }, statement, bill] = await Promise.all([
      get(`contracts/${encodeURIComponent(id)}`),
      get('payouts/statement', { contract: id, limit: 200 }),
      get(`contracts/${encodeURIComponent(id)}/bill`),
    ]);
    node.replaceChildren(...contractParts(contract, timeline, statement, bill));
    return contract.status === 'active';
  };
  let live = await draw();
  const fragments = card(
    undefined,
    await pagedTable({
      caption: 'Fragments',
      path: `contracts/${encodeURIComponent(id)}/fragments`,
      columns: [{ name: 'Fragment' }, { name: 'Size', number: true }],
      toCells: ({ id: fragment, lengthBytes, droppedAt }) => [
        link('fragment', fragment),
        droppedAt === null ? bytes(lengthBytes) : `${bytes(lengthBytes)}, dropped in block ${droppedAt}`,
      ],
    }),
  );
  const onBlock = async () => {
    if (live && !node.contains(document.activeElement)) live = await draw();
  };
  return { node: el('div', {}, node, fragments), onBlock };
}

function contractParts(contract, timeline, statement, bill) {
  const { totals } = statement;
  return [
    el('h1', {}, 'Contract ', statusBadge(contract.status)),
    el('p', { class: 'lead mono' }, contract.id),
    figures([
      [
        'Keeps',
        bytes(contract.totalBytes),
        `${count(contract.leafCount)} ${contract.leafCount === 1 ? 'fragment' : 'fragments'}`,
      ],
      ['Proven', `${contract.proven} of ${contract.epochs}`, 'epochs'],
      ['Missed', String(contract.missed), 'epochs'],
      ['Paid so far', coins(totals.earned)],
      ['Kept back', coins(contract.vesting)],
      ['Collateral', coins(contract.collateral)],
    ]),
    el(
      'div',
      { class: 'two' },
      el('div', {}, proofCard(contract, timeline), payoutCard(statement)),
      el('div', {}, termsCard(contract), billCard(bill), timelineCard(timeline)),
    ),
  ];
}

function proofCard(contract, timeline) {
  const byEpoch = new Map();
  for (const { name, data } of timeline) {
    if (name === 'contract/proved') byEpoch.set(data.epoch, 'good');
    if (name === 'contract/missed') byEpoch.set(data.epoch, 'bad');
    if (name === 'contract/skipped') byEpoch.set(data.epoch, 'skipped');
  }
  if (contract.window && !contract.window.proven) byEpoch.set(contract.window.epoch, 'open');
  const words = { good: 'proven', bad: 'missed', open: 'challenged, proof awaited', skipped: 'skipped' };
  const shown = Math.min(contract.epochs, 400);
  const squares = Array.from({ length: shown }, (_, epoch) => {
    const state = byEpoch.get(epoch);
    const said = `Epoch ${epoch}: ${words[state] ?? 'not yet challenged'}`;
    const number = String(epoch);
    const inside =
      state === undefined
        ? number
        : el('a', { href: `#/epoch/${contract.id}.${epoch}`, title: said }, number);
    return el('li', { class: state ?? '', title: said, 'aria-label': said }, inside);
  });
  const next =
    contract.nextChallengeHeight === null
      ? 'No further challenge.'
      : `Next challenge at block ${count(contract.nextChallengeHeight)}.`;
  return card(
    'Proofs by epoch',
    el('ol', { class: 'epochs' }, squares),
    el(
      'p',
      { class: 'quiet' },
      badge('proven', 'good'),
      ' ',
      badge('missed', 'bad'),
      ' ',
      badge('awaited', 'warn'),
      ` ${next}`,
    ),
  );
}

function termsCard(contract) {
  return card(
    'Terms',
    facts([
      ['Client', link('address', contract.clientAddress)],
      ['Provider', link('provider', contract.providerAddress)],
      ['Paid to', link('address', contract.payoutAddress)],
      ['Each proven epoch', coins(contract.tranche)],
      ['Registered at', link('block', String(contract.registeredAt), count(contract.registeredAt))],
      ['Runs', `blocks ${count(contract.startHeight)} to ${count(contract.endHeight)}`],
      [
        'Settles at',
        contract.settledAt === null ? count(contract.settleHeight) : `${count(contract.settledAt)} (done)`,
      ],
      ['Locked for the future', coins(contract.escrow)],
      ['Burned by the client', coins(contract.burned)],
      ['Minted for its proofs', coins(contract.minted)],
      contract.reserve === '0' ? null : ['Set aside for repair', coins(contract.reserve)],
      contract.reads === '0' ? null : ['Locked for paid reads', coins(contract.reads)],
      contract.bounty === '0' ? null : ['Bounty at the first proof', coins(contract.bounty)],
      contract.revision === 0 ? null : ['Revisions', String(contract.revision)],
      contract.droppedChunks === '0'
        ? null
        : ['Dropped', `${count(contract.droppedChunks)} of ${count(contract.totalChunks)} chunks`],
      contract.drainedAt === null
        ? null
        : ['Provider leaves', `said so in block ${count(contract.drainedAt)}`],
      contract.origin && [`Continues (${contract.origin.kind})`, link('contract', contract.origin.contract)],
      contract.successor && ['Went on as', link('contract', contract.successor)],
      ['Root', el('span', { class: 'mono' }, contract.root)],
    ]),
  );
}

/** What it cost its client so far; the same coins as in the movements, summed up. */
function billCard(bill) {
  return card(
    'Bill of the client',
    facts([
      ['Locked for storing', coins(bill.storage)],
      ['Burned', coins(bill.burned)],
      ['Fees', coins(bill.fees)],
      bill.reserve === '0' ? null : ['Set aside for repair', coins(bill.reserve)],
      bill.reads === '0' ? null : ['Locked for reads', coins(bill.reads)],
      ['Taken in all', coins(bill.total)],
      ['Paid so far', coins(bill.paid)],
      ['Kept back until the end', coins(bill.held)],
      ['Refunded so far', coins(bill.refunded)],
      bill.compensation === '0' ? null : ['Compensation', coins(bill.compensation)],
      ['Still locked', coins(bill.stillLocked)],
    ]),
  );
}

function timelineCard(timeline) {
  const shown = timeline.filter(({ name }) => name !== 'contract/challenged').reverse();
  return card(
    'Timeline',
    el(
      'ol',
      { class: 'timeline' },
      shown.map(({ name, height, time, data }) =>
        el(
          'li',
          { class: name === 'contract/proved' ? 'good' : /missed|failed/.test(name) ? 'bad' : '' },
          el(
            'div',
            {},
            eventWords(name, data),
            data.epoch === undefined ? '' : ` · epoch ${data.epoch}`,
            data.successor === undefined ? '' : ' · ',
            data.successor === undefined ? '' : link('contract', data.successor),
          ),
          el(
            'div',
            { class: 'when' },
            'block ',
            link('block', String(height), count(height)),
            ' · ',
            moment(time),
          ),
        ),
      ),
    ),
  );
}

function eventWords(name, data) {
  if (name === 'contract/settled') return SETTLED_WORDS[data.status] ?? EVENT_WORDS[name];
  if (name === 'contract/formed') return ORIGIN_WORDS[data.origin] ?? EVENT_WORDS[name];
  return EVENT_WORDS[name] ?? name;
}

function payoutCard(statement) {
  const columns = [
    { name: 'Block' },
    { name: 'Epoch' },
    { name: 'Why' },
    { name: 'From → to' },
    { name: 'Amount', number: true },
  ];
  const rows = statement.items.map((line) => [
    link('block', String(line.height), count(line.height)),
    line.epoch === null ? '' : String(line.epoch),
    line.meaning,
    el('span', {}, pot(line.from), ' → ', pot(line.to)),
    coins(line.amount),
  ]);
  const csv = el('a', { href: `/api/v1/payouts/statement.csv?contract=${statement.contract}` }, 'as CSV');
  return card(undefined, table('Every movement of coins', columns, rows), el('p', { class: 'more' }, csv));
}

/** All providers. */
export async function providersView() {
  const list = await pagedTable({
    path: 'providers',
    columns: [
      { name: 'Provider' },
      { name: 'Answers' },
      { name: 'Used' },
      { name: 'Per GiB and epoch', number: true },
      { name: 'Contracts', number: true },
      { name: 'Proven', number: true },
      { name: 'Missed', number: true },
      { name: 'Failed', number: true },
    ],
    toCells: ({ address, offer, liveness, record }) => [
      link('provider', address),
      livenessBadge(liveness),
      el(
        'div',
        {},
        meter(offer.usedBytes, offer.capacityBytes),
        el('small', { class: 'quiet' }, `${bytes(offer.usedBytes)} of ${bytes(offer.capacityBytes)}`),
      ),
      coins(offer.pricePerGiBEpoch),
      count(record.active),
      count(record.proven),
      count(record.missed),
      count(record.failed),
    ],
    empty: 'Nobody has published an offer yet.',
  });
  return { node: el('div', {}, el('h1', {}, 'Providers'), card(undefined, list)) };
}

/** One provider. */
export async function providerView(ref) {
  const view = await get(`providers/${encodeURIComponent(ref)}`);
  const { offer, endpoint, liveness, record } = view;
  const [{ totals }, risk, contracts, penalties] = await Promise.all([
    get('payouts/statement', { provider: view.provider, limit: 1 }),
    get(`payouts/${view.provider}/risk`),
    contractTable('Contracts', { provider: view.provider }),
    penaltyTable({ provider: view.provider }),
  ]);
  const challenges = record.proven + record.missed;
  return {
    node: el(
      'div',
      {},
      el('h1', {}, 'Provider ', livenessBadge(liveness)),
      el('p', { class: 'lead mono' }, view.address),
      figures([
        ['Earned', coins(totals.earned), `${coins(totals.held)} kept back until the end`],
        ['Lost', coins(totals.lost), 'for missed proofs'],
        ['At stake now', coins(risk.atStakeNow), `${risk.openChallenges} of its challenges wait for a proof`],
        [
          'Proofs',
          challenges === 0 ? 'none yet' : `${((100 * record.proven) / challenges).toFixed(1)} %`,
          `${count(record.proven)} of ${count(challenges)} challenges`,
        ],
        [
          'Contracts',
          count(record.active),
          `${record.completed} completed, ${record.ended} ended, ${record.failed} failed`,
        ],
      ]),
      el(
        'div',
        { class: 'two' },
        card('Offer', offer === null ? el('p', { class: 'quiet' }, 'No offer stands.') : offerFacts(offer)),
        card(
          'Where it is reached',
          facts([
            [
              'Addresses',
              endpoint === null
                ? 'none announced'
                : el('span', { class: 'mono' }, endpoint.addresses.join(', ')),
            ],
            endpoint && [
              'Owner and region',
              `${endpoint.owner || 'not told'} / ${endpoint.region || 'not told'}`,
            ],
            endpoint && [
              'Announced at',
              link('block', String(endpoint.registeredAt), count(endpoint.registeredAt)),
            ],
            endpoint && ['Holds until block', count(endpoint.expiresAt)],
            liveness && ['Last asked', ago(liveness.checkedAt)],
            liveness && [`${liveness.state === 'up' ? 'Up' : 'Down'} since`, moment(liveness.since)],
            liveness && liveness.latencyMs !== null && ['Answered in', `${liveness.latencyMs} ms`],
            liveness && ['Answered', `${count(liveness.answered)} of ${count(liveness.probes)} probes`],
            liveness && liveness.error !== null && ['What is wrong', liveness.error],
            ['Account', link('address', view.provider, 'coins and movements')],
            [
              'Statement',
              el('a', { href: `/api/v1/payouts/statement.csv?provider=${view.provider}` }, 'as CSV'),
            ],
          ]),
        ),
      ),
      card(undefined, contracts),
      card(undefined, penalties),
    ),
  };
}

/** Who was penalised and why. */
export function penaltyTable(parameters) {
  return pagedTable({
    caption: 'Penalties',
    path: 'penalties',
    parameters,
    columns: [
      { name: 'Block' },
      { name: 'Provider' },
      { name: 'Contract' },
      { name: 'Why' },
      { name: 'Lost', number: true },
    ],
    toCells: ({ height, address, contract, why, lost }) => [
      link('block', String(height), count(height)),
      link('provider', address),
      link('contract', contract),
      why,
      coins(lost),
    ],
    empty: 'Nobody was penalised.',
  });
}

function offerFacts(offer) {
  return facts([
    [
      'Capacity',
      el(
        'div',
        {},
        meter(offer.usedBytes, offer.capacityBytes),
        `${bytes(offer.usedBytes)} of ${bytes(offer.capacityBytes)} used`,
      ),
    ],
    ['Per GiB and epoch', coins(offer.pricePerGiBEpoch)],
    ['Per contract and epoch', coins(offer.basePerEpoch)],
    ['Collateral', `${(offer.collateralBps / 100).toFixed(0)} % of the price`],
    ['Term', `${offer.minEpochs} to ${offer.maxEpochs} epochs`],
    ['Paid to', link('address', offer.payout)],
    ['Offer number', offer.number],
    ['Published at', link('block', String(offer.publishedAt), count(offer.publishedAt))],
    ['Holds until block', count(offer.expiresAt)],
  ]);
}

function livenessBadge(liveness) {
  return liveness === null ? badge('not asked yet') : statusBadge(liveness.state);
}

/** Who holds a fragment. */
export async function fragmentView(id) {
  const holders = await get(`fragments/${encodeURIComponent(id)}`);
  const columns = [
    { name: 'Contract' },
    { name: 'Status' },
    { name: 'Provider' },
    { name: 'Address' },
    { name: 'Size', number: true },
  ];
  const rows = holders.map((holder) => [
    link('contract', holder.contract),
    statusBadge(holder.contractStatus),
    link('provider', holder.providerAddress),
    holder.addresses.join(', '),
    bytes(holder.lengthBytes),
  ]);
  return {
    node: el(
      'div',
      {},
      el('h1', {}, 'Fragment'),
      el('p', { class: 'lead mono' }, id),
      card(undefined, table('Who holds it', columns, rows)),
    ),
  };
}
