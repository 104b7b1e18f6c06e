import { afterEach, expect, test } from '@jest/globals';
import { tellProvider } from '../index.js';
import { MarketStage, sampleFragments } from '../testing/index.js';

let stage: MarketStage;
afterEach(() => stage?.close());

async function formContract(epochs = 3): Promise<string> {
  const { client, ledger, provider, wallet } = stage;
  const fragments = sampleFragments(30_000);
  await client.reserve({ epochs });
  for (const fragment of fragments) await client.put(fragment);
  const terms = { formBy: ledger.height + 20, payout: provider.provider.context.account, epochs };
  const agreement = client.agreement(await stage.offer(), fragments, terms);
  const agreed = await client.propose(agreement, fragments);
  await ledger.send(wallet, { kind: 'form', body: client.formBody(agreement, fragments, agreed) });
  await stage.mine();
  await stage.mineUntil('the form to be seen', async () => {
    return provider.provider.context.records.contract(client.contract)?.state === 'formed';
  });
  return client.contract;
}

test('maintenance is declared before the draw, once: no challenge in that epoch, no strike', async () => {
  stage = await MarketStage.open();
  const contract = await formContract();
  const { ledger } = stage.ledger;
  const [declared] = await tellProvider(stage.provider.url, 'skip');
  expect(declared).toMatchObject({ contract, epoch: 0 });
  await stage.mineUntil('the skip', async () => (await ledger.contract({ id: contract }))?.skip === 0);
  const [again] = await tellProvider(stage.provider.url, 'skip', [contract]);
  expect(again).toEqual({ contract, why: 'maintenance was declared for epoch 0' });
  expect(await tellProvider(stage.provider.url, 'skip', ['ab'.repeat(32)])).toEqual([]);
  await stage.mineUntil('the end of the contract', async () => {
    return (await ledger.contract({ id: contract }))?.status === 'completed';
  });
  expect(await ledger.contract({ id: contract })).toMatchObject({ proven: 2, missed: 0 });
  expect(await ledger.audit()).toMatchObject({ balanced: true });
}, 60_000);

test('only the operator on this machine decides: no browser, no proxy', async () => {
  stage = await MarketStage.open();
  const strangers: Record<string, string>[] = [
    { origin: 'http://evil.example' },
    { 'x-forwarded-for': '10.0.0.1' },
  ];
  for (const headers of strangers) {
    const answer = await stage.client.postJson('/v1/operator/drain', {}, headers);
    expect(answer.status).toBe(404);
  }
  expect(stage.provider.provider.context.records.isDraining()).toBe(false);
}, 60_000);

test('who leaves takes nothing new, also after a restart, and may change its mind', async () => {
  stage = await MarketStage.open();
  const contract = await formContract();
  const [drained] = await tellProvider(stage.provider.url, 'drain');
  expect(drained).toMatchObject({ contract });
  stage.provider = await stage.provider.restart();
  await stage.mineUntil('the offer to be withdrawn', async () => (await stage.offer()).capacityBytes === '0');
  const other = stage.provider.client(stage.wallet);
  expect((await other.reserve()).json()).toMatchObject({ status: 503, code: 'provider/no-offer' });
  const [again] = await tellProvider(stage.provider.url, 'drain');
  expect(again?.why).toContain('it was declared in block');
  await other.postJson('/v1/operator/stay', {});
  await stage.mineUntil('the offer', async () => (await stage.offer()).capacityBytes !== '0');
  expect((await other.reserve({ maxBytes: 1n })).status).toBe(200);
  other.close();
  await stage.mineUntil('the end of the contract', async () => {
    return (await stage.ledger.ledger.contract({ id: contract }))?.status === 'completed';
  });
  expect(await stage.ledger.ledger.contract({ id: contract })).toMatchObject({ proven: 3, missed: 0 });
}, 60_000);
