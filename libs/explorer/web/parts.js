import { get } from './api.js';
import { el } from './dom.js';

/** A card with a heading. */
export function card(title, ...children) {
  return el('section', { class: 'card' }, title === undefined ? null : el('h2', {}, title), ...children);
}

/** Large numbers in a row: `[['Height', '5', 'small print'], …]`. */
export function figures(rows) {
  return el(
    'dl',
    { class: 'figures' },
    rows.map(([name, value, note]) =>
      el(
        'div',
        { class: 'figure' },
        el('dt', {}, name),
        el('dd', {}, value, note ? el('small', {}, note) : null),
      ),
    ),
  );
}

/** Names and values. */
export function facts(rows) {
  return el(
    'dl',
    { class: 'facts' },
    rows.filter(Boolean).flatMap(([name, value]) => [el('dt', {}, name), el('dd', {}, value)]),
  );
}

/** A row of cells; numeric ones are marked in the columns. */
export function row(columns, cells) {
  return el(
    'tr',
    {},
    cells.map((cell, index) => el('td', columns[index].number ? { class: 'number' } : {}, cell)),
  );
}

/** A table: `columns` are `{ name, number }`, rows are arrays of cells. */
export function table(caption, columns, rows, empty = 'Nothing here yet.') {
  const body = el(
    'tbody',
    {},
    rows.map((cells) => row(columns, cells)),
  );
  if (rows.length === 0)
    body.append(el('tr', {}, el('td', { colspan: columns.length, class: 'quiet' }, empty)));
  return el(
    'div',
    { class: 'scroll' },
    el(
      'table',
      {},
      caption ? el('caption', {}, caption) : null,
      el(
        'thead',
        {},
        el(
          'tr',
          {},
          columns.map(({ name, number }) =>
            el('th', { scope: 'col', class: number ? 'number' : undefined }, name),
          ),
        ),
      ),
      body,
    ),
  );
}

/** A table of a paged list that grows by a button. */
export async function pagedTable({ caption, columns, path, parameters = {}, toCells, empty }) {
  const first = await get(path, { limit: 25, ...parameters });
  const shown = table(caption, columns, first.items.map(toCells), empty);
  const body = shown.querySelector('tbody');
  let cursor = first.nextCursor;
  if (cursor === null) return shown;
  const button = el('button', { type: 'button', class: 'more' }, 'Show more');
  button.addEventListener('click', async () => {
    button.disabled = true;
    const next = await get(path, { limit: 50, ...parameters, cursor });
    body.append(...next.items.map((item) => row(columns, toCells(item))));
    cursor = next.nextCursor;
    button.disabled = false;
    if (cursor === null) button.remove();
  });
  return el('div', {}, shown, button);
}

/** What went wrong, in the words of the API. */
export function problemBox(error) {
  const {
    title = 'Something went wrong',
    detail = String(error.message ?? error),
    next,
    code,
  } = error.problem ?? {};
  return el(
    'div',
    { class: 'problem', role: 'alert' },
    el('h1', {}, title),
    el('p', {}, detail),
    next ? el('p', {}, `What to do: ${next}`) : null,
    code ? el('p', { class: 'quiet mono' }, code) : null,
  );
}

/** How full something is. */
export function meter(used, total) {
  const share = Number(total) === 0 ? 0 : Math.min(1, Number(used) / Number(total));
  const bar = el('span', {});
  bar.style.width = `${(share * 100).toFixed(1)}%`;
  return el('div', { class: 'meter', role: 'img', 'aria-label': `${Math.round(share * 100)} % used` }, bar);
}
