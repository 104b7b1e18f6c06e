import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { nativeCrypto } from '#crypto-native';
import { type Answer, MarketStage, type ProviderClient, sampleFragments, until } from '../testing/index.js';

const otherKeys = () => {
  const secretKey = new Uint8Array(32).fill(9);
  return { secretKey, publicKey: nativeCrypto.publicKey(secretKey) };
};
const past = BigInt(Math.floor(Date.now() / 1000) - 1);

let stage: MarketStage;
let client: ProviderClient;
const [fragment, other] = sampleFragments(100_000, 50_000) as [
  ReturnType<typeof sampleFragments>[0],
  ReturnType<typeof sampleFragments>[0],
];

beforeAll(async () => {
  stage = await MarketStage.open();
  client = stage.client;
  await client.reserve();
  expect((await client.put(fragment)).status).toBe(201);
});
afterAll(() => stage?.close());

const expectRule = (answer: Answer, status: number, code: string): void => {
  expect(answer.json()).toMatchObject({ status, code });
  expect(answer.status).toBe(status);
  expect(answer.headers['content-type']).toContain('application/problem+json');
};

describe('a ticket is refused, by its own rule, when it is', () => {
  type Bend = Parameters<ProviderClient['ticketHeaders']>[2];
  const cases: readonly (readonly [string, number, string, () => Bend])[] = [
    ['forged', 401, 'ticket/forged', () => ({ signer: otherKeys() })],
    ['expired', 403, 'ticket/expired', () => ({ ticket: { expiresAt: past } })],
    ['for another fragment', 403, 'ticket/other-fragment', () => ({ ticket: { fragment: other.id } })],
    ['for another method', 403, 'ticket/method', () => ({ ticket: { method: 'put' } })],
    [
      'for another provider',
      403,
      'ticket/other-provider',
      () => ({ ticket: { providerKey: otherKeys().publicKey } }),
    ],
    [
      'of an unknown contract',
      404,
      'contract/unknown',
      () => ({ ticket: { contract: 'cd'.repeat(32) as never } }),
    ],
    ['used by another holder', 401, 'ticket/use-signature', () => ({ holder: otherKeys() })],
    ['used with a use of another fragment', 403, 'ticket/use-other', () => ({ use: { fragment: other.id } })],
    ['used with a use of another method', 403, 'ticket/use-other', () => ({ use: { method: 'put' } })],
    [
      'used a minute too late',
      401,
      'ticket/use-time',
      () => ({ use: { time: BigInt(Date.now() - 61_000) } }),
    ],
    [
      'used a minute too early',
      401,
      'ticket/use-time',
      () => ({ use: { time: BigInt(Date.now() + 61_000) } }),
    ],
    ['over its byte budget', 403, 'ticket/over-budget', () => ({ ticket: { budgetBytes: 99_999n } })],
  ];
  test.each(cases)('%s', async (_name, status, code, bend) => {
    const answer = await client.get(fragment.id, undefined, client.ticketHeaders('get', fragment.id, bend()));
    expectRule(answer, status, code);
  });

  test('missing, half missing or no ticket at all', async () => {
    const good = client.ticketHeaders('get', fragment.id);
    const only = (name: string) => ({ [name]: good[name] as string });
    expectRule(await client.get(fragment.id, undefined, {}), 401, 'ticket/missing');
    expectRule(await client.get(fragment.id, undefined, only('cairn-ticket')), 401, 'ticket/use-missing');
    for (const text of ['x', 'A'.repeat(400), 'A'.repeat(5_000)]) {
      expectRule(
        await client.get(fragment.id, undefined, { ...good, 'cairn-ticket': text }),
        401,
        'ticket/malformed',
      );
    }
    const useMalformed = { ...good, 'cairn-ticket-use': 'AAAA' };
    expectRule(await client.get(fragment.id, undefined, useMalformed), 401, 'ticket/use-malformed');
  });

  test('of another contract of the same provider', async () => {
    const elsewhere = stage.provider.client(stage.wallet);
    await elsewhere.reserve();
    expectRule(await elsewhere.get(fragment.id), 404, 'fragment/not-in-contract');
    const headers = elsewhere.ticketHeaders('audit', '00'.repeat(32) as never);
    expectRule(await client.audit([0n], headers), 403, 'ticket/other-contract');
    elsewhere.close();
  });

  test('used twice with the same nonce, also when both arrive at once', async () => {
    const headers = client.ticketHeaders('get', fragment.id);
    const answers = await Promise.all([1, 2, 3].map(() => client.get(fragment.id, undefined, headers)));
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 409, 409]);
    expectRule(await client.get(fragment.id, undefined, headers), 409, 'ticket/replayed');
  });
});

describe('the byte budget', () => {
  const serial = 'ab'.repeat(16);
  const ticket = { serial, budgetBytes: 250_000n };
  const headers = () => client.ticketHeaders('get', fragment.id, { ticket });

  test('counts repeats and ranges to the last byte, and survives a restart', async () => {
    expect((await client.get(fragment.id, undefined, headers())).status).toBe(200);
    expect((await client.get(fragment.id, undefined, headers())).status).toBe(200);
    expectRule(await client.get(fragment.id, undefined, headers()), 403, 'ticket/over-budget');
    const part = await client.get(fragment.id, 'bytes=0-49998', headers());
    expect([part.status, part.body.length, part.headers['content-range']]).toEqual([
      206,
      49_999,
      'bytes 0-49998/100000',
    ]);
    const used = headers();
    expect((await client.get(fragment.id, 'bytes=7-7', used)).body).toEqual(
      Buffer.from(fragment.bytes.subarray(7, 8)),
    );
    expectRule(await client.get(fragment.id, 'bytes=7-7', headers()), 403, 'ticket/over-budget');

    client.close();
    stage.provider = await stage.provider.restart();
    client = Object.assign(stage.provider.client(stage.wallet), {
      nonce: client.nonce,
      holder: client.holder,
      ticketKeys: client.ticketKeys,
    });
    expectRule(await client.get(fragment.id, 'bytes=7-7', headers()), 403, 'ticket/over-budget');
    const free = { ...used };
    expectRule(await client.get(fragment.id, 'bytes=7-7', free), 409, 'ticket/replayed');
    expect((await client.get(fragment.id)).body.equals(fragment.bytes)).toBe(true);
  });

  test('counts uploads, and gives back what never arrived', async () => {
    const put = { serial: 'cd'.repeat(16), budgetBytes: 50_000n };
    const putHeaders = () => ({
      'content-length': String(other.bytes.length),
      ...client.ticketHeaders('put', other.id, { ticket: put }),
    });
    const cut = client.send('PUT', `/v1/fragments/${other.id}`, {
      headers: putHeaders(),
      body: other.bytes,
      cutAfterBytes: 0,
    });
    await expect(cut).rejects.toThrow();
    // The provider notices the cut a moment later; until then the bytes count as on their way.
    await until('the budget to be given back', async () => {
      return (await client.put(other, putHeaders())).status === 201;
    });
    expectRule(await client.put(other, putHeaders()), 403, 'ticket/over-budget');
  });
});

test.each(['bytes=100000-', 'bytes=-0'])('range %s cannot be satisfied', async (range) => {
  expectRule(await client.get(fragment.id, range), 416, 'fragment/range');
});

test.each([
  ['bytes=-10', 99_990, 100_000],
  ['bytes=99999-', 99_999, 100_000],
  ['bytes=10-1000000', 10, 100_000],
] as const)('range %s', async (range, start, end) => {
  const answer = await client.get(fragment.id, range);
  expect(answer.status).toBe(206);
  expect(answer.body.equals(fragment.bytes.subarray(start, end))).toBe(true);
});
