import { request as httpRequest } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { accountIdToAddress, decodeCoinbase, devnet, testnet } from '#chain';
import { hexToBytes } from '#crypto';
import { createHttpApp, type RunningHttpApp } from '#http';
import { createWorkSource, type WorkSource } from '#mining-work';
import { TestLedger } from '../ledger/testing/index.js';
import { GbtMiner, type GbtTemplate } from '../stratum/testing/index.js';
import { MAX_BATCH, MAX_BODY_BYTES } from './limits.js';
import { createMiningRpc, type MiningRpc } from './mining-rpc.js';
import { MiningRpcModule } from './mining-rpc-module.js';

let ledger: TestLedger;
let work: WorkSource;
let rpc: MiningRpc;
let app: RunningHttpApp;

const addressOf = (label: string): string => accountIdToAddress(devnet, ledger.wallet(label).account);

async function open(options: { password?: string; payDefault?: boolean } = {}): Promise<void> {
  const defaultAccount = options.payDefault === true ? ledger.wallet('operator').account : undefined;
  rpc = createMiningRpc({ ledger: ledger.ledger, params: devnet, work, defaultAccount });
  app = await createHttpApp(MiningRpcModule.of({ rpc, password: options.password }), {
    port: 0,
    isJsonParsed: () => false,
  });
}

beforeEach(async () => {
  ledger = await TestLedger.open({ params: devnet });
  ledger.clock.seconds = Math.floor(Date.now() / 1_000);
  work = createWorkSource({ ledger: ledger.ledger, params: devnet, refreshMs: 100 });
  work.start();
  await until('there is work', () => work.current() !== undefined);
});
afterEach(async () => {
  await app.close();
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

const minerOf = (label: string): GbtMiner => new GbtMiner(app.url, `${addressOf(label)}.rig`);
const post = (body: string, headers: Record<string, string> = {}): Promise<Response> =>
  fetch(app.url, { method: 'POST', headers, body });
const minerOfTemplate = (template: GbtTemplate): string | undefined => {
  const coinbase = decodeCoinbase(hexToBytes(template.coinbasetxn.data));
  return coinbase.ok ? coinbase.value.miner : undefined;
};

describe('getblocktemplate and submitblock', () => {
  test('make blocks with a miner that computes as cpuminer does, one after the other', async () => {
    await open();
    const miner = minerOf('alice');
    for (let height = 1; height <= 3; height++) {
      await until('the template follows', () => work.current()!.template.height === height);
      const template = await miner.template();
      expect(template).toMatchObject({
        height,
        transactions: [],
        version: 0x2000_0000,
        noncerange: '00000000ffffffff',
      });
      expect(template.coinbasetxn.data.length).toBeGreaterThanOrEqual(120);
      expect(template.mutable).not.toContain('coinbase/append');
      expect(minerOfTemplate(template)).toBe(ledger.wallet('alice').account);
      expect(await miner.call('submitblock', miner.solve(template))).toEqual({
        result: null,
        error: null,
        id: 0,
      });
      expect(ledger.height).toBe(height);
    }
    expect(rpc.statistics()).toMatchObject({
      calls: { getblocktemplate: 3, submitblock: 3 },
      blocks: { accepted: 3 },
    });
  });

  test('carry the transactions of the body, found again by workid or by the coinbase', async () => {
    await open();
    await ledger.transfer(ledger.faucet, ledger.wallet('bob'), 5n);
    await until('the body has it', () => work.current()!.template.transactionCount === 1);
    const miner = minerOf('alice');
    const [hex] = miner.solve(await miner.template());
    expect(await miner.call('submitblock', [hex])).toMatchObject({ result: null, error: null });
    expect((await ledger.ledger.account({ account: addressOf('bob') })).balance).toBe('5');
  });

  test('no two templates are the same, whoever is paid', async () => {
    await open();
    const miner = minerOf('alice');
    const answers = await Promise.all(Array.from({ length: 20 }, () => miner.template()));
    expect(new Set(answers.map(({ coinbasetxn }) => coinbasetxn.data)).size).toBe(20);
  });

  test('refuse with the words of BIP 22', async () => {
    await open();
    const miner = minerOf('alice');
    const template = await miner.template();
    const [hex, extra] = miner.solve(template);
    const wrongNonce = `${hex.slice(0, 152)}00000000${hex.slice(160)}`;
    expect((await miner.call('submitblock', [wrongNonce, extra])).result).toBe('high-hash');
    const other = miner.solve(await miner.template());
    expect((await miner.call('submitblock', [hex, extra])).result).toBeNull();
    expect((await miner.call('submitblock', [hex, extra])).result).toBe('duplicate');
    await until('the tip moved', () => work.current()!.template.height === 2);
    expect((await miner.call('submitblock', other)).result).toBe('stale-prevblk');
    for (const broken of [
      '',
      'zz',
      '00'.repeat(80),
      `${hex.slice(0, 160)}02${hex.slice(162)}`,
      `${hex}00`,
      7,
    ]) {
      expect((await miner.call('submitblock', [broken])).error).toMatchObject({ code: expect.any(Number) });
    }
    expect(rpc.statistics().blocks).toEqual({
      'high-hash': 1,
      accepted: 1,
      duplicate: 1,
      'stale-prevblk': 1,
    });
  });

  test('name a block whose rules are broken after it met the target', async () => {
    await open();
    const miner = minerOf('alice');
    const template = await miner.template();
    const [tooLate] = miner.solve({ ...template, curtime: template.curtime + 10_000 });
    expect((await miner.call('submitblock', [tooLate])).result).toBe('time-too-new');
    const [version] = miner.solve({ ...template, version: 0x2000_0001 });
    expect((await miner.call('submitblock', [version])).result).toBe('bad-version');
    const forged = hexToBytes(template.coinbasetxn.data);
    forged[94] = 0xff;
    const [greedy] = miner.solve({ ...template, coinbasetxn: { data: Buffer.from(forged).toString('hex') } });
    expect((await miner.call('submitblock', [greedy])).result).toBe('bad-cb');
  });

  test('hold a long poll until there is other work', async () => {
    await open();
    const miner = minerOf('alice');
    const { longpollid } = await miner.template();
    const held = miner.template(longpollid);
    await until('it is held', () => rpc.statistics().longPolls === 1);
    await ledger.mine();
    expect((await held).height).toBe(2);
    expect(rpc.statistics().longPolls).toBe(0);
    expect((await miner.template(longpollid)).height).toBe(2);
  });

  test('let go of a long poll whose miner is gone, and of all when the server stops', async () => {
    await open();
    const miner = minerOf('alice');
    const { longpollid } = await miner.template();
    const leaving = new AbortController();
    const body = JSON.stringify({ id: 1, method: 'getblocktemplate', params: [{ longpollid }] });
    const headers = { authorization: `Basic ${Buffer.from(`${addressOf('alice')}:x`).toString('base64')}` };
    const left = fetch(app.url, { method: 'POST', body, headers, signal: leaving.signal }).catch(
      () => 'gone',
    );
    await until('it is held', () => rpc.statistics().longPolls === 1);
    leaving.abort();
    expect(await left).toBe('gone');
    await until('it is let go', () => rpc.statistics().longPolls === 0);
    const waiting = fetch(app.url, { method: 'POST', body, headers }).catch(() => undefined);
    await until('it is held', () => rpc.statistics().longPolls === 1);
    await app.close();
    await waiting;
    expect(rpc.statistics().longPolls).toBe(0);
  });
});

describe('who is paid', () => {
  test('is the address in the user name; a mistyped one is refused, never replaced', async () => {
    await open({ payDefault: true });
    expect(minerOfTemplate(await minerOf('bob').template())).toBe(ledger.wallet('bob').account);
    expect(minerOfTemplate(await new GbtMiner(app.url, 'user').template())).toBe(
      ledger.wallet('operator').account,
    );
    await expect(new GbtMiner(app.url, `${addressOf('bob')}q`).template()).rejects.toThrow(
      'is no address of devnet',
    );
    const elsewhere = accountIdToAddress(testnet, ledger.wallet('bob').account);
    for (const user of [elsewhere, `${elsewhere}.rig`])
      await expect(new GbtMiner(app.url, user).template()).rejects.toThrow('is no address of devnet');
  });

  test('must be said where the operator named nobody', async () => {
    await open();
    await expect(new GbtMiner(app.url, 'user').template()).rejects.toThrow('give your address as user name');
  });
});

describe('the server', () => {
  test('answers what miners ask besides', async () => {
    await open();
    await ledger.mine(3);
    await until('work follows', () => work.current()!.template.height === 4);
    const ask = async (method: string, ...params: unknown[]): Promise<unknown> =>
      (await minerOf('alice').call(method, params)).result;
    expect(await ask('getblockcount')).toBe(3);
    const best = await ask('getbestblockhash');
    expect(best).toBe(await ask('getblockhash', 3));
    expect(await ask('getdifficulty')).toBeCloseTo(2 ** -20, 10);
    expect(await ask('getmininginfo')).toMatchObject({
      blocks: 3,
      chain: 'devnet',
      pooledtx: 0,
      bits: '1f0fffff',
    });
    // Two blocks of 4,096 hashes, a second apart each.
    expect(await ask('getnetworkhashps', 2)).toBeCloseTo(4_096, -1);
    expect(await ask('validateaddress', addressOf('bob'))).toMatchObject({ isvalid: true });
    expect(await ask('validateaddress', 'bob')).toEqual({ isvalid: false });
  });

  test('speaks JSON-RPC 1.0, 2.0, batches and notifications, and names what is wrong', async () => {
    await open();
    const call = async (body: unknown): Promise<[number, unknown]> => {
      const response = await post(typeof body === 'string' ? body : JSON.stringify(body));
      const text = await response.text();
      return [response.status, text === '' ? undefined : JSON.parse(text)];
    };
    expect(await call({ id: 'a', method: 'getblockcount' })).toEqual([
      200,
      { id: 'a', result: 0, error: null },
    ]);
    const two = { jsonrpc: '2.0', method: 'getblockcount', params: [] };
    expect(await call({ ...two, id: 1 })).toEqual([200, { jsonrpc: '2.0', result: 0, id: 1 }]);
    expect(await call(two)).toEqual([204, undefined]);
    expect(await call([{ ...two, id: 1 }, two, { id: 2, method: 'nothing' }])).toMatchObject([
      200,
      [
        { result: 0, id: 1 },
        { error: { code: -32_601 }, id: 2 },
      ],
    ]);
    expect(await call({ id: 1, method: 'getwork', params: [] })).toMatchObject([
      404,
      { error: { code: -32_601 } },
    ]);
    expect(await call('{')).toMatchObject([400, { error: { code: -32_700 }, id: null }]);
    for (const bad of [7, null, 'x', {}, { method: 7 }, { method: 'x', params: {} }, []]) {
      expect(await call(bad === 'x' ? '"x"' : bad)).toMatchObject([400, { error: { code: -32_600 } }]);
    }
    const long = Array.from({ length: MAX_BATCH + 1 }, () => two);
    expect(await call(long)).toMatchObject([400, { error: { code: -32_600 } }]);
  });

  test('takes no more than a block is long', async () => {
    await open();
    const response = await post(`{"id":1,"method":"submitblock","params":["${'0'.repeat(MAX_BODY_BYTES)}"]}`);
    expect(response.status).toBe(413);
    expect((await minerOf('alice').call('getblockcount', [])).result).toBe(0);
  });

  test('asks for the password that was set, and for no other user name than an address', async () => {
    await open({ password: 'secret' });
    expect((await post('{}')).status).toBe(401);
    await expect(new GbtMiner(app.url, addressOf('bob'), 'Secret').template()).rejects.toThrow('password');
    const template = await new GbtMiner(app.url, addressOf('bob'), 'secret').template();
    expect(minerOfTemplate(template)).toBe(ledger.wallet('bob').account);
  });

  test('is not for web pages: neither from a page nor under a name that a page could point here', async () => {
    await open();
    const body = '{"id":1,"method":"getblockcount","params":[]}';
    expect((await post(body, { origin: 'http://evil.example' })).status).toBe(403);
    const status = await new Promise<number | undefined>((resolve, reject) => {
      const { port } = app;
      const request = httpRequest(
        { port, host: '127.0.0.1', method: 'POST', headers: { host: 'evil.example' } },
        (response) => {
          response.resume();
          resolve(response.statusCode);
        },
      );
      request.on('error', reject);
      request.end(body);
    });
    expect(status).toBe(421);
  });

  test('survives any body', async () => {
    await open();
    const caller = { user: addressOf('bob'), signal: new AbortController().signal };
    const method = fc.constantFrom(
      'getblocktemplate',
      'submitblock',
      'getblockhash',
      'getnetworkhashps',
      'validateaddress',
      'x',
    );
    const call = fc.record({
      id: fc.jsonValue(),
      method,
      params: fc.array(fc.jsonValue(), { maxLength: 3 }),
    });
    await fc.assert(
      fc.asyncProperty(
        fc.oneof(
          fc.string(),
          fc.json(),
          call.map((value) => JSON.stringify(value)),
        ),
        async (body) => {
          const { status } = await rpc.handle(body, caller);
          expect([200, 204, 400, 404]).toContain(status);
        },
      ),
      { numRuns: 300 },
    );
  });
});
