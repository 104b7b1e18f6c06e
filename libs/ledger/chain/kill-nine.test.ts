import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { execPath } from 'node:process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from '@jest/globals';
import type { BlockId } from '#chain';
import { randomBelow, seededRandom } from '../../../chain/testing/seeded-random.js';
import { snapshotState } from '../../../chain/testing/state-snapshot.js';
import { newChain } from '../testing/forks.js';
import { CRASH_UPKEEP } from '../testing/random-history.js';
import { withScratchFolder } from '../testing/scratch-folder.js';
import { TestLedger } from '../testing/test-ledger.js';

const WRITER = fileURLToPath(new URL('../testing/crash-writer.js', import.meta.url));
const KILLS = 9;
/** Longest time a writer lives after its first block. */
const MAX_LIFE_MS = 250;

const seed = Math.floor(Math.random() * 2 ** 31);

/** What a writer had acknowledged before it was killed. */
interface Acknowledged {
  readonly tip: BlockId | undefined;
  readonly transactions: readonly string[];
}

/** Runs a writer and kills it. */
async function writeUntilKilled(dataDir: string, seed: number, lifeMs: number): Promise<Acknowledged> {
  const child = spawn(execPath, [WRITER, dataDir, String(seed)], { stdio: ['ignore', 'pipe', 'inherit'] });
  const lines: string[] = [];
  const exited = once(child, 'exit');
  let timer: NodeJS.Timeout | undefined;
  for await (const line of createInterface({ input: child.stdout })) {
    lines.push(line);
    if (line !== 'ready') timer ??= setTimeout(() => child.kill('SIGKILL'), lifeMs);
  }
  clearTimeout(timer);
  expect(await exited).toEqual([null, 'SIGKILL']);
  const told = (what: string) =>
    lines.filter((line) => line.startsWith(what)).map((line) => line.slice(what.length));
  return { tip: told('tip ').at(-1) as BlockId | undefined, transactions: told('transaction ') };
}

describe('kill -9 of a process that writes blocks and branches', () => {
  it(`leaves a consistent ledger, ${KILLS} times out of ${KILLS} (seed ${seed})`, async () => {
    const random = seededRandom(seed);
    await withScratchFolder(async (folder) => {
      let written = 0;
      let waiting = 0;
      for (let kill = 0; kill < KILLS; kill++) {
        const told = await writeUntilKilled(folder, seed + kill, randomBelow(random, MAX_LIFE_MS));
        waiting += told.transactions.length;
        written = await checkConsistent(folder, told);
      }
      const snapshots = (await readdir(join(folder, 'ledger'))).filter((name) => name.endsWith('.snapshot'));
      expect(snapshots.length).toBeGreaterThan(0);
      expect(waiting).toBeGreaterThan(0);
      expect(written).toBeGreaterThan(KILLS);
    });
  }, 150_000);
});

/** Opens what a kill left behind; answers how many blocks there are. */
async function checkConsistent(dataDir: string, { tip, transactions }: Acknowledged): Promise<number> {
  const test = await TestLedger.open({ dataDir, upkeep: CRASH_UPKEEP });
  try {
    const { chain } = test.ledger;
    // Nothing acknowledged is lost: the last tip is there, and the main chain is at least as heavy.
    expect(test.ledger.recovery).toBeUndefined();
    if (tip !== undefined)
      expect(chain.tip.totalWork).toBeGreaterThanOrEqual(chain.tree.get(tip)?.totalWork ?? 1n << 255n);
    for (const id of transactions) expect(await test.ledger.transaction({ id })).toMatchObject({ id });
    // The state is that of the blocks, by the law alone.
    const replayed = newChain();
    for await (const block of chain.mainBlocks(1)) expect(replayed.add(block).ok).toBe(true);
    expect(snapshotState(test.law, chain.state)).toEqual(replayed.snapshot());
    expect((await test.ledger.audit()).differences).toEqual([]);
    // The index gets there too.
    await test.ledger.indexed();
    expect((await test.ledger.status()).indexHeight).toBe(test.height);
    return chain.tree.size;
  } finally {
    await test.ledger.close();
  }
}
