import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { equalBytes, u32le } from './bytes.js';
import { nobleCrypto } from './noble-crypto.js';
import { inclusionProof, merkleLeafHash, merkleRoot, verifyInclusion } from './rfc6962.js';
import {
  type MultiClaim,
  multiInclusionProof,
  multiProofSiblings,
  verifyMultiInclusion,
} from './rfc6962-multi.js';

function leafHashes(size: number): Uint8Array[] {
  return Array.from({ length: size }, (_, index) => merkleLeafHash(nobleCrypto, u32le(index)));
}

function claimOf(size: number, indexes: readonly number[]): MultiClaim {
  const hashes = leafHashes(size);
  return {
    root: merkleRoot(nobleCrypto, hashes),
    size,
    leaves: indexes.map((index) => ({ index, hash: hashes[index] as Uint8Array })),
    siblings: multiInclusionProof(nobleCrypto, hashes, indexes),
  };
}

const trees = fc.integer({ min: 1, max: 70 }).chain((size) =>
  fc.tuple(
    fc.constant(size),
    fc
      .uniqueArray(fc.nat({ max: size - 1 }), { minLength: 1, maxLength: 12 })
      .map((list) => list.sort((a, b) => a - b)),
  ),
);

describe('RFC 6962 paths of several leaves with shared siblings', () => {
  test('of one leaf: the path of RFC 6962, node for node', () => {
    for (let size = 1; size <= 20; size++)
      for (let index = 0; index < size; index++)
        expect(multiInclusionProof(nobleCrypto, leafHashes(size), [index])).toEqual(
          inclusionProof(nobleCrypto, leafHashes(size), index),
        );
  });

  test('of every set of leaves of every tree up to 8: they prove themselves, and need what single paths hold', () => {
    for (let size = 1; size <= 8; size++)
      for (let set = 1; set < 2 ** size; set++) {
        const indexes = Array.from({ length: size }, (_, index) => index).filter((at) => (set >> at) & 1);
        const claim = claimOf(size, indexes);
        expect(verifyMultiInclusion(nobleCrypto, claim)).toBe(true);
        expect(claim.siblings).toHaveLength(multiProofSiblings(size, indexes));
        if (indexes.length === size) expect(claim.siblings).toHaveLength(0);
      }
  });

  test('agree with single paths: each sibling is on one, and none is there twice', () => {
    fc.assert(
      fc.property(trees, ([size, indexes]) => {
        const claim = claimOf(size, indexes);
        expect(verifyMultiInclusion(nobleCrypto, claim)).toBe(true);
        const single = new Set<string>();
        for (const { index, hash } of claim.leaves) {
          const path = inclusionProof(nobleCrypto, leafHashes(size), index);
          expect(verifyInclusion(nobleCrypto, { ...claim, leafHash: hash, index, path })).toBe(true);
          for (const node of path) single.add(String(node));
        }
        expect(claim.siblings.every((node) => single.has(String(node)))).toBe(true);
        expect(new Set(claim.siblings.map(String)).size).toBe(claim.siblings.length);
      }),
    );
  });

  test('are refused with any other sibling, leaf, index, order, size or root', () => {
    fc.assert(
      fc.property(trees, fc.nat(), ([size, indexes], pick) => {
        const claim = claimOf(size, indexes);
        const refused = (changes: Partial<MultiClaim>): void =>
          expect(verifyMultiInclusion(nobleCrypto, { ...claim, ...changes })).toBe(false);
        const other = nobleCrypto.sha256(Uint8Array.of(1, 2, 3));
        for (let at = 0; at < claim.siblings.length; at++) {
          const changed = claim.siblings.map((node, index) =>
            index === at ? flipped(node, pick % 32) : node,
          );
          refused({ siblings: changed });
          refused({ siblings: claim.siblings.filter((_, index) => index !== at) });
        }
        refused({ siblings: [...claim.siblings, other] });
        refused({ siblings: [...claim.siblings, new Uint8Array(0)] });
        refused({ root: other });
        refused({ leaves: [] });
        const [first] = claim.leaves;
        if (first === undefined) throw new Error('no leaf');
        refused({ leaves: [first, ...claim.leaves] });
        refused({ leaves: [{ ...first, hash: other }, ...claim.leaves.slice(1)] });
        refused({ leaves: [{ ...first, hash: first.hash.subarray(1) }, ...claim.leaves.slice(1)] });
        refused({ leaves: claim.leaves.map((leaf) => ({ ...leaf, index: leaf.index + size })) });
        refused({ leaves: [{ ...first, index: -1 }, ...claim.leaves.slice(1)] });
        if (claim.leaves.length > 1) refused({ leaves: [...claim.leaves].reverse() });
        if (claim.leaves.length > 1) refused({ leaves: claim.leaves.slice(1) });
        refused({ size: Number.NaN });
        // Another size with the same shape below the leaves shown proves the same nodes: the size is committed beside the root.
        if (multiShape(size, indexes) !== multiShape(size + 1, indexes)) refused({ size: size + 1 });
      }),
    );
  });

  test('an index that stands elsewhere is refused even where the path has the same length', () => {
    const claim = claimOf(8, [2, 5]);
    const [a, b] = claim.leaves;
    if (a === undefined || b === undefined) throw new Error('no leaf');
    for (const index of [0, 1, 3, 4])
      expect(verifyMultiInclusion(nobleCrypto, { ...claim, leaves: [{ ...a, index }, b] })).toBe(false);
    expect(equalBytes(claim.root, merkleRoot(nobleCrypto, leafHashes(8)))).toBe(true);
  });
});

function flipped(bytes: Uint8Array, at: number): Uint8Array {
  const copy = bytes.slice();
  copy[at] = (copy[at] as number) ^ 0x10;
  return copy;
}

function multiShape(size: number, indexes: readonly number[]): string {
  const depth = Math.ceil(Math.log2(size));
  return `${depth}:${multiProofSiblings(size, indexes)}`;
}
