import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { requireCounterpart } from '../../test/counterparts.js';
import { baoSliceBytes, baoSliceFromTree, encodeBaoSlice, verifyBaoSlice } from './bao.js';
import { blake3Chunk, blake3ChunkCount, blake3Tree } from './blake3-tree.js';
import { bytesToHex, concatBytes, u64le } from './bytes.js';
import { nobleCrypto } from './noble-crypto.js';
import { baoRoots, baoSliceVectors, counterBytes } from './vectors/bao.js';
import { blake3Vectors, patternBytes } from './vectors/blake3.js';

// Built code runs from dist/libs/crypto: the project's root is three folders up, the fixtures beside the project.
const officialVectors = fileURLToPath(
  new URL('../../../../shared/fixtures/blake3/test_vectors.json', import.meta.url),
);
const testOfficial = existsSync(officialVectors) ? test : test.skip;
const b3sum = requireCounterpart('b3sum');

describe('BLAKE3 tree', () => {
  test.each(blake3Vectors)('root of $lengthBytes bytes is the published hash', ({ lengthBytes, hash }) => {
    expect(bytesToHex(blake3Tree(patternBytes(lengthBytes)).root)).toBe(hash);
  });

  testOfficial('all 35 official vectors, from the tree and from noble (needs ../shared/fixtures)', () => {
    const { cases } = JSON.parse(readFileSync(officialVectors, 'utf8')) as {
      cases: { input_len: number; hash: string }[];
    };
    expect(cases).toHaveLength(35);
    for (const { input_len: lengthBytes, hash } of cases) {
      const data = patternBytes(lengthBytes);
      expect([lengthBytes, bytesToHex(blake3Tree(data).root)]).toEqual([lengthBytes, hash.slice(0, 64)]);
      expect([lengthBytes, bytesToHex(nobleCrypto.blake3(data))]).toEqual([lengthBytes, hash.slice(0, 64)]);
    }
  });

  test('counts chunks: the empty input is one', () => {
    expect([0, 1, 1023, 1024, 1025, 2048, 2049].map(blake3ChunkCount)).toEqual([1, 1, 1, 1, 2, 2, 3]);
  });
});

b3sum.describe('b3sum', () => {
  test('prints the same for random bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 9000 }), (data) => {
        const printed = execFileSync(b3sum.path, ['--no-names'], { input: data }).toString().trim();
        expect(bytesToHex(blake3Tree(data).root)).toBe(printed);
      }),
      { numRuns: 20 },
    );
  });
});

/** Lengths of 1 to 20 chunks: full, one byte into the last, one byte short of full. */
const lengths = Array.from({ length: 20 }, (_, i) => i + 1).flatMap((chunks) => [
  chunks * 1024,
  chunks * 1024 - 1,
  (chunks - 1) * 1024 + 1,
]);

describe('Bao slices of one chunk', () => {
  test.each(baoSliceVectors)('published: chunk $chunkIndex of $lengthBytes bytes', (vector) => {
    const { root, slice } = encodeBaoSlice(counterBytes(vector.lengthBytes), vector.chunkIndex);
    expect(bytesToHex(root)).toBe(baoRoots[vector.lengthBytes]);
    expect(slice).toHaveLength(vector.sliceBytes);
    expect(bytesToHex(nobleCrypto.blake3(slice))).toBe(vector.sliceBlake3);
  });

  test('every chunk of every size from 0 bytes to 20 chunks proves itself under the BLAKE3 hash', () => {
    for (const lengthBytes of [0, ...lengths]) {
      const data = patternBytes(lengthBytes);
      const tree = blake3Tree(data);
      const root = nobleCrypto.blake3(data);
      for (let index = 0; index < blake3ChunkCount(lengthBytes); index++) {
        const chunk = blake3Chunk(data, index);
        const slice = baoSliceFromTree(tree, index, chunk);
        expect(slice).toHaveLength(baoSliceBytes(index, lengthBytes));
        expect(verifyBaoSlice(root, slice, index, lengthBytes)).toEqual(chunk);
        if (index < 2) expect(encodeBaoSlice(data, index)).toEqual({ root, slice });
      }
    }
  });

  test('refuses one byte more or less, another index, another length, another root', () => {
    for (const lengthBytes of lengths) {
      const data = patternBytes(lengthBytes);
      const tree = blake3Tree(data);
      const chunkCount = blake3ChunkCount(lengthBytes);
      for (let index = 0; index < chunkCount; index++) {
        const slice = baoSliceFromTree(tree, index, blake3Chunk(data, index));
        const refused = (bytes: Uint8Array, at = index, length = lengthBytes, root = tree.root): void =>
          expect(verifyBaoSlice(root, bytes, at, length)).toBeUndefined();
        refused(concatBytes(slice, Uint8Array.of(0)));
        refused(slice.subarray(0, -1));
        refused(slice.subarray(1));
        refused(new Uint8Array(0));
        refused(slice, (index + 1) % (chunkCount + 1));
        refused(slice, -1);
        refused(slice, index, lengthBytes + 1);
        refused(slice, index, lengthBytes - 1);
        refused(concatBytes(u64le(lengthBytes + 1), slice.subarray(8)));
        refused(concatBytes(u64le(2n ** 63n), slice.subarray(8)));
        refused(slice, index, lengthBytes, nobleCrypto.sha256(tree.root));
        refused(slice, index, lengthBytes, new Uint8Array(0));
      }
    }
  });

  test('refuses any changed byte', () => {
    for (const lengthBytes of [1, 1024, 1025, 3000, 7 * 1024, 17 * 1024 + 5]) {
      const data = patternBytes(lengthBytes);
      const tree = blake3Tree(data);
      for (let index = 0; index < blake3ChunkCount(lengthBytes); index++) {
        const slice = baoSliceFromTree(tree, index, blake3Chunk(data, index));
        // Headers and nodes byte by byte, the chunk at every 37th.
        for (let at = 0; at < slice.length; at += at < slice.length - 1024 ? 1 : 37) {
          const changed = slice.slice();
          changed[at] = (changed[at] as number) ^ 0x40;
          expect(verifyBaoSlice(tree.root, changed, index, lengthBytes)).toBeUndefined();
        }
      }
    }
  });

  test('a node cannot pass for a chunk, nor an inner node for the root', () => {
    const data = patternBytes(4096);
    const tree = blake3Tree(data);
    const [chunks, parents] = tree.levels as [Uint8Array, Uint8Array];
    // The root's 64-byte input offered as the content of a 64-byte fragment.
    const posing = concatBytes(u64le(64), parents);
    expect(verifyBaoSlice(tree.root, posing, 0, 64)).toBeUndefined();
    // The left subtree's value offered as the id of a 2 KiB fragment.
    const inner = concatBytes(u64le(2048), chunks.subarray(0, 64), data.subarray(0, 1024));
    expect(verifyBaoSlice(parents.subarray(0, 32), inner, 0, 2048)).toBeUndefined();
  });

  test('nonsense lengths and indexes are undefined, not exceptions', () => {
    const slice = new Uint8Array(8 + 1024);
    for (const [index, length] of [
      [0, -1],
      [0.5, 1024],
      [0, 1.5],
      [0, Number.NaN],
      [0, 2 ** 60],
      [2 ** 60, 1024],
    ]) {
      expect(verifyBaoSlice(new Uint8Array(32), slice, index as number, length as number)).toBeUndefined();
    }
    expect(() => encodeBaoSlice(new Uint8Array(1024), 1)).toThrow(/not among the 1 chunks/);
  });
});
