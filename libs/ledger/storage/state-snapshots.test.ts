import { readdir, readFile, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import type { BlockId } from '#chain';
import { randomBelow, seededRandom } from '../../../chain/testing/seeded-random.js';
import { snapshotState } from '../../../chain/testing/state-snapshot.js';
import { LedgerState } from '../chain/ledger-state.js';
import { grow, newChain } from '../testing/forks.js';
import { nextBlocks } from '../testing/random-history.js';
import { withScratchFolder } from '../testing/scratch-folder.js';
import { StateSnapshots } from './state-snapshots.js';

const seed = Math.floor(Math.random() * 2 ** 31);

/** A chain of the bare law and the ledger's state that follows it. */
function followed(blocks: number) {
  const chain = newChain();
  const state = new LedgerState();
  state.apply(chain.at(0).diff);
  const random = seededRandom(seed);
  while (chain.height < blocks) nextBlocks(chain, random);
  for (let height = 1; height <= chain.height; height++) state.apply(chain.at(height).diff);
  return { chain, state, genesis: chain.at(0).block.id, law: chain.law };
}

const point = (height: number, digit: string) => ({ height, id: digit.repeat(64) as BlockId });

describe('snapshots of the state', () => {
  it(`come back as the state they were taken of, while that goes on changing (seed ${seed})`, async () => {
    await withScratchFolder(async (folder) => {
      const { chain, state, genesis, law } = followed(12);
      const before = snapshotState(law, state);
      let writes = 0;
      const snapshots = await StateSnapshots.open({ folder, law, genesis, probe: () => (writes += 1) });
      const taken = snapshots.take(point(chain.height, 'a'), state);
      for (let back = 0; back < 5; back++) {
        state.revert(chain.tip.diff);
        chain.revertTip();
        await new Promise(setImmediate);
      }
      grow(chain, [chain.transfer(chain.faucet(), chain.wallet('new').account, 5n)]);
      state.apply(chain.tip.diff);
      await taken;
      expect(writes).toBeGreaterThan(0);
      expect(snapshotState(law, state)).not.toEqual(before);
      const again = await StateSnapshots.open({ folder, law, genesis });
      const loaded = await again.newest(() => true);
      expect(loaded).toMatchObject(point(chain.height + 4, 'a'));
      expect(snapshotState(law, loaded?.state as LedgerState)).toEqual(before);
    });
  });

  it('the last two are kept; a damaged one is removed and told, and the one before it is used', async () => {
    await withScratchFolder(async (folder) => {
      const { state, genesis, law } = followed(3);
      const ignored: string[] = [];
      const onIgnored = (file: string, why: string): void => void ignored.push(`${file}: ${why}`);
      const snapshots = await StateSnapshots.open({ folder, law, genesis, onIgnored });
      for (const [height, digit] of [
        [10, 'a'],
        [20, 'b'],
        [30, 'c'],
      ] as const)
        await snapshots.take(point(height, digit), state);
      expect((await readdir(folder)).sort()).toEqual([
        `state-20-${'b'.repeat(64)}.snapshot`,
        `state-30-${'c'.repeat(64)}.snapshot`,
      ]);
      const newest = join(folder, `state-30-${'c'.repeat(64)}.snapshot`);
      const whole = await readFile(newest);
      const random = seededRandom(seed);
      const damages: [string, () => Promise<void>][] = [
        ['cut', () => truncate(newest, randomBelow(random, whole.length))],
        ['empty', () => writeFile(newest, '')],
        [
          'one bit',
          async () => {
            const changed = Buffer.from(whole);
            const at = randomBelow(random, whole.length);
            changed[at] = (changed[at] as number) ^ (1 << randomBelow(random, 8));
            await writeFile(newest, changed);
          },
        ],
        ['of another point', () => writeFile(newest, readFileOf(folder, 20))],
      ];
      for (const [what, damage] of damages) {
        await writeFile(newest, whole);
        await damage();
        const again = await StateSnapshots.open({ folder, law, genesis, onIgnored });
        expect({ what, height: (await again.newest(() => true))?.height }).toEqual({ what, height: 20 });
        expect(await readdir(folder)).toHaveLength(1);
      }
      expect(ignored).toHaveLength(damages.length);
      expect(ignored[0]).toContain(newest);
    });
  });

  it('a full disk leaves nothing behind, and the ones before stay', async () => {
    await withScratchFolder(async (folder) => {
      const { state, genesis, law } = followed(3);
      let room = Number.POSITIVE_INFINITY;
      const probe = (bytes: number): void => {
        if (bytes > room)
          throw Object.assign(new Error('ENOSPC: no space left on device'), { code: 'ENOSPC' });
      };
      const snapshots = await StateSnapshots.open({ folder, law, genesis, probe });
      await snapshots.take(point(10, 'a'), state);
      room = 10;
      await expect(snapshots.take(point(20, 'b'), state)).rejects.toMatchObject({
        code: 'ledger/snapshot-failed',
        data: { file: join(folder, `state-20-${'b'.repeat(64)}.snapshot`) },
      });
      expect(await readdir(folder)).toEqual([`state-10-${'a'.repeat(64)}.snapshot`]);
      room = Number.POSITIVE_INFINITY;
      await snapshots.take(point(20, 'b'), state);
      expect((await snapshots.newest(({ height }) => height < 20))?.height).toBe(10);
    });
  });
});

function readFileOf(folder: string, height: number): AsyncIterable<Buffer> {
  return (async function* () {
    const name = (await readdir(folder)).find((each) => each.startsWith(`state-${height}-`));
    yield await readFile(join(folder, name as string));
  })();
}
