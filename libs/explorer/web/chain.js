import { get } from './api.js';
import { el } from './dom.js';
import { ago, bytes, coins, count, link, moment, pot, statusBadge } from './format.js';
import { card, facts, pagedTable } from './parts.js';

const TX_COLUMNS = [
  { name: 'Transaction' },
  { name: 'Kind' },
  { name: 'Sender' },
  { name: 'Fee', number: true },
  { name: 'Size', number: true },
];
const txCells = ({ id, kind, sender, fee, sizeBytes }) => [
  link('tx', id),
  kind,
  link('address', sender),
  coins(fee),
  bytes(sizeBytes),
];

/** Blocks, newest first. */
export async function blocksView() {
  const list = await pagedTable({
    path: 'blocks',
    columns: [
      { name: 'Height' },
      { name: 'Block' },
      { name: 'Time' },
      { name: 'Transactions', number: true },
      { name: 'Fees', number: true },
      { name: 'Miner' },
    ],
    toCells: (block) => [
      link('block', String(block.height), count(block.height)),
      link('block', block.id),
      moment(block.time),
      count(block.transactionIds.length),
      coins(block.fees),
      link('address', block.miner),
    ],
  });
  return { node: el('div', {}, el('h1', {}, 'Blocks'), card(undefined, list)) };
}

/** One block. */
export async function blockView(ref) {
  const block = await get(`blocks/${encodeURIComponent(ref)}`);
  const transactions = await pagedTable({
    caption: 'Transactions',
    path: `blocks/${block.id}/transactions`,
    columns: TX_COLUMNS,
    toCells: txCells,
    empty: 'Only the coinbase.',
  });
  const next = el('a', { href: `#/block/${block.height + 1}` }, 'next block');
  return {
    node: el(
      'div',
      {},
      el('h1', {}, `Block ${count(block.height)}`),
      el('p', { class: 'lead mono' }, block.id),
      card(
        undefined,
        facts([
          ['Time', moment(block.time)],
          ['On the main chain', block.onMainChain ? 'yes' : 'no, it was abandoned'],
          ['Before', block.height === 0 ? 'nothing: the first block' : link('block', block.previous)],
          ['After', next],
          ['Miner', link('address', block.miner, block.miner)],
          ['Subsidy', coins(block.subsidy)],
          ['Fees', coins(block.fees)],
          ['New coins for first proofs', coins(block.proofMint)],
          ['Drawn from the mint pool', coins(block.poolDraw)],
          ['Size', bytes(block.sizeBytes)],
          ['Target (compact)', el('span', { class: 'mono' }, `0x${block.bits.toString(16)}`)],
          ['Nonce', el('span', { class: 'mono' }, String(block.nonce))],
        ]),
      ),
      card(undefined, transactions),
    ),
  };
}

/** One transaction. */
export async function transactionView(id) {
  const tx = await get(`transactions/${encodeURIComponent(id)}`);
  const where =
    tx.height === null
      ? 'waiting for a block'
      : el(
          'span',
          {},
          'block ',
          link('block', String(tx.height), count(tx.height)),
          `, position ${tx.position}`,
        );
  return {
    node: el(
      'div',
      {},
      el('h1', {}, 'Transaction ', statusBadge(tx.status)),
      el('p', { class: 'lead mono' }, tx.id),
      card(
        undefined,
        facts([
          ['Kind', tx.kind],
          ['Where', where],
          ['Sender', link('address', tx.sender, tx.sender)],
          ['Lane and sequence', `${tx.lane} / ${tx.sequence}`],
          ['Fee', coins(tx.fee)],
          ['Size', bytes(tx.sizeBytes)],
        ]),
      ),
      card(
        'Body',
        el('pre', { tabindex: 0, 'aria-label': 'Body of the transaction' }, JSON.stringify(tx.body, null, 2)),
      ),
      card('Bytes', el('pre', { tabindex: 0, 'aria-label': 'Bytes of the transaction' }, tx.hex)),
    ),
    // One that waits may be in the next block.
    onBlock: tx.height === null ? async () => void dispatchEvent(new Event('hashchange')) : undefined,
  };
}

/** An account: coins, movements, contracts. */
export async function addressView(ref) {
  const account = await get(`accounts/${encodeURIComponent(ref)}`);
  const [postings, asClient] = await Promise.all([
    pagedTable({
      caption: 'Coins that came and went',
      path: `accounts/${account.account}/postings`,
      columns: [
        { name: 'When' },
        { name: 'Why' },
        { name: 'Other side' },
        { name: 'About' },
        { name: 'Amount', number: true },
      ],
      toCells: (posting) => {
        const incoming = posting.to === `account:${account.account}`;
        return [
          el(
            'span',
            {},
            link('block', String(posting.height), count(posting.height)),
            ' · ',
            ago(posting.time),
          ),
          posting.reason,
          pot(incoming ? posting.from : posting.to),
          subjectLink(posting),
          `${incoming ? '+' : '−'}${coins(posting.amount)}`,
        ];
      },
    }),
    contractTable('Contracts as client', { client: account.account }),
  ]);
  const asProvider = await contractTable('Contracts as provider', { provider: account.account });
  return {
    node: el(
      'div',
      {},
      el('h1', {}, 'Account'),
      el('p', { class: 'lead mono' }, account.address),
      card(
        undefined,
        facts([
          ['Spendable', coins(account.balance)],
          ['With what waits', coins(account.pendingBalance)],
          ['Mined, not mature yet', coins(account.immature)],
          ['Locked as client', coins(account.escrow)],
          ['Collateral as provider', coins(account.collateral)],
          ['Earned, kept back until the end', coins(account.vesting)],
          ['Id', el('span', { class: 'mono' }, account.account)],
          ['Provider', link('provider', account.account, 'page as a provider')],
        ]),
      ),
      card(undefined, postings),
      card(undefined, asClient),
      card(undefined, asProvider),
    ),
  };
}

/** Contracts by party or status. */
export function contractTable(caption, parameters) {
  return pagedTable({
    caption,
    path: 'contracts',
    parameters,
    columns: [
      { name: 'Contract' },
      { name: 'Status' },
      { name: 'Provider' },
      { name: 'Size', number: true },
      { name: 'Epochs', number: true },
      { name: 'Proven', number: true },
      { name: 'Missed', number: true },
      { name: 'Ends at', number: true },
    ],
    toCells: (contract) => [
      link('contract', contract.id),
      statusBadge(contract.status),
      link('provider', contract.providerAddress),
      bytes(contract.totalBytes),
      String(contract.epochs),
      String(contract.proven),
      String(contract.missed),
      count(contract.endHeight),
    ],
  });
}

function subjectLink({ reason, subject }) {
  if (['transfer', 'fee'].includes(reason)) return link('tx', subject);
  return /^[0-9a-f]{64}$/.test(subject) ? link('contract', subject) : pot(subject);
}
