import { afterEach, describe, expect, test } from '@jest/globals';
import type { Agreement } from '#contracts';
import { MAX_PROPOSALS } from '#wire';
import { type Answer, MarketStage, type ProviderClient, sampleFragments } from '../testing/index.js';

let stage: MarketStage;
afterEach(() => stage?.close());

const fragments = sampleFragments(90_000, 2_000);

async function openStored(options: Parameters<typeof MarketStage.open>[0] = {}): Promise<ProviderClient> {
  stage = await MarketStage.open(options);
  const { client } = stage;
  expect((await client.reserve()).status).toBe(200);
  for (const fragment of fragments) expect((await client.put(fragment)).status).toBe(201);
  return client;
}

async function draft(changes: Partial<Agreement> = {}): Promise<Agreement> {
  const terms = { formBy: stage.ledger.height + 20, payout: stage.provider.provider.context.account };
  return stage.client.agreement(await stage.offer(), fragments, terms, changes);
}

/** The same client, speaking to the provider that came up again on the same folder. */
async function restartProvider(changes: Parameters<typeof stage.provider.restart>[0] = {}): Promise<void> {
  stage.provider = await stage.provider.restart(changes);
  Object.assign(stage.client, { url: stage.provider.url });
}

const expectRule = (answer: Answer, status: number, code: string): void => {
  expect(answer.json()).toMatchObject({ status, code });
};
const records = () => stage.provider.provider.context.records;
const cheap = { basePerEpoch: 1n };

describe('a negotiation', () => {
  test('goes from proposed by countered to agreed to formed, and every step repeats itself, restarts between', async () => {
    const client = await openStored();
    const low = await draft(cheap);
    const countered = await client.propose(low, fragments);
    const { counter } = client.verdict(countered);
    await restartProvider();
    expect((await client.propose(low, fragments, stage.wallet, 1)).json()).toEqual(countered.json());
    expect((await client.negotiation()).json()).toEqual(countered.json());

    const { offerNumber, basePerEpoch, pricePerGiBEpoch } = counter!;
    const fair = await draft({ offerNumber, basePerEpoch, pricePerGiBEpoch });
    const agreed = await client.propose(fair, fragments);
    expect(client.verdict(agreed)).toMatchObject({ state: 'agreed', round: 2, validUntil: fair.formBy });
    await restartProvider();
    expect((await client.propose(fair, fragments, stage.wallet, 2)).json()).toEqual(agreed.json());
    expect((await client.negotiation()).json()).toEqual(agreed.json());

    await stage.ledger.send(stage.wallet, { kind: 'form', body: client.formBody(fair, fragments, agreed) });
    await stage.mineUntil('the form to be seen', async () => {
      return records().contract(client.contract)?.state === 'formed';
    });
    expect(client.verdict(await client.negotiation())).toMatchObject({ state: 'formed', round: 2 });
    expectRule(await client.withdraw(), 409, 'agreement/already-formed');
    expectRule(await client.propose(await draft(), fragments), 409, 'agreement/already-formed');
  }, 60_000);

  test('keeps the prices of a counter-offer while they hold, and asks the new ones afterwards', async () => {
    const limits = { counterOfferBlocks: 10 };
    const client = await openStored({ limits, terms: { basePerEpoch: 30_000n } });
    const { counter } = client.verdict(await client.propose(await draft(cheap), fragments));
    expect(counter).toMatchObject({ basePerEpoch: 30_000n });
    const firstHeight = stage.ledger.height;
    await restartProvider({ terms: { basePerEpoch: 90_000n } });
    await stage.mineUntil('the dearer offer', async () => (await stage.offer()).basePerEpoch === '90000');
    // The offer's number has changed, its price for this client has not.
    const stale = await client.propose(await draft({ ...cheap, offerNumber: 1n }), fragments);
    expect(client.verdict(stale)).toMatchObject({
      state: 'countered',
      rule: 'agreement/offer',
      counter: { offerNumber: 2n, basePerEpoch: 30_000n },
    });
    expect(stage.ledger.height).toBeLessThanOrEqual(firstHeight + 10);
    const old = await draft();
    const { basePerEpoch, collateral } = { basePerEpoch: 30_000n, collateral: old.collateral / 3n };
    expect(client.verdict(await client.propose({ ...old, basePerEpoch, collateral }, fragments)).state).toBe(
      'agreed',
    );
    await stage.ledger.mine(25);
    await stage.mine();
    const late = await draft({ basePerEpoch });
    expect(client.verdict(await client.propose(late, fragments))).toMatchObject({
      state: 'countered',
      rule: 'agreement/price',
      counter: { basePerEpoch: 90_000n },
    });
  }, 60_000);

  test('that is withdrawn frees its room at once, for good, and says so again after a restart', async () => {
    const client = await openStored();
    await client.propose(await draft(cheap), fragments);
    const withdrawn = await client.withdraw();
    expect(client.verdict(withdrawn)).toMatchObject({ state: 'withdrawn', round: 1 });
    expect(stage.provider.provider.context.store.usedBytes()).toBe(0);
    expect(records().contracts()).toEqual([]);
    await restartProvider();
    expect((await client.withdraw()).json()).toEqual(withdrawn.json());
    expect((await client.negotiation()).json()).toEqual(withdrawn.json());
    expectRule(await client.propose(await draft(), fragments), 409, 'negotiation/over');
    expectRule(await client.reserve(), 409, 'reservation/taken');
  }, 60_000);

  test('that is withdrawn after it was agreed keeps the fragments until the agreement cannot be formed', async () => {
    const client = await openStored();
    const agreement = await draft({ formBy: stage.ledger.height + 3 });
    const agreed = await client.propose(agreement, fragments);
    expect(client.verdict(await client.withdraw()).state).toBe('withdrawn');
    expect(stage.provider.provider.context.store.usedBytes()).toBe(92_000);
    expect((await client.propose(agreement, fragments, stage.wallet, 2)).json()).toMatchObject({
      code: 'negotiation/over',
    });
    expect(client.verdict(agreed).state).toBe('agreed');
    await stage.mineUntil(
      'the room to be free',
      async () => records().contract(client.contract) === undefined,
    );
    expect(client.verdict(await client.negotiation()).state).toBe('withdrawn');
  }, 60_000);

  test('whose client falls silent lapses: its room is free, and it is forgotten in the end', async () => {
    let aheadMs = 0;
    const client = await openStored({ now: () => Date.now() + aheadMs });
    const low = await draft(cheap);
    await client.propose(low, fragments);
    aheadMs = 700_000;
    await stage.mineUntil('the room to be free', async () => records().contracts().length === 0);
    const timeMs = Date.now() + aheadMs;
    expect(client.verdict(await client.negotiation({ timeMs }))).toMatchObject({ state: 'lapsed', round: 1 });
    expectRule(await client.propose(await draft(), fragments), 409, 'negotiation/over');
    aheadMs += 3_700_000;
    await stage.mineUntil('it to be forgotten', async () => records().negotiations.count() === 0);
    expectRule(await client.negotiation({ timeMs: Date.now() + aheadMs }), 404, 'contract/unknown');
  }, 60_000);
});

describe('a negotiation is told and taken', () => {
  test('from its client only, at the right time, one number after the other', async () => {
    const client = await openStored();
    const stranger = stage.ledger.wallet('stranger');
    expectRule(await client.negotiation(), 404, 'negotiation/none');
    await client.propose(await draft(cheap), fragments);
    expectRule(await client.negotiation({ signer: stranger }), 401, 'negotiation/signature');
    expectRule(await client.negotiation({ timeMs: Date.now() - 61_000 }), 401, 'negotiation/time');
    expectRule(await client.negotiation({ timeMs: Date.now() + 61_000 }), 401, 'negotiation/time');
    expectRule(await client.withdraw(stranger), 401, 'negotiation/signature');
    const path = `/v1/negotiations/${client.contract}`;
    expectRule(await client.send('GET', path), 401, 'negotiation/unsigned');
    const headers = { 'cairn-negotiation-ask': 'A'.repeat(4_000) };
    expectRule(await client.send('GET', path, { headers }), 401, 'negotiation/signature');
    expectRule(await client.send('GET', '/v1/negotiations/..%2f..'), 404, 'contract/unknown');

    const fair = await draft();
    for (const round of [1, 3, 9]) {
      expectRule(await client.propose(fair, fragments, stage.wallet, round), 409, 'negotiation/round');
    }
    const beyond = await client.propose(fair, fragments, stage.wallet, MAX_PROPOSALS + 1);
    expectRule(beyond, 400, 'request/invalid');
    // What another contract's client signed is worth nothing here.
    const other = stage.provider.client(stranger);
    expectRule(await other.propose({ ...fair, nonce: other.nonce }, fragments), 401, 'agreement/signature');
    other.close();
    expect(client.verdict(await client.propose(fair, fragments)).state).toBe('agreed');
  }, 60_000);

  test('of one client as often as it may reserve', async () => {
    stage = await MarketStage.open({ limits: { maxReservationsPerClient: 3 } });
    for (let count = 0; count < 6; count++) {
      const client = stage.provider.client(stage.wallet);
      expect((await client.reserve({ maxBytes: 1n })).status).toBe(200);
      expect(client.verdict(await client.withdraw())).toMatchObject({ state: 'withdrawn', round: 0 });
      client.close();
    }
    expect(records().negotiations.count()).toBe(3);
    expect(records().contracts()).toEqual([]);
  }, 60_000);
});
