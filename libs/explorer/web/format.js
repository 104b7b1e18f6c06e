import { el } from './dom.js';

const COIN = 1_000_000_000n;
const numbers = new Intl.NumberFormat('en');

/** Base units as coins, without trailing zeros. */
export function coins(text) {
  const amount = BigInt(text);
  const sign = amount < 0n ? '−' : '';
  const whole = amount < 0n ? -amount : amount;
  const fraction = (whole % COIN).toString().padStart(9, '0').replace(/0+$/, '');
  return `${sign}${numbers.format(whole / COIN)}${fraction === '' ? '' : `.${fraction}`}`;
}

/** A count with separators. */
export function count(value) {
  return numbers.format(typeof value === 'string' ? BigInt(value) : value);
}

/** A number of bytes for people. */
export function bytes(value) {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'];
  let size = Number(value);
  let unit = 0;
  while (size >= 1024 && unit < units.length - 1) {
    size /= 1024;
    unit += 1;
  }
  return `${size >= 100 || unit === 0 ? Math.round(size) : size.toFixed(1)} ${units[unit]}`;
}

/** How long ago, with the exact time on hover. */
export function ago(time) {
  const seconds = Math.max(0, Math.round((Date.now() - Date.parse(time)) / 1000));
  const text =
    seconds < 60
      ? `${seconds} s ago`
      : seconds < 3600
        ? `${Math.floor(seconds / 60)} min ago`
        : seconds < 86_400
          ? `${Math.floor(seconds / 3600)} h ago`
          : new Date(time).toLocaleDateString();
  return el('time', { datetime: time, title: new Date(time).toLocaleString() }, text);
}

/** A time in full. */
export function moment(time) {
  return el('time', { datetime: time }, new Date(time).toLocaleString());
}

/** The ends of a long id. */
export function short(id) {
  return id.length <= 20 ? id : `${id.slice(0, 10)}…${id.slice(-8)}`;
}

/** A link to the page of an id; the whole id is its title. */
export function link(page, id, text = short(id)) {
  return el('a', { class: 'mono', href: `#/${page}/${encodeURIComponent(id)}`, title: id }, text);
}

/** A status word in its colour. */
export function badge(text, kind = 'plain') {
  return el('span', { class: `badge ${kind}` }, text);
}

const STATUS_KINDS = {
  active: '',
  completed: 'good',
  ended: 'plain',
  cancelled: 'plain',
  renewed: 'good',
  replaced: 'warn',
  failed: 'bad',
  up: 'good',
  down: 'bad',
  pending: 'warn',
  confirmed: 'good',
};

export function statusBadge(status) {
  return badge(status, STATUS_KINDS[status] ?? 'plain');
}

/** A pot of coins as a link where it belongs to something that has a page. */
export function pot(text) {
  const [kind, id] = text.split(':');
  if (id === undefined) return kind;
  if (kind === 'reward') return link('block', id, `reward of block ${id}`);
  if (kind === 'account') return link('address', id, `account ${short(id)}`);
  if (['escrow', 'vesting', 'collateral', 'reserve', 'bounty', 'reads'].includes(kind))
    return link('contract', id, `${kind} ${short(id)}`);
  return text;
}
