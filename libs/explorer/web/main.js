import { follow, get } from './api.js';
import { addressView, blocksView, blockView, transactionView } from './chain.js';
import { payoutsView, searchView, supplyView } from './coins.js';
import { epochView } from './epoch.js';
import { count } from './format.js';
import { homeView } from './home.js';
import { contractsView, contractView, fragmentView, providersView, providerView } from './market.js';
import { problemBox } from './parts.js';

const VIEWS = {
  '': homeView,
  blocks: blocksView,
  block: blockView,
  tx: transactionView,
  address: addressView,
  contracts: contractsView,
  contract: contractView,
  epoch: epochView,
  providers: providersView,
  provider: providerView,
  fragment: fragmentView,
  payouts: payoutsView,
  supply: supplyView,
  search: searchView,
};
const TITLES = { '': 'Home', tx: 'Transaction' };
const main = document.getElementById('main');
let shown = { onBlock: undefined };
let turn = 0;

/** Shows what the address names; an answer that comes after the reader has moved on is dropped. */
async function show() {
  const [page = '', argument = ''] = location.hash.replace(/^#\/?/, '').split('/');
  const mine = ++turn;
  markPage(page);
  shown = { onBlock: undefined };
  try {
    const view = VIEWS[page];
    if (view === undefined) throw new Error(`there is no page "${page}"`);
    const next = await view(decodeURIComponent(argument));
    if (mine !== turn) return;
    shown = next;
    main.replaceChildren(next.node);
  } catch (error) {
    if (mine === turn) main.replaceChildren(problemBox(error));
  }
  if (mine !== turn) return;
  document.title = `${TITLES[page] ?? page[0]?.toUpperCase() + page.slice(1)} · Cairn explorer`;
  window.scrollTo(0, 0);
  main.dataset.page = page;
}

function markPage(page) {
  for (const anchor of document.querySelectorAll('.bar nav a')) {
    if (anchor.getAttribute('href') === `#/${page}`) anchor.setAttribute('aria-current', 'page');
    else anchor.removeAttribute('aria-current');
  }
}

function setTip(height) {
  document.getElementById('tip-text').textContent = `block ${count(height)}`;
}

function setState(state) {
  const dot = document.getElementById('live-dot');
  dot.className = `dot ${state}`;
  dot.title = state === 'live' ? 'Live' : 'Connection lost; trying again';
}

document.getElementById('search').addEventListener('submit', (event) => {
  event.preventDefault();
  const text = document.getElementById('search-text').value.trim();
  if (text !== '') location.hash = `#/search/${encodeURIComponent(text)}`;
});

document.getElementById('theme').addEventListener('click', () => {
  const dark =
    document.documentElement.dataset.theme === 'dark' ||
    (document.documentElement.dataset.theme === undefined &&
      matchMedia('(prefers-color-scheme: dark)').matches);
  document.documentElement.dataset.theme = dark ? 'light' : 'dark';
  localStorage.setItem('theme', document.documentElement.dataset.theme);
});
const theme = localStorage.getItem('theme');
if (theme === 'light' || theme === 'dark') document.documentElement.dataset.theme = theme;

follow({
  onState: setState,
  onBlock: (event) => {
    setTip(event.height);
    shown.onBlock?.()?.catch(() => setState('lost'));
  },
  onTransaction: () => undefined,
});
window.addEventListener('hashchange', async () => {
  await show();
  main.focus({ preventScroll: true });
});
get('status')
  .then((status) => {
    document.getElementById('network').textContent = `Cairn ${status.network}`;
    setTip(status.tip.height);
  })
  .catch(() => setState('lost'));
show();
