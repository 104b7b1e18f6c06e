import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { decode } from '#chain';
import { drawChunks, type StorageProof, storageProofSchema, validateStorageProof } from '#contracts';
import { hexToBytes } from '#crypto';
import { nativeCrypto } from '#crypto-native';
import { fastDevnet } from '../ledger/testing/index.js';
import { fetchProviderStatus } from './index.js';
import { MarketStage, sampleFragments, TestProvider } from './testing/index.js';

let stage: MarketStage;

async function formContract(fragments: ReturnType<typeof sampleFragments>) {
  const { client, ledger, provider, wallet } = stage;
  expect((await client.reserve()).status).toBe(200);
  for (const fragment of fragments) expect((await client.put(fragment)).status).toBe(201);
  const agreement = client.agreement(await stage.offer(), fragments, {
    formBy: ledger.height + 20,
    payout: provider.provider.context.account,
  });
  const signed = await client.propose(agreement, fragments);
  expect(signed.body.toString()).toContain('agreed');
  await ledger.send(wallet, { kind: 'form', body: client.formBody(agreement, fragments, signed) });
  await ledger.mine();
  return agreement;
}

beforeEach(async () => {
  stage = await MarketStage.open();
});
afterEach(() => stage?.close());

describe('the life of a contract', () => {
  test('room, fragments, agreement, proofs of every epoch, payment, and everything freed at the end', async () => {
    const { client, ledger, provider } = stage;
    const fragments = sampleFragments(1 << 20, 65_536, 1, 4 << 20);
    await formContract(fragments);
    await stage.mineUntil('the end of the contract', async () => {
      const view = await ledger.ledger.contract({ id: client.contract });
      return view?.status === 'completed';
    });
    const view = await ledger.ledger.contract({ id: client.contract });
    expect(view).toMatchObject({ status: 'completed', proven: 3, missed: 0 });
    expect(await ledger.ledger.audit()).toMatchObject({ balanced: true });
    await stage.mineUntil(
      'the room to be free',
      async () => provider.provider.context.store.usedBytes() === 0,
    );
    expect(provider.provider.context.records.contracts()).toEqual([]);
    expect((await client.get(fragments[0]!.id)).status).toBe(404);
  }, 60_000);

  test('an audit proves chosen chunks; a rotten fragment is refused, named and marked', async () => {
    const { client, provider } = stage;
    const fragments = sampleFragments(300_000, 65_536);
    const agreement = await formContract(fragments);
    const chunks = drawChunks(nativeCrypto, fastDevnet, {
      contract: client.contract,
      epoch: 0,
      blockId: 'ab'.repeat(32) as never,
      totalChunks: agreement.totalChunks,
    });
    const draws = [...chunks, 0n, agreement.totalChunks - 1n];
    const answer = await client.audit(draws);
    expect(answer.status).toBe(200);
    const proof = decode(storageProofSchema, hexToBytes(answer.json<{ proof: string }>().proof));
    expect(proof.ok).toBe(true);
    const { root, leafCount } = agreement;
    const target = { root, leafCount, draws, wanted: draws.length };
    const shown = (proof as { value: StorageProof }).value;
    expect(validateStorageProof(nativeCrypto, target, shown)).toBeUndefined();
    expect((await client.audit([agreement.totalChunks])).json()).toMatchObject({ code: 'audit/chunk' });

    const { id, bytes } = fragments[0]!;
    const path = join(provider.dataDir, 'fragments', id.slice(0, 2), id);
    const file = await readFile(path);
    file[1000]! ^= 1;
    await writeFile(path, file);
    expect(await client.get(id)).toMatchObject({ status: 410 });
    expect((await client.get(id, 'bytes=5-6')).json()).toMatchObject({ code: 'fragment/corrupt' });
    expect((await client.audit([0n])).json()).toMatchObject({ status: 410, code: 'fragment/corrupt' });
    expect(await provider.provider.scrubber.scrub()).toEqual([id]);
    const status = await fetchProviderStatus(provider.url);
    expect(status.disk.corruptFragments).toEqual([id]);
    expect(status.alerts[0]).toMatchObject({ severity: 'critical', code: 'disk/corrupt-fragments' });

    expect((await client.put({ id, bytes })).status).toBe(201);
    expect((await client.audit([0n])).status).toBe(200);
    expect((await fetchProviderStatus(provider.url)).disk.corruptFragments).toEqual([]);
  }, 60_000);

  test('a proof that vanishes on its way is handed in again, and every epoch is proven', async () => {
    const { client, ledger, provider } = stage;
    const real = ledger.ledger.submitTransaction.bind(ledger.ledger);
    let swallowed = 0;
    ledger.ledger.submitTransaction = async (request) => {
      // Kind 12 is `prove`: the first of each two is lost, as in a reorganisation.
      const isProof = request.hex.startsWith('0c00');
      if (!isProof || swallowed++ % 2 === 1) return real(request);
      return { id: 'ef'.repeat(32) };
    };
    await formContract(sampleFragments(20_000));
    await stage.mineUntil('the end of the contract', async () => {
      return (await ledger.ledger.contract({ id: client.contract }))?.status === 'completed';
    });
    expect(await ledger.ledger.contract({ id: client.contract })).toMatchObject({ proven: 3, missed: 0 });
    expect(swallowed).toBe(6);
    expect(provider.provider.context.records.contracts().length).toBeLessThanOrEqual(1);
  }, 60_000);

  test('with its records lost, contracts are found again on the chain, served and proven', async () => {
    const { client, ledger, wallet } = stage;
    const fragments = sampleFragments(50_000, 60_000);
    await formContract(fragments);
    await stage.mine();
    await stage.provider.stop();
    for (const name of await readdir(stage.provider.dataDir)) {
      if (/\.sqlite/.test(name)) await rm(join(stage.provider.dataDir, name));
    }
    const { dataDir } = stage.provider;
    stage.provider = await TestProvider.open({ params: fastDevnet, ledger: ledger.ledger, dataDir });
    await stage.mineUntil('the end of the contract', async () => {
      return (await ledger.ledger.contract({ id: client.contract }))?.status === 'completed';
    });
    expect(await ledger.ledger.contract({ id: client.contract })).toMatchObject({ proven: 3, missed: 0 });
    const again = Object.assign(stage.provider.client(wallet), {
      nonce: client.nonce,
      ticketKeys: client.ticketKeys,
    });
    expect((await again.get(fragments[0]!.id)).body.equals(fragments[0]!.bytes)).toBe(true);
    again.close();
  }, 60_000);

  test('a contract that its client ends early frees the room, and the shared fragment of another stays', async () => {
    const { client, ledger, provider, wallet } = stage;
    const fragments = sampleFragments(50_000);
    const other = provider.client(wallet);
    expect((await other.reserve({ maxBytes: 60_000n })).status).toBe(200);
    expect((await other.put(fragments[0]!)).status).toBe(201);
    await formContract(fragments);
    await ledger.send(wallet, { kind: 'end', body: { contract: client.contract } });
    await stage.mineUntil('the contract to be forgotten', async () => {
      return provider.provider.context.records.contract(client.contract as never) === undefined;
    });
    expect(await ledger.ledger.contract({ id: client.contract })).toMatchObject({
      status: 'cancelled',
      missed: 0,
    });
    expect((await other.get(fragments[0]!.id)).body.equals(fragments[0]!.bytes)).toBe(true);
    other.close();
  }, 60_000);
});
