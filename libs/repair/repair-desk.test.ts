import { request } from 'node:http';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { handOver, manifestToCapability } from '#client';
import { nativeCrypto } from '#crypto-native';
import { type Manifest } from '#fragments';
import { type RepairCapability, signRepairCapability } from '#wire';
import { fastDevnet } from '../ledger/testing/index.js';
import { until } from '../provider/testing/index.js';
import { type LeftFile, RepairStage } from './testing/index.js';

const LIMITS = { capabilityBytes: 20_000, filesPerClient: 2, bytesPerClient: 30_000 };

const BODY = { bodyGraceMs: 400, bodyBytesPerSecond: 1_000_000 };

let stage: RepairStage;
let file: LeftFile;
let given: RepairCapability;
beforeAll(async () => {
  stage = await RepairStage.open(4, { limits: { ...LIMITS, ...BODY } });
  file = await stage.store(150_000);
  const key = stage.client.market.ledger.wallet('repairer').publicKey;
  given = capabilityOf(file.manifest, BigInt(Date.now() + 60_000), key);
}, 180_000);
afterAll(async () => {
  await stage.close();
});

function capabilityOf(manifest: Manifest, number: bigint, repairerKey: Uint8Array): RepairCapability {
  return manifestToCapability(stage.client.client.context, manifest, { repairerKey, number });
}

const sign = (
  capability: RepairCapability,
  secretKey = stage.client.client.context.identity.wallet.secretKey,
) => signRepairCapability(nativeCrypto, fastDevnet, capability, secretKey).bytes;

async function post(body: Uint8Array, headers: Record<string, string> = {}) {
  const answer = await fetch(`${stage.url}/v1/repair/files`, {
    method: 'POST',
    body: Buffer.from(body),
    headers: { 'content-type': 'application/octet-stream', ...headers },
  });
  return { status: answer.status, ...((await answer.json()) as { code?: string; outcome?: string }) };
}
const codeOf = async (body: Uint8Array) => (await post(body)).code;

/** Sends the beginning of a capability and no more; answers with what it is told. */
function sendSlowly(headers: Record<string, string> = {}) {
  const { port } = new URL(stage.url);
  const sending = request({ port, path: '/v1/repair/files', method: 'POST', headers });
  const answered = new Promise<{ status: number | undefined; code: string; retryAfter: string | undefined }>(
    (resolve, reject) => {
      sending.on('error', reject).on('response', async (answer) => {
        const body = JSON.parse(Buffer.concat(await answer.toArray()).toString()) as { code: string };
        resolve({ status: answer.statusCode, code: body.code, retryAfter: answer.headers['retry-after'] });
      });
    },
  );
  sending.write(new Uint8Array([1]));
  return { answered, stop: () => sending.destroy() };
}

describe('what strangers send', () => {
  test('no capability, or somebody else’s: refused with its rule', async () => {
    expect(await post(new Uint8Array([9, 9]))).toMatchObject({ status: 422, code: 'repair/version' });
    expect(await codeOf(new Uint8Array([1, ...new Uint8Array(200)]))).toBe('repair/malformed');
    const stranger = stage.client.market.ledger.wallet('stranger');
    expect(await codeOf(sign(given, stranger.secretKey))).toBe('repair/signature');
    expect(await codeOf(sign({ ...given, repairerKey: stranger.publicKey }))).toBe('repair/other-repairer');
  });

  test('contracts that are not the sender’s, that nobody knows, or that name no repairer', async () => {
    const stranger = stage.client.market.ledger.wallet('stranger');
    const theirs = { ...given, subject: 'ab'.repeat(32), clientKey: stranger.publicKey };
    expect(await codeOf(sign(theirs, stranger.secretKey))).toBe('repair/not-client');
    const contracts = given.content!.contracts.map((id) => `00${id.slice(2)}` as never);
    const unknown = { ...given, content: { ...given.content!, contracts } };
    expect(await codeOf(sign(unknown))).toBe('repair/unknown-contract');
    await stage.client.reopenClient({ requestTimeoutMs: 20_000 });
    const { contract } = await stage.client.form([5_000]);
    const [segment] = given.content!.segments;
    const alone = {
      ...given,
      subject: 'cd'.repeat(32),
      content: {
        ...given.content!,
        contracts: [contract],
        segments: [{ ...segment!, holders: [1, 0, 0, 0] }],
      },
    };
    expect(await codeOf(sign(alone))).toBe('repair/not-named');
  });

  test('a subject belongs to who handed it over first; numbers rise; the same again is known', async () => {
    expect(await post(sign(given))).toMatchObject({ status: 200, outcome: 'taken' });
    expect(await post(sign(given))).toMatchObject({ status: 200, outcome: 'known' });
    expect(await codeOf(sign({ ...given, number: given.number - 1n }))).toBe('repair/stale');
    const stranger = stage.client.market.ledger.wallet('stranger');
    const stolen = { ...given, number: given.number + 1n, clientKey: stranger.publicKey, content: undefined };
    expect(await codeOf(sign(stolen, stranger.secretKey))).toBe('repair/other-client');
    expect(stage.repairer.file(given.subject)).not.toBeNull();
  });

  test('nothing grows without bound: length, files and bytes of a client, readers at the same time', async () => {
    expect(await post(new Uint8Array(30_000))).toMatchObject({ status: 413, code: 'repair/too-large' });
    const other = (byte: number) => ({
      ...given,
      subject: byte.toString(16).repeat(64),
      number: given.number + 5n,
    });
    expect(await post(sign(other(1)))).toMatchObject({ outcome: 'taken' });
    expect(await codeOf(sign(other(2)))).toBe('repair/too-many-files');
    const leave = Array.from({ length: 4 }, () => stage.repairer.desk.enter());
    expect(await post(sign(given))).toMatchObject({ status: 503, code: 'repair/busy' });
    for (const go of leave) go();
    expect(await post(sign({ ...other(1), number: given.number + 6n, content: undefined }))).toMatchObject({
      outcome: 'withdrawn',
    });
    expect(stage.repairer.status()).toMatchObject({ files: 1 });
  });

  test('the status is for this machine alone, and a file for who knows its subject', async () => {
    const forwarded = await fetch(`${stage.url}/v1/repair/status`, {
      headers: { 'x-forwarded-for': '1.2.3.4' },
    });
    expect(forwarded.status).toBe(404);
    expect((await fetch(`${stage.url}/v1/repair/status`)).status).toBe(200);
    expect((await fetch(`${stage.url}/v1/repair/files/${'00'.repeat(32)}`)).status).toBe(404);
    const info = (await (await fetch(`${stage.url}/v1/repair/info`)).json()) as { limits: unknown };
    expect(info.limits).toEqual(LIMITS);
  });
});

describe('slow senders', () => {
  test('hold no place for longer than their time: who comes later is told when to come again, and is served', async () => {
    const slow = Array.from({ length: 4 }, () => sendSlowly());
    const places = () => stage.repairer.desk['reading'];
    await until('four to be read', () => places() === 4);
    const late = await sendSlowly().answered;
    expect(late).toEqual({ status: 503, code: 'repair/busy', retryAfter: '5' });
    for (const { answered } of slow)
      expect(await answered).toMatchObject({ status: 408, code: 'repair/too-slow' });
    expect(places()).toBe(0);
    expect(await post(sign(given))).toMatchObject({ status: 200 });
  });

  test('of one address take two of the four places', async () => {
    // As a reverse proxy on this machine tells it: what stands before the last address is the sender's own word.
    const from = (address: string) => ({ 'x-forwarded-for': `10.9.9.${++count}, ${address}` });
    let count = 0;
    const slow = [sendSlowly(from('192.0.2.7')), sendSlowly(from('192.0.2.7'))];
    await until('two to be read', () => stage.repairer.desk['reading'] === 2);
    expect(await sendSlowly(from('192.0.2.7')).answered).toEqual({
      status: 429,
      code: 'repair/too-many',
      retryAfter: '5',
    });
    expect(await post(sign(given), from('192.0.2.8'))).toMatchObject({ status: 200 });
    for (const { answered } of slow) expect(await answered).toMatchObject({ code: 'repair/too-slow' });
  });
});

test('what was taken back stays away: a copy of what was signed before is refused, also after a restart', async () => {
  const first = sign({ ...given, number: given.number + 10n });
  expect(await post(first)).toMatchObject({ outcome: 'taken' });
  const withdrawal = sign({ ...given, number: given.number + 11n, content: undefined });
  expect(await post(withdrawal)).toMatchObject({ outcome: 'withdrawn' });
  expect(await codeOf(first)).toBe('repair/stale');
  expect(await post(withdrawal)).toMatchObject({ outcome: 'withdrawn' });
  const stranger = stage.client.market.ledger.wallet('stranger');
  const stolen = { ...given, number: given.number + 12n, clientKey: stranger.publicKey };
  expect(await codeOf(sign(stolen, stranger.secretKey))).toBe('repair/other-client');
  await stage.stopRepairer();
  await stage.startRepairer({ limits: { ...LIMITS, ...BODY } });
  expect(await codeOf(first)).toBe('repair/stale');
  expect(stage.repairer.file(given.subject)).toBeNull();
  expect(await post(sign({ ...given, number: given.number + 12n }))).toMatchObject({ outcome: 'taken' });
  expect(stage.repairer.file(given.subject)).not.toBeNull();
});

test('handing over: what changed is sent again, what is gone is taken back, a repairer that is away is named', async () => {
  const { context } = stage.client.client;
  const book = `${stage.folder}/book.json`;
  const later = { ...context, nowMs: () => Date.now() + 120_000 };
  const thing = { name: 'file', manifest: file.manifest };
  expect(await handOver(later, [thing], { book })).toMatchObject({ handed: 1, withdrawn: 0, failed: [] });
  expect(await handOver(later, [thing], { book })).toMatchObject({ handed: 0, withdrawn: 0, failed: [] });
  expect(await handOver(later, [], { book })).toMatchObject({ handed: 0, withdrawn: 1, failed: [] });
  expect(stage.repairer.file(given.subject)).toBeNull();
  await stage.stopRepairer();
  const { failed } = await handOver(later, [thing], { book });
  expect(failed).toEqual([expect.objectContaining({ name: 'file', repairer: stage.repairer.address })]);
  await stage.startRepairer({ limits: LIMITS });
  expect(await handOver(later, [thing], { book })).toMatchObject({ handed: 1, failed: [] });
  expect(stage.repairer.file(given.subject)).toMatchObject({ contracts: 4, segments: 2 });
});
