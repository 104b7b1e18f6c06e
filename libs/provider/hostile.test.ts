import { mkdtemp, rm } from 'node:fs/promises';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from '@jest/globals';
import type { FragmentId } from '#chain';
import { AppError } from '#errors';
import { ANY_FRAGMENT, TICKET_HEADER, TICKET_USE_HEADER } from '#wire';
import { ContractFollower } from './chain/contract-follower.js';
import { openTicketRecords } from './records/ticket-records.js';
import { type Answer, MarketStage, sampleFragments, until } from './testing/index.js';

let stage: MarketStage;
afterEach(() => stage?.close());

const expectRule = (answer: Answer, status: number, code: string): void => {
  expect(answer.json()).toMatchObject({ status, code });
  expect(answer.status).toBe(status);
};

async function propose(fragments: ReturnType<typeof sampleFragments>) {
  const { client, ledger, provider } = stage;
  const terms = { formBy: ledger.height + 20, payout: provider.provider.context.account };
  const agreement = client.agreement(await stage.offer(), fragments, terms);
  return { agreement, signed: await client.propose(agreement, fragments) };
}

async function formContract(fragments: ReturnType<typeof sampleFragments>): Promise<void> {
  const { client, ledger, wallet } = stage;
  expect((await client.reserve()).status).toBe(200);
  for (const fragment of fragments) expect((await client.put(fragment)).status).toBe(201);
  const { agreement, signed } = await propose(fragments);
  await ledger.send(wallet, { kind: 'form', body: client.formBody(agreement, fragments, signed) });
  await stage.mine();
}

describe('a node whose index lags or fails', () => {
  test('makes a provider give up nothing of a contract that the list does not show', async () => {
    stage = await MarketStage.open();
    const { client, ledger, provider } = stage;
    const { context, uploads } = provider.provider;
    await formContract(sampleFragments(70_000));
    await stage.mineUntil('the form to be seen', async () => {
      return context.records.contract(client.contract)?.state === 'formed';
    });
    ledger.ledger.contracts = async () => ({ items: [], nextCursor: null });
    const follower = new ContractFollower(context, uploads);
    const tip = { height: ledger.height + 1_000, id: 'ab'.repeat(32) };
    for (let sync = 0; sync < 3; sync++) await follower.sync(tip, true);
    expect(context.records.contract(client.contract)?.state).toBe('formed');
    expect(context.store.usedBytes()).toBe(70_000);
  });

  test('costs a provider no proof', async () => {
    stage = await MarketStage.open();
    const { client, ledger } = stage;
    await formContract(sampleFragments(30_000));
    ledger.ledger.contracts = async () => {
      throw new AppError({ code: 'ledger/store-failed', message: 'the index is away' });
    };
    await stage.mineUntil('the end of the contract', async () => {
      return (await ledger.ledger.contract({ id: client.contract }))?.status === 'completed';
    });
    expect(await ledger.ledger.contract({ id: client.contract })).toMatchObject({ proven: 3, missed: 0 });
  }, 60_000);
});

describe('a reservation that lapses', () => {
  test('while its last bytes come leaves nothing on the disk', async () => {
    let aheadMs = 0;
    stage = await MarketStage.open({ now: () => Date.now() + aheadMs });
    const { client, provider } = stage;
    const { records, store } = provider.provider.context;
    await client.reserve();
    const [fragment] = sampleFragments(300_000);
    const { id, bytes } = fragment!;
    const headers = { ...client.ticketHeaders('put', id), 'content-length': bytes.length };
    const answered = new Promise<number>((resolve, reject) => {
      const outgoing = request(`${provider.url}/v1/fragments/${id}`, { method: 'PUT', headers }, (answer) => {
        answer.resume().on('end', () => resolve(answer.statusCode ?? 0));
      });
      outgoing.on('error', reject);
      outgoing.write(bytes.subarray(0, 100_000));
      const finish = async (): Promise<void> => {
        await until('the upload to begin', () => provider.provider.uploads.isUnderWay(id));
        aheadMs = 3_600_000;
        await until('the reservation to lapse', () => records.contract(client.contract) === undefined);
        outgoing.end(bytes.subarray(100_000));
      };
      finish().catch(reject);
    });
    expect(await answered).toBe(410);
    expect(store.usedBytes()).toBe(0);
    expect(await records.isNeeded(id)).toBe(false);
  }, 30_000);

  test('while its agreement is looked at is not signed', async () => {
    stage = await MarketStage.open();
    const { client, ledger, provider } = stage;
    const { records } = provider.provider.context;
    const fragments = sampleFragments(10_000);
    await client.reserve();
    await client.put(fragments[0]!);
    const real = ledger.ledger.account.bind(ledger.ledger);
    ledger.ledger.account = async (query) => {
      await records.forget(client.contract);
      return real(query);
    };
    expectRule((await propose(fragments)).signed, 410, 'agreement/reservation-expired');
    expect(records.contract(client.contract)).toBeUndefined();
    expect(await records.leaves(client.contract)).toEqual([]);
  });
});

describe('what strangers can make a provider hold', () => {
  test('is a bounded number of reservations, whatever keys they use', async () => {
    stage = await MarketStage.open({ limits: { maxReservations: 2 } });
    const answers: Answer[] = [];
    for (const label of ['x', 'y', 'z']) {
      const other = stage.provider.client(stage.ledger.wallet(label));
      answers.push(await other.reserve({ maxBytes: 1n }));
      other.close();
    }
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 429]);
  });

  test('is a bounded number of tickets of a contract, and none once it is gone', async () => {
    stage = await MarketStage.open({ limits: { maxTicketsPerContract: 2 } });
    const { client, provider } = stage;
    const [fragment] = sampleFragments(1_000);
    const forever = { ticket: { expiresAt: (1n << 63n) - 1n } };
    await client.reserve();
    await client.put(fragment!);
    expect(
      (await client.get(fragment!.id, undefined, client.ticketHeaders('get', fragment!.id, forever))).status,
    ).toBe(200);
    expectRule(await client.get(fragment!.id), 429, 'ticket/too-many');
    const { tickets } = provider.provider.context;
    expect(tickets.serialCount(client.contract)).toBe(2);
    await tickets.forget(client.contract);
    expect(tickets.serialCount(client.contract)).toBe(0);
    expect((await client.get(fragment!.id)).status).toBe(200);
    const dataDir = await mkdtemp(join(tmpdir(), 'cairn-tickets-'));
    try {
      const first = await openTicketRecords(dataDir);
      await first.spend({ key: 'c1:s', contract: 'c1', movedBytes: 5, expiresAt: 9e9 });
      await first.spend({ key: 'c2:s', contract: 'c2', movedBytes: 7, expiresAt: 9e9 });
      await first.forget('c1');
      await first.close();
      const again = await openTicketRecords(dataDir);
      expect([again.movedBytes('c1:s'), again.movedBytes('c2:s')]).toEqual([0, 7]);
      await again.close();
    } finally {
      await rm(dataDir, { recursive: true, force: true });
    }
  });

  test('is a bounded memory of reads that nobody takes', async () => {
    stage = await MarketStage.open({ limits: { maxOutgoingBytes: 150_000 } });
    const { client, provider } = stage;
    const [fragment] = sampleFragments(100_000);
    const { id } = fragment!;
    await client.reserve();
    await client.put(fragment!);
    const headers = client.ticketHeaders('get', id);
    const held = await provider.provider.downloads.read({
      id,
      ticket: headers[TICKET_HEADER],
      use: headers[TICKET_USE_HEADER],
      voucher: undefined,
      range: undefined,
    });
    if (!held.ok) throw new Error(held.violation.rule);
    expectRule(await client.get(id, 'bytes=0-9'), 503, 'fragment/busy');
    await held.value.finish(0);
    expect((await client.get(id)).status).toBe(200);
    expect((await client.get('ff'.repeat(32) as FragmentId)).status).toBe(404);
    expect((await client.get(id)).status).toBe(200);
  });

  test('is no work for an audit that its ticket does not cover, or that comes a second time', async () => {
    stage = await MarketStage.open();
    const { client, provider } = stage;
    const { store } = provider.provider.context;
    await formContract(sampleFragments(50_000));
    const read = store.read.bind(store);
    let reads = 0;
    store.read = (...asked) => {
      reads += 1;
      return read(...asked);
    };
    const poor = client.ticketHeaders('audit', ANY_FRAGMENT, { ticket: { budgetBytes: 100n } });
    expectRule(await client.audit([0n], poor), 403, 'ticket/over-budget');
    expect(reads).toBe(0);
    const headers = client.ticketHeaders('audit', ANY_FRAGMENT, { ticket: { serial: 'cd'.repeat(16) } });
    const answers = await Promise.all([client.audit([0n], headers), client.audit([0n], headers)]);
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 409]);
    expect(reads).toBe(1);
    const moved = provider.provider.context.tickets.movedBytes(`${client.contract}:${'cd'.repeat(16)}`);
    expect(moved).toBeGreaterThan(1_024);
    expect(moved).toBeLessThan(4_096);
  });

  test('is nothing of a reader that left while the disk was read', async () => {
    stage = await MarketStage.open();
    const { client, provider } = stage;
    const { store, tickets } = provider.provider.context;
    const [fragment] = sampleFragments(100_000);
    const { id } = fragment!;
    await client.reserve();
    await client.put(fragment!);
    const serial = 'ab'.repeat(16);
    const key = `${client.contract}:${serial}`;
    const read = store.read.bind(store);
    let isGone = false;
    store.read = async (...asked) => {
      await until('the reader to be gone', () => isGone);
      return read(...asked);
    };
    const headers = client.ticketHeaders('get', id, { ticket: { serial } });
    const outgoing = request(`${provider.url}/v1/fragments/${id}`, { headers });
    outgoing.on('error', () => undefined);
    outgoing.end();
    await until('the read to be charged', () => tickets.movedBytes(key) === 100_000);
    outgoing.destroy();
    await until('the socket to be closed', () => outgoing.closed);
    setTimeout(() => {
      isGone = true;
    }, 50);
    await until('the budget to be given back', () => tickets.movedBytes(key) === 0, 5_000);
  });
});
