import { get } from './api.js';
import { el, svg } from './dom.js';
import { ago, bytes, coins, count, link } from './format.js';
import { card, figures, row, table } from './parts.js';

const BLOCK_ROWS = 12;
const SPARK_BLOCKS = 60;
const COLUMNS = [
  { name: 'Height' },
  { name: 'Block' },
  { name: 'Age' },
  { name: 'Transactions', number: true },
  { name: 'Size', number: true },
  { name: 'Miner' },
];

const WORDS = {
  'contract/formed': 'formed',
  'contract/challenged': 'challenged',
  'contract/proved': 'proved its data',
  'contract/missed': 'missed a proof',
  'contract/failed': 'failed',
  'contract/revised': 'was revised',
  'contract/dropped': 'dropped fragments',
  'contract/skipped': 'skipped an epoch',
  'contract/drained': 'may be taken over',
  'contract/ending': 'is being ended',
  'contract/settled': 'settled',
};

/** The network now. New blocks come in while one looks. */
export async function homeView() {
  const top = el('div', {});
  const blocks = await get('blocks', { limit: SPARK_BLOCKS });
  let recent = blocks.items;
  const list = table('Latest blocks', COLUMNS, recent.slice(0, BLOCK_ROWS).map(blockCells));
  const body = list.querySelector('tbody');
  const happenings = el('div', {});
  const spark = el('div', {});
  let busy = false;

  const refresh = async () => {
    const [status, overview, supply, mempool, happened] = await Promise.all([
      get('status'),
      get('overview'),
      get('supply'),
      get('mempool', { limit: 8 }),
      get('happenings', { limit: 40 }),
    ]);
    top.replaceChildren(overviewFigures(status, overview, supply, recent));
    spark.replaceChildren(sparkline(recent));
    happenings.replaceChildren(
      mempoolCard(mempool.items, status.mempool),
      happeningsCard(
        happened.items
          .filter(({ name }) => WORDS[name] !== undefined && name !== 'contract/challenged')
          .slice(0, 8),
      ),
    );
  };
  await refresh();

  const onBlock = async () => {
    if (busy) return;
    busy = true;
    try {
      const fresh = (await get('blocks', { limit: BLOCK_ROWS })).items;
      const known = new Set(recent.map(({ id }) => id));
      recent = [...fresh, ...recent.filter(({ height }) => height < fresh.at(-1).height)].slice(
        0,
        SPARK_BLOCKS,
      );
      body.replaceChildren(
        ...fresh.map((block) => {
          const line = row(COLUMNS, blockCells(block));
          if (!known.has(block.id)) line.classList.add('fresh');
          return line;
        }),
      );
      await refresh();
    } finally {
      busy = false;
    }
  };

  const node = el(
    'div',
    {},
    el('h1', {}, 'The network now'),
    el(
      'p',
      { class: 'lead' },
      'A storage marketplace on a proof-of-work ledger: who keeps what, who proved it, who was paid.',
    ),
    top,
    el(
      'div',
      { class: 'two' },
      el('div', {}, card(undefined, list), card('Transactions in the last blocks', spark)),
      happenings,
    ),
  );
  return { node, onBlock };
}

function blockCells(block) {
  return [
    link('block', String(block.height), count(block.height)),
    link('block', block.id),
    ago(block.time),
    count(block.transactionIds.length),
    bytes(block.sizeBytes),
    link('address', block.miner),
  ];
}

function overviewFigures(status, overview, supply, recent) {
  // The first block's time is a constant of the network.
  const mined = recent.filter(({ height }) => height > 0);
  const spanSeconds =
    mined.length < 2 ? 0 : (Date.parse(mined[0].time) - Date.parse(mined.at(-1).time)) / 1000;
  const pace = mined.length < 2 ? 0 : spanSeconds / (mined.length - 1);
  return figures([
    ['Height', count(status.tip.height), `${status.network}, a block every ${pace.toFixed(1)} s`],
    ['Stored', bytes(overview.storedBytes), 'redundancy included'],
    ['Active contracts', count(overview.activeContracts)],
    ['Providers', `${overview.providersUp} of ${overview.providers}`, 'answer now'],
    ['Offered', bytes(overview.capacityBytes)],
    ['Waiting', count(status.mempool.count), `${bytes(status.mempool.sizeBytes)} in the mempool`],
    ['Supply', coins(supply.total).split('.')[0], `${coins(supply.burned)} burned`],
  ]);
}

function sparkline(recent) {
  const values = [...recent].reverse().map(({ transactionIds }) => transactionIds.length);
  const most = Math.max(1, ...values);
  const width = 600 / Math.max(1, values.length);
  return svg(
    'svg',
    {
      viewBox: '0 0 600 48',
      preserveAspectRatio: 'none',
      class: 'spark',
      role: 'img',
      'aria-label': `Transactions in the last ${values.length} blocks, at most ${most} in one`,
    },
    ...values.map((value, index) => {
      const height = value === 0 ? 1 : 4 + (value / most) * 44;
      return svg('rect', { x: index * width, y: 48 - height, width: Math.max(1, width - 2), height, rx: 1 });
    }),
  );
}

function mempoolCard(items, { count: waiting }) {
  const columns = [{ name: 'Transaction' }, { name: 'Kind' }, { name: 'Fee', number: true }];
  const rows = items.map(({ id, kind, fee }) => [link('tx', id), kind, coins(fee)]);
  const rest =
    waiting > items.length ? el('p', { class: 'quiet' }, `and ${count(waiting - items.length)} more`) : null;
  return card(
    undefined,
    table('Waiting transactions', columns, rows, 'None: everything is in a block.'),
    rest,
  );
}

function happeningsCard(items) {
  const list = el(
    'ul',
    { class: 'timeline' },
    items.map(({ name, subject, time, data }) =>
      el(
        'li',
        {
          class:
            name === 'contract/missed' || name === 'contract/failed'
              ? 'bad'
              : name === 'contract/proved'
                ? 'good'
                : '',
        },
        el(
          'div',
          {},
          'Contract ',
          link('contract', subject),
          ` ${WORDS[name] ?? name}`,
          data.epoch === undefined ? '' : `, epoch ${data.epoch}`,
        ),
        el('div', { class: 'when' }, ago(time)),
      ),
    ),
  );
  return card('What happened', items.length === 0 ? el('p', { class: 'quiet' }, 'No contracts yet.') : list);
}
