import { mkdtemp, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { lookAtTargets } from './restore.js';

test('what is there with another size or time is nobody’s to write over', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'cairn-restore-'));
  try {
    const timeMs = 1_700_000_000_000;
    const target = (name: string) => ({
      path: join(folder, name),
      entry: { path: name, sizeBytes: 3n, modifiedAt: BigInt(timeMs) } as never,
    });
    for (const [name, bytes, atMs] of [
      ['same', 'abc', timeMs],
      ['later', 'xyz', timeMs + 60_000],
      ['longer', 'abcd', timeMs],
    ] as const) {
      await writeFile(join(folder, name), bytes);
      await utimes(join(folder, name), new Date(atMs), new Date(atMs));
    }
    const { missing, inTheWay } = await lookAtTargets(['same', 'later', 'longer', 'gone'].map(target));
    const names = (targets: typeof missing) => targets.map(({ entry }) => entry.path);
    expect([names(missing), names(inTheWay)]).toEqual([['gone'], ['later', 'longer']]);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});
