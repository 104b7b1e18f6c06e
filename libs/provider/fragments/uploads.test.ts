import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { type ContractId, decode, type FragmentId } from '#chain';
import { hexToBytes } from '#crypto';
import { nativeCrypto } from '#crypto-native';
import { AppError, accepted } from '#errors';
import { receiptMessage, receiptSchema } from '#wire';
import { fastDevnet } from '../../ledger/testing/index.js';
import { type Answer, MarketStage, type ProviderClient, sampleFragments, until } from '../testing/index.js';
import type { TicketGate } from '../tickets/ticket-gate.js';
import { Uploads } from './uploads.js';

let stage: MarketStage;
let client: ProviderClient;

beforeAll(async () => {
  stage = await MarketStage.open({ terms: { capacityBytes: 3 << 20 } });
});
beforeEach(() => {
  client = stage.provider.client(stage.wallet);
});
afterAll(() => stage?.close());

const one = (lengthBytes: number) => sampleFragments(lengthBytes)[0]!;
const store = () => stage.provider.provider.context.store;
const expectRule = (answer: Answer, status: number, code: string): void => {
  expect(answer.json()).toMatchObject({ status, code });
  expect(answer.status).toBe(status);
};

describe('an upload', () => {
  test('is answered with a receipt that the provider signed; a repeat with another of the same kind', async () => {
    await client.reserve({ maxBytes: 200_000n });
    const fragment = one(100_000);
    for (let repeat = 0; repeat < 2; repeat++) {
      const answer = await client.put(fragment);
      expect(answer.status).toBe(201);
      const { receipt, signature } = answer.json<{ receipt: string; signature: string }>();
      const decoded = decode(receiptSchema, hexToBytes(receipt));
      if (!decoded.ok) throw new Error(decoded.violation.rule);
      expect(decoded.value).toMatchObject({
        contract: client.contract,
        fragment: fragment.id,
        lengthBytes: 100_000,
      });
      const check = {
        publicKey: stage.provider.keys.publicKey,
        message: receiptMessage(nativeCrypto, fastDevnet, decoded.value),
        signature: hexToBytes(signature),
      };
      expect(nativeCrypto.verify(check)).toBe(true);
    }
    expect(store().usedBytes()).toBe(100_000);
  });

  test('whose record cannot be written ends with its body: its memory is nobody else’s before', async () => {
    await client.reserve({ maxBytes: 200_000n });
    const { context } = stage.provider.provider;
    const contract = context.records.contract(client.contract as ContractId);
    const failed = new AppError({ code: 'provider/store-failed', message: 'the disk is full', next: 'wait' });
    const records = { ...context.records, addFragment: () => Promise.reject(failed) };
    const nothing = async () => undefined;
    const gate = { admit: () => accepted({ contract, charge: nothing, refund: nothing }) };
    const uploads = new Uploads({ ...context, records }, gate as unknown as TicketGate);
    const { id, bytes } = one(100_000);
    let arrive: (() => void) | undefined;
    const body = {
      stream: () => {
        throw new Error('taken whole');
      },
      fill: (buffer: Uint8Array) =>
        new Promise<void>((resolve) => {
          arrive = () => {
            buffer.set(bytes);
            resolve();
          };
        }),
    };
    const request = { id, ticket: undefined, use: undefined, contentLength: '100000' };
    const outcome = uploads.receive(request, body).catch((error: unknown) => error);
    await until('its body', () => arrive !== undefined);
    await new Promise((resolve) => setImmediate(resolve));
    expect(uploads.isUnderWay(id as FragmentId)).toBe(true);
    arrive?.();
    expect(await outcome).toBe(failed);
    expect(uploads.isUnderWay(id as FragmentId)).toBe(false);
    await store().remove(id as FragmentId);
  });

  test('whose bytes do not match the id is refused, and nothing of it stays', async () => {
    await client.reserve({ maxBytes: 200_000n });
    const { id } = one(10);
    const usedBefore = store().usedBytes();
    const { bytes } = one(150_000);
    expectRule(await client.put({ id, bytes }), 422, 'fragment/mismatch');
    expect(store().usedBytes()).toBe(usedBefore);
    expectRule(await client.get(id), 404, 'fragment/not-in-contract');
    const right = one(150_000);
    expect((await client.put(right)).status).toBe(201);
  });

  test('without a length, empty, or too large is refused before a byte is read', async () => {
    await client.reserve({ maxBytes: 200_000n });
    const fragment = one(10);
    const chunked = { 'transfer-encoding': 'chunked', ...client.ticketHeaders('put', fragment.id) };
    const path = `/v1/fragments/${fragment.id}`;
    expectRule(
      await client.send('PUT', path, { headers: chunked, body: fragment.bytes }),
      411,
      'fragment/length-required',
    );
    const length = (sizeBytes: number) => ({
      'content-length': sizeBytes,
      ...client.ticketHeaders('put', fragment.id),
    });
    expectRule(await client.send('PUT', path, { headers: length(0) }), 400, 'fragment/empty');
    const huge = client.send('PUT', path, { headers: length(5 << 20), body: new Uint8Array(5 << 20) });
    const answer = await huge.catch(() => undefined);
    // The connection may be cut while the client still sends; the answer, where it arrives, names the rule.
    if (answer !== undefined) expectRule(answer, 413, 'fragment/too-large');
    expect(await store().has(fragment.id)).toBe(false);
  });

  test.each(['..%2f..%2fetc%2fpasswd', '%2e%2e', 'A'.repeat(64), 'a'.repeat(63), `${'a'.repeat(64)}%00`])(
    'to %s is refused: only a fragment id can name a file',
    async (name) => {
      await client.reserve({ maxBytes: 100n });
      const headers = { 'content-length': 3, ...client.ticketHeaders('put', one(3).id) };
      const answer = await client.send('PUT', `/v1/fragments/${name}`, { headers, body: 'abc' });
      expect([400, 404]).toContain(answer.status);
      const folder = await readdir(stage.provider.dataDir);
      expect(folder.filter((entry) => entry.includes('passwd'))).toEqual([]);
    },
  );

  test('beyond the reserved bytes or count is refused', async () => {
    await client.reserve({ maxBytes: 1_000n, maxFragments: 2 });
    expect((await client.put(one(600))).status).toBe(201);
    expectRule(await client.put(one(401)), 422, 'reservation/over-bytes');
    expect((await client.put(one(200))).status).toBe(201);
    expectRule(await client.put(one(10)), 422, 'reservation/over-fragments');
  });

  test('cut off in the middle leaves nothing behind and can be repeated', async () => {
    await client.reserve({ maxBytes: 500_000n });
    const fragment = one(400_000);
    const headers = { 'content-length': 400_000, ...client.ticketHeaders('put', fragment.id) };
    const path = `/v1/fragments/${fragment.id}`;
    const cut = client.send('PUT', path, { headers, body: fragment.bytes, cutAfterBytes: 200_000 });
    await expect(cut).rejects.toThrow();
    const incoming = join(stage.provider.dataDir, 'fragments', 'incoming');
    await until('the half fragment to be removed', async () => (await readdir(incoming)).length === 0);
    expect(await store().has(fragment.id)).toBe(false);
    expect((await client.put(fragment)).status).toBe(201);
    expect((await client.get(fragment.id)).body.equals(fragment.bytes)).toBe(true);
  });

  test('to a lapsed reservation is refused, and what it held is freed', async () => {
    const soon = BigInt(Math.floor(Date.now() / 1000) + 2);
    await client.reserve({ maxBytes: 1_000n, expiresAt: soon });
    const fragment = one(500);
    expect((await client.put(fragment)).status).toBe(201);
    await until('the reservation to lapse', () => BigInt(Math.floor(Date.now() / 1000)) >= soon);
    const code = (await client.put(one(50))).json()['code'];
    expect(['reservation/expired', 'contract/unknown']).toContain(code);
    await until('its room to be free', async () => !(await store().has(fragment.id)));
  });

  test('to a store without room is answered with 507', async () => {
    const room = 3n << 20n;
    expectRule(await client.reserve({ maxBytes: room + 1n }), 507, 'reservation/no-room');
  });
});
