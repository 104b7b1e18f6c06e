import { randomFillSync } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, statfs } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { AlignedMemory, isAligned } from './aligned-memory.js';
import { writeFragmentFile, writeWholeFile } from './fragment-writer.js';

const MIB = 1 << 20;
let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cairn-writer-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

/** ext4 and XFS: what they write directly leaves nothing in the page cache. */
const PLAIN_FILE_SYSTEMS = [0xef53, 0x58465342];

/** Bytes this process has had from disks; undefined where the system does not tell. */
async function bytesFromDisks(): Promise<number | undefined> {
  const text = await readFile('/proc/self/io', 'utf8').catch(() => '');
  const count = /^read_bytes: (\d+)$/m.exec(text)?.[1];
  return count === undefined ? undefined : Number(count);
}

describe('aligned memory', () => {
  test('is cut up at the borders of pages, never twice, and ends', () => {
    const memory = new AlignedMemory(4 * MIB);
    const parts = [memory.take(MIB), memory.take(4096), memory.take(2 * MIB), memory.take(MIB)];
    expect(parts.map((part) => part?.length)).toEqual([MIB, 4096, 2 * MIB, undefined]);
    const [first, second, third] = parts as Uint8Array[];
    expect(parts.slice(0, 3).every((part) => isAligned(part as Uint8Array))).toBe(true);
    first?.fill(1);
    second?.fill(2);
    third?.fill(3);
    expect([first?.[MIB - 1], second?.[0], second?.[4095], third?.[0]]).toEqual([1, 2, 2, 3]);
  });

  test('is told from other memory, and from parts that begin elsewhere', () => {
    const part = new AlignedMemory(MIB).take(MIB) as Uint8Array;
    expect(isAligned(part.subarray(4096, 3 * 4096))).toBe(true);
    expect(isAligned(part.subarray(512))).toBe(false);
    expect(isAligned(part.subarray(4096, 5000))).toBe(true);
    expect(isAligned(new Uint8Array(4096))).toBe(false);
  });
});

describe('a file written whole', () => {
  test('directly: what is read back is what was written, and comes from the disk', async () => {
    const bytes = randomFillSync(new AlignedMemory(MIB).take(MIB) as Uint8Array);
    const { type } = await statfs(folder);
    for (const direct of [true, false]) {
      const path = join(folder, String(direct));
      await writeWholeFile(path, bytes, direct);
      const before = await bytesFromDisks();
      expect(Buffer.compare(await readFile(path), bytes)).toBe(0);
      const after = await bytesFromDisks();
      if (before !== undefined && after !== undefined && PLAIN_FILE_SYSTEMS.includes(type)) {
        expect(after - before >= MIB).toBe(direct);
      }
      await expect(writeWholeFile(path, bytes, direct)).rejects.toMatchObject({ code: 'EEXIST' });
    }
  });

  test.each([65_536 + 1024, MIB - 1, 65_535, 4096, 1])(
    'directly, of %i bytes: all but what is over after the last page comes from the disk',
    async (lengthBytes) => {
      const bytes = randomFillSync(new AlignedMemory(MIB).take(MIB) as Uint8Array).subarray(0, lengthBytes);
      const { type } = await statfs(folder);
      const path = join(folder, 'direct');
      await writeWholeFile(path, bytes, true);
      const before = await bytesFromDisks();
      expect(Buffer.compare(await readFile(path), bytes)).toBe(0);
      const after = await bytesFromDisks();
      if (before !== undefined && after !== undefined && PLAIN_FILE_SYSTEMS.includes(type)) {
        const isDirect = lengthBytes >= 65_536;
        expect(after - before >= Math.max(1, lengthBytes - (lengthBytes % 4096))).toBe(isDirect);
      }
    },
  );

  test('where the file system wants no direct write of such bytes, as usual', async () => {
    // Memory on no border at all: refused by any file system that writes directly.
    const bytes = randomFillSync(new Uint8Array(MIB + 1).subarray(1));
    for (const name of ['first', 'second']) {
      await writeWholeFile(join(folder, name), bytes, true);
      expect(Buffer.compare(await readFile(join(folder, name)), bytes)).toBe(0);
    }
  });
});

describe('a source', () => {
  async function* pieces(...sizes: readonly number[]): AsyncGenerator<Uint8Array> {
    for (const size of sizes) yield new Uint8Array(size).fill(size % 251);
  }

  test.each([[[100]], [[60, 40]], [[0, 100]], [[100, 0]], [[1, 98, 1]]])(
    'of pieces %j is written whole',
    async (sizes) => {
      const path = join(folder, 'whole');
      const written = await writeFragmentFile(path, pieces(...sizes), 100);
      expect(written).toMatchObject({ ok: true, value: { lengthBytes: 100 } });
      const expected = Buffer.concat(sizes.map((size) => Buffer.alloc(size, size % 251)));
      expect(Buffer.compare(await readFile(path), expected)).toBe(0);
    },
  );

  test.each([
    [[99], 99],
    [[101], 101],
    [[100, 1], 101],
    [[60, 41], 101],
    [[], 0],
  ])('of pieces %j is refused where 100 bytes were announced', async (sizes, lengthBytes) => {
    const written = await writeFragmentFile(join(folder, 'refused'), pieces(...sizes), 100);
    expect(written).toEqual({
      ok: false,
      violation: { rule: 'fragment/length', expectedLengthBytes: 100, lengthBytes },
    });
  });

  test('that ends in an error makes no file before its first bytes, and is let go of', async () => {
    let isLetGo = false;
    async function* failing(sizes: readonly number[]): AsyncGenerator<Uint8Array> {
      try {
        yield* pieces(...sizes);
        throw new Error('gone');
      } finally {
        isLetGo = true;
      }
    }
    await expect(writeFragmentFile(join(folder, 'none'), failing([]), 100)).rejects.toThrow('gone');
    expect(await readdir(folder)).toEqual([]);
    await expect(writeFragmentFile(join(folder, 'some'), failing([50, 50]), 100)).rejects.toThrow('gone');
    isLetGo = false;
    const refused = await writeFragmentFile(join(folder, 'long'), failing([50, 51, 1]), 100);
    expect([refused.ok, isLetGo]).toEqual([false, true]);
  });
});
