import { describe, expect, test } from '@jest/globals';
import { bytesToHex, concatBytes, hexToBytes, u32le } from './bytes.js';
import { nobleCrypto } from './noble-crypto.js';
import {
  appendToFrontier,
  consistencyProof,
  frontierLength,
  frontierRoot,
  inclusionProof,
  merkleFrontier,
  merkleLeafHash,
  merkleRoot,
  merkleRootOf,
  rootOfPath,
  verifyConsistency,
  verifyInclusion,
} from './rfc6962.js';
import {
  publishedConsistency,
  publishedInclusion,
  publishedLeaves,
  publishedRoots,
} from './vectors/rfc6962.js';

const crypto = nobleCrypto;
const publishedHashes = publishedLeaves.map((leaf) => merkleLeafHash(crypto, hexToBytes(leaf)));
const leafHashes = Array.from({ length: 40 }, (_, i) => merkleLeafHash(crypto, u32le(i)));

/** The root as RFC 6962, 2.1 writes it down: split at the largest power of two below n. */
function recursiveRoot(hashes: readonly Uint8Array[]): Uint8Array {
  if (hashes.length === 1) return hashes[0] as Uint8Array;
  let split = 1;
  while (split * 2 < hashes.length) split *= 2;
  const halves = [recursiveRoot(hashes.slice(0, split)), recursiveRoot(hashes.slice(split))];
  return crypto.sha256(concatBytes(Uint8Array.of(1), ...halves));
}

/** Every change that must turn a good proof bad: each hash flipped, one missing, one more, two swapped. */
function spoiledPaths(path: readonly Uint8Array[]): Uint8Array[][] {
  const flipped = path.map((_, at) =>
    path.map((hash, i) => (i === at ? Uint8Array.from(hash, (b, j) => (j === 5 ? b ^ 1 : b)) : hash)),
  );
  const shorter = path.map((_, at) => path.filter((_hash, i) => i !== at));
  const cut = path.length === 0 ? [] : [[...path.slice(0, -1), (path.at(-1) as Uint8Array).slice(0, 31)]];
  const swapped = path.length < 2 ? [] : [[...path].reverse()];
  return [
    ...flipped,
    ...shorter,
    ...cut,
    ...swapped,
    [...path, new Uint8Array(32)],
    [new Uint8Array(32), ...path],
  ];
}

describe('RFC 6962 published vectors', () => {
  test.each(publishedRoots.map((root, size) => ({ size, root })))(
    'root of $size leaves',
    ({ size, root }) => {
      const leaves = publishedLeaves.slice(0, size).map(hexToBytes);
      expect(bytesToHex(merkleRootOf(crypto, leaves))).toBe(root);
    },
  );

  test.each(publishedInclusion)('inclusion of leaf $index in $size', ({ index, size, path }) => {
    expect(inclusionProof(crypto, publishedHashes.slice(0, size), index).map(bytesToHex)).toEqual(path);
    const root = hexToBytes(publishedRoots[size] as string);
    const leafHash = publishedHashes[index] as Uint8Array;
    expect(verifyInclusion(crypto, { root, leafHash, index, size, path: path.map(hexToBytes) })).toBe(true);
  });

  test.each(publishedConsistency)('consistency of $oldSize with $newSize', ({ oldSize, newSize, path }) => {
    expect(consistencyProof(crypto, publishedHashes.slice(0, newSize), oldSize).map(bytesToHex)).toEqual(
      path,
    );
    const oldRoot = hexToBytes(publishedRoots[oldSize] as string);
    const newRoot = hexToBytes(publishedRoots[newSize] as string);
    const claim = { oldSize, oldRoot, newSize, newRoot, path: path.map(hexToBytes) };
    expect(verifyConsistency(crypto, claim)).toBe(true);
  });
});

describe('trees of every size up to 40', () => {
  const sizes = Array.from({ length: 40 }, (_, i) => i + 1);

  test('the root by levels is the root by the RFC’s recursion', () => {
    for (const size of sizes) {
      expect(merkleRoot(crypto, leafHashes.slice(0, size))).toEqual(recursiveRoot(leafHashes.slice(0, size)));
    }
  });

  test('every leaf proves itself; nothing else passes in its place', () => {
    for (const size of sizes) {
      const hashes = leafHashes.slice(0, size);
      const root = merkleRoot(crypto, hashes);
      for (let index = 0; index < size; index++) {
        const claim = {
          root,
          leafHash: hashes[index] as Uint8Array,
          index,
          size,
          path: inclusionProof(crypto, hashes, index),
        };
        expect(verifyInclusion(crypto, claim)).toBe(true);
        const other = leafHashes[(index + 1) % 40] as Uint8Array;
        expect(verifyInclusion(crypto, { ...claim, leafHash: other })).toBe(false);
        expect(verifyInclusion(crypto, { ...claim, index: size })).toBe(false);
        for (const path of spoiledPaths(claim.path)) {
          expect(verifyInclusion(crypto, { ...claim, path })).toBe(false);
        }
      }
    }
  });

  test('every earlier tree is proved to be the beginning; spoiled proofs and other roots are refused', () => {
    for (const newSize of sizes) {
      const newRoot = merkleRoot(crypto, leafHashes.slice(0, newSize));
      for (let oldSize = 1; oldSize <= newSize; oldSize++) {
        const oldRoot = merkleRoot(crypto, leafHashes.slice(0, oldSize));
        const path = consistencyProof(crypto, leafHashes.slice(0, newSize), oldSize);
        const claim = { oldSize, oldRoot, newSize, newRoot, path };
        expect(verifyConsistency(crypto, claim)).toBe(true);
        const wrong = new Uint8Array(32);
        expect(verifyConsistency(crypto, { ...claim, oldRoot: wrong })).toBe(false);
        expect(verifyConsistency(crypto, { ...claim, newRoot: wrong })).toBe(false);
        for (const spoiled of spoiledPaths(path)) {
          expect(verifyConsistency(crypto, { ...claim, path: spoiled })).toBe(false);
        }
      }
    }
  });

  test('impossible claims are false and impossible requests our own mistake', () => {
    const claim = { root: new Uint8Array(32), leafHash: new Uint8Array(32), path: [] };
    for (const [index, size] of [
      [0, 0],
      [-1, 1],
      [1, 1],
      [0.5, 1],
      [0, Number.NaN],
      [0, 2 ** 60],
    ] as const) {
      expect(verifyInclusion(crypto, { ...claim, index, size })).toBe(false);
    }
    expect(() => inclusionProof(crypto, [], 0)).toThrow(/not in a tree of 0/);
    expect(() => consistencyProof(crypto, leafHashes, 0)).toThrow(/no consistency proof/);
    expect(() => consistencyProof(crypto, leafHashes, 41)).toThrow(/no consistency proof/);
  });

  test('a frontier is the roots of the complete subtrees, and gives the root of the tree', () => {
    for (let size = 0; size <= leafHashes.length; size++) {
      const leaves = leafHashes.slice(0, size);
      const frontier = merkleFrontier(crypto, leaves);
      expect(frontier).toHaveLength(frontierLength(size));
      let from = 0;
      for (const node of frontier) {
        let width = 1;
        while (from + width * 2 <= size) width *= 2;
        expect(node).toEqual(recursiveRoot(leaves.slice(from, from + width)));
        from += width;
      }
      expect(from).toBe(size);
      expect(frontierRoot(crypto, frontier)).toEqual(merkleRoot(crypto, leaves));
    }
    const published = merkleFrontier(crypto, publishedHashes);
    expect(bytesToHex(frontierRoot(crypto, published))).toBe(publishedRoots.at(-1));
  });

  test('appending to the frontier of any list gives the frontier of the longer one', () => {
    for (let size = 0; size <= 20; size++) {
      const frontier = merkleFrontier(crypto, leafHashes.slice(0, size));
      for (let more = 0; more <= 20; more++) {
        const longer = appendToFrontier(crypto, frontier, size, leafHashes.slice(size, size + more));
        expect(longer).toEqual(merkleFrontier(crypto, leafHashes.slice(0, size + more)));
      }
    }
    expect(() => appendToFrontier(crypto, leafHashes.slice(0, 2), 1, [])).toThrow(/no frontier of 2 nodes/);
  });

  test('the path of a leaf gives the root after the leaf changed', () => {
    for (const size of [1, 2, 3, 7, 8, 20]) {
      const leaves = leafHashes.slice(0, size);
      for (let index = 0; index < size; index++) {
        const path = inclusionProof(crypto, leaves, index);
        const changed = merkleLeafHash(crypto, u32le(9_999));
        const expected = merkleRoot(
          crypto,
          leaves.map((leaf, at) => (at === index ? changed : leaf)),
        );
        expect(rootOfPath(crypto, { leafHash: changed, index, size, path })).toEqual(expected);
        expect(
          rootOfPath(crypto, { leafHash: changed, index, size, path: [...path, changed] }),
        ).toBeUndefined();
      }
    }
  });

  test('a level of 200,000 leaves fits', () => {
    const many = Array.from({ length: 200_000 }, () => leafHashes[0] as Uint8Array);
    expect(
      merkleRoot({ ...crypto, hashPairs: (pairs) => new Uint8Array(pairs.length / 2) }, many),
    ).toHaveLength(32);
  });
});
