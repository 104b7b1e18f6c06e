import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { baoSliceFromTree, encodeBaoSlice, verifyBaoSlice } from './bao.js';
import {
  type BaoClaim,
  baoSetSlice,
  baoSetSliceBytes,
  verifyBaoSetSlice,
  verifyBaoSetSlices,
} from './bao-set.js';
import { blake3Chunk, blake3ChunkCount, blake3Tree } from './blake3-tree.js';
import { bytesToHex, concatBytes, u64le } from './bytes.js';
import { nobleCrypto } from './noble-crypto.js';
import { baoSliceVectors, counterBytes } from './vectors/bao.js';
import { baoSetVectors } from './vectors/bao-set.js';
import { patternBytes } from './vectors/blake3.js';

function claimOf(data: Uint8Array, chunks: readonly number[]): BaoClaim {
  const tree = blake3Tree(data);
  return { root: tree.root, lengthBytes: data.length, chunks, slice: baoSetSlice(tree, data, chunks) };
}

const faultOf = (claim: BaoClaim, changes: Partial<BaoClaim> = {}) =>
  verifyBaoSetSlice(nobleCrypto, { ...claim, ...changes });

/** A fragment of up to 24 chunks and a set of its chunks. */
const fragments = fc
  .tuple(fc.integer({ min: 1, max: 24 }), fc.constantFrom(0, 1, 2, 511, 1023))
  .map(([chunks, short]) => chunks * 1024 - short)
  .chain((lengthBytes) =>
    fc.tuple(
      fc.constant(lengthBytes),
      fc
        .uniqueArray(fc.nat({ max: blake3ChunkCount(lengthBytes) - 1 }), { minLength: 1, maxLength: 16 })
        .map((chunks) => chunks.sort((a, b) => a - b)),
    ),
  );

describe('Bao slices of a set of chunks', () => {
  test.each(baoSliceVectors)(
    'of one chunk: the published slice, chunk $chunkIndex of $lengthBytes bytes',
    (vector) => {
      const claim = claimOf(counterBytes(vector.lengthBytes), [vector.chunkIndex]);
      expect(claim.slice).toHaveLength(vector.sliceBytes);
      expect(bytesToHex(nobleCrypto.blake3(claim.slice))).toBe(vector.sliceBlake3);
      expect(faultOf(claim)).toBeUndefined();
    },
  );

  test.each(baoSetVectors)('vector: $chunks of $lengthBytes bytes', (vector) => {
    const claim = claimOf(counterBytes(vector.lengthBytes), vector.chunks);
    expect(claim.slice).toHaveLength(vector.sliceBytes);
    expect(bytesToHex(nobleCrypto.blake3(claim.slice))).toBe(vector.sliceBlake3);
    expect(faultOf(claim)).toBeUndefined();
  });

  test('of one chunk: byte for byte the single slice, from 1 byte to 4 MiB', () => {
    for (const lengthBytes of [1, 1024, 1025, 2048, 2049, 70_000, 4 * 1024 * 1024]) {
      const data = patternBytes(lengthBytes);
      const tree = blake3Tree(data);
      const last = blake3ChunkCount(lengthBytes) - 1;
      for (const chunk of new Set([0, last >> 1, last])) {
        const single = baoSliceFromTree(tree, chunk, blake3Chunk(data, chunk));
        expect(baoSetSlice(tree, data, [chunk])).toEqual(single);
        const claim = { root: tree.root, lengthBytes, chunks: [chunk], slice: single };
        expect(verifyBaoSetSlice(nobleCrypto, claim)).toBeUndefined();
      }
    }
  });

  test('prove their chunks, each parent of the single slices once', () => {
    fc.assert(
      fc.property(fragments, ([lengthBytes, chunks]) => {
        const data = patternBytes(lengthBytes);
        const tree = blake3Tree(data);
        const claim = claimOf(data, chunks);
        expect(claim.slice).toHaveLength(baoSetSliceBytes(lengthBytes, chunks));
        expect(faultOf(claim)).toBeUndefined();
        // The oracle: the single slices hold the same nodes, each as often as chunks lie below it.
        const nodes = new Set<string>();
        let chunkBytes = 0;
        for (const chunk of chunks) {
          const bytes = blake3Chunk(data, chunk);
          const single = baoSliceFromTree(tree, chunk, bytes);
          expect(verifyBaoSlice(tree.root, single, chunk, lengthBytes)).toEqual(bytes);
          for (let at = 8; at < single.length - bytes.length; at += 64)
            nodes.add(bytesToHex(single.subarray(at, at + 64)));
          chunkBytes += bytes.length;
        }
        expect(claim.slice).toHaveLength(8 + 64 * nodes.size + chunkBytes);
      }),
    );
  });

  test('are refused with any byte changed, wherever it stands', () => {
    fc.assert(
      fc.property(
        fragments,
        fc.nat(),
        fc.integer({ min: 1, max: 255 }),
        ([lengthBytes, chunks], place, flip) => {
          const claim = claimOf(patternBytes(lengthBytes), chunks);
          const at = place % claim.slice.length;
          const slice = claim.slice.slice();
          slice[at] = (slice[at] as number) ^ flip;
          expect(faultOf(claim, { slice })).toBe(at < 8 ? 'length' : 'hash');
        },
      ),
      { numRuns: 300 },
    );
    // One byte of every node and every chunk of one slice, in order.
    const claim = claimOf(patternBytes(7 * 1024 + 5), [0, 3, 4, 7]);
    for (let at = 0; at < claim.slice.length; at += at < 8 ? 1 : 32) {
      const slice = claim.slice.slice();
      slice[at] = (slice[at] as number) ^ 1;
      expect(faultOf(claim, { slice })).toBe(at < 8 ? 'length' : 'hash');
    }
  });

  test('are refused with bytes more or less, other chunks, another order, another length, another root', () => {
    fc.assert(
      fc.property(fragments, ([lengthBytes, chunks]) => {
        const claim = claimOf(patternBytes(lengthBytes), chunks);
        const { slice } = claim;
        expect(faultOf(claim, { slice: concatBytes(slice, Uint8Array.of(0)) })).toBe('size');
        expect(faultOf(claim, { slice: slice.subarray(0, -1) })).toBe('size');
        expect(faultOf(claim, { slice: slice.subarray(1) })).toBe('size');
        expect(faultOf(claim, { slice: new Uint8Array(0) })).toBe('size');
        expect(faultOf(claim, { chunks: [] })).toBe('size');
        expect(faultOf(claim, { chunks: [...chunks, ...chunks] })).toBe('size');
        if (chunks.length > 1) expect(faultOf(claim, { chunks: [...chunks].reverse() })).toBe('size');
        expect(faultOf(claim, { chunks: chunks.map((chunk) => chunk + 64) })).toBe('size');
        expect(faultOf(claim, { lengthBytes: lengthBytes + 1 })).toBeDefined();
        if (lengthBytes > 1) expect(faultOf(claim, { lengthBytes: lengthBytes - 1 })).toBeDefined();
        const lying = concatBytes(u64le(lengthBytes + 1), slice.subarray(8));
        expect(faultOf(claim, { slice: lying })).toBe('length');
        expect(faultOf(claim, { root: nobleCrypto.sha256(claim.root) })).toBe('hash');
        expect(faultOf(claim, { root: new Uint8Array(0) })).toBe('hash');
      }),
    );
  });

  test('of chunks that were not asked for prove nothing, also where the sizes agree', () => {
    const data = patternBytes(8 * 1024);
    const claim = claimOf(data, [1, 4]);
    for (const chunks of [
      [0, 4],
      [1, 5],
      [3, 6],
    ]) {
      expect(baoSetSliceBytes(data.length, chunks)).toBe(claim.slice.length);
      expect(faultOf(claim, { chunks })).toBe('hash');
    }
    // A chunk shown twice instead of two: the second stands where another index is hashed.
    const [parents, chunk] = [claim.slice.subarray(0, -1024), blake3Chunk(data, 1)];
    expect(faultOf(claim, { slice: concatBytes(parents, chunk) })).toBe('hash');
  });

  test('a node cannot pass for a chunk', () => {
    const tree = blake3Tree(patternBytes(4096));
    const parents = tree.levels[1] as Uint8Array;
    const slice = concatBytes(u64le(64), parents);
    expect(verifyBaoSetSlice(nobleCrypto, { root: tree.root, lengthBytes: 64, chunks: [0], slice })).toBe(
      'hash',
    );
  });

  test('several at once: the first bad one is named, whichever it is', () => {
    const claims = [3_000, 1, 9_000].map((lengthBytes) => claimOf(patternBytes(lengthBytes), [0]));
    expect(verifyBaoSetSlices(nobleCrypto, claims)).toBeUndefined();
    expect(verifyBaoSetSlices(nobleCrypto, [])).toBeUndefined();
    for (const index of [0, 1, 2]) {
      const slice = claims[index]?.slice.slice() as Uint8Array;
      slice[slice.length - 1] = (slice[slice.length - 1] as number) ^ 1;
      const changed = claims.map((claim, at) => (at === index ? { ...claim, slice } : claim));
      expect(verifyBaoSetSlices(nobleCrypto, changed)).toEqual({ index, fault: 'hash' });
    }
  });

  test('nonsense is refused, not thrown; making nonsense is our own fault', () => {
    const slice = new Uint8Array(1032);
    for (const [chunk, lengthBytes] of [
      [0, -1],
      [0.5, 1024],
      [-1, 1024],
      [0, Number.NaN],
      [0, 2 ** 60],
      [2 ** 60, 1024],
    ] as [number, number][])
      expect(
        verifyBaoSetSlice(nobleCrypto, { root: new Uint8Array(32), lengthBytes, chunks: [chunk], slice }),
      ).toBe('size');
    const { root } = encodeBaoSlice(patternBytes(2000), 0);
    expect(root).toHaveLength(32);
    const tree = blake3Tree(patternBytes(2000));
    for (const chunks of [[], [2], [1, 0], [1, 1]])
      expect(() => baoSetSlice(tree, patternBytes(2000), chunks)).toThrow(/no ascending chunks/);
  });
});
