import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { type AccountId, decodeCoinbase, devnet, hashToNumber } from '#chain';
import { bytesToHex } from '#crypto';
import { AppError } from '#errors';
import type { LedgerPort } from '#ledger';
import { TestLedger } from '../ledger/testing/index.js';
import { createMiningWork, type MiningWork, sha256d, workToCoinbase } from './mining-work.js';
import { createWorkSource, type WorkChange, type WorkSource } from './work-source.js';

let ledger: TestLedger;
let source: WorkSource;
const changes: WorkChange[] = [];

/** A network whose blocks nobody paces, with blocks every second hash. */
const unpacedNetwork = {
  ...devnet,
  proofOfWork: {
    ...devnet.proofOfWork,
    genesisBits: 0x207f_ffff,
    limitBits: 0x207f_ffff,
    adjustment: 'asert' as const,
  },
};

async function open(params: typeof devnet = unpacedNetwork, port?: LedgerPort): Promise<void> {
  ledger = await TestLedger.open({ params });
  source = createWorkSource({ ledger: port ?? ledger.ledger, params, refreshMs: 50, patienceMs: 5_000 });
  source.onChange((_, change) => changes.push(change));
  source.start();
  await until(() => source.current() !== undefined);
}

async function until(condition: () => boolean): Promise<void> {
  const deadline = performance.now() + 10_000;
  while (!condition()) {
    if (performance.now() > deadline) throw new Error('waited 10 s in vain');
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/** A solution by counting through the header's nonces. */
function solve(work: MiningWork, miner: AccountId, extranonce = new Uint8Array(12)) {
  const coinbase = workToCoinbase(work, miner, extranonce);
  const header = new Uint8Array(80);
  header.set(Buffer.from(work.template.headerHex, 'hex'));
  header.set(sha256d(coinbase), 36);
  const view = new DataView(header.buffer);
  for (let nonce = 0; hashToNumber(sha256d(header)) > work.target; nonce++) view.setUint32(76, nonce, true);
  return { work, header, coinbase };
}

beforeEach(() => {
  changes.length = 0;
});
afterEach(async () => {
  await source.stop();
  await ledger.close();
});

describe('the work source', () => {
  test('makes coinbases of one body for every account, and blocks of them are taken', async () => {
    await open();
    const work = source.current()!;
    const other = ledger.wallet('other').account;
    const coinbase = decodeCoinbase(workToCoinbase(work, other, new Uint8Array(12).fill(7)));
    expect(coinbase).toMatchObject({ ok: true, value: { miner: other, height: 1 } });
    ledger.clock.seconds += 1;
    expect(await source.submit(solve(work, other))).toMatchObject({ kind: 'accepted', height: 1 });
    expect((await ledger.ledger.account({ account: other })).immature).not.toBe('0');
  });

  test('says a new tip from a new body, and forgets the work of older tips', async () => {
    await open();
    const first = source.current()!;
    await ledger.transfer(ledger.faucet, ledger.miner, 1_000n);
    await until(() => source.current()!.template.id !== first.template.id);
    expect(changes).toEqual(['tip', 'body']);
    expect(source.find(first.template.id)).toBe(first);
    expect(source.all()).toHaveLength(2);
    await ledger.mine();
    await until(() => source.current()!.previousId !== first.previousId);
    expect(changes.at(-1)).toBe('tip');
    expect(source.find(first.template.id)).toBeUndefined();
    ledger.clock.seconds += 1;
    const late = await source.submit(solve(first, ledger.miner.account));
    expect(late).toMatchObject({ kind: 'refused', violation: { rule: 'mining/stale-template' } });
  });

  test('on a network that its miners pace, one block waits for its turn and others for the same parent are let go', async () => {
    const paced = {
      ...devnet,
      proofOfWork: { ...devnet.proofOfWork, genesisBits: 0x207f_ffff, limitBits: 0x207f_ffff },
    };
    await open(paced);
    const work = source.current()!;
    ledger.clock.seconds += 1;
    expect(await source.submit(solve(work, ledger.miner.account))).toMatchObject({
      kind: 'accepted',
      height: 1,
    });
    await until(() => source.current()!.previousId !== work.previousId);
    const startedMs = performance.now();
    ledger.clock.seconds += 1;
    const next = source.current()!;
    const [one, two] = await Promise.all([
      source.submit(solve(next, ledger.miner.account)),
      source.submit(solve(next, ledger.miner.account, new Uint8Array(12).fill(1))),
    ]);
    expect(one).toMatchObject({ kind: 'accepted', height: 2 });
    expect(two).toEqual({ kind: 'superseded' });
    expect(performance.now() - startedMs).toBeGreaterThan(500);
  });

  test('hands a block in again while the node is away, and waits for a node that gives no template', async () => {
    let isAway = false;
    let refusedCalls = 0;
    const away = (): never => {
      refusedCalls += 1;
      throw new AppError({ code: 'node/unreachable', message: 'the node is away' });
    };
    ledger = await TestLedger.open({ params: unpacedNetwork });
    const flaky: LedgerPort = {
      ...ledger.ledger,
      template: async (request) => (isAway ? away() : ledger.ledger.template(request)),
      submitSolution: async (request) => (isAway ? away() : ledger.ledger.submitSolution(request)),
    };
    source = createWorkSource({ ledger: flaky, params: unpacedNetwork, refreshMs: 20 });
    source.start();
    await until(() => source.current() !== undefined);
    isAway = true;
    await until(() => !source.isFresh());
    ledger.clock.seconds += 1;
    const submitted = source.submit(solve(source.current()!, ledger.miner.account));
    await until(() => refusedCalls >= 4);
    isAway = false;
    expect(await submitted).toMatchObject({ kind: 'accepted', height: 1 });
    await until(() => source.isFresh());
  });

  test('has no work from a node of another network, and says so once', async () => {
    const told: unknown[] = [];
    const logger = {
      info: () => undefined,
      debug: () => undefined,
      warn: (fields: unknown) => told.push(fields),
    };
    ledger = await TestLedger.open({ params: unpacedNetwork });
    let asked = 0;
    const port = {
      ...ledger.ledger,
      status: async () => {
        asked += 1;
        return { ...(await ledger.ledger.status()), network: 'testnet' };
      },
      template: (request: { miner: string }) => ledger.ledger.template(request),
    } as unknown as LedgerPort;
    source = createWorkSource({ ledger: port, params: unpacedNetwork, logger: logger as never });
    source.start();
    await until(() => asked > 1);
    expect(source.current()).toBeUndefined();
    const mistakes = told.filter(
      (fields) => (fields as { err: AppError }).err.code === 'mining/other-network',
    );
    expect(mistakes).toHaveLength(1);
  });

  test('refuses a template that is none', () => {
    const template = {
      id: 'x',
      height: 1,
      headerHex: '00',
      coinbaseHex: '',
      extranonceOffset: 0,
      targetHex: bytesToHex(new Uint8Array(32)),
    };
    const broken = { ...template, minTimeSeconds: 0, transactionCount: 0, fees: '0' };
    expect(() => createMiningWork(broken)).toThrow(expect.objectContaining({ code: 'mining/bad-template' }));
    source = createWorkSource({ ledger: {} as LedgerPort, params: devnet });
    return TestLedger.open().then((opened) => {
      ledger = opened;
    });
  });
});
