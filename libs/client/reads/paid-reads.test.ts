import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import type { ContractId, FragmentId } from '#chain';
import { nativeCrypto } from '#crypto-native';
import { encodeVoucher, openVoucher, priceOfReads, signVoucher, VOUCHER_HEADER } from '#wire';
import { fastDevnet } from '../../ledger/testing/index.js';
import type { Answer } from '../../provider/testing/index.js';
import { renew } from '../contracts/renew.js';
import { ClientStage } from '../testing/index.js';
import { FragmentReader } from '../transfer/fragment-reader.js';

const PRICE = 1n << 34n;
const SIZE = 50_000;
const EACH = priceOfReads(PRICE, BigInt(SIZE));

let stage: ClientStage;
let folder: string;
let contract: ContractId;
let id: FragmentId;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cairn-reads-'));
});
afterEach(async () => {
  await stage.close();
  await rm(folder, { recursive: true, force: true });
});

/** A contract of one fragment whose reads cost 16 base units a byte beyond what is free. */
async function open(freeReadBytesPerEpoch: number, readEscrow = EACH * 6n, epochs = 3): Promise<void> {
  const terms = { pricePerGiBRead: PRICE, freeReadBytesPerEpoch: BigInt(freeReadBytesPerEpoch) };
  stage = await ClientStage.open({ terms });
  await stage.reopenClient({ journalFolder: folder });
  const formed = await stage.form([SIZE], epochs, { readEscrow });
  contract = formed.contract;
  id = formed.fragments[0]!.id;
}

async function read(): Promise<number> {
  const session = await new FragmentReader(stage.client.context).session(contract);
  return (await session.getFragment(id, SIZE)).length;
}

const account = () => stage.market.provider.provider.context.records.reads.find(contract);
const signed = async () => (await stage.client.context.vouchers.find(contract)).total;

/** A GET by hand, with a voucher or without. */
async function ask(voucher?: Uint8Array): Promise<Answer> {
  const { market, client } = stage;
  const { content, wallet } = client.context.identity;
  const byHand = Object.assign(market.provider.client(wallet as never), { ticketKeys: content });
  const headers = byHand.ticketHeaders('get', id, { ticket: { contract } });
  const paid: Record<string, string> =
    voucher === undefined ? {} : { [VOUCHER_HEADER]: Buffer.from(voucher).toString('base64url') };
  const answer = await byHand.get(id, undefined, { ...headers, ...paid });
  byHand.close();
  return answer;
}

function voucherOver(
  total: bigint,
  changes: { contract?: ContractId; secretKey?: Uint8Array } = {},
): Uint8Array {
  const { content } = stage.client.context.identity;
  const voucher = { contract: changes.contract ?? contract, total };
  const key = changes.secretKey ?? content.secretKey;
  return encodeVoucher(signVoucher(nativeCrypto, fastDevnet, voucher, key));
}

test('what is free in an epoch is free, the rest is paid, and the total survives both processes', async () => {
  await open(SIZE);
  expect(await read()).toBe(SIZE);
  expect(await signed()).toBe(0n);
  expect(await read()).toBe(SIZE);
  expect(await signed()).toBe(EACH);
  stage.market.provider = await stage.market.provider.restart();
  await stage.reopenClient({ journalFolder: folder });
  expect(account()).toMatchObject({ total: EACH, paidBytes: BigInt(SIZE) });
  expect(await read()).toBe(SIZE);
  expect(await signed()).toBe(priceOfReads(PRICE, BigInt(2 * SIZE)));
  const { startHeight } = await stage.view(contract);
  await stage.market.mineUntil('the next epoch', async () => {
    return stage.market.ledger.height >= startHeight + fastDevnet.contract.epochBlocks;
  });
  expect(await read()).toBe(SIZE);
  expect(await signed()).toBe(priceOfReads(PRICE, BigInt(2 * SIZE)));

  // Before the contract is over the provider has cashed what was signed, and the rest is the client's again.
  const { client } = await stage.view(contract);
  await stage.market.mineUntil('the end', async () => (await stage.view(contract)).status === 'completed');
  expect(await stage.view(contract)).toMatchObject({ readsPaid: String(await signed()), reads: '0', client });
  expect(await stage.market.ledger.ledger.audit()).toMatchObject({ balanced: true });
}, 90_000);

test('an unpaid read says what is missing; forged, foreign, old and uncovered vouchers buy nothing', async () => {
  await open(0, EACH * 2n);
  const refused = (await ask()).json();
  expect(refused).toMatchObject({
    status: 402,
    code: 'read/unpaid',
    data: { askedBytes: SIZE, freeBytesLeft: '0', total: '0', neededTotal: String(EACH), voucher: '' },
  });
  const rule = async (voucher: Uint8Array) => (await ask(voucher)).json()['code'];
  expect(await rule(voucherOver(EACH - 1n))).toBe('read/unpaid');
  expect(await rule(voucherOver(EACH, { secretKey: new Uint8Array(32).fill(9) }))).toBe('read/voucher');
  expect(await rule(voucherOver(EACH, { contract: 'ab'.repeat(32) as ContractId }))).toBe('read/voucher');
  expect(await rule(new Uint8Array(300))).toBe('read/voucher');
  expect(await rule(voucherOver(EACH * 2n + 1n))).toBe('read/uncovered');
  expect(account()).toBeUndefined();

  const paid = voucherOver(EACH);
  expect((await ask(paid)).status).toBe(200);
  expect(await rule(paid)).toBe('read/unpaid');
  const again = (await ask()).json<{ data: { voucher: string; total: string } }>();
  expect(again.data.total).toBe(String(EACH));
  const { publicKey: ticketKey } = stage.client.context.identity.content;
  const shown = new Uint8Array(Buffer.from(again.data.voucher, 'hex'));
  expect(openVoucher(nativeCrypto, fastDevnet, shown, { contract, ticketKey })?.voucher.total).toBe(EACH);
  // A client with no memory of it goes on from its own signature.
  expect(await read()).toBe(SIZE);
  expect(await signed()).toBe(priceOfReads(PRICE, BigInt(2 * SIZE)));
}, 60_000);

test('a client pays no more than it was allowed, nor more than the bytes cost, and remembers who refused', async () => {
  await open(0);
  await stage.reopenClient({ journalFolder: folder, maxReadCost: EACH });
  expect(await read()).toBe(SIZE);
  await expect(read()).rejects.toMatchObject({ code: 'read/too-dear' });
  expect(await signed()).toBe(EACH);

  await stage.reopenClient({ journalFolder: folder });
  const { reads } = stage.market.provider.provider.context.records;
  await reads.save(contract, { ...account()!, paidBytes: BigInt(9 * SIZE) });
  await expect(read()).rejects.toMatchObject({ code: 'read/too-dear' });
  expect(await signed()).toBe(EACH);

  // It takes the money and gives nothing: its own record says so afterwards.
  await reads.save(contract, { ...account()!, paidBytes: BigInt(SIZE) });
  await stage.market.provider.provider.context.store.remove(id);
  await expect(read()).rejects.toMatchObject({ code: 'provider/refused' });
  expect(await stage.client.context.vouchers.find(contract)).toMatchObject({ refused: 1 });
}, 60_000);

test('a range costs what its bytes cost, and only they come', async () => {
  await open(0);
  const session = await new FragmentReader(stage.client.context).session(contract);
  const whole = await session.getFragment(id, SIZE);
  const part = { from: 20_000, toExclusive: 21_000, lengthBytes: SIZE };
  const bytes = await session.readFragment(id, part);
  expect(Buffer.from(bytes).equals(whole.subarray(20_000, 21_000))).toBe(true);
  expect(await signed()).toBe(priceOfReads(PRICE, BigInt(SIZE + 1_000)));
  expect(account()).toMatchObject({ paidBytes: BigInt(SIZE + 1_000) });
}, 60_000);

test('reads at the same moment are all paid, and a renewal waits until they are cashed', async () => {
  await open(0, EACH * 8n, 4);
  const reader = new FragmentReader(stage.client.context);
  const session = await reader.session(contract);
  const both = await Promise.all([1, 2, 3].map(() => session.getFragment(id, SIZE)));
  expect(both).toHaveLength(3);
  expect(await signed()).toBe(priceOfReads(PRICE, BigInt(3 * SIZE)));
  const { context } = stage.client;
  await expect(renew(context, contract, { epochs: 3 })).rejects.toMatchObject({
    data: { rule: 'renewal/reads-open' },
  });
  // An open challenge must be answered first; after its proof the next one is most of an epoch away.
  await stage.market.mineUntil('the voucher to be cashed and a challenge answered', async () => {
    const { readsPaid, window } = await stage.view(contract);
    return readsPaid === String(await signed()) && window?.proven === true;
  });
  const { renewed } = await stage.whileMining(renew(context, contract, { epochs: 3 }));
  expect(await stage.view(renewed)).toMatchObject({ status: 'active', readsPaid: '0' });
}, 60_000);
