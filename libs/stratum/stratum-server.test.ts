import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { type AccountId, accountIdToAddress, addressToAccountId, devnet, hashToNumber } from '#chain';
import { nativeCrypto } from '#crypto-native';
import { AppError } from '#errors';
import { createWorkSource, type WorkSource } from '#mining-work';
import { TestLedger } from '../ledger/testing/index.js';
import type { StratumLimits } from './limits.js';
import type { AcceptedShare, FoundBlock, ShareSink } from './ports.js';
import { createStratumServer, type StratumServer } from './stratum-server.js';
import { CpuMiner, HardwareMiner, LineClient } from './testing/index.js';

let ledger: TestLedger;
let work: WorkSource;
let server: StratumServer;
let port: number;
let shares: AcceptedShare[];
let blocks: FoundBlock[];
const clients: { close(): void }[] = [];

const memorySink = (): ShareSink => ({
  record: async (share) => void shares.push(share),
  found: async (block) => void shares.push(block.share),
});

/** Shares at a difficulty that some 1,000 hashes meet; blocks take 4,096. */
async function open(
  limits: Partial<StratumLimits> = {},
  sink = memorySink(),
  startDifficulty = 2 ** -22,
): Promise<void> {
  shares = [];
  blocks = [];
  server = createStratumServer({
    host: '127.0.0.1',
    port: 0,
    work,
    payee: { account: (address) => addressToAccountId(devnet, address), paidTo: (account) => account },
    sink,
    onBlock: (block) => void blocks.push(block),
    startDifficulty,
    sharesPerMinute: 6_000,
    mayExceedNetwork: true,
    limits,
  });
  ({ port } = await server.start());
}

beforeEach(async () => {
  ledger = await TestLedger.open({ params: devnet });
  // Headers carry the machine's time; so must the node's clock.
  ledger.clock.seconds = Math.floor(Date.now() / 1_000);
  work = createWorkSource({ ledger: ledger.ledger, params: devnet });
  work.start();
  await until('there is work', () => work.current() !== undefined);
});
afterEach(async () => {
  for (const client of clients.splice(0)) client.close();
  await server.stop();
  await work.stop();
  await ledger.close();
});

async function until(what: string, condition: () => boolean): Promise<void> {
  const deadline = performance.now() + 15_000;
  while (!condition()) {
    if (performance.now() > deadline) throw new Error(`waited 15 s in vain until ${what}`);
    await delay(5);
  }
}

const lines = (): LineClient => {
  const client = new LineClient(port);
  clients.push(client);
  return client;
};
const addressOf = (label: string): string => accountIdToAddress(devnet, ledger.wallet(label).account);
/** A miner that has logged in and has its first job. */
async function miner(user = `${addressOf('alice')}.rig`, localAddress?: string): Promise<CpuMiner> {
  const cpu = new CpuMiner(port, user, localAddress);
  clients.push(cpu.client);
  await cpu.login();
  await until('the first job is here', () => cpu.client.last('mining.notify') !== undefined);
  return cpu;
}
const codeOf = (reply: { readonly error: readonly [number, string, unknown] | null }): number | undefined =>
  reply.error?.[0];

describe('a miner', () => {
  test('gets difficulty and job, and its shares count for its account with the work they stand for', async () => {
    await open();
    const cpu = await miner();
    const order = cpu.client.pushed.map(({ method }) => method);
    expect(order).toEqual(['mining.set_difficulty', 'mining.notify']);
    const reply = await cpu.client.ask('mining.submit', await cpu.findShare());
    expect(reply).toMatchObject({ result: true, error: null });
    const { account } = ledger.wallet('alice');
    expect(shares).toMatchObject([{ account, worker: 'rig', hashes: 2n ** 10n, height: 1 }]);
    expect(server.statistics()).toMatchObject({ connections: 1, authorized: 1, accepted: 1 });
    expect(server.statistics().workers).toMatchObject([{ account, worker: 'rig', difficulty: 2 ** -22 }]);
    expect(server.statistics().hashRate).toBeGreaterThan(0);
  });

  test('that finds a block is told so by the block, which pays it and which the node takes', async () => {
    await open();
    const cpu = await miner();
    cpu.start();
    await until('a block is among the shares', () => blocks.length > 0);
    await cpu.stop();
    const [block] = blocks;
    expect(block).toMatchObject({ height: 1, paidTo: ledger.wallet('alice').account });
    expect(await work.submit(block!.solution)).toMatchObject({
      kind: 'accepted',
      id: block!.blockId,
      height: 1,
    });
    expect((await ledger.ledger.account({ account: block!.paidTo })).immature).toBe(block!.reward.toString());
  });

  test('is given other work at a new tip, and what it did for the old one is stale', async () => {
    await open();
    const cpu = await miner();
    const late = await cpu.findShare();
    await ledger.mine();
    await until(
      'the new job is here',
      () => cpu.client.pushed.filter(({ method }) => method === 'mining.notify').length > 1,
    );
    expect(cpu.client.last('mining.notify')?.params[8]).toBe(true);
    expect(codeOf(await cpu.client.ask('mining.submit', late))).toBe(21);
    expect((await cpu.client.ask('mining.submit', await cpu.findShare())).result).toBe(true);
  });

  test('may roll the bits it negotiated and no others', async () => {
    await open();
    const chip = new HardwareMiner(port, addressOf('bob'));
    clients.push(chip.client);
    await chip.login();
    expect(chip.mask).toBe(0x1fff_e000);
    chip.start();
    await until('several versions counted', () => chip.rolled.size >= 3);
    await chip.stop();
    expect(chip.rejected).toEqual([]);
    const cpu = await miner();
    const share = await cpu.findShare();
    expect(await cpu.client.ask('mining.submit', [...share, '00002000'])).toMatchObject({
      error: [20, expect.stringContaining('version bits'), null],
    });
    expect((await cpu.client.ask('mining.submit', [...share, '00000000'])).result).toBe(true);
  });

  test('gets the difficulty it suggests, as a power of two, and with it a job that is not the same work again', async () => {
    await open();
    const cpu = await miner();
    expect((await cpu.client.ask('mining.suggest_difficulty', [0.0015])).result).toBe(true);
    await until(
      'the difficulty moved',
      () => cpu.client.last('mining.set_difficulty')?.params[0] === 2 ** -10,
    );
    await until(
      'a second job came',
      () => cpu.client.pushed.filter(({ method }) => method === 'mining.notify').length === 2,
    );
    const [first, second] = cpu.client.pushed
      .filter(({ method }) => method === 'mining.notify')
      .map(({ params }) => params);
    expect(second?.slice(1, 7)).toEqual(first?.slice(1, 7));
    expect(Number.parseInt(second?.[7] as string, 16)).toBeGreaterThan(
      Number.parseInt(first?.[7] as string, 16),
    );
    for (const bad of ['x', 0, -1, null, {}]) {
      expect(codeOf(await cpu.client.ask('mining.suggest_difficulty', [bad]))).toBe(20);
    }
  });

  test('that asks for a difficulty beyond the network is not credited for it by a block that misses it', async () => {
    await open();
    const cpu = await miner();
    await cpu.client.ask('mining.suggest_difficulty', [2 ** 60]);
    await until(
      'the difficulty moved',
      () => cpu.client.last('mining.set_difficulty')?.params[0] === 2 ** 60,
    );
    const notify = () => cpu.client.pushed.filter(({ method }) => method === 'mining.notify');
    await until('its job is here', () => notify().length === 2);
    const [jobId, , , , , , , time] = notify().at(-1)!.params as string[];
    const { target } = work.current()!;
    let share: [string, string, string, string, string];
    let nonce = 0;
    do {
      const nonceHex = (nonce++).toString(16).padStart(8, '0');
      share = [`${addressOf('alice')}.rig`, jobId!, '00'.repeat(8), time!, nonceHex];
    } while (hashToNumber(nativeCrypto.sha256d(cpu.headerOf(share))) > target);
    expect((await cpu.client.ask('mining.submit', share)).result).toBe(true);
    expect(blocks).toHaveLength(1);
    // A block takes 4,096 hashes here: the power of two that is certainly not more.
    expect(shares.map(({ hashes }) => hashes)).toEqual([2n ** 11n]);
  });

  test('is told to come back when the server stops, and a share under way is kept first', async () => {
    let release: () => void = () => undefined;
    const kept = new Promise<void>((resolve) => {
      release = resolve;
    });
    await open({}, { record: () => kept, found: () => kept });
    const cpu = await miner();
    const answer = cpu.client.ask('mining.submit', await cpu.findShare());
    await until('the share arrived', () => server.statistics().connections === 1);
    await delay(50);
    const stopped = server.stop();
    release();
    await stopped;
    expect(cpu.client.last('client.reconnect')).toBeDefined();
    // Its connection may have ended before the answer; it is never told that a share counts that does not.
    await answer;
  });

  test('hears that a share does not count when it cannot be written down, and may send it again', async () => {
    let isFull = true;
    const sink: ShareSink = {
      record: async (share) => {
        if (isFull) throw new AppError({ code: 'pool/store-failed', message: 'disk full' });
        shares.push(share);
      },
      found: (block) => sink.record(block.share),
    };
    await open({}, sink);
    const cpu = await miner();
    const share = await cpu.findShare();
    expect(codeOf(await cpu.client.ask('mining.submit', share))).toBe(20);
    isFull = false;
    expect((await cpu.client.ask('mining.submit', share)).result).toBe(true);
    expect(shares).toHaveLength(1);
  });
});

describe('a share is refused with its code', () => {
  const refusals: readonly (readonly [string, number, (cpu: CpuMiner) => Promise<readonly unknown[]>])[] = [
    ['of an unknown job', 21, async (cpu) => Object.assign(await cpu.findShare(), { 1: 'ffff' })],
    ['of the job of nobody', 20, async (cpu) => Object.assign(await cpu.findShare(), { 1: 7 })],
    ['of another extranonce', 23, async (cpu) => Object.assign(await cpu.findShare(), { 2: 'ff'.repeat(8) })],
    [
      'with a short extranonce',
      20,
      async (cpu) => Object.assign(await cpu.findShare(), { 2: 'ff'.repeat(4) }),
    ],
    ['from the past', 20, async (cpu) => Object.assign(await cpu.findShare(), { 3: '00000001' })],
    ['from the future', 20, async (cpu) => Object.assign(await cpu.findShare(), { 3: 'ffffffff' })],
    [
      'with a time that is no number',
      20,
      async (cpu) => Object.assign(await cpu.findShare(), { 3: 'zzzzzzzz' }),
    ],
    ['without a nonce', 20, async (cpu) => (await cpu.findShare()).slice(0, 4)],
    ['in a foreign name', 24, async (cpu) => Object.assign(await cpu.findShare(), { 0: addressOf('bob') })],
    ['in no name', 24, async (cpu) => Object.assign(await cpu.findShare(), { 0: null })],
  ];
  test.each(refusals)('%s: %i', async (_what, code, make) => {
    await open();
    const cpu = await miner();
    expect(codeOf(await cpu.client.ask('mining.submit', await make(cpu)))).toBe(code);
    expect(shares).toEqual([]);
    // The connection is as good as before.
    expect((await cpu.client.ask('mining.submit', await cpu.findShare())).result).toBe(true);
  });

  test('sent twice: 22, also under the id of a later job', async () => {
    await open();
    const cpu = await miner();
    const share = await cpu.findShare();
    expect((await cpu.client.ask('mining.submit', share)).result).toBe(true);
    expect(codeOf(await cpu.client.ask('mining.submit', share))).toBe(22);
    await cpu.client.ask('mining.suggest_difficulty', [2 ** -21]);
    await until(
      'a second job came',
      () => cpu.client.pushed.filter(({ method }) => method === 'mining.notify').length === 2,
    );
    const job = cpu.client.last('mining.notify')?.params[0];
    expect(codeOf(await cpu.client.ask('mining.submit', Object.assign([...share], { 1: job })))).toBe(22);
    expect(shares).toHaveLength(1);
    expect(server.statistics().refused).toMatchObject({ duplicate: 2 });
  });

  test('of another connection: 23; before subscribing: 25; before authorizing: 24', async () => {
    await open();
    const cpu = await miner();
    const share = await cpu.findShare();
    const thief = await miner();
    await until('the thief has a job', () => thief.client.last('mining.notify') !== undefined);
    const job = thief.client.last('mining.notify')?.params[0];
    expect(codeOf(await thief.client.ask('mining.submit', Object.assign([...share], { 1: job })))).toBe(23);
    const raw = lines();
    expect(codeOf(await raw.ask('mining.submit', share))).toBe(25);
    await raw.ask('mining.subscribe', []);
    expect(codeOf(await raw.ask('mining.submit', share))).toBe(24);
    expect(shares).toEqual([]);
  });
});

describe('a connection is refused', () => {
  test('authorization for what is no address of this network, with a text that says so', async () => {
    await open();
    const raw = lines();
    const users = [
      '',
      'bob',
      'cairn1qqqq',
      `${addressOf('alice')}x`,
      `${addressOf('alice')}.${'w'.repeat(65)}`,
      7,
      null,
    ];
    for (const user of users) expect(codeOf(await raw.ask('mining.authorize', [user, 'x']))).toBe(24);
    const { error } = await raw.ask('mining.authorize', ['bob', 'x']);
    expect(error?.[1]).toContain("'bob' is no address");
    expect((await raw.ask('mining.authorize', [addressOf('alice')])).result).toBe(true);
    expect(codeOf(await raw.ask('mining.authorize', [addressOf('bob')]))).toBe(24);
  });

  test('for garbage, with an answer to each line and a ban in the end', async () => {
    await open({ banPoints: 100, banMs: 60_000 });
    const raw = lines();
    for (const line of [
      '{',
      '[]',
      '7',
      '{"id":1}',
      '{"id":2,"method":5}',
      '{"id":3,"method":"mining.subscribe","params":{}}',
    ]) {
      raw.sendRaw(`${line}\n`);
    }
    await until('the connection is cut', () => raw.closed);
    expect(raw.replies.length).toBeGreaterThanOrEqual(4);
    for (const reply of raw.replies) expect(codeOf(reply)).toBe(20);
    const again = lines();
    await until('the next one is not taken', () => again.closed);
    expect(server.statistics()).toMatchObject({
      bannedAddresses: 1,
      connections: 0,
      refused: { banned: 1, 'banned-address': 1 },
    });
  });

  test('for a line without end', async () => {
    await open({ maxLineBytes: 1_000 });
    const raw = lines();
    raw.sendRaw('x'.repeat(600));
    await delay(30);
    raw.sendRaw('x'.repeat(600));
    await until('the connection is cut', () => raw.closed);
    expect(raw.replies).toMatchObject([{ error: [20, expect.stringContaining('1000 bytes'), null] }]);
    expect(server.statistics().refused).toMatchObject({ 'oversized-line': 1 });
  });

  test('for a flood, while those at other addresses are served', async () => {
    await open({ messagesPerSecond: 10, messageBurst: 20, banPoints: 1_000 });
    const isLinux = process.platform === 'linux';
    const good = await miner(undefined, isLinux ? '127.0.0.2' : undefined);
    const raw = lines();
    raw.sendRaw('{"id":1,"method":"mining.extranonce.subscribe","params":[]}\n'.repeat(5_000));
    await until('the flooder is cut', () => raw.closed);
    expect(server.statistics().refused['flood']).toBeGreaterThan(100);
    expect(raw.replies.filter(({ result }) => result === true).length).toBeLessThan(40);
    if (!isLinux) return;
    expect((await good.client.ask('mining.submit', await good.findShare())).result).toBe(true);
    expect(server.statistics()).toMatchObject({ connections: 1, bannedAddresses: 1 });
  });

  test('beyond the number one address may have', async () => {
    await open({ maxConnectionsPerAddress: 10 });
    const many = Array.from({ length: 1_000 }, lines);
    await until('990 are refused', () => many.filter(({ closed }) => closed).length === 990);
    expect(server.statistics()).toMatchObject({ connections: 10, refused: { 'too-many-from-address': 990 } });
    for (const client of many) client.close();
    await until('they are gone', () => server.statistics().connections === 0);
    const cpu = await miner();
    expect((await cpu.client.ask('mining.submit', await cpu.findShare())).result).toBe(true);
  });

  test('that never authorizes', async () => {
    await open({ unauthorizedMs: 200 });
    const raw = lines();
    await raw.ask('mining.subscribe', []);
    await until('the connection is cut', () => raw.closed);
    expect(server.statistics().refused).toMatchObject({ 'never-authorized': 1 });
  });

  test('that keeps sending shares which are none', async () => {
    await open({ banPoints: 50, messagesPerSecond: 1_000, messageBurst: 1_000 });
    const cpu = await miner();
    const share = await cpu.findShare();
    for (let bad = 0; !cpu.client.closed && bad < 50; bad++) {
      const code = codeOf(
        await cpu.client.ask('mining.submit', Object.assign([...share], { 4: `${1e7 + bad}` })),
      );
      // By chance one of them is a share all the same.
      expect([23, 0, undefined]).toContain(code);
    }
    expect(cpu.client.closed).toBe(true);
    expect(server.statistics().refused['low-difficulty']).toBeLessThan(20);
  });
});

test('good work makes up for faults: a miner with one bad share in ten is never banned', async () => {
  await open({ banPoints: 20 });
  const cpu = await miner();
  for (let round = 0; round < 60; round++) {
    expect((await cpu.client.ask('mining.submit', await cpu.findShare())).result).toBe(true);
    if (round % 10 === 0)
      expect(
        codeOf(
          await cpu.client.ask('mining.submit', Object.assign(await cpu.findShare(), { 2: 'ee'.repeat(8) })),
        ),
      ).toBe(23);
  }
  expect(server.statistics().bannedAddresses).toBe(0);
}, 60_000);

test('every connection has an extranonce of its own', async () => {
  await open();
  const seen = new Set<string>();
  for (let count = 0; count < 50; count++) {
    const reply = await lines().ask('mining.subscribe', []);
    seen.add((reply.result as [unknown, string])[1]);
  }
  expect(seen.size).toBe(50);
});

test('accounts are told apart by address, not by the name behind the dot', async () => {
  await open();
  const cpu = await miner(`${addressOf('alice')}.one`);
  expect((await cpu.client.ask('mining.authorize', [`${addressOf('alice')}.two.three`])).result).toBe(true);
  const share = Object.assign(await cpu.findShare(), { 0: `${addressOf('alice')}.two.three` });
  expect((await cpu.client.ask('mining.submit', share)).result).toBe(true);
  const account: AccountId = ledger.wallet('alice').account;
  expect(shares).toMatchObject([{ account, worker: 'two.three' }]);
});
