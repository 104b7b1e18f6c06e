import { appendFile, cp, mkdtemp, readdir, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { DataSource } from 'typeorm';
import type { BlockId } from '#chain';
import { fastDevnet } from '../../../chain/testing/memory-chain.js';
import { snapshotState } from '../../../chain/testing/state-snapshot.js';
import type { StorageNotice } from '../chain/open-chain.js';
import type { OpenLedgerOptions } from '../embedded-ledger.js';
import { newChain } from '../testing/forks.js';
import { withScratchFolder } from '../testing/scratch-folder.js';
import { TestLedger } from '../testing/test-ledger.js';
import { setAside } from './set-aside.js';

/** A closed ledger of 40 blocks, two of them with transactions, one transaction waiting. */
let original: string;
let blocks: Uint8Array[];
let waiting: string;

beforeAll(async () => {
  original = await mkdtemp(join(tmpdir(), 'cairn-ledger-'));
  const test = await TestLedger.open({ dataDir: original });
  // The first block is larger than a page.
  const others = Array.from({ length: 12 }, (_, index) => test.wallet(`account ${index}`));
  const pointer = new Uint8Array(2_000).fill(7);
  await test.send(test.faucet, { kind: 'anchor', body: { slot: 'stream', sequence: 1n, pointer } });
  await test.fund(1_000_000n, test.wallet('a'), test.wallet('b'), ...others);
  await test.mine(39);
  waiting = await test.transfer(test.wallet('a'), test.wallet('b'), 5n);
  blocks = [];
  for await (const block of test.ledger.chain.mainBlocks(1)) blocks.push(block.bytes);
  expect(blocks[0]?.length).toBeGreaterThan(4_096);
  await test.ledger.close();
});
afterAll(() => rm(original, { recursive: true, force: true }));

/** A copy of the closed ledger. */
function withChainFile(use: (folder: string, file: string) => Promise<void>): Promise<void> {
  return withScratchFolder(async (folder) => {
    await cp(original, folder, { recursive: true });
    expect((await readdir(join(folder, 'ledger'))).filter((name) => name.endsWith('-wal'))).toEqual([]);
    await use(folder, join(folder, 'ledger', 'chain.sqlite'));
  });
}

interface Opened {
  readonly test: TestLedger;
  readonly notices: readonly StorageNotice[];
}

async function open(folder: string, options: Partial<OpenLedgerOptions> = {}): Promise<Opened> {
  const notices: StorageNotice[] = [];
  const test = await TestLedger.open({
    ...options,
    dataDir: folder,
    onNotice: (notice) => notices.push(notice),
  });
  test.clock.seconds += 1_000;
  return { test, notices };
}

/** What a rebuilt ledger must be, whatever it lost: of the law, of one piece, and able to go on with what peers have. */
async function checkRebuilt({ test }: Opened): Promise<void> {
  const { chain } = test.ledger;
  const replayed = newChain();
  for await (const block of chain.mainBlocks(1)) expect(replayed.add(block).ok).toBe(true);
  expect(snapshotState(test.law, chain.state)).toEqual(replayed.snapshot());
  expect((await test.ledger.audit()).differences).toEqual([]);
  for (const bytes of blocks) expect((await chain.submitBlock(bytes)).ok).toBe(true);
  expect(test.height).toBe(40);
  await test.ledger.indexed();
  expect((await test.ledger.status()).indexHeight).toBe(40);
}

type Damage = (file: string) => Promise<void>;
/** What is damaged, how, and how many of the 40 blocks must be saved at least. */
const damages: readonly [string, Damage, number][] = [
  ['one bit of a stored block', (file) => flipIn(file, blocks[19]?.subarray(36, 68) as Uint8Array), 19],
  ['a page of the tree of tables zeroed', (file) => zeroPages(file, 1, 1), 40],
  ['the first page zeroed', (file) => zeroPages(file, 0, 1), 40],
  ['a page in the middle zeroed', (file) => zeroPages(file, 6, 1), 0],
  ['half of the file cut off', async (file) => truncate(file, (await stat(file)).size / 2), 0],
  ['a cut in the middle of a page', async (file) => truncate(file, (await stat(file)).size - 1_000), 30],
  ['a file that is something else', (file) => writeFile(file, 'once upon a time '.repeat(1000)), 0],
  ['an empty table of facts', (file) => query(file, 'DELETE FROM meta'), 40],
  ['the last block deleted', (file) => query(file, 'DELETE FROM block WHERE height = 40'), 39],
  ['a block in the middle deleted', (file) => query(file, 'DELETE FROM block WHERE height = 20'), 40],
  ['a body deleted', (file) => query(file, 'DELETE FROM body WHERE seq = 39'), 37],
  ['the tip lost', (file) => query(file, `DELETE FROM meta WHERE name = 'tip'`), 40],
  ['a table dropped', (file) => query(file, 'DROP TABLE block'), 40],
  ['a header with another nonce', changeNonce, 40],
  [
    'a block taken off the chain',
    (file) => query(file, 'UPDATE block SET is_on_main = 0 WHERE height = 9'),
    40,
  ],
];

describe('a damaged chain file is named, moved aside and rebuilt', () => {
  it.each(damages)('%s', async (_, damage, savedBlocks) => {
    await withChainFile(async (folder, file) => {
      await damage(file);
      const opened = await open(folder);
      const { test, notices } = opened;
      try {
        const { recovery } = test.ledger;
        expect(notices.map(({ code }) => code)).toEqual(['ledger/chain-rebuilding', 'ledger/chain-rebuilt']);
        expect(notices[0]?.message).toContain(`${file}.damaged-1`);
        expect(notices[1]?.data).toEqual(recovery);
        // The genesis block is among those found and taken.
        expect(recovery).toMatchObject({ movedTo: `${file}.damaged-1`, refusedBlocks: 0 });
        expect(test.height).toBeGreaterThanOrEqual(savedBlocks);
        if (savedBlocks >= 37) expect((await test.ledger.mempool({})).items).toMatchObject([{ id: waiting }]);
        await checkRebuilt(opened);
      } finally {
        await test.ledger.close();
      }
      const again = await open(folder);
      expect(again.notices).toEqual([]);
      expect([again.test.height, again.test.ledger.recovery]).toEqual([40, undefined]);
      await again.test.ledger.close();
    });
  });

  it('damage that shows only when it is read is remembered until the next start', async () => {
    await withChainFile(async (folder, file) => {
      const { test } = await open(folder);
      const id = (await test.ledger.block({ ref: '20' }))?.id as BlockId;
      await query(file, `UPDATE body SET bytes = zeroblob(length(bytes)) WHERE seq = 21`);
      await expect(test.ledger.chain.block(id)).rejects.toMatchObject({
        code: 'ledger/store-corrupt',
        data: { file },
      });
      await expect(test.ledger.access.blockBytes(id)).rejects.toMatchObject({ code: 'ledger/store-corrupt' });
      // It goes on meanwhile.
      await test.mine();
      await test.ledger.close();
      const again = await open(folder);
      expect(again.test.ledger.recovery).toMatchObject({
        foundBlocks: 41,
        takenBlocks: 20,
        detachedBlocks: 21,
      });
      await again.test.ledger.close();
    });
  });

  it('what a block did is derived: damaged, it is made again by the law', async () => {
    await withChainFile(async (folder, file) => {
      await query(file, `UPDATE effect SET undo = x'00' WHERE seq < 30`);
      await query(file, `UPDATE effect SET events = x'5b5d' WHERE seq > 25`);
      await rm(join(folder, 'ledger', 'index.sqlite'));
      const opened = await open(folder);
      expect(opened.test.ledger.recovery).toBeUndefined();
      expect(opened.test.height).toBe(40);
      await checkRebuilt(opened);
      await opened.test.ledger.close();
    });
  });

  it('a kill while it is rebuilt is made good at the next start', async () => {
    await withChainFile(async (folder, file) => {
      // As it is after the move, when some blocks are in the new file.
      const aside = await setAside(file, 'a test');
      const partly = await TestLedger.open({ dataDir: await mkdtemp(join(tmpdir(), 'cairn-ledger-')) });
      partly.clock.seconds += 1_000;
      for (const bytes of blocks.slice(0, 7)) await partly.ledger.chain.submitBlock(bytes);
      await partly.ledger.close();
      await cp(join(partly.dataDir, 'ledger', 'chain.sqlite'), file);
      await partly.close();
      const opened = await open(folder);
      expect(opened.test.ledger.recovery).toMatchObject({ movedTo: aside.path, takenBlocks: 41, height: 40 });
      await checkRebuilt(opened);
      await opened.test.ledger.close();
    });
  });

  it('--rebuild does so without any damage', async () => {
    await withChainFile(async (folder) => {
      const opened = await open(folder, { isRebuild: true });
      expect(opened.notices.map(({ code }) => code)).toEqual([
        'ledger/chain-rebuilding',
        'ledger/chain-rebuilt',
        'ledger/index-rebuilt',
      ]);
      expect(opened.test.ledger.recovery).toMatchObject({ foundBlocks: 41, takenBlocks: 41, height: 40 });
      await checkRebuilt(opened);
      await opened.test.ledger.close();
    });
  });

  it('a damaged index is built anew from the blocks', async () => {
    await withChainFile(async (folder) => {
      const index = join(folder, 'ledger', 'index.sqlite');
      await writeFile(index, 'not a database at all '.repeat(500));
      const opened = await open(folder);
      expect(opened.notices).toMatchObject([{ code: 'ledger/index-rebuilt', data: { file: index } }]);
      await checkRebuilt(opened);
      await opened.test.ledger.close();
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

/** Changes one bit wherever the bytes are found. */
async function flipIn(file: string, wanted: Uint8Array): Promise<void> {
  const bytes = await readFile(file);
  let at = bytes.indexOf(wanted);
  expect(at).toBeGreaterThan(0);
  for (; at >= 0; at = bytes.indexOf(wanted, at + 1)) bytes[at + 10] = (bytes[at + 10] ?? 0) ^ 1;
  await writeFile(file, bytes);
}

async function changeNonce(file: string): Promise<void> {
  const source = await new DataSource({ type: 'sqlite', database: file }).initialize();
  const [row] = (await source.query('SELECT header FROM block WHERE height = 7')) as { header: Buffer }[];
  const header = Buffer.from(row?.header as Buffer);
  header[79] = (header[79] as number) ^ 1;
  await source.query('UPDATE block SET header = ? WHERE height = 7', [header]);
  await source.destroy();
}

async function zeroPages(file: string, first: number, count: number): Promise<void> {
  const bytes = await readFile(file);
  bytes.fill(0, 4096 * first, 4096 * (first + count));
  await writeFile(file, bytes);
}

async function query(file: string, statement: string): Promise<void> {
  const source = await new DataSource({ type: 'sqlite', database: file }).initialize();
  await source.query(statement);
  await source.destroy();
}
