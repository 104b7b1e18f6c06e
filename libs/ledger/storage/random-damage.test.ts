import { cp, mkdir, mkdtemp, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { KnownBlock } from '#chain';
import { bytesToHex } from '#crypto';
import { nativeCrypto } from '#crypto-native';
import { AppError } from '#errors';
import type { MemoryChain } from '../../../chain/testing/memory-chain.js';
import { randomBelow, seededRandom } from '../../../chain/testing/seeded-random.js';
import { snapshotState } from '../../../chain/testing/state-snapshot.js';
import { newChain, submit } from '../testing/forks.js';
import { nextBlocks } from '../testing/random-history.js';
import { withScratchFolder } from '../testing/scratch-folder.js';
import { TestLedger } from '../testing/test-ledger.js';
import { openSalvage } from './salvage/salvage-file.js';

const ROUNDS = 10;
const BLOCKS = 45;
const upkeep = { snapshotBlocks: 15, undoBlocks: 10 };
const seed = Math.floor(Math.random() * 2 ** 31);

/** The files of a ledger that was killed: log not written back, two snapshots, forks, a transaction that waits. */
let original: string;
let blocks: KnownBlock[];
let heaviest: { readonly height: number; readonly totalWork: bigint };

beforeAll(async () => {
  original = await mkdtemp(join(tmpdir(), 'cairn-ledger-'));
  const test = await TestLedger.open({ upkeep });
  const random = seededRandom(seed);
  const chain = newChain();
  blocks = [];
  while (chain.height < BLOCKS) {
    for (const block of nextBlocks(chain, random)) {
      expect((await submit(test, block)).ok).toBe(true);
      blocks.push(block);
    }
    if (chain.height === BLOCKS - 10) await test.reopen();
  }
  await test.transfer(test.faucet, test.wallet('a'), 5n, { lane: 7 });
  const { height, totalWork } = test.ledger.chain.tip;
  heaviest = { height, totalWork };
  await test.ledger.indexed();
  await copyOfLiveFolder(test.dataDir, original);
  expect((await readdir(join(original, 'ledger'))).filter((name) => /sqlite-wal$/.test(name))).toHaveLength(
    2,
  );
  await test.close();
});
afterAll(() => rm(original, { recursive: true, force: true }));

/** A ledger that runs takes old snapshots away while they are copied: then it is done again. */
async function copyOfLiveFolder(from: string, to: string): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await cp(from, to, { recursive: true, filter: (name) => !name.includes('lock') });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT' || attempt === 10) throw error;
      await rm(to, { recursive: true, force: true });
      await mkdir(to);
    }
  }
}

type Random = () => number;

async function cut(file: string, random: Random): Promise<string> {
  const size = (await readFile(file)).length;
  const left = randomBelow(random, size + 1);
  await truncate(file, left);
  return `cut to ${left} of ${size}`;
}

/** Changes a stretch of a file in memory and writes it back. */
async function change(file: string, random: Random, longest: number, to: (byte: number) => number) {
  const bytes = await readFile(file);
  if (bytes.length === 0) return 'nothing';
  const at = randomBelow(random, bytes.length);
  const length = 1 + randomBelow(random, longest);
  for (let index = at; index < Math.min(bytes.length, at + length); index++)
    bytes[index] = to(bytes[index] as number);
  await writeFile(file, bytes);
  return `${length} bytes at ${at} of ${bytes.length}`;
}

async function misplace(file: string, random: Random): Promise<string> {
  const bytes = await readFile(file);
  const pages = Math.floor(bytes.length / 4096);
  if (pages < 2) return 'nothing';
  const [from, to] = [randomBelow(random, pages), randomBelow(random, pages)];
  bytes.copy(bytes, to * 4096, from * 4096, (from + 1) * 4096);
  await writeFile(file, bytes);
  return `page ${from} over page ${to}`;
}

const DAMAGES: readonly ((file: string, random: Random) => Promise<string>)[] = [
  cut,
  (file, random) => change(file, random, 4, (byte) => byte ^ (1 << randomBelow(random, 8))),
  (file, random) => change(file, random, 5_000, () => 0),
  (file, random) => change(file, random, 5_000, () => randomBelow(random, 256)),
  misplace,
  async (file) => {
    await rm(file);
    return 'removed';
  },
];

/** Damages one file or a few; answers what was done. */
async function damage(folder: string, random: Random): Promise<string[]> {
  const files = (await readdir(folder)).filter((name) => !name.endsWith('-shm'));
  const count = 1 + randomBelow(random, 3);
  const done: string[] = [];
  for (let each = 0; each < count; each++) {
    // The chain file is what matters most.
    const name = random() < 0.5 ? 'chain.sqlite' : (files[randomBelow(random, files.length)] as string);
    const how = DAMAGES[randomBelow(random, DAMAGES.length)] as (typeof DAMAGES)[number];
    const what = await how(join(folder, name), random).catch(() => 'gone already');
    done.push(`${name}: ${what}`);
  }
  return done;
}

describe(`random damage to the files of a killed ledger (seed ${seed})`, () => {
  it('blocks that only the log holds are found there', async () => {
    await withScratchFolder(async (folder) => {
      await cp(join(original, 'ledger'), folder, { recursive: true });
      const file = join(folder, 'chain.sqlite');
      await truncate(file, 0);
      const salvage = await openSalvage(file, nativeCrypto);
      const found: string[] = [];
      for await (const bytes of salvage.blocks()) found.push(bytesToHex(bytes));
      expect(found).toHaveLength(salvage.blockCount);
      for (const { bytes } of blocks.slice(-5)) expect(found).toContain(bytesToHex(bytes));
      expect(salvage.pending.length).toBeGreaterThan(0);
      await salvage.close();
    });
  });

  const numbers = Array.from({ length: ROUNDS }, (_, index) => index);
  it.each(numbers)('round %i: it starts at a valid tip and catches up', async (round) => {
    const random = seededRandom(seed + round);
    await withScratchFolder(async (dataDir) => {
      await cp(original, dataDir, { recursive: true });
      const done = await damage(join(dataDir, 'ledger'), random);
      try {
        await checkStarts(dataDir);
      } catch (error) {
        (error as Error).message += `\nafter ${done.join('; ')}`;
        throw error;
      }
    });
  });
});

/** Opens it and reads every block. A body that is damaged is found only then, and makes the next start a rebuilding one. */
async function openAndRead(dataDir: string, isSecondTry = false): Promise<[TestLedger, MemoryChain]> {
  const test = await TestLedger.open({ dataDir, upkeep });
  const law = newChain();
  try {
    for await (const block of test.ledger.chain.mainBlocks(1)) expect(law.add(block).ok).toBe(true);
    return [test, law];
  } catch (error) {
    await test.ledger.close();
    if (isSecondTry || !(error instanceof AppError) || error.code !== 'ledger/store-corrupt') throw error;
    return openAndRead(dataDir, true);
  }
}

async function checkStarts(dataDir: string): Promise<void> {
  const [test, law] = await openAndRead(dataDir);
  try {
    const { chain } = test.ledger;
    expect(chain.tip.height).toBe(law.height);
    expect(snapshotState(test.law, chain.state)).toEqual(law.snapshot());
    for (const block of blocks) expect((await submit(test, block)).ok).toBe(true);
    expect(chain.tip).toMatchObject(heaviest);
    await test.ledger.indexed();
    expect((await test.ledger.status()).indexHeight).toBe(heaviest.height);
  } finally {
    await test.ledger.close();
  }
  const again = await TestLedger.open({ dataDir, upkeep });
  expect(again.ledger.chain.tip).toMatchObject(heaviest);
  expect(again.ledger.recovery).toBeUndefined();
  await again.ledger.close();
}
