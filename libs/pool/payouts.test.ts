import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { coinbaseReward, decodeBlock, decodeCoinbase, decodeHeader } from '#chain';
import { hexToBytes } from '#crypto';
import { nativeCrypto } from '#crypto-native';
import { AppError, InvariantError } from '#errors';
import type { LedgerPort } from '#ledger';
import { createMiningWork } from '#mining-work';
import type { AcceptedShare, FoundBlock } from '#stratum';
import {
  fastDevnet,
  grow,
  newChain,
  solveTemplate,
  submitFrom,
  TestLedger,
  type Wallet,
} from '../ledger/testing/index.js';
import { MaturedBlocks } from './matured-blocks.js';
import { Payouts } from './payouts.js';
import { PoolStore } from './pool-store.js';
import type { PayoutScheme } from './reward-split.js';

/** A pool's books on a ledger of its own: finds blocks, is killed, starts again on the same file. */
class Scene {
  store!: PoolStore;
  readonly pool: Wallet;
  readonly miners: readonly Wallet[];
  private matured!: MaturedBlocks;
  private payouts!: Payouts;
  /** Before each call of the port: throws to be away. */
  before: (method: string) => void = () => undefined;
  /** After it: throws to lose the answer of what was done. */
  after: (method: string) => void = () => undefined;

  private constructor(
    readonly ledger: TestLedger,
    private readonly file: string,
    private readonly scheme: Exclude<PayoutScheme, 'solo'>,
    private readonly feeBps: bigint,
    private readonly minPayout: bigint,
  ) {
    this.pool = ledger.wallet('pool');
    this.miners = ['alice', 'bob', 'carol'].map((label) => ledger.wallet(label));
  }

  static async open(
    folder: string,
    { scheme = 'pplns' as Exclude<PayoutScheme, 'solo'>, feeBps = 100n, minPayout = 10_000n } = {},
  ): Promise<Scene> {
    const scene = new Scene(await TestLedger.open(), join(folder, 'pool.sqlite'), scheme, feeBps, minPayout);
    await scene.restart();
    return scene;
  }

  /** What a killed and restarted process has: the file. */
  async restart(): Promise<void> {
    await this.store?.close();
    this.store = await PoolStore.open(this.file);
    const { store, scheme, feeBps, minPayout, pool } = this;
    const { law } = this.ledger;
    const ledger = this.port();
    const key = { publicKey: pool.publicKey, secretKey: pool.secretKey };
    this.matured = new MaturedBlocks({ ledger, law, store, account: pool.account, scheme, feeBps });
    this.payouts = new Payouts({ ledger, law, store, key, minPayout });
  }

  async share(miner: Wallet, hashes: bigint, atMs = Date.now()): Promise<void> {
    await this.sink().record({ ...this.toShare(miner, hashes), atMs });
  }

  /** A block of the pool: written down, then handed in unless it gets lost. */
  async find(finder: Wallet, options: { readonly isLost?: boolean } = {}): Promise<FoundBlock> {
    const { ledger } = this;
    ledger.clock.seconds += 1;
    const template = await ledger.ledger.template({ miner: this.pool.account });
    const request = solveTemplate(template);
    const header = hexToBytes(request.headerHex);
    const coinbase = decodeCoinbase(hexToBytes(request.coinbaseHex));
    if (!coinbase.ok || !decodeHeader(header).ok) throw new Error('a template that is none');
    const blockId = Buffer.from(nativeCrypto.sha256d(header)).reverse().toString('hex');
    const block: FoundBlock = {
      blockId,
      height: template.height,
      share: this.toShare(finder, 16n),
      reward: coinbaseReward(coinbase.value),
      paidTo: this.pool.account,
      solution: { work: createMiningWork(template), header, coinbase: hexToBytes(request.coinbaseHex) },
    };
    await this.sink().found(block);
    if (options.isLost !== true) await ledger.ledger.submitSolution(request);
    return block;
  }

  async round(): Promise<void> {
    await this.matured.run(Date.now());
    await this.payouts.run(Date.now());
  }

  /** Mines and pays until nothing is on its way. */
  async settle(): Promise<void> {
    for (let round = 0; round < 4; round++) {
      await this.ledger.mine(6);
      await this.ledger.ledger.indexed();
      await this.round();
    }
  }

  /** Somebody's branch replaces everything above a height. */
  async abandonFrom(height: number): Promise<string | undefined> {
    const { ledger } = this;
    const branch = newChain(fastDevnet);
    for (let at = 1; at <= height; at++) {
      const raw = await ledger.ledger.rawBlock({ ref: String(at) });
      const block = decodeBlock(ledger.law, hexToBytes(raw!.hex));
      if (!block.ok || !branch.add(block.value).ok) throw new Error(`block ${at} does not go on the branch`);
    }
    const miner = ledger.wallet('another').account;
    for (let count = ledger.height - height + 2; count > 0; count--)
      grow(branch, [], { coinbase: { miner } });
    return submitFrom(ledger, branch, height + 1);
  }

  /** What came from the pool, by the chain itself. */
  async received(wallet: Wallet): Promise<bigint> {
    let sum = 0n;
    const page = await this.ledger.ledger.accountPostings({ account: wallet.account, limit: 100 });
    for (const { reason, from, amount } of page.items) {
      if (reason === 'transfer' && from === `account:${this.pool.account}`) sum += BigInt(amount);
    }
    return sum;
  }

  async close(): Promise<void> {
    await this.store.close();
    await this.ledger.close();
  }

  private sink() {
    return this.store.sink(() => 100n);
  }

  private toShare(miner: Wallet, hashes: bigint): AcceptedShare {
    return { account: miner.account, worker: 'w', hashes, height: this.ledger.height + 1, atMs: Date.now() };
  }

  private port(): LedgerPort {
    const inner = (): LedgerPort => this.ledger.ledger;
    return new Proxy({} as LedgerPort, {
      get: (_, method: keyof LedgerPort) => async (request: never) => {
        this.before(method);
        const answer = await (inner()[method] as (argument: never) => unknown)(request);
        this.after(method);
        return answer;
      },
    });
  }
}

let folder: string;
let scene: Scene | undefined;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cairn-pool-'));
});
afterEach(async () => {
  await scene?.close();
  scene = undefined;
  await rm(folder, { recursive: true, force: true });
});

async function expectBalanced(here: Scene): Promise<void> {
  const totals = await here.store.totals();
  expect(totals.earned).toBe(totals.fees + totals.dust + totals.credited);
  expect(totals.credited).toBe(totals.paid + totals.networkFees + totals.owed);
}

describe('payouts', () => {
  test('pay by the last shares, once the block can be spent, each its part', async () => {
    scene = await Scene.open(folder);
    const [alice, bob] = scene.miners as [Wallet, Wallet];
    await scene.share(bob, 1_000_000n);
    await scene.share(alice, 100n);
    await scene.share(bob, 50n);
    // The window is twice the 100 hashes a block takes here: 16 of the block, 50, 100, and 34 of the first share.
    const block = await scene.find(alice);
    await scene.round();
    expect((await scene.store.totals()).credited).toBe(0n);
    await scene.settle();
    const shared = block.reward - block.reward / 100n;
    const costs = (await scene.store.recentPayments(10)).map(({ fee }) => fee);
    expect(await scene.received(alice)).toBe((shared * 116n) / 200n - costs[0]!);
    expect(await scene.received(bob)).toBe((shared * 84n) / 200n - costs[0]!);
    await expectBalanced(scene);
    expect((await scene.store.openPayments()).length).toBe(0);
  });

  test('pay the rounds of the proportional scheme, and those of a lost block with the next', async () => {
    scene = await Scene.open(folder, { scheme: 'proportional', feeBps: 0n });
    const [alice, bob, carol] = scene.miners as [Wallet, Wallet, Wallet];
    await scene.share(alice, 16n);
    await scene.find(bob);
    await scene.share(carol, 16n);
    await scene.find(alice, { isLost: true });
    await scene.find(carol);
    await scene.settle();
    const credited = async (wallet: Wallet): Promise<bigint> =>
      (await scene!.store.balance(wallet.account)).credited;
    const subsidy = fastDevnet.reward.initialSubsidy;
    // First round: alice and bob. The second was lost; its shares count in the third: carol twice, alice once.
    expect(await credited(bob)).toBe(subsidy / 2n);
    expect(await credited(alice)).toBe(subsidy / 2n + subsidy / 3n);
    expect(await credited(carol)).toBe((subsidy * 2n) / 3n);
    expect((await scene.store.totals()).blocks).toMatchObject({ credited: 2, orphaned: 1 });
    await expectBalanced(scene);
  });

  test('count shares however old they are, where a block took long to be found', async () => {
    for (const scheme of ['proportional', 'pplns'] as const) {
      const here = await Scene.open(await mkdtemp(join(folder, scheme)), { scheme, minPayout: 1n << 60n });
      try {
        const [alice, bob] = here.miners as [Wallet, Wallet, Wallet];
        const longAgo = Date.now() - 60 * 24 * 3_600_000;
        await here.share(alice, 48n, longAgo);
        await here.find(bob);
        // The block is not deep enough yet: a round before it is must not forget whom it owes.
        await here.round();
        await here.settle();
        const owed = await here.store.owed();
        expect(owed.get(alice.account)).toBe(3n * (owed.get(bob.account) as bigint));
      } finally {
        await here.close();
      }
    }
  });

  test('give no block up because the node asked is of another network', async () => {
    scene = await Scene.open(folder);
    const [alice] = scene.miners as [Wallet, Wallet, Wallet];
    await scene.find(alice);
    await scene.ledger.mine(6);
    const elsewhere = await TestLedger.open({ params: { ...fastDevnet, name: 'testnet' } });
    try {
      await elsewhere.mine(8);
      const { store, pool, ledger } = scene;
      const matured = new MaturedBlocks({
        ledger: elsewhere.ledger,
        law: ledger.law,
        store,
        account: pool.account,
        scheme: 'pplns',
        feeBps: 100n,
      });
      await expect(matured.run(Date.now())).rejects.toMatchObject({ code: 'mining/other-network' });
    } finally {
      await elsewhere.close();
    }
    await scene.round();
    expect((await scene.store.totals()).blocks).toMatchObject({ credited: 1, orphaned: 0 });
  });

  test('keep what is below the minimum until it is more', async () => {
    const subsidy = fastDevnet.reward.initialSubsidy;
    scene = await Scene.open(folder, { feeBps: 0n, minPayout: (subsidy * 3n) / 2n });
    const [alice] = scene.miners as [Wallet];
    await scene.find(alice);
    await scene.settle();
    expect(await scene.received(alice)).toBe(0n);
    expect((await scene.store.balance(alice.account)).owed).toBe(subsidy);
    await scene.find(alice);
    await scene.settle();
    expect(await scene.received(alice)).toBeGreaterThan((subsidy * 3n) / 2n);
    await expectBalanced(scene);
  });

  test('happen once, wherever the process is killed or the node goes away', async () => {
    const methods = [
      'status',
      'block',
      'account',
      'nextSequence',
      'submitTransaction',
      'transaction',
    ] as const;
    const step = fc.record({
      act: fc.constantFrom(
        'share',
        'find',
        'find',
        'lost',
        'mine',
        'mine',
        'round',
        'round',
        'round',
        'restart',
        'reopen',
      ),
      who: fc.integer({ min: 0, max: 2 }),
      hashes: fc.bigInt({ min: 1n, max: 300n }),
      /** The call of the port after which the node is away, in this step. */
      away: fc.option(fc.tuple(fc.constantFrom(...methods), fc.integer({ min: 0, max: 1 }))),
      isAnswerLost: fc.boolean(),
    });
    await fc.assert(
      fc.asyncProperty(
        fc.array(step, { minLength: 24, maxLength: 30 }),
        fc.constantFrom('pplns' as const, 'proportional' as const),
        async (steps, scheme) => {
          const here = await Scene.open(await mkdtemp(join(folder, 'run-')), { scheme, feeBps: 250n });
          try {
            for (const { act, who, hashes, away, isAnswerLost } of steps) {
              let calls = 0;
              const fail = (method: string): void => {
                if (away !== null && method === away[0] && calls++ >= away[1]) throw gone();
              };
              here.before = isAnswerLost ? () => undefined : fail;
              here.after = isAnswerLost ? fail : () => undefined;
              await doStep(here, act, here.miners[who]!, hashes).catch(ignoreGone);
              await expectBalanced(here);
            }
            here.before = () => undefined;
            here.after = () => undefined;
            await here.restart();
            await here.settle();
            await here.settle();
            await expectBalanced(here);
            const totals = await here.store.totals();
            let onChain = 0n;
            for (const wallet of here.miners) onChain += await here.received(wallet);
            expect(onChain).toBe(totals.paid);
            expect(totals.blocks.found).toBe(0);
            for (const amount of (await here.store.owed()).values()) expect(amount < 10_000n).toBe(true);
          } finally {
            await here.close();
          }
        },
      ),
      { numRuns: 6, endOnFailure: true },
    );
  }, 240_000);

  test('are handed in again, as they are, when a node has lost them', async () => {
    scene = await Scene.open(folder);
    const [alice] = scene.miners as [Wallet];
    await scene.find(alice);
    await scene.ledger.mine(6);
    await scene.ledger.ledger.indexed();
    scene.before = (method) => {
      if (method === 'submitTransaction') throw gone();
    };
    await scene.round().catch(ignoreGone);
    const [payment] = await scene.store.openPayments();
    expect(payment).toMatchObject({ account: alice.account, sequence: 0n });
    await scene.restart();
    scene.before = () => undefined;
    await scene.settle();
    expect((await scene.store.recentPayments(10)).map(({ ids, hex }) => ({ ids, hex }))).toEqual([
      { ids: payment!.ids, hex: payment!.hex },
    ]);
    expect(await scene.received(alice)).toBe(payment!.amount);
  });

  test('are not made again when only the answer was lost', async () => {
    scene = await Scene.open(folder);
    const [alice] = scene.miners as [Wallet];
    const { reward } = await scene.find(alice);
    await scene.ledger.mine(6);
    await scene.ledger.ledger.indexed();
    scene.after = (method) => {
      if (method === 'submitTransaction') throw gone();
    };
    await scene.round().catch(ignoreGone);
    await scene.restart();
    await scene.round().catch(ignoreGone);
    scene.after = () => undefined;
    await scene.settle();
    const [payment] = await scene.store.recentPayments(10);
    expect(await scene.received(alice)).toBe(payment!.amount);
    expect(payment!.amount + payment!.fee).toBe(reward - reward / 100n);
    await expectBalanced(scene);
  });

  test('survive the loss of the blocks they were in, and blocks that are lost are not paid for', async () => {
    scene = await Scene.open(folder);
    const [alice, bob] = scene.miners as [Wallet, Wallet];
    const { reward } = await scene.find(alice);
    await scene.ledger.mine(6);
    await scene.ledger.ledger.indexed();
    await scene.round();
    const before = scene.ledger.height;
    await scene.ledger.mine();
    const lost = await scene.find(bob);
    await scene.ledger.ledger.indexed();
    const [payment] = await scene.store.openPayments();
    expect(await scene.received(alice)).toBe(payment!.amount);
    expect(['reorganized', 'extended']).toContain(await scene.abandonFrom(before));
    await scene.ledger.ledger.indexed();
    expect(await scene.received(alice)).toBe(0n);
    await scene.round();
    await scene.settle();
    await scene.settle();
    expect(await scene.received(alice)).toBe(payment!.amount);
    expect(payment!.amount + payment!.fee).toBe(reward - reward / 100n);
    expect((await scene.store.recentPayments(10)).map(({ ids }) => ids)).toEqual([payment!.ids]);
    const states = await scene.store.recentBlocks(10);
    expect(states.find(({ blockId }) => blockId === lost.blockId)?.state).toBe('orphaned');
    expect(await scene.received(bob)).toBe(0n);
    await expectBalanced(scene);
  });

  test('are signed again under the same number where the node asks for a higher fee, at the same cost', async () => {
    scene = await Scene.open(folder);
    const [alice] = scene.miners as [Wallet];
    await scene.find(alice);
    await scene.ledger.mine(6);
    await scene.ledger.ledger.indexed();
    let refusals = 0;
    scene.before = (method) => {
      if (method !== 'submitTransaction' || refusals++ > 0) return;
      const violation = { rule: 'mempool/fee-too-low', fee: '148', minFee: '1000', sizeBytes: 148 };
      throw new AppError({ code: 'ledger/refused', message: 'refused', data: { violation } });
    };
    await scene.round();
    const [payment] = await scene.store.openPayments();
    expect(payment).toMatchObject({ fee: 1_000n, sequence: 0n });
    expect(payment!.ids).toHaveLength(2);
    await scene.settle();
    expect(await scene.received(alice)).toBe(payment!.amount);
    await expectBalanced(scene);
  });
});

describe('the books', () => {
  test('never credit a block twice, never pay more than is owed, never change what a payment costs', async () => {
    scene = await Scene.open(folder);
    const [alice] = scene.miners as [Wallet];
    const block = await scene.find(alice);
    const split = { credits: new Map([[alice.account, block.reward - 5n]]), fee: 3n, dust: 2n };
    const wrong = { ...split, dust: 1n };
    await expect(scene.store.credit(block.blockId, wrong)).rejects.toThrow(InvariantError);
    expect((await scene.store.totals()).credited).toBe(0n);
    expect(await scene.store.credit(block.blockId, split)).toBe(true);
    expect(await scene.store.credit(block.blockId, split)).toBe(false);
    const payment = {
      sequence: 0n,
      account: alice.account,
      amount: block.reward,
      fee: 1n,
      ids: ['a'],
      hex: '00',
    };
    await expect(scene.store.journal(payment, 0)).rejects.toThrow(InvariantError);
    await scene.store.journal({ ...payment, amount: 100n }, 0);
    await expect(scene.store.replace({ ...payment, amount: 100n, fee: 2n })).rejects.toThrow(InvariantError);
    await expect(scene.store.journal({ ...payment, amount: 1n }, 0)).rejects.toThrow();
    expect((await scene.store.totals()).paid).toBe(100n);
  });

  test('write many shares at once, in order, and have them all after a restart', async () => {
    scene = await Scene.open(folder);
    const [alice] = scene.miners as [Wallet];
    await Promise.all(Array.from({ length: 3_000 }, (_, index) => scene!.share(alice, BigInt(index + 1))));
    await scene.restart();
    const seen: bigint[] = [];
    for await (const page of scene.store.sharesDown(Number.MAX_SAFE_INTEGER, 0))
      seen.push(...page.map(({ hashes }) => hashes));
    expect(seen).toEqual(Array.from({ length: 3_000 }, (_, index) => BigInt(3_000 - index)));
    expect((await scene.store.totals()).shares).toBe(3_000);
  });

  test('say what is wrong with a file that is none', async () => {
    const { writeFile } = await import('node:fs/promises');
    const file = join(folder, 'broken.sqlite');
    await writeFile(file, 'x'.repeat(5_000));
    await expect(PoolStore.open(file)).rejects.toMatchObject({ code: 'pool/store-corrupt' });
    await expect(PoolStore.open(join(folder, 'broken.sqlite', 'below.sqlite'))).rejects.toBeInstanceOf(Error);
  });
});

async function doStep(here: Scene, act: string, who: Wallet, hashes: bigint): Promise<void> {
  if (act === 'share') await here.share(who, hashes);
  else if (act === 'find') await here.find(who);
  else if (act === 'lost') await here.find(who, { isLost: true });
  else if (act === 'mine') await here.ledger.mine(6);
  else if (act === 'restart') await here.restart();
  else if (act === 'reopen') await here.ledger.reopen();
  else await here.round();
}

function gone(): AppError {
  return new AppError({ code: 'node/unreachable', message: 'the node is away' });
}

function ignoreGone(error: unknown): void {
  if (!(error instanceof AppError)) throw error;
}
