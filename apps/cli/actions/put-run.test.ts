import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, jest, test } from '@jest/globals';
import { AppError } from '#errors';
import { PutRun } from './put-run.js';

const terms = { profile: { k: 2, repairBelow: 3, n: 5 }, epochs: 3, fragmentSize: 65_536 };

afterEach(() => {
  jest.restoreAllMocks();
});

/** A run over two large files, of which each is published at once; the first time that fails. */
async function runWith(code: string): Promise<{ anchored: string[][]; printed: unknown[] }> {
  const folder = await mkdtemp(join(tmpdir(), 'cairn-put-run-'));
  const anchored: string[][] = [];
  const printed: unknown[] = [];
  const client = {
    withdrawOpenNegotiations: async () => [],
    repack: async () => undefined,
    storeFile: async (_path: string, name: string) => ({
      entry: { path: name, sizeBytes: 200_000n },
      quote: { lines: [] },
      contracts: [],
    }),
    anchor: async (entries: readonly { path: string }[]) => {
      anchored.push(entries.map(({ path }) => path));
      if (anchored.length === 1) throw new AppError({ code, message: 'not now' });
      return { sequence: 1n };
    },
  };
  const bar = { update: () => undefined, done: () => undefined };
  const output = {
    note: () => undefined,
    print: () => undefined,
    printJson: (value: unknown) => printed.push(value),
    progress: () => bar,
  };
  const context = { output, signal: new AbortController().signal, config: { dataDir: folder } };
  try {
    const path = join(folder, 'large');
    await writeFile(path, new Uint8Array(200_000));
    // An hour goes by between any two looks at the clock.
    let nowMs = 0;
    jest.spyOn(Date, 'now').mockImplementation(() => {
      nowMs += 3_600_000;
      return nowMs;
    });
    const how = { terms, keepVersions: false, unchanged: 0 };
    const run = new PutRun(client as never, {} as never, context as never, how);
    const files = ['a', 'b'].map((name) => ({ path, name, sizeBytes: 200_000, modifiedAtMs: 0 }));
    await expect(run.store(files)).rejects.toMatchObject({ code });
    return { anchored, printed };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

test('what could not be published for sure has lost its contracts and is not published at a second try', async () => {
  const { anchored, printed } = await runWith('placement/too-few-providers');
  expect(anchored).toEqual([['a']]);
  expect(printed).toMatchObject([{ files: [], notAnchored: ['a'] }]);
});

test('what may have been published after all is published again', async () => {
  const { anchored, printed } = await runWith('catalogue/outcome-unknown');
  expect(anchored).toEqual([['a'], ['a']]);
  expect(printed).toMatchObject([{ files: [{ name: 'a' }], notAnchored: [] }]);
});
