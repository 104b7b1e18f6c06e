import { readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { afterEach, describe, expect, it } from '@jest/globals';
import { DataSource } from 'typeorm';
import { bytesToHex } from '#crypto';
import type { MemoryChain } from '../../../chain/testing/memory-chain.js';
import { seededRandom } from '../../../chain/testing/seeded-random.js';
import { snapshotState } from '../../../chain/testing/state-snapshot.js';
import { forkAt, grow, newChain, submit, submitFrom } from '../testing/forks.js';
import { nextBlocks } from '../testing/random-history.js';
import { TestLedger } from '../testing/test-ledger.js';
import type { StorageNotice } from './open-chain.js';

const seed = Math.floor(Math.random() * 2 ** 31);
/** Kept so short that a fork of fifty blocks is deep. */
const upkeep = { snapshotBlocks: 20, undoBlocks: 15 };

let test: TestLedger;
let notices: StorageNotice[];

async function open(): Promise<void> {
  notices = [];
  test = await TestLedger.open({ upkeep, onNotice: (notice) => notices.push(notice) });
}

afterEach(async () => {
  await test.close();
});

/** A chain of the bare law with random transfers in it, no fork. */
function busyChain(blocks: number, base = newChain()): MemoryChain {
  const random = seededRandom(seed + base.height);
  while (base.height < blocks) {
    const before = base.height;
    nextBlocks(base, () => Math.max(0.25, random()));
    expect(base.height).toBe(before + 1);
  }
  return base;
}

const ledgerFiles = async () => (await readdir(join(test.dataDir, 'ledger'))).sort();
const snapshotHeights = async () =>
  (await ledgerFiles())
    .flatMap((name) => /^state-(\d+)-/.exec(name)?.[1] ?? [])
    .map(Number)
    .sort((a, b) => a - b);

async function query<T>(statement: string): Promise<T[]> {
  const database = join(test.dataDir, 'ledger', 'chain.sqlite');
  const source = await new DataSource({ type: 'sqlite', database }).initialize();
  try {
    return (await source.query(statement)) as T[];
  } finally {
    await source.destroy();
  }
}

/** Waits until no block up to a height has undo data any more. */
async function untilPruned(height: number): Promise<void> {
  for (let waited = 0; waited < 200; waited++) {
    const [kept] = await query<{ low: number }>(
      'SELECT min(b.height) AS low FROM effect e JOIN block b ON b.seq = e.seq',
    );
    if ((kept?.low ?? 0) > height) return;
    await setTimeout(50);
  }
  throw new Error(`there is still undo data of blocks up to ${height}`);
}

/** Tip, state and state root as one who only ever saw this chain has them; and the sum of all coins is right. */
async function expectEqual(chain: MemoryChain): Promise<void> {
  const { tip, state } = test.ledger.chain;
  expect(tip.id).toBe(chain.tip.block.id);
  expect(snapshotState(test.law, state)).toEqual(chain.snapshot());
  expect(bytesToHex(test.ledger.chain.tipSupplement().stateRoot)).toBe(bytesToHex(chain.stateTree.root));
  expect((await test.ledger.audit()).differences).toEqual([]);
}

describe(`snapshots and undo data of a running ledger (seed ${seed})`, () => {
  it('a start goes on from the last snapshot, whatever became of the others', async () => {
    await open();
    const chain = busyChain(90);
    await submitFrom(test, chain, 1);
    await test.ledger.close();
    const heights = await snapshotHeights();
    expect(heights).toHaveLength(2);
    expect(heights[0]).toBeGreaterThanOrEqual(40);
    // Without what the blocks up to the older snapshot did, only a snapshot leads to this state by diffs.
    const kept = await query<{ low: number; count: number }>(
      'SELECT min(b.height) AS low, count(*) AS count FROM effect e JOIN block b ON b.seq = e.seq',
    );
    expect(kept[0]?.low).toBeGreaterThan(0);
    expect(kept[0]?.low).toBeLessThanOrEqual(heights[0] as number);
    await test.reopen();
    await expectEqual(chain);
    expect(notices).toEqual([]);
    // The newest one damaged: the one before. Both: all blocks, by the law.
    for (const damaged of [[heights[1]], heights]) {
      await test.ledger.close();
      for (const height of damaged) {
        const name = (await ledgerFiles()).find((each) => each.startsWith(`state-${height}-`));
        if (name !== undefined) await writeFile(join(test.dataDir, 'ledger', name), 'torn');
      }
      notices.length = 0;
      await test.reopen();
      expect(notices.map(({ code }) => code)).toContain('ledger/snapshot-ignored');
      await expectEqual(chain);
    }
  });

  it('a fork deeper than undo data is kept is followed all the same, and back', async () => {
    await open();
    const a = busyChain(90);
    for (let height = 1; height <= a.height; height++) {
      await submit(test, a.at(height).block);
      if (height % 20 === 0) await test.ledger.indexed();
    }
    await untilPruned(25);
    const b = forkAt(a, 20);
    grow(b, [], { coinbase: { miner: b.wallet('other miner').account } });
    busyChain(91, b);
    expect(await submitFrom(test, b, 21)).toBe('reorganized');
    await expectEqual(b);
    await test.reopen();
    await expectEqual(b);
    // Below every snapshot.
    const c = forkAt(a, 1);
    grow(c, [], { coinbase: { miner: c.wallet('third miner').account } });
    busyChain(92, c);
    expect(await submitFrom(test, c, 2)).toBe('reorganized');
    await expectEqual(c);
    await test.ledger.indexed();
    await test.reopen();
    await expectEqual(c);
  });

  it('an index that is lost is rebuilt, though the events of old blocks are gone', async () => {
    await open();
    const chain = busyChain(90);
    await submitFrom(test, chain, 1);
    await test.ledger.indexed();
    await test.mine(20);
    const listed = async () => {
      await test.ledger.indexed();
      return test.ledger.postings({ limit: 500 });
    };
    const before = await listed();
    await test.ledger.close();
    expect((await query<{ count: number }>('SELECT count(*) AS count FROM effect'))[0]?.count).toBeLessThan(
      200,
    );
    await rm(join(test.dataDir, 'ledger', 'index.sqlite'));
    await test.reopen();
    const after = await listed();
    expect(after.items).toEqual(before.items);
    expect(after.items.length).toBeGreaterThan(100);
  });
});
