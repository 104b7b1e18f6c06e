import { execFileSync } from 'node:child_process';
import { readdir, rm, statfs, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { AppError } from '#errors';
import { seededRandom } from '../../../chain/testing/seeded-random.js';
import { snapshotState } from '../../../chain/testing/state-snapshot.js';
import { newChain, submit } from '../testing/forks.js';
import { CRASH_UPKEEP, nextBlocks } from '../testing/random-history.js';
import { withScratchFolder } from '../testing/scratch-folder.js';
import { TestLedger } from '../testing/test-ledger.js';

const seed = Math.floor(Math.random() * 2 ** 31);

/** Mounting a file system of a size of our own takes root; elsewhere this says by name what was left out. */
const describeAsRoot = process.getuid?.() === 0 ? describe : describe.skip;

/** Runs with a folder on a file system of that size. */
function withSmallDisk(sizeMiB: number, use: (folder: string) => Promise<void>): Promise<void> {
  return withScratchFolder(async (folder) => {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${sizeMiB}m`, 'tmpfs', folder]);
    try {
      await use(folder);
    } finally {
      execFileSync('umount', ['--lazy', folder]);
    }
  });
}

/** Leaves so many bytes free. */
async function fill(folder: string, freeBytes: number): Promise<string> {
  const ballast = join(folder, 'ballast');
  await rm(ballast, { force: true });
  const { bavail, bsize } = await statfs(folder);
  await writeFile(ballast, Buffer.alloc(Math.max(0, bavail * bsize - freeBytes))).catch((error: unknown) => {
    // Others write meanwhile; then it is full already.
    expect(error).toMatchObject({ code: 'ENOSPC' });
  });
  return ballast;
}

async function expectWhole(test: TestLedger): Promise<void> {
  const law = newChain();
  for await (const block of test.ledger.chain.mainBlocks(1)) expect(law.add(block).ok).toBe(true);
  expect(snapshotState(test.law, test.ledger.chain.state)).toEqual(law.snapshot());
  expect((await test.ledger.audit()).differences).toEqual([]);
}

describeAsRoot(`a full disk (as root, on a tmpfs of its own; seed ${seed})`, () => {
  it.each([
    [0, seed],
    [20_000, seed + 1],
    [60_000, seed + 2],
    // With these an acknowledged transaction was lost once: SQLite had rolled back by itself.
    [150_000, 1_527_999_766],
  ])(
    'with %i bytes left (seed %i): reads go on, nothing half written stays, and it goes on when there is room',
    async (freeBytes, caseSeed) => {
      await withSmallDisk(24, async (dataDir) => {
        const errors: unknown[] = [];
        const onError = (error: unknown): void => void errors.push(error);
        const test = await TestLedger.open({ dataDir, upkeep: CRASH_UPKEEP, onError });
        const random = seededRandom(caseSeed);
        const chain = newChain();
        const blocks = nextBlocks(chain, random);
        while (blocks.length < 20) blocks.push(...nextBlocks(chain, random));
        for (const block of blocks) expect((await submit(test, block)).ok).toBe(true);
        await test.ledger.indexed();
        const ballast = await fill(dataDir, freeBytes);

        // Until it no longer fits, in one file or the other.
        let refused: unknown;
        while (refused === undefined && blocks.length < 300) {
          for (const block of nextBlocks(chain, random)) {
            blocks.push(block);
            refused ??= await submit(test, block).then(
              () => undefined,
              (error: unknown) => error,
            );
          }
        }
        expect(refused).toBeInstanceOf(AppError);
        expect(refused).toMatchObject({
          code: 'ledger/store-failed',
          next: expect.stringContaining('free space'),
        });
        const status = await test.ledger.status();
        expect(status.tip.height).toBe(test.height);
        await expectWhole(test);
        // What still fits is acknowledged and kept, anything else is refused.
        const sent = await test
          .transfer(test.faucet, test.wallet('a'), 1n, { lane: 3 })
          .catch((error: unknown) => {
            expect(error).toBeInstanceOf(AppError);
          });
        for (const error of errors) expect(error).toBeInstanceOf(AppError);

        // A restart meanwhile either serves or says clearly why not.
        await test.ledger.close().catch((error: unknown) => expect(error).toBeInstanceOf(AppError));
        const full = await TestLedger.open({ dataDir, upkeep: CRASH_UPKEEP }).catch(
          (error: unknown) => error,
        );
        if (full instanceof TestLedger) {
          await expectWhole(full);
          await full.ledger.close().catch(() => undefined);
        } else {
          expect(full).toMatchObject({ name: 'AppError', code: 'ledger/store-failed' });
        }

        await rm(ballast);
        const again = await TestLedger.open({ dataDir, upkeep: CRASH_UPKEEP });
        try {
          expect(again.ledger.recovery).toBeUndefined();
          await expectWhole(again);
          expect(again.height).toBeGreaterThan(0);
          if (typeof sent === 'string') expect(await again.ledger.transaction({ id: sent })).not.toBeNull();
          for (const block of blocks) expect((await submit(again, block)).ok).toBe(true);
          await again.mine(10);
          await expectWhole(again);
          await again.ledger.indexed();
          expect((await again.ledger.status()).indexHeight).toBe(again.height);
        } finally {
          await again.ledger.close();
        }
        expect(
          (await readdir(join(dataDir, 'ledger'))).filter((name) => /part$|damaged|rebuild/.test(name)),
        ).toEqual([]);
      });
    },
  );
});
