import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { DataSource } from 'typeorm';
import type { ObjectEventView, Page, PostingView } from '#wire';
import { seededRandom } from '../../../chain/testing/seeded-random.js';
import { ContractScenario, createContractScenario } from '../../../contracts/testing/contract-scenario.js';
import type { PageRequest } from '../port.js';
import { forkAt, newChain, submit, submitFrom } from '../testing/forks.js';
import { feedScenario } from '../testing/market-scene.js';
import { nextBlocks } from '../testing/random-history.js';
import { TestLedger } from '../testing/test-ledger.js';

let test: TestLedger;
beforeEach(async () => {
  test = await TestLedger.open();
});
afterEach(async () => {
  await test.close();
});

async function readAll<T>(read: (page: PageRequest) => Promise<Page<T>>): Promise<T[]> {
  const items: T[] = [];
  let cursor: string | null = null;
  do {
    const page: Page<T> = await read({ limit: 200, cursor: cursor ?? undefined });
    items.push(...page.items);
    cursor = page.nextCursor;
  } while (cursor !== null);
  return items;
}

/** Everything the index answers. */
async function dump() {
  const { ledger } = test;
  const contracts = await readAll((page) => ledger.contracts(page));
  return {
    postings: await readAll<PostingView>((page) => ledger.postings(page)),
    events: await readAll<ObjectEventView>((page) => ledger.events(page)),
    contracts,
    active: (await ledger.contracts({ status: 'active' })).items.map(({ id }) => id),
    fragments: await Promise.all(
      contracts.map(({ id }) => readAll((page) => ledger.contractFragments({ id, ...page }))),
    ),
  };
}

async function rebuildIndex(): Promise<void> {
  await test.ledger.close();
  for (const suffix of ['', '-wal', '-shm']) {
    await rm(join(test.dataDir, 'ledger', `index.sqlite${suffix}`), { force: true });
  }
  await test.reopen();
}

describe('the explorer index', () => {
  it('is thrown away and built anew where its rows contradict each other', async () => {
    await test.fund(1_000n, test.wallet('a'), test.wallet('b'));
    const block = await test.mine(3);
    await test.mine(3);
    await test.ledger.indexed();
    const before = await dump();
    await test.ledger.close();
    // It says that it is three blocks behind, and holds their rows already.
    const database = join(test.dataDir, 'ledger', 'index.sqlite');
    const source = await new DataSource({ type: 'sqlite', database }).initialize();
    await source.query('UPDATE index_tip SET block_id = ?, height = height - 3', [block]);
    await source.destroy();
    await test.reopen();
    await test.ledger.indexed();
    expect((await test.ledger.status()).indexHeight).toBe(test.height);
    expect(await dump()).toEqual(before);
  });

  it('costs no provider its challenge while its database is of no use', async () => {
    const scenario = createContractScenario();
    await test.ledger.close();
    const file = join(test.dataDir, 'ledger', 'index.sqlite');
    const source = await new DataSource({ type: 'sqlite', database: file }).initialize();
    await source.query('DROP TABLE posting');
    await source.destroy();
    await test.reopen();
    scenario.form();
    scenario.openWindow(0);
    await feedScenario(test, scenario);
    expect((await test.ledger.status()).indexHeight).toBeLessThan(test.height);
    const provider = scenario.terms.provider.account;
    expect(await test.ledger.challenges({ provider })).toMatchObject([{ contract: scenario.id, epoch: 0 }]);
  }, 30_000);

  it('is after any random history what a replay from nothing gives', async () => {
    const seed = Math.floor(Math.random() * 2 ** 31);
    const random = seededRandom(seed);
    const chain = newChain();
    for (let step = 0; step < 40; step++) {
      for (const block of nextBlocks(chain, random)) await submit(test, block);
      if (step % 7 === 0) await test.ledger.indexed();
    }
    const followed = await dump();
    const ids = followed.postings.map(({ blockId }) => blockId);
    expect(ids.length).toBeGreaterThan(40);
    await rebuildIndex();
    expect({ seed, ...(await dump()) }).toEqual({ seed, ...followed });
  });

  it('takes a failed contract back to active, and a formed one away, with their blocks', async () => {
    const missing = createContractScenario({ epochs: 6 });
    missing.form();
    missing.missEpoch(0);
    const forkHeight = missing.chain.height;
    const proving = new ContractScenario(forkAt(missing.chain, forkHeight), missing.terms);
    missing.missEpoch(1);
    missing.missEpoch(2);
    proving.proveEpoch(1);
    proving.proveEpoch(2);
    proving.chain.mineTo(missing.chain.height + 1);
    await feedScenario(test, missing);
    expect((await dump()).contracts).toMatchObject([{ id: missing.id, status: 'failed' }]);
    expect((await dump()).active).toEqual([]);
    expect(await submitFrom(test, proving.chain, forkHeight + 1)).toBe('reorganized');
    expect((await dump()).active).toEqual([missing.id]);
    expect((await test.ledger.contracts({ status: 'failed' })).items).toEqual([]);
    const names = (await test.ledger.contractTimeline({ id: missing.id })).map(({ name }) => name);
    expect(names.filter((name) => name === 'contract/missed')).toHaveLength(1);
    expect(names).not.toContain('contract/failed');

    const unformed = forkAt(missing.chain, 1);
    unformed.mineTo(proving.chain.height + 1);
    expect(await submitFrom(test, unformed, 2)).toBe('reorganized');
    expect(await dump()).toMatchObject({ contracts: [], events: [], fragments: [] });
    const fragment = missing.terms.leaves[0]?.id ?? '';
    expect(await test.ledger.holders({ fragment })).toEqual([]);

    // Formed once more, it has each fragment once.
    const before = missing.chain.height;
    missing.chain.mineTo(unformed.height + 1);
    expect(await submitFrom(test, missing.chain, before + 1)).toBe('reorganized');
    const addedAt = missing.contract.registeredAt;
    const entries = missing.terms.leaves.map(({ id, lengthBytes }) => ({
      id,
      lengthBytes,
      addedAt,
      droppedAt: null,
    }));
    expect((await dump()).fragments).toEqual([entries]);
    expect(await test.ledger.holders({ fragment })).toHaveLength(1);
  });

  it('catches up from where a restart found it', async () => {
    await test.mine(3);
    await test.ledger.indexed();
    await test.reopen();
    await test.mine(2);
    const subsidies = await readAll((page) => test.ledger.postings({ reason: 'subsidy', ...page }));
    expect(subsidies.map(({ height }) => height)).toEqual([5, 4, 3, 2, 1]);
  });
});
