import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import type { Agreement } from '#contracts';
import { nativeCrypto } from '#crypto-native';
import type { Reservation } from '#wire';
import { type Answer, MarketStage, type ProviderClient, sampleFragments } from '../testing/index.js';

let stage: MarketStage;
let client: ProviderClient;
const stranger = {
  secretKey: new Uint8Array(32).fill(7),
  publicKey: nativeCrypto.publicKey(new Uint8Array(32).fill(7)),
};

beforeAll(async () => {
  stage = await MarketStage.open({
    limits: { maxReservationsPerClient: 40 },
    terms: { basePerEpoch: 20_000_000n, pricePerGiBRead: 5n },
  });
});
beforeEach(() => {
  client = stage.provider.client(stage.wallet);
});
afterAll(() => stage?.close());

const expectRule = (answer: Answer, status: number, code: string): void => {
  expect(answer.json()).toMatchObject({ status, code });
  expect(answer.status).toBe(status);
};
const seconds = (fromNow: number): bigint => BigInt(Math.floor(Date.now() / 1000) + fromNow);

describe('a reservation', () => {
  test('is answered with the contract id, again too', async () => {
    const first = await client.reserve();
    expect(first.json()).toMatchObject({ contract: client.contract, offerNumber: '1' });
    const same = { expiresAt: BigInt(first.json<{ expiresAt: number }>().expiresAt) };
    expect((await client.reserve(same)).json()).toEqual(first.json());
    expectRule(await client.reserve({ ...same, maxBytes: 5n }), 409, 'reservation/taken');
  });

  test.each<readonly [string, number, string, () => Partial<Reservation>]>([
    ['for another provider', 422, 'reservation/other-provider', () => ({ providerKey: stranger.publicKey })],
    ['that lapsed', 422, 'reservation/expiry', () => ({ expiresAt: seconds(-1) })],
    ['for too long', 422, 'reservation/expiry', () => ({ expiresAt: seconds(25 * 3600) })],
    ['of too many epochs', 422, 'reservation/epochs', () => ({ epochs: 3_651 })],
    ['of no epoch', 422, 'reservation/epochs', () => ({ epochs: 0 })],
    ['of no fragments', 422, 'reservation/fragments', () => ({ maxFragments: 0 })],
    ['of no bytes', 422, 'reservation/empty', () => ({ maxBytes: 0n })],
    ['of more than there is', 507, 'reservation/no-room', () => ({ maxBytes: 1n << 50n })],
  ])('%s is refused', async (_name, status, code, changes) => {
    expectRule(await client.reserve(changes()), status, code);
  });

  test('signed by somebody else, or malformed, is refused', async () => {
    expectRule(await client.reserve({}, stranger), 401, 'reservation/signature');
    const malformed = { reservation: 'abcd', signature: '00'.repeat(64) };
    expectRule(await client.postJson('/v1/reservations', malformed), 422, 'reservation/malformed');
    expectRule(await client.postJson('/v1/reservations', { reservation: 'XY' }), 400, 'request/invalid');
  });

  test('beyond what one client may hold is refused', async () => {
    const answers: number[] = [];
    for (let count = 0; count < 45; count++) {
      const other = stage.provider.client(stage.wallet);
      answers.push((await other.reserve({ maxBytes: 1n })).status);
      other.close();
    }
    expect(answers.at(-1)).toBe(429);
    for (const record of stage.provider.provider.context.records.contracts()) {
      await stage.provider.provider.context.records.forget(record.id);
    }
  });
});

describe('an agreement', () => {
  const fragments = sampleFragments(100_000, 2_000);
  const stored = async (): Promise<void> => {
    await client.reserve();
    for (const fragment of fragments) await client.put(fragment);
  };
  const agreementOf = async (changes: Partial<Agreement> = {}): Promise<Agreement> => {
    const terms = { formBy: stage.ledger.height + 20, payout: stage.provider.provider.context.account };
    return client.agreement(await stage.offer(), fragments, terms, changes);
  };

  test('that says what was offered over what is stored is signed, again with the same signature', async () => {
    await stored();
    const agreement = await agreementOf();
    const first = await client.propose(agreement, fragments);
    expect(first.status).toBe(200);
    expect((await client.propose(agreement, fragments, stage.wallet, 1)).json()).toEqual(first.json());
    const other = sampleFragments(100_000);
    const changed = client.agreement(await stage.offer(), other, {
      formBy: agreement.formBy,
      payout: agreement.payout,
    });
    expectRule(await client.propose(changed, other), 409, 'agreement/already-signed');
    expectRule(await client.put(other[0]!), 409, 'contract/closed');
  });

  test.each<readonly [string, string, () => Promise<Partial<Agreement>>]>([
    ['an older offer', 'agreement/offer', async () => ({ offerNumber: 0n })],
    ['a lower price', 'agreement/price', async () => ({ basePerEpoch: 1n })],
    ['a lower price per GiB', 'agreement/price', async () => ({ pricePerGiBEpoch: 1n })],
    ['bytes to read for nothing', 'agreement/reads', async () => ({ freeReadBytesPerEpoch: 1n })],
    ['a lower price of reading', 'agreement/reads', async () => ({ pricePerGiBRead: 4n })],
    ['too much collateral', 'agreement/collateral', async () => ({ collateral: 1n << 50n })],
    ['too little collateral', 'agreement/collateral', async () => ({ collateral: 0n })],
    ['a payout to somebody else', 'agreement/payout', async () => ({ payout: 'ab'.repeat(20) as never })],
    ['more epochs than offered', 'agreement/epochs', async () => ({ epochs: 3_651 })],
    ['a past block', 'agreement/form-by', async () => ({ formBy: stage.ledger.height })],
    ['a block far away', 'agreement/form-by', async () => ({ formBy: stage.ledger.height + 5_000 })],
  ])('over %s is countered with the terms that hold', async (_name, rule, changes) => {
    await stored();
    const answer = await client.propose(await agreementOf(await changes()), fragments);
    expect(answer.status).toBe(200);
    const { offerNumber, basePerEpoch, payout } = await agreementOf();
    expect(client.verdict(answer)).toMatchObject({
      state: 'countered',
      rule,
      validUntil: stage.ledger.height + 60,
      agreementSignature: undefined,
      counter: { offerNumber, basePerEpoch, payout },
    });
  });

  test.each<readonly [string, number, string, () => Promise<Partial<Agreement>>]>([
    ['another ticket key', 422, 'agreement/ticket-key', async () => ({ ticketKey: stranger.publicKey })],
    ['another root', 422, 'agreement/root', async () => ({ root: new Uint8Array(32) })],
    ['other totals', 422, 'agreement/totals', async () => ({ totalChunks: 5n })],
    ['more than was reserved', 422, 'agreement/over-reservation', async () => ({ totalBytes: 1n << 40n })],
  ])('over %s is declined, and the refusal is signed', async (_name, status, code, changes) => {
    await stored();
    const answer = await client.propose(await agreementOf(await changes()), fragments);
    expectRule(answer, status, code);
    expect(client.verdict(answer)).toMatchObject({ state: 'declined', rule: code, counter: undefined });
  });

  test('over a nonce nobody reserved is refused', async () => {
    await stored();
    const agreement = await agreementOf({ nonce: new Uint8Array(16) });
    expectRule(await client.propose(agreement, fragments), 404, 'agreement/no-reservation');
  });

  test('over a fragment that is not here, or signed by somebody else, is refused', async () => {
    await client.reserve();
    await client.put(fragments[0]!);
    const agreement = await agreementOf();
    expectRule(await client.propose(agreement, fragments), 422, 'agreement/not-stored');
    expectRule(await client.propose(agreement, fragments, stranger), 401, 'agreement/signature');
  });

  test('is not signed beyond the coins there are for collateral', async () => {
    const { provider, ledger } = stage;
    const many = Array.from({ length: 3 }, () => provider.client(stage.wallet));
    const rules: string[] = [];
    for (const other of many) {
      await other.reserve({ epochs: 3_000, maxBytes: 200_000n });
      for (const fragment of fragments) await other.put(fragment);
      const terms = { formBy: ledger.height + 20, payout: provider.provider.context.account, epochs: 3_000 };
      const agreement = other.agreement(await stage.offer(), fragments, terms);
      const answer = await other.propose(agreement, fragments);
      rules.push(answer.status === 200 ? 'signed' : String(answer.json()['code']));
      other.close();
    }
    // 60 coins each, out of 100.
    expect(rules).toEqual(['signed', 'agreement/no-collateral', 'agreement/no-collateral']);
  });

  test('that nobody registers gives its room back after its last block', async () => {
    await stored();
    const agreement = await agreementOf({ formBy: stage.ledger.height + 2 });
    expect((await client.propose(agreement, fragments)).status).toBe(200);
    const { records } = stage.provider.provider.context;
    await stage.mineUntil('the room to be free', async () => records.contract(client.contract) === undefined);
    expectRule(await client.get(fragments[0]!.id), 404, 'contract/unknown');
  });
});
