import { appendFile, cp, mkdtemp, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { DataSource } from 'typeorm';
import { hexToBytes } from '#crypto';
import { fastDevnet } from '../../../chain/testing/memory-chain.js';
import { withScratchFolder } from '../testing/scratch-folder.js';
import { TestLedger } from '../testing/test-ledger.js';

let original: string;
let block20: Uint8Array;

beforeAll(async () => {
  original = await mkdtemp(join(tmpdir(), 'cairn-ledger-'));
  const test = await TestLedger.open({ dataDir: original });
  await test.fund(1_000_000n, test.wallet('a'), test.wallet('b'));
  await test.mine(39);
  block20 = hexToBytes((await test.ledger.rawBlock({ ref: '20' }))?.hex ?? '');
  await test.ledger.close();
});
afterAll(() => rm(original, { recursive: true, force: true }));

/** A copy of a closed ledger of 40 blocks, two of them with transactions. */
function withChainFile(use: (folder: string, file: string) => Promise<void>): Promise<void> {
  return withScratchFolder(async (folder) => {
    await cp(original, folder, { recursive: true });
    expect((await readdir(join(folder, 'ledger'))).filter((name) => name.endsWith('-wal'))).toEqual([]);
    await use(folder, join(folder, 'ledger', 'chain.sqlite'));
  });
}

async function refusalOf(folder: string): Promise<Record<string, unknown>> {
  let opened: TestLedger;
  try {
    opened = await TestLedger.open({ dataDir: folder });
  } catch (error) {
    return error as Record<string, unknown>;
  }
  await opened.close();
  throw new Error('a damaged ledger was opened');
}

const changes: readonly [string, (file: string) => Promise<void>][] = [
  [
    'one bit of a stored block',
    async (file) => {
      const bytes = await readFile(file);
      const root = block20.subarray(36, 68);
      let at = bytes.indexOf(root);
      expect(at).toBeGreaterThan(0);
      for (; at >= 0; at = bytes.indexOf(root, at + 1)) bytes[at + 10] = (bytes[at + 10] ?? 0) ^ 1;
      await writeFile(file, bytes);
    },
  ],
  [
    'a page overwritten with zeros',
    async (file) => {
      const bytes = await readFile(file);
      bytes.fill(0, 4096 * 3, 4096 * 4);
      await writeFile(file, bytes);
    },
  ],
  ['half of the file cut off', async (file) => truncate(file, 4096 * 4)],
  ['a file that is something else', async (file) => writeFile(file, 'once upon a time '.repeat(1000))],
  ['the last block deleted', (file) => query(file, 'DELETE FROM block WHERE height = 40')],
  ['a block in the middle deleted', (file) => query(file, 'DELETE FROM block WHERE height = 20')],
  ['the tip lost', (file) => query(file, `DELETE FROM meta WHERE name = 'tip'`)],
];

describe('a damaged chain file is named, and never used', () => {
  it.each(changes)('%s', async (_, damage) => {
    await withChainFile(async (folder, file) => {
      await damage(file);
      const error = await refusalOf(folder);
      expect(error).toMatchObject({ code: 'ledger/store-corrupt', data: { file } });
      expect(error['message']).toContain(file);
      expect(error['next']).toMatch(/--reset/);
      // The lock is given back: the same again, not "in use".
      expect(await refusalOf(folder)).toMatchObject({ code: 'ledger/store-corrupt' });
    });
  });

  it('and so is a damaged index, which is only derived', async () => {
    await withChainFile(async (folder) => {
      const index = join(folder, 'ledger', 'index.sqlite');
      await writeFile(index, 'not a database at all '.repeat(500));
      expect(await refusalOf(folder)).toMatchObject({ code: 'ledger/store-corrupt', data: { file: index } });
    });
  });
});

describe('data of something else is refused', () => {
  const others = [
    ['ledger/wrong-network', { ...fastDevnet, name: 'testnet' as const }],
    ['ledger/protocol-version', { ...fastDevnet, protocolVersion: fastDevnet.protocolVersion + 1 }],
    [
      'ledger/wrong-genesis',
      { ...fastDevnet, genesis: { ...fastDevnet.genesis, timeSeconds: 1_790_000_001 } },
    ],
  ] as const;
  it.each(others)('%s', async (code, params) => {
    await withChainFile(async (folder, file) => {
      await expect(TestLedger.open({ dataDir: folder, params })).rejects.toMatchObject({
        code,
        data: { file },
      });
    });
  });

  it('a folder in use by another ledger', async () => {
    const test = await TestLedger.open();
    try {
      await expect(TestLedger.open({ dataDir: test.dataDir })).rejects.toMatchObject({
        code: 'data-folder/in-use',
      });
    } finally {
      await test.close();
    }
  });

  it('a folder that cannot be made', async () => {
    await withScratchFolder(async (folder) => {
      const file = join(folder, 'file');
      await appendFile(file, 'x');
      await expect(TestLedger.open({ dataDir: file })).rejects.toMatchObject({ name: 'AppError' });
    });
  });
});

async function query(file: string, statement: string): Promise<void> {
  const source = await new DataSource({ type: 'sqlite', database: file }).initialize();
  await source.query(statement);
  await source.destroy();
}
