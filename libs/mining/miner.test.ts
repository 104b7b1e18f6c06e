import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { AppError } from '#errors';
import type { LedgerPort } from '#ledger';
import { until } from '../jobs/testing/index.js';
import { fastDevnet, TestLedger } from '../ledger/testing/index.js';
import {
  createMiner,
  createWorkerSearch,
  type Miner,
  type MinerOptions,
  type NonceSearch,
  systemClock,
} from './index.js';

/** A devnet whose blocks come every 50 ms. */
const params = { ...fastDevnet, proofOfWork: { ...fastDevnet.proofOfWork, blockSeconds: 0.05 } };

let chain: TestLedger;
let miner: Miner | undefined;
beforeEach(async () => {
  chain = await TestLedger.open({ params });
});
afterEach(async () => {
  await miner?.stop();
  await chain.close();
});

function start(ledger: LedgerPort = chain.ledger, options: Partial<MinerOptions> = {}): Miner {
  miner = createMiner({
    ledger,
    params,
    address: chain.address(chain.miner),
    threads: 1,
    share: 1,
    clock: {
      ...systemClock,
      // The ledger's clock is the test's: every block may be a second on.
      unixSeconds: () => {
        chain.clock.seconds += 1;
        return chain.clock.seconds;
      },
    },
    ...options,
  });
  miner.start();
  return miner;
}

const unreachable = () => new AppError({ code: 'node/unreachable', message: 'gone' });

describe('the miner', () => {
  test('makes blocks that pay its address, and stops', async () => {
    const running = start();
    await until('five blocks are mined', () => chain.height >= 5);
    await running.stop();
    await running.stop();
    const { height } = chain;
    const statistics = running.statistics();
    expect(statistics).toMatchObject({ state: 'stopped', blocks: height, stale: 0, refused: 0 });
    expect(statistics.lastBlock).toMatchObject({ height, id: chain.ledger.chain.tip.id });
    const block = await chain.ledger.block({ ref: String(height) });
    expect(block?.miner).toBe(chain.address(chain.miner));
    expect(Number(statistics.hashes)).toBeGreaterThanOrEqual(height);
  });

  test('takes waiting transactions in', async () => {
    const id = await chain.transfer(chain.faucet, chain.wallet('somebody'), 5n);
    start();
    await until(
      'it is confirmed',
      async () => (await chain.ledger.transaction({ id }))?.status === 'confirmed',
    );
  });

  test('leaves a tip that another miner moved, and a late solution is no error', async () => {
    let isLate = true;
    const ledger: LedgerPort = {
      ...chain.ledger,
      submitSolution: async (solution) => {
        // Another miner wins while the solution is on its way.
        if (isLate) await chain.mine();
        isLate = false;
        return chain.ledger.submitSolution(solution);
      },
    };
    const running = start(ledger);
    await until('it went on', () => running.statistics().blocks >= 2);
    expect(running.statistics()).toMatchObject({ stale: 1, refused: 0 });
  });

  test('gives up a search as soon as the tip moves', async () => {
    const impossible: LedgerPort = {
      ...chain.ledger,
      template: async (request) => {
        const template = await chain.ledger.template(request);
        return template.height < 3 ? { ...template, targetHex: '00'.repeat(32) } : template;
      },
    };
    const running = start(impossible, { refreshMs: 60_000 });
    await until('it searches', () => running.statistics().state === 'mining');
    await chain.mine(2);
    await until('it works on the new tip', () => running.statistics().blocks > 0);
  });

  test('replaces a template that has grown old', async () => {
    let templates = 0;
    const ledger: LedgerPort = {
      ...chain.ledger,
      template: async (request) => {
        templates += 1;
        return { ...(await chain.ledger.template(request)), targetHex: '00'.repeat(32) };
      },
    };
    start(ledger, { refreshMs: 30 });
    await until('three templates were asked for', () => templates >= 3);
  });

  test.each([
    { rise: 1n, headers: 1, what: 'keeps its work for fees that rise by less than a hundredth' },
    { rise: 20n, headers: 2, what: 'starts anew for fees that rise by more' },
  ])('$what', async ({ rise, headers }) => {
    let asked = 0;
    const ledger: LedgerPort = {
      ...chain.ledger,
      template: async (request) => {
        asked += 1;
        const template = await chain.ledger.template(request);
        return { ...template, targetHex: '00'.repeat(32), fees: String(asked > 2 ? 1_000n + rise : 1_000n) };
      },
    };
    const searched = new Set<object>();
    const search = createWorkerSearch({ threads: 1, share: 1 });
    const counting: NonceSearch = {
      ...search,
      search: (headerOf, ...rest) => {
        searched.add(headerOf);
        return search.search(headerOf, ...rest);
      },
    };
    start(ledger, { refreshMs: 20, search: counting });
    await until('it has asked often', () => asked >= 8);
    expect(searched.size).toBe(headers);
    expect(miner?.statistics()).toMatchObject({ height: 1, hashesPerBlock: (2n ** 256n).toString() });
  });

  test('replaces a template for its age alone', async () => {
    const impossible: LedgerPort = {
      ...chain.ledger,
      template: async (request) => ({
        ...(await chain.ledger.template(request)),
        targetHex: '00'.repeat(32),
      }),
    };
    let searches = 0;
    const search = createWorkerSearch({ threads: 1, share: 1 });
    const counting: NonceSearch = {
      ...search,
      search: (...request) => {
        searches += 1;
        return search.search(...request);
      },
    };
    start(impossible, { refreshMs: 10, maxAgeMs: 30, search: counting });
    await until('it started three times', () => searches >= 3);
  });

  test('waits for a node that is away and goes on when it is back', async () => {
    let isAway = true;
    const ledger: LedgerPort = {
      ...chain.ledger,
      template: async (request) => (isAway ? Promise.reject(unreachable()) : chain.ledger.template(request)),
      follow: (request, signal) => {
        if (isAway) throw unreachable();
        return chain.ledger.follow(request, signal);
      },
    };
    const running = start(ledger);
    await until('it says so', () => running.statistics().state === 'away');
    isAway = false;
    await until('it mines', () => running.statistics().blocks > 0);
    expect(running.statistics().state).not.toBe('away');
  });

  test('counts a solution that breaks a rule and does not storm the node', async () => {
    let asked = 0;
    const ledger: LedgerPort = {
      ...chain.ledger,
      submitSolution: async (solution) => {
        asked += 1;
        const headerHex = `01${solution.headerHex.slice(2)}`;
        return chain.ledger.submitSolution({ ...solution, headerHex });
      },
    };
    const running = start(ledger);
    const startedAt = performance.now();
    await until('three were refused', () => running.statistics().refused >= 3);
    expect(performance.now() - startedAt).toBeGreaterThan(400);
    expect(running.statistics()).toMatchObject({ blocks: 0, stale: 0 });
    expect(asked).toBeLessThanOrEqual(4);
  });

  test('stops although the node hangs', async () => {
    let isAsked = false;
    const ledger: LedgerPort = {
      ...chain.ledger,
      template: () => {
        isAsked = true;
        return new Promise(() => undefined);
      },
    };
    const running = start(ledger);
    await until('it waits for an answer', () => isAsked);
    await running.stop();
    expect(running.statistics().state).toBe('stopped');
  });
});
