import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { encode, type FragmentId } from '#chain';
import { bytesToHex, hexToBytes, nobleCrypto, u32le, verifyInclusion } from '#crypto';
import {
  appendToCommitment,
  commitToLeaves,
  entriesToLeaves,
  findLeaf,
  frontierOf,
  type Leaf,
  leafHash,
  leafPath,
  leafSchema,
  leafStartChunk,
  MAX_FRAGMENT_BYTES,
} from './leaves.js';
import { leafToTombstone, TOMBSTONE_ID } from './tombstone.js';

const entry = (index: number, lengthBytes: number): { id: FragmentId; lengthBytes: number } => ({
  id: (index + 1).toString(16).padStart(64, '0') as FragmentId,
  lengthBytes,
});

function leavesOf(lengths: readonly number[]): readonly Leaf[] {
  const leaves = entriesToLeaves(lengths.map((length, index) => entry(index, length)));
  if (!leaves.ok) throw new Error(leaves.violation.rule);
  return leaves.value;
}

const lengths = fc.array(fc.integer({ min: 1, max: 9_000 }), { minLength: 1, maxLength: 40 });

describe('leaves', () => {
  test('chunks are counted over the whole contract, a started one in full', () => {
    expect(leavesOf([1, 1024, 1025, MAX_FRAGMENT_BYTES]).map(({ endChunk }) => endChunk)).toEqual([
      1n,
      2n,
      4n,
      4n + 4096n,
    ]);
  });

  test('every chunk is in exactly the leaf that is found for it', () => {
    fc.assert(
      fc.property(lengths, (sizes) => {
        const leaves = leavesOf(sizes);
        const { totalChunks } = commitToLeaves(nobleCrypto, leaves);
        for (let chunk = 0n; chunk < totalChunks; chunk++) {
          const leaf = leaves[findLeaf(leaves, chunk)] as Leaf;
          expect(chunk >= leafStartChunk(leaf) && chunk < leaf.endChunk).toBe(true);
          expect(leaves.filter((one) => chunk >= leafStartChunk(one) && chunk < one.endChunk)).toHaveLength(
            1,
          );
        }
      }),
      { numRuns: 30 },
    );
  });

  test('every path leads to the root', () => {
    fc.assert(
      fc.property(lengths, fc.nat(), (sizes, pick) => {
        const leaves = leavesOf(sizes);
        const { root, leafCount } = commitToLeaves(nobleCrypto, leaves);
        const index = pick % leaves.length;
        const path = leafPath(nobleCrypto, leaves, index);
        const claim = {
          root,
          leafHash: leafHash(nobleCrypto, leaves[index] as Leaf),
          index,
          size: leafCount,
          path,
        };
        expect(verifyInclusion(nobleCrypto, claim)).toBe(true);
      }),
      { numRuns: 40 },
    );
  });

  test('an append to a list, tombstones in it or not, commits to the longer list', () => {
    fc.assert(
      fc.property(lengths, lengths, fc.array(fc.nat(39)), (before, after, buried) => {
        const all = [...leavesOf([...before, ...after])];
        for (const at of buried) {
          const leaf = all[at % before.length] as Leaf;
          all[at % before.length] = leafToTombstone(leaf);
        }
        const old = all.slice(0, before.length);
        const list = all.slice(before.length).map(({ id, lengthBytes }) => ({ id, lengthBytes }));
        const commitment = commitToLeaves(nobleCrypto, old);
        const more = entriesToLeaves(list, commitment.totalChunks);
        if (!more.ok) throw new Error(more.violation.rule);
        expect(more.value).toEqual(all.slice(before.length));
        const frontier = frontierOf(nobleCrypto, old);
        expect(appendToCommitment(nobleCrypto, commitment, frontier, more.value)).toEqual(
          commitToLeaves(nobleCrypto, all),
        );
      }),
      { numRuns: 30 },
    );
  });

  test('a tombstone counts for chunks and not for bytes', () => {
    const [first, second] = leavesOf([2_000, 3_000]) as [Leaf, Leaf];
    expect(commitToLeaves(nobleCrypto, [leafToTombstone(first), second])).toMatchObject({
      leafCount: 2,
      totalBytes: 3_000n,
      totalChunks: 5n,
    });
  });

  test('a leaf is id, length, end chunk: 44 bytes', () => {
    const [leaf] = leavesOf([1025]) as [Leaf];
    expect(bytesToHex(encode(leafSchema, leaf))).toBe(`${leaf.id}${bytesToHex(u32le(1025))}0200000000000000`);
    expect(hexToBytes(leaf.id)).toHaveLength(32);
  });

  test.each([
    ['leaf/length', [entry(0, 0)]],
    ['leaf/length', [entry(0, 5), entry(1, MAX_FRAGMENT_BYTES + 1)]],
    ['leaf/twice', [entry(0, 5), entry(1, 5), entry(0, 6)]],
    ['leaf/tombstone', [entry(0, 5), { id: TOMBSTONE_ID, lengthBytes: 5 }]],
  ])('%s', (rule, entries) => {
    expect(entriesToLeaves(entries)).toMatchObject({ ok: false, violation: { rule } });
  });
});
