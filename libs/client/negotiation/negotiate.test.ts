import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, request, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { fastDevnet } from '../../ledger/testing/index.js';
import { MarketStage, sampleFragments } from '../../provider/testing/index.js';
import { CairnClient } from '../client.js';
import { type ChainNow, UploadSlot } from '../transfer/upload-slot.js';
import { resumeNegotiation } from './resume.js';

const PHRASE = 'legal winner thank year wave sausage worth useful legal winner thank yellow';
const [fragment] = sampleFragments(50_000);

let stage: MarketStage;
let client: CairnClient;
let proxy: Server | undefined;
let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cairn-journal-'));
  stage = await MarketStage.open();
  client = openClient();
});
afterEach(async () => {
  await client.close();
  proxy?.closeAllConnections();
  await new Promise((resolve) => (proxy === undefined ? resolve(undefined) : proxy.close(resolve)));
  proxy = undefined;
  await stage.close();
  await rm(folder, { recursive: true, force: true });
});

function openClient(): CairnClient {
  return CairnClient.open({
    ledger: stage.ledger.ledger,
    params: fastDevnet,
    phrase: PHRASE,
    workers: 1,
    requestTimeoutMs: 2_000,
    journalFolder: folder,
  });
}

/** A slot with one fragment stored, at the provider's own address or at another that leads to it. */
async function storedSlot(address?: string): Promise<UploadSlot> {
  const [candidate] = await client.context.providers.candidates();
  const endpoint = { ...candidate!.endpoint, addresses: [address ?? stage.provider.url] };
  const room = { maxBytes: 100_000n, maxFragments: 4, epochs: 3 };
  const slot = await UploadSlot.open(client.context, { ...candidate!, endpoint }, room);
  await slot.put(fragment!.id, fragment!.bytes);
  return slot;
}

async function now(): Promise<ChainNow> {
  const { tip, burnPerGiBEpoch } = await stage.ledger.ledger.status();
  return { height: tip.height, burnPerGiBEpoch: BigInt(burnPerGiBEpoch) };
}

/** The provider asks more from now on; the slot was opened at the price before. */
async function raisePrice(basePerEpoch: bigint): Promise<void> {
  stage.provider = await stage.provider.restart({ terms: { basePerEpoch } });
  await stage.mineUntil('the dearer offer', async () => {
    return (await stage.offer()).basePerEpoch === String(basePerEpoch);
  });
}

const records = () => stage.provider.provider.context.records;

/** Stands between client and provider; what it does to an answer about a negotiation is the test's. */
async function standBetween(
  spoil: (answer: { body: string; count: number }, response: ServerResponse) => string | undefined,
): Promise<string> {
  let count = 0;
  proxy = createServer((incoming, response) => {
    const { method, url, headers } = incoming;
    const onward = request(`${stage.provider.url}${url}`, { method, headers }, (answer) => {
      const parts: Buffer[] = [];
      answer.on('data', (part: Buffer) => parts.push(part));
      answer.on('end', () => {
        let body: string | Buffer | undefined = Buffer.concat(parts);
        if (url === '/v1/negotiations') body = spoil({ body: body.toString(), count: ++count }, response);
        if (body === undefined) return;
        response.writeHead(200, { 'content-type': 'application/json' });
        response.end(body);
      });
    });
    incoming.pipe(onward);
  });
  await new Promise<void>((resolve) => proxy?.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`;
}

test('a price that rose within the limits is gone along with, by itself', async () => {
  const slot = await storedSlot();
  await raisePrice(23_000n);
  const { agreement } = await slot.agree(await now(), { limits: { maxPriceIncreaseBps: 1_500 } });
  expect(agreement).toMatchObject({ basePerEpoch: 23_000n, offerNumber: 2n });
  expect(records().contract(slot.contract)).toMatchObject({ state: 'agreed' });
}, 60_000);

test('a price beyond the limits is not paid: the client withdraws, says why, and the room is free', async () => {
  const slot = await storedSlot();
  await raisePrice(23_001n);
  await expect(slot.agree(await now(), { limits: { maxPriceIncreaseBps: 1_500 } })).rejects.toMatchObject({
    code: 'negotiation/too-dear',
    message: expect.stringContaining('basePerEpoch 23001 instead of 20000'),
  });
  expect(records().contract(slot.contract)).toBeUndefined();
  expect(stage.provider.provider.context.store.usedBytes()).toBe(0);
  expect(await client.context.journal.open()).toEqual([]);
}, 60_000);

test('an answer that gets lost is asked for again, and is the same', async () => {
  const seen: string[] = [];
  const url = await standBetween(({ body, count }, response) => {
    seen.push(body);
    if (count > 1) return body;
    response.destroy();
    return undefined;
  });
  const slot = await storedSlot(url);
  const { providerSignature } = await slot.agree(await now(), {});
  expect(providerSignature).toHaveLength(64);
  expect(seen).toHaveLength(2);
  expect(seen[1]).toBe(seen[0]);
}, 60_000);

test('a verdict that somebody on the way has changed is refused', async () => {
  const url = await standBetween(({ body }) => {
    const answer = JSON.parse(body) as { verdict: string };
    const at = answer.verdict.length - 20;
    const digit = answer.verdict[at] === '0' ? '1' : '0';
    const verdict = answer.verdict.slice(0, at) + digit + answer.verdict.slice(at + 1);
    return JSON.stringify({ ...answer, verdict });
  });
  const slot = await storedSlot(url);
  await expect(slot.agree(await now(), {})).rejects.toMatchObject({ code: 'provider/bad-signature' });
}, 60_000);

test('the verdict about another proposal is refused, though the provider signed it', async () => {
  let earlier = '';
  const url = await standBetween(({ body, count }) => {
    if (count === 1) earlier = body;
    return earlier;
  });
  const slot = await storedSlot(url);
  await slot.agree(await now(), {});
  const other = { ...(await now()), burnPerGiBEpoch: 77n };
  await expect(slot.agree(other, {})).rejects.toMatchObject({ code: 'provider/bad-signature' });
}, 60_000);

test('a client killed before it had the answer finds what it proposed, and gets the answer', async () => {
  const url = await standBetween((_answer, response) => {
    response.destroy();
    return undefined;
  });
  const slot = await storedSlot(url);
  await expect(slot.agree(await now(), {})).rejects.toMatchObject({ code: 'provider/unreachable' });
  await client.close();
  client = openClient();
  const [open, ...others] = await client.context.journal.open();
  expect(others).toEqual([]);
  expect(await resumeNegotiation(client.context, open!)).toMatchObject({ outcome: 'unreachable' });
  const straight = { ...open!, baseUrl: stage.provider.url };
  const resumed = await resumeNegotiation(client.context, straight);
  expect(resumed).toMatchObject({ outcome: 'agreed', agreed: { agreement: { epochs: 3 } } });
}, 60_000);

test('what another living process negotiates is left to it', async () => {
  const slot = await storedSlot();
  await slot.agree(await now(), {});
  const path = join(folder, 'negotiations', `${slot.contract}.json`);
  const entry = JSON.parse(await readFile(path, 'utf8')) as { pid: number };
  expect(entry.pid).toBe(process.pid);
  await writeFile(path, JSON.stringify({ ...entry, pid: process.ppid }));
  expect(await client.withdrawOpenNegotiations()).toEqual([]);
  expect(records().contract(slot.contract)?.negotiation).toMatchObject({ state: 'agreed' });
  await writeFile(path, JSON.stringify({ ...entry, pid: 2 ** 30 }));
  expect(await client.withdrawOpenNegotiations()).toEqual([]);
  expect(records().contract(slot.contract)?.negotiation).toMatchObject({ state: 'withdrawn' });
}, 60_000);

test('what a killed client left open is withdrawn, so that no provider waits for it', async () => {
  const slot = await storedSlot();
  await slot.agree(await now(), {});
  await client.close();
  client = openClient();
  expect(await client.withdrawOpenNegotiations()).toEqual([]);
  expect(records().contract(slot.contract)?.negotiation).toMatchObject({ state: 'withdrawn' });
  expect(await client.context.journal.open()).toEqual([]);
}, 60_000);
