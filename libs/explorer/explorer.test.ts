import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { createHttpApp, openApiDocument, type RunningHttpApp } from '#http';
import { LEDGER } from '#ledger';
import { MARKET, PAYOUTS, PLACEMENT, REGISTRY, ValuesModule } from '#services';
import { ServiceScene } from '../services/testing/index.js';
import {
  ADMIN_API_OPENAPI,
  ADMIN_STATUS_TABLE,
  ExplorerModule,
  TIP_HEIGHT_HEADER,
  TIP_ID_HEADER,
} from './index.js';

describe('the admin API over a ledger with a market on it', () => {
  let scene: ServiceScene;
  let app: RunningHttpApp;

  beforeAll(async () => {
    scene = await ServiceScene.open();
    const { market, placement, registry, payouts } = scene.ports;
    const values = new Map<symbol, unknown>([
      [LEDGER, scene.ledger],
      [MARKET, market],
      [PLACEMENT, placement],
      [REGISTRY, registry],
      [PAYOUTS, payouts],
    ]);
    const module = { module: class Admin {}, imports: [ValuesModule.of(values), ExplorerModule] };
    app = await createHttpApp(module, {
      port: 0,
      statusTable: ADMIN_STATUS_TABLE,
      openapi: ADMIN_API_OPENAPI,
    });
  }, 60_000);
  afterAll(async () => {
    await app?.close();
    await scene?.close();
  });

  const call = (path: string, init: RequestInit = {}) => fetch(`${app.url}${path}`, init);
  const get = async <T = Record<string, unknown>>(path: string): Promise<T> =>
    (await (await call(`/api/v1/${path}`)).json()) as T;
  type List = { items: Record<string, unknown>[]; nextCursor: string | null };

  test.each([
    'status',
    'overview',
    'blocks',
    'mempool',
    'postings',
    'happenings',
    'contracts',
    'providers',
    'endpoints',
    'offers',
    'payouts',
    'supply',
    'supply/audit',
    'placements',
    'penalties',
    'burn-price',
    'burn-price/moves',
    'quote?profile=1/2/3&sizeBytes=1000',
    'search?text=1',
    'blocks/none',
  ])('the answer of %s says at which tip it was made', async (path) => {
    const { tip } = await scene.ledger.status();
    const { headers } = await call(`/api/v1/${path}`);
    expect(headers.get(TIP_HEIGHT_HEADER)).toBe(String(tip.height));
    expect(headers.get(TIP_ID_HEADER)).toBe(tip.id);
    expect(headers.get('cache-control')).toBe('no-store');
  });

  test('blocks are paged from the newest to the first without a gap', async () => {
    const heights: unknown[] = [];
    let cursor: string | null = null;
    do {
      const page: List = await get(`blocks?limit=7${cursor === null ? '' : `&cursor=${cursor}`}`);
      heights.push(...page.items.map(({ height }) => height));
      cursor = page.nextCursor;
    } while (cursor !== null);
    expect(heights).toEqual(
      Array.from({ length: scene.test.height + 1 }, (_, index) => scene.test.height - index),
    );
  });

  test('a block is found by height and by id, and a transaction in it by its id', async () => {
    const { registeredAt } = (await scene.ledger.contract({ id: scene.contract.terms.id }))!;
    const block = await get<{ id: string; transactionIds: string[] }>(`blocks/${registeredAt}`);
    expect(await get(`blocks/${block.id}`)).toEqual(block);
    const { items } = await get<List>(`blocks/${block.id}/transactions`);
    expect(items.map(({ id }) => id)).toEqual(block.transactionIds);
    expect(await get(`transactions/${block.transactionIds[0]}`)).toEqual(items[0]);
  });

  test('a contract comes with its timeline, its fragments and its holders', async () => {
    const { id } = scene.contract.terms;
    const { contract, timeline } = await get<{ contract: { leafCount: number }; timeline: unknown[] }>(
      `contracts/${id}`,
    );
    expect(timeline).toEqual(await scene.ledger.contractTimeline({ id }));
    expect(await get(`contracts/${id}/timeline`)).toEqual(timeline);
    const fragments = await get<List>(`contracts/${id}/fragments`);
    expect(fragments.items).toHaveLength(contract.leafCount);
    const [holder] = await get<{ contract: string }[]>(`fragments/${fragments.items[0]?.['id']}`);
    expect(holder?.contract).toBe(id);
  });

  test('an epoch shows its challenge, its proof and every draw; one nobody was asked for yet is not found', async () => {
    const { id } = scene.contract.terms;
    const proof = await get<{ outcome: string; explanation: { draws: { verdict: string }[] } }>(
      `contracts/${id}/proofs/0`,
    );
    expect(proof).toEqual(await scene.ledger.epochProof({ id, epoch: 0 }));
    expect(proof.outcome).toBe('proven');
    expect(proof.explanation.draws.map(({ verdict }) => verdict)).toEqual(['proven', 'proven']);
    expect(await get(`contracts/${id}/proofs/1`)).toMatchObject({ outcome: 'open', explanation: null });
    const none = await call(`/api/v1/contracts/${id}/proofs/2`);
    expect([none.status, (await none.json()) as unknown]).toEqual([
      404,
      expect.objectContaining({ code: 'explorer/not-found' }),
    ]);
    expect((await call(`/api/v1/contracts/${id}/proofs/-1`)).status).toBe(400);
  });

  test('the bill, the forecast and what is at risk are what the services say', async () => {
    const { id, provider } = scene.contract.terms;
    const { market, payouts } = scene.ports;
    expect(await get(`contracts/${id}/bill`)).toEqual(await market.bill({ id }));
    expect(await get(`payouts/${provider.account}/forecast?epochs=2`)).toEqual(
      await payouts.forecast({ provider: provider.account, epochs: 2 }),
    );
    expect(await get(`payouts/${provider.account}/risk`)).toEqual(
      await payouts.risk({ provider: provider.account }),
    );
    const miner = scene.test.miner.account;
    expect(await get(`payouts/miners/${miner}?limit=3`)).toEqual(
      await payouts.minerRewards({ miner, limit: 3 }),
    );
  });

  test('the order book is filtered and sorted by query', async () => {
    const best = await get<List>('offers?sort=record&minProven=1');
    expect(best.items.map(({ state, why }) => [state, why])).toEqual([['open', null]]);
    expect((await get<List>('offers?minProven=1&all=true')).items).toHaveLength(3);
    expect((await call('/api/v1/offers?sort=colour')).status).toBe(400);
    expect((await call('/api/v1/offers?maxPricePerGiBEpoch=-1')).status).toBe(400);
    const whole = await get<{ reserve: string }>('quote?profile=1/2/3&sizeBytes=1000&withRepair=true');
    expect(BigInt(whole.reserve)).toBeGreaterThan(0n);
  });

  test('a statement as CSV has a line for each posting, amounts unchanged', async () => {
    const { id } = scene.contract.terms;
    const statement = await get<{ items: { amount: string; reason: string }[] }>(
      `payouts/statement?contract=${id}&limit=200`,
    );
    const answer = await call(`/api/v1/payouts/statement.csv?contract=${id}`);
    expect(answer.headers.get('content-type')).toBe('text/csv; charset=utf-8');
    const [head, ...lines] = (await answer.text()).trimEnd().split('\r\n');
    const columns = head!.split(',');
    const column = (name: string) => lines.map((line) => line.split(',')[columns.indexOf(name)]);
    expect(column('amount')).toEqual(statement.items.map(({ amount }) => amount));
    expect(column('reason')).toEqual(statement.items.map(({ reason }) => reason));
  });

  test('search finds a height, a block, a transaction, a contract and an address', async () => {
    const block = await get<{ id: string }>('blocks/1');
    const types = async (text: string) =>
      (await get<{ type: string }[]>(`search?text=${text}`)).map(({ type }) => type);
    expect(await types('1')).toEqual(['block']);
    expect(await types(block.id)).toEqual(['block']);
    expect(await types(scene.contract.terms.id)).toEqual(['contract']);
    const address = scene.test.address(scene.contract.terms.provider);
    expect(await types(address)).toEqual(['provider', 'account']);
    expect(await types('ff'.repeat(32))).toEqual([]);
  });

  test('the supply audit balances and agrees with the supply', async () => {
    const [supply, audit] = await Promise.all([
      get<{ total: string }>('supply'),
      get<{ actualTotal: string; balanced: boolean }>('supply/audit'),
    ]);
    expect(audit).toMatchObject({ balanced: true, actualTotal: supply.total });
  });

  test.each([
    ['blocks?limit=0', 400, 'request/invalid'],
    ['blocks?limit=many', 400, 'request/invalid'],
    ['contracts?status=lost', 400, 'request/invalid'],
    ['quote?profile=9/9', 400, 'market/bad-request'],
    ['quote?profile=dense&sizeBytes=9', 503, 'market/too-few-providers'],
    ['accounts/nobody', 400, 'ledger/bad-address'],
    ['blocks/ffff', 404, 'explorer/not-found'],
    ['transactions/ffff', 404, 'explorer/not-found'],
    ['contracts/ffff', 404, 'explorer/not-found'],
    ['fragments/ffff', 404, 'explorer/not-found'],
    ['payouts/statement', 400, 'payouts/bad-request'],
    ['payouts/statement?contract=ffff', 404, 'payouts/not-found'],
    ['nothing', 404, 'http/not-found'],
  ])('%s is a problem with status %d and code %s', async (path, status, code) => {
    const answer = await call(`/api/v1/${path}`);
    const problem = (await answer.json()) as { code: string; detail: string };
    expect({ status: answer.status, code: problem.code }).toEqual({ status, code });
    expect(answer.headers.get('content-type')).toContain('application/problem+json');
    expect(problem.detail).not.toBe('');
  });

  test('events go on after the last one seen', async () => {
    const { tip } = await scene.ledger.status();
    await scene.test.mine(3);
    const stop = new AbortController();
    const answer = await call('/api/v1/events', {
      headers: { 'last-event-id': `${tip.height}-${tip.id}` },
      signal: stop.signal,
    });
    let text = '';
    const decoder = new TextDecoder();
    for await (const part of answer.body!) {
      text += decoder.decode(part as Uint8Array, { stream: true });
      if (text.split('event: block').length > 3) break;
    }
    stop.abort();
    const heights = [...text.matchAll(/"type":"block".*?"height":(\d+)/g)].map(([, height]) =>
      Number(height),
    );
    expect(heights).toEqual([tip.height + 1, tip.height + 2, tip.height + 3]);
  });

  test('an event id that is none is refused before the stream begins', async () => {
    const answer = await call('/api/v1/events', { headers: { 'last-event-id': 'yesterday' } });
    expect(answer.status).toBe(400);
  });

  test('the page and every file it names come from here, under a policy that allows nothing else', async () => {
    const answer = await call('/');
    const html = await answer.text();
    expect(answer.headers.get('content-security-policy')).toContain("script-src 'self'");
    expect(html).not.toMatch(/(src|href)="https?:/);
    const seen = new Set<string>();
    const queue = [...html.matchAll(/(?:src|href)="(\/web\/[^"]+)"/g)].map(([, path]) => path!);
    for (let path = queue.pop(); path !== undefined; path = queue.pop()) {
      if (seen.has(path)) continue;
      seen.add(path);
      const file = await call(path);
      expect({ path, status: file.status }).toEqual({ path, status: 200 });
      const text = await file.text();
      if (path.endsWith('.js')) {
        queue.push(...[...text.matchAll(/from '\.\/([^']+)'/g)].map(([, name]) => `/web/${name}`));
        expect(text).not.toMatch(/innerHTML|insertAdjacentHTML|https?:\/\/(?!www\.w3\.org)/);
      }
    }
    expect(seen.size).toBeGreaterThan(8);
  });

  test.each(['..%2f..%2fpackage.json', '..%2findex.ts', 'missing.js'])(
    '/web/%s is not there',
    async (name) => {
      expect((await call(`/web/${name}`)).status).toBe(404);
    },
  );

  test('every operation has an id of its own, and the documentation loads nothing from elsewhere', async () => {
    const { paths } = openApiDocument(app.app, ADMIN_API_OPENAPI);
    const ids = Object.values(paths).flatMap((path) =>
      Object.values(path as Record<string, { operationId?: string }>).map(({ operationId }) => operationId),
    );
    expect(ids).not.toContain(undefined);
    expect(new Set(ids).size).toBe(ids.length);
    const docs = await (await call('/api/docs')).text();
    expect(docs).not.toMatch(/(src|href)="(https?:)?\/\//);
  });
});
