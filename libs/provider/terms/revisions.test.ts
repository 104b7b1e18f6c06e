import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { type ContractId, encode } from '#chain';
import { type Revision, revisionSchema, revisionSigningMessage } from '#contracts';
import { bytesToHex, hexToBytes } from '#crypto';
import { nativeCrypto } from '#crypto-native';
import { type ContractView, type Room, roomMessage, roomSchema } from '#wire';
import { fastDevnet } from '../../ledger/testing/index.js';
import { ContractFollower } from '../chain/contract-follower.js';
import { type Answer, MarketStage, sampleFragments } from '../testing/index.js';

let stage: MarketStage;
let aheadMs = 0;
let fragments: ReturnType<typeof sampleFragments>;

beforeEach(async () => {
  aheadMs = 0;
  stage = await MarketStage.open({ now: () => Date.now() + aheadMs });
  const { client, ledger, provider, wallet } = stage;
  fragments = sampleFragments(30_000);
  await client.reserve();
  for (const fragment of fragments) await client.put(fragment);
  const terms = { formBy: ledger.height + 20, payout: provider.provider.context.account };
  const agreement = client.agreement(await stage.offer(), fragments, terms);
  const agreed = await client.propose(agreement, fragments);
  await ledger.send(wallet, { kind: 'form', body: client.formBody(agreement, fragments, agreed) });
  await stage.mineUntil('the form to be seen', async () => {
    return provider.provider.context.records.contract(client.contract)?.state === 'formed';
  });
});
afterEach(() => stage.close());

const expectRule = (answer: Answer, status: number, code: string): void => {
  expect(answer.json()).toMatchObject({ status, code });
};

/** A revision that only adds a base unit for reads. */
async function topUp(changes: Partial<Revision> = {}): Promise<Revision> {
  const view = await stage.ledger.ledger.contract({ id: stage.client.contract });
  if (view === null) throw new Error('no contract');
  return {
    contract: stage.client.contract,
    number: view.revision + 1,
    leafCount: view.leafCount,
    totalBytes: BigInt(view.totalBytes),
    totalChunks: BigInt(view.totalChunks),
    root: hexToBytes(view.root),
    epochs: view.epochs,
    addReserve: 0n,
    addReadEscrow: 1n,
    addCollateral: 0n,
    maxBurn: 0n,
    ...changes,
  };
}

function send(revision: Revision, options: { signer?: { secretKey: Uint8Array }; path?: string } = {}) {
  const { client } = stage;
  const { signer = stage.wallet, path = client.contract } = options;
  const message = revisionSigningMessage(nativeCrypto, fastDevnet, revision);
  return client.postJson(`/v1/contracts/${path}/revisions`, {
    revision: bytesToHex(encode(revisionSchema, revision)),
    appended: [],
    signature: bytesToHex(nativeCrypto.sign(signer.secretKey, message)),
  });
}

function keepRoom(changes: Partial<Room> = {}, signer: { secretKey: Uint8Array } = stage.wallet) {
  const room: Room = {
    contract: stage.client.contract,
    maxBytes: 1_000n,
    maxFragments: 2,
    expiresAt: BigInt(Math.floor((Date.now() + aheadMs) / 1000) + 600),
    ...changes,
  };
  return stage.client.postJson(`/v1/contracts/${stage.client.contract}/room`, {
    room: bytesToHex(encode(roomSchema, room)),
    signature: bytesToHex(nativeCrypto.sign(signer.secretKey, roomMessage(nativeCrypto, fastDevnet, room))),
  });
}

test('room for more fragments than a contract may hold, and for none, is not kept', async () => {
  expectRule(await keepRoom({ maxFragments: 1_000_000 }), 422, 'reservation/fragments');
  expectRule(await keepRoom({ maxFragments: 0 }), 422, 'reservation/fragments');
  expectRule(await keepRoom({ maxBytes: 0n }), 422, 'reservation/empty');
}, 60_000);

describe('a revision', () => {
  test('is signed once: again the same, also after a restart; an old number and other terms under it are refused', async () => {
    const first = await topUp();
    const signed = await send(first);
    expect(signed.status).toBe(200);
    stage.provider = await stage.provider.restart();
    expect((await send(first)).json()).toEqual(signed.json());
    const other = await send({ ...first, addReadEscrow: 2n });
    expectRule(other, 409, 'revision/number');
    expect(other.json()).toMatchObject({ data: { last: 1 } });
    expectRule(await send({ ...first, number: 0 }), 409, 'revision/number');
    for (const number of [2, 3, 4]) expect((await send({ ...first, number })).status).toBe(200);
    expectRule(await send({ ...first, number: 5 }), 429, 'revision/too-many');
    // Nobody published: the provider does, the newest, and all the older ones are void.
    await stage.mineUntil('the revision', async () => {
      return (await stage.ledger.ledger.contract({ id: stage.client.contract }))?.revision === 4;
    });
    expect(await stage.ledger.ledger.contract({ id: stage.client.contract })).toMatchObject({ reads: '1' });
  }, 60_000);

  test.each<readonly [string, number, string, () => Promise<Answer>]>([
    [
      'signed by somebody else',
      401,
      'revision/signature',
      async () => send(await topUp(), { signer: stage.ledger.wallet('stranger') }),
    ],
    [
      'of another contract',
      401,
      'revision/signature',
      async () => send(await topUp({ contract: 'ab'.repeat(32) as ContractId })),
    ],
    ['of none', 404, 'contract/unknown', async () => send(await topUp(), { path: 'ab'.repeat(32) })],
    ['of no id', 404, 'contract/unknown', async () => send(await topUp(), { path: '..%2f..%2fetc' })],
    ['with other totals', 422, 'revision/totals', async () => send(await topUp({ totalBytes: 1n }))],
    ['with another root', 422, 'revision/root', async () => send(await topUp({ root: new Uint8Array(32) }))],
    ['with fewer epochs', 422, 'revision/epochs', async () => send(await topUp({ epochs: 1 }))],
    ['that burns too much', 422, 'revision/burn', async () => send(await topUp({ epochs: 4 }))],
    [
      'beyond what is offered',
      422,
      'revision/epochs',
      async () => send(await topUp({ epochs: 4_000, maxBurn: 1n << 60n })),
    ],
    [
      'with too little collateral',
      422,
      'revision/collateral',
      async () => send(await topUp({ epochs: 3_000, maxBurn: 1n << 60n })),
    ],
    [
      'with too much of it',
      422,
      'revision/collateral',
      async () => send(await topUp({ addCollateral: 1n << 60n })),
    ],
  ])('%s is refused', async (_name, status, code, ask) => {
    expectRule(await ask(), status, code);
    expect(
      stage.provider.provider.context.records.contract(stage.client.contract)?.revisions,
    ).toBeUndefined();
  });
});

describe('room to append', () => {
  test('is kept for the client of the contract only, within limits, by the right clock', async () => {
    expectRule(await keepRoom({}, stage.ledger.wallet('stranger')), 401, 'revision/signature');
    expectRule(await keepRoom({ contract: 'ab'.repeat(32) as ContractId }), 401, 'revision/signature');
    expectRule(await keepRoom({ maxBytes: 1n << 50n }), 507, 'reservation/no-room');
    expectRule(await keepRoom({ expiresAt: 5n }), 422, 'reservation/expiry');
    // Our clock is a day ahead of the client's: what it asks for is over before it begins.
    const expiresAt = BigInt(Math.floor(Date.now() / 1000) + 600);
    aheadMs = 24 * 3_600_000;
    expectRule(await keepRoom({ expiresAt }), 422, 'reservation/expiry');
    aheadMs = -24 * 3_600_000;
    expectRule(await keepRoom({ expiresAt }), 422, 'reservation/expiry');
    aheadMs = 0;
    expect((await keepRoom()).status).toBe(200);
    const [large] = sampleFragments(1_001);
    expectRule(await stage.client.put(large!), 422, 'reservation/over-bytes');
    const [small] = sampleFragments(1_000);
    expect((await stage.client.put(small!)).status).toBe(201);
    // A second request replaces the first.
    expect((await keepRoom({ maxBytes: 1_001n, maxFragments: 1 })).status).toBe(200);
    const [another] = sampleFragments(1);
    expectRule(await stage.client.put(another!), 422, 'reservation/over-fragments');
  }, 60_000);
});

describe('a renewal that is not on chain', () => {
  test('takes no fragments and gives none out: it would be room nobody reserved, and reads nobody pays', async () => {
    const { ledger, provider, wallet, client } = stage;
    const again = provider.client(wallet);
    const terms = { formBy: ledger.height + 20, payout: provider.provider.context.account };
    const agreement = again.agreement(await stage.offer(), fragments, terms);
    const origin = { kind: 'renewal', contract: client.contract } as const;
    const [fragment] = fragments;
    const [other] = sampleFragments(2_000);
    if (fragment === undefined || other === undefined) throw new Error('no fragment');
    const greedy = await again.propose(
      { ...agreement, totalBytes: 1n << 40n, leafCount: 9 },
      [],
      wallet,
      1,
      origin,
    );
    expectRule(greedy, 409, 'agreement/other-list');
    expectRule(await again.put(other), 409, 'contract/closed');
    const agreed = await again.propose(agreement, [], wallet, 2, origin);
    expect(again.verdict(agreed).state).toBe('agreed');
    expectRule(await again.get(fragment.id), 404, 'fragment/not-in-contract');
    expect((await client.get(fragment.id)).status).toBe(200);
    again.close();
  }, 60_000);
});

const follower = (changes: {
  view?: () => Promise<void>;
  forget?: () => Promise<void>;
  shown?: Partial<ContractView>;
}) => {
  const { context, uploads } = stage.provider.provider;
  const ledger = Object.assign(Object.create(context.ledger), {
    contracts: () => ({ items: [], nextCursor: null }),
    contract: async (request: { id: string }) => {
      const found = await context.ledger.contract(request);
      const view = found && { ...found, ...changes.shown };
      await changes.view?.();
      return view;
    },
  });
  return new ContractFollower({ ...context, ledger }, uploads, changes.forget);
};

describe('what is signed while the chain is looked at', () => {
  /** A record that waits for its form; the provider itself looks at the chain no longer. */
  const waiting = async (formBy: number) => {
    await stage.provider.provider.watch.stop();
    const { records } = stage.provider.provider.context;
    const id = 'cd'.repeat(32) as ContractId;
    const record = records.contract(stage.client.contract);
    if (record?.agreement === undefined) throw new Error('no record');
    const { revisions: _, ...rest } = record;
    const later = { ...rest, id, state: 'agreed' as const, agreement: { ...record.agreement, formBy } };
    return { id, later, records };
  };

  test('is kept: an agreement signed anew as the old one can no longer be formed', async () => {
    const { id, later, records } = await waiting(10_000);
    await records.save({ ...later, agreement: { ...later.agreement, formBy: 0 } });
    await follower({ view: () => records.save(later) }).sync({ height: 900, id: '' }, true);
    expect(records.contract(id)).toMatchObject({ state: 'agreed', agreement: { formBy: 10_000 } });
  }, 60_000);

  test('is kept: an agreement signed as its reservation lapses', async () => {
    const { id, later, records } = await waiting(10_000);
    await records.save({ ...later, state: 'reserved', expiresAt: 1 });
    await follower({ forget: () => records.save(later) }).dropLapsed();
    expect(records.contract(id)).toMatchObject({ state: 'agreed' });
  }, 60_000);

  test('is kept: a revision signed as another one is found on the chain', async () => {
    const { context } = stage.provider.provider;
    const { records, ledger } = context;
    const id = stage.client.contract;
    expect((await send(await topUp({ number: 1 }))).status).toBe(200);
    await stage.mineUntil('the first revision', async () => (await ledger.contract({ id }))?.revision === 1);
    const record = records.contract(id);
    const [first] = record?.revisions ?? [];
    if (record === undefined || first === undefined) throw new Error('no revision');
    await stage.provider.provider.watch.stop();
    const { publishedAt: _, ...unpublished } = first;
    await records.save({ ...record, revisions: [unpublished] });
    const second = { ...unpublished, number: 2, root: 'ef'.repeat(32) };
    const lists = Object.assign(Object.create(records.lists), {
      roots: async (contract: ContractId) => {
        await records.lists.save(contract, second.root, []);
        await records.save({ ...record, revisions: [unpublished, second] });
        return records.lists.roots(contract);
      },
    });
    const { uploads } = stage.provider.provider;
    const slow = { ...context, records: { ...records, lists } };
    await new ContractFollower(slow, uploads).sync({ height: stage.ledger.height, id: '' }, true);
    expect(records.contract(id)?.revisions).toMatchObject([{ number: 1 }, { number: 2 }]);
    const kept = (await records.lists.roots(id)).find(({ root }) => root === second.root);
    expect(kept).toEqual({ root: second.root, keptUntil: null });
  }, 60_000);
});

test('what another contract needs by now is not deleted with those that lapsed before it', async () => {
  const { context, uploads } = stage.provider.provider;
  const { records, store } = context;
  await stage.provider.provider.watch.stop();
  const [first, second] = sampleFragments(1_000, 2_000).sort((a, b) => (a.id < b.id ? -1 : 1));
  const record = records.contract(stage.client.contract);
  if (first === undefined || second === undefined || record === undefined)
    throw new Error('nothing to lapse');
  const id = 'cd'.repeat(32) as ContractId;
  await records.save({ ...record, id, state: 'reserved', expiresAt: 1 });
  for (const { id: fragment, bytes } of [first, second]) {
    await records.addFragment(id, { id: fragment, lengthBytes: bytes.length });
    await store.put(fragment, bytes, bytes.length);
  }
  const sentMeanwhile = Object.assign(Object.create(store), {
    remove: async (fragment: typeof first.id) => {
      const entry = { id: second.id, lengthBytes: second.bytes.length };
      if (fragment === first.id) await records.addFragment(record.id, entry);
      return store.remove(fragment);
    },
  });
  await new ContractFollower({ ...context, store: sentMeanwhile }, uploads).dropLapsed();
  expect(records.contract(id)).toBeUndefined();
  expect(await store.has(first.id)).toBe(false);
  expect(await store.has(second.id)).toBe(true);
}, 60_000);

test('a contract that is over takes no more vouchers than were cashed', async () => {
  const { records } = stage.provider.provider.context;
  await stage.provider.provider.watch.stop();
  const record = records.contract(stage.client.contract);
  if (record === undefined) throw new Error('no record');
  const reading = { pricePerGiBRead: 5n, freeReadBytesPerEpoch: 0n, startHeight: 1, coveredTotal: 900n };
  await records.save({ ...record, reading });
  const shown = { status: 'renewed', settledAt: 20, readsPaid: '300' } as const;
  await follower({ shown }).sync({ height: 21, id: '' }, true);
  expect(records.contract(record.id)).toMatchObject({ state: 'settled', reading: { coveredTotal: 300n } });
}, 60_000);

test('what room is over for is not deleted between a look at it and the signature under it', async () => {
  const { context, uploads, negotiations } = stage.provider.provider;
  const { records, store } = context;
  const id = stage.client.contract;
  await stage.provider.provider.watch.stop();
  expect((await keepRoom({ maxBytes: 2_000n })).status).toBe(200);
  const [fragment] = sampleFragments(2_000);
  if (fragment === undefined) throw new Error('no fragment');
  expect((await stage.client.put(fragment)).status).toBe(201);
  aheadMs = 700_000;
  let isWaiting = false;
  let look = (): void => undefined;
  const looked = new Promise<void>((resolve) => {
    look = resolve;
  });
  const signing = negotiations.inTurn(async () => {
    await looked;
    expect(await store.has(fragment.id)).toBe(true);
    await records.lists.save(id, 'ef'.repeat(32), [{ id: fragment.id, lengthBytes: 2_000 }]);
  });
  const inTurn = <T>(step: () => Promise<T>): Promise<T> => {
    isWaiting = true;
    look();
    return negotiations.inTurn(step);
  };
  const keeper = new ContractFollower(context, uploads, undefined, inTurn);
  await keeper.sync({ height: stage.ledger.height, id: '' }, true).finally(() => look());
  await signing;
  expect(isWaiting).toBe(true);
  expect(await store.has(fragment.id)).toBe(true);
}, 60_000);
