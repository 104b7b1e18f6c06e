import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { decode, devnet, encode, type FragmentId } from '#chain';
import {
  baoSetSlice,
  baoSliceFromTree,
  blake3Chunk,
  blake3Tree,
  bytesToHex,
  hexToBytes,
  nobleCrypto,
  verifyBaoSlice,
  verifyInclusion,
} from '#crypto';
import { nativeCrypto } from '#crypto-native';
import {
  commitToLeaves,
  entriesToLeaves,
  findLeaf,
  type Leaf,
  leafHash,
  leafPath,
  leafStartChunk,
} from '../terms/leaves.js';
import { isTombstone, leafToTombstone } from '../terms/tombstone.js';
import { scenarioFragment } from '../testing/contract-scenario.js';
import { buildStorageProof } from './build-proof.js';
import { challengePlan } from './challenge.js';
import type { DrawPlan } from './draws.js';
import { explainProof } from './explain-proof.js';
import { MAX_DRAWS, type StorageProof, storageProofSchema } from './storage-proof.js';
import { type ProofTarget, validateStorageProof } from './verify-proof.js';

/** The edges of a fragment's length, and some between. */
const LENGTHS = [1, 1_023, 1_024, 1_025, 2_048, 5_000, 16_384, 70_000];
const fragments = Array.from({ length: 24 }, (_, at) =>
  scenarioFragment(at, LENGTHS[at % LENGTHS.length] as number),
);
const trees = fragments.map((bytes) => blake3Tree(bytes, nativeCrypto));
const entries = fragments.map((bytes, at) => ({
  id: bytesToHex((trees[at] as { root: Uint8Array }).root) as FragmentId,
  lengthBytes: bytes.length,
}));

interface Case {
  readonly leaves: readonly Leaf[];
  readonly target: ProofTarget;
  readonly proof: StorageProof;
}

function listOf(count: number, dropped: readonly number[] = []): readonly Leaf[] {
  const leaves = entriesToLeaves(entries.slice(0, count));
  if (!leaves.ok) throw new Error(leaves.violation.rule);
  return leaves.value.map((leaf, at) => (dropped.includes(at) ? leafToTombstone(leaf) : leaf));
}

function caseOf(leaves: readonly Leaf[], plan: DrawPlan): Case {
  const { root, leafCount } = commitToLeaves(nativeCrypto, leaves);
  const proof = buildStorageProof(nativeCrypto, leaves, plan, ({ leafIndex, chunks }) =>
    baoSetSlice(trees[leafIndex] as never, fragments[leafIndex] as Uint8Array, chunks),
  );
  return { leaves, target: { root, leafCount, ...plan }, proof };
}

const verdict = ({ target, proof }: Case, changes: Partial<StorageProof> = {}): string | undefined =>
  validateStorageProof(nativeCrypto, target, { ...proof, ...changes })?.rule;

/** Any list with any leaves dropped, any draws over it, any number of them wanted. */
const cases = fc
  .tuple(fc.integer({ min: 1, max: 24 }), fc.array(fc.nat({ max: 23 }), { maxLength: 18 }))
  .map(([count, dropped]) => listOf(count, dropped))
  .chain((leaves) =>
    fc
      .tuple(
        fc.array(fc.bigInt({ min: 0n, max: (leaves.at(-1) as Leaf).endChunk - 1n }), {
          minLength: 1,
          maxLength: MAX_DRAWS,
        }),
        fc.integer({ min: 1, max: 16 }),
      )
      .map(([draws, wanted]) => caseOf(leaves, { draws, wanted })),
  );

describe('storage proofs with everything once', () => {
  test('the oracle: they show what a leaf, a path and a slice for each draw show', () => {
    let shared = 0;
    let redrawn = 0;
    fc.assert(
      fc.property(cases, (known) => {
        expect(verdict(known)).toBeUndefined();
        const { leaves, target, proof } = known;
        let live = 0;
        let made = 0;
        const slices = new Map<number, Set<string>>();
        const shownLeaves = new Set<number>();
        for (const chunk of target.draws) {
          if (live === target.wanted || made === MAX_DRAWS) break;
          made++;
          const index = findLeaf(leaves, chunk);
          const leaf = leaves[index] as Leaf;
          shownLeaves.add(index);
          const path = leafPath(nativeCrypto, leaves, index);
          const claim = {
            root: target.root,
            leafHash: leafHash(nativeCrypto, leaf),
            index,
            size: leaves.length,
          };
          expect(verifyInclusion(nativeCrypto, { ...claim, path })).toBe(true);
          if (isTombstone(leaf)) {
            redrawn++;
            continue;
          }
          live++;
          const at = Number(chunk - leafStartChunk(leaf));
          const bytes = blake3Chunk(fragments[index] as Uint8Array, at);
          const single = baoSliceFromTree(trees[index] as never, at, bytes);
          expect(verifyBaoSlice(hexToBytes(leaf.id), single, at, leaf.lengthBytes)).toBeDefined();
          const parts = slices.get(index) ?? new Set();
          for (let from = 8; from < single.length - bytes.length; from += 64)
            parts.add(bytesToHex(single.subarray(from, from + 64)));
          parts.add(bytesToHex(bytes));
          slices.set(index, parts);
        }
        expect(proof.leaves.map(({ leafIndex }) => leafIndex)).toEqual(
          [...shownLeaves].sort((a, b) => a - b),
        );
        const liveLeaves = proof.leaves.filter(({ leaf }) => !isTombstone(leaf));
        expect(proof.slices).toHaveLength(liveLeaves.length);
        for (const [item, { leafIndex }] of liveLeaves.entries()) {
          const parts = [...(slices.get(leafIndex) as Set<string>)];
          const size = parts.reduce((sum, part) => sum + part.length / 2, 8);
          expect(proof.slices[item]).toHaveLength(size);
          const hex = bytesToHex(proof.slices[item] as Uint8Array);
          expect(parts.every((part) => hex.includes(part))).toBe(true);
        }
        if (made > shownLeaves.size) shared++;
      }),
    );
    // The property must have seen what it is about.
    expect(shared).toBeGreaterThan(10);
    expect(redrawn).toBeGreaterThan(10);
  });

  test('pure and native code agree, and the bytes have one form', () => {
    fc.assert(
      fc.property(cases, ({ target, proof }) => {
        expect(validateStorageProof(nobleCrypto, target, proof)).toBeUndefined();
        const bytes = encode(storageProofSchema, proof);
        expect(decode(storageProofSchema, bytes)).toEqual({ ok: true, value: proof });
        expect(decode(storageProofSchema, Uint8Array.of(...bytes, 0)).ok).toBe(false);
        expect(decode(storageProofSchema, bytes.subarray(0, -1)).ok).toBe(false);
      }),
      { numRuns: 25 },
    );
  });

  test('a changed byte is refused wherever it stands', () => {
    const seen = new Set<string>();
    fc.assert(
      fc.property(cases, fc.nat(), fc.integer({ min: 1, max: 255 }), ({ target, proof }, place, flip) => {
        const bytes = encode(storageProofSchema, proof);
        // Leaves and siblings are few bytes beside the chunks: half of the changes fall on the first 400.
        const at = place % (place % 2 === 0 ? bytes.length : Math.min(400, bytes.length));
        bytes[at] = (bytes[at] as number) ^ flip;
        const changed = decode(storageProofSchema, bytes);
        if (!changed.ok) return;
        const violation = validateStorageProof(nativeCrypto, target, changed.value);
        expect(violation).toBeDefined();
        seen.add(violation?.rule ?? '');
      }),
      { numRuns: 400 },
    );
    expect([...seen]).toEqual(expect.arrayContaining(['prove/order', 'prove/leaf', 'prove/slice']));
  });

  test('every byte of one proof, one after the other', () => {
    const { target, proof } = caseOf(listOf(9, [3, 6]), { draws: [9n, 40n, 1n, 10n, 90n], wanted: 4 });
    const bytes = encode(storageProofSchema, proof);
    for (let at = 0; at < bytes.length; at++) {
      bytes[at] = (bytes[at] as number) ^ 0x20;
      const changed = decode(storageProofSchema, bytes);
      if (changed.ok)
        expect([at, validateStorageProof(nativeCrypto, target, changed.value)]).not.toEqual([at, undefined]);
      bytes[at] = (bytes[at] as number) ^ 0x20;
    }
  });

  test('parts left out, repeated, added or moved are refused by name', () => {
    fc.assert(
      fc.property(cases, fc.nat(), (known, pick) => {
        const { leaves, siblings, slices } = known.proof;
        const at = pick % leaves.length;
        expect(verdict(known, { leaves: [] })).toBe('prove/missing-leaf');
        expect(verdict(known, { leaves: [...leaves.slice(0, at + 1), ...leaves.slice(at)] })).toBe(
          'prove/order',
        );
        if (leaves.length > 1) {
          expect(verdict(known, { leaves: [...leaves].reverse() })).toBe('prove/order');
          expect(['prove/siblings', 'prove/leaf']).toContain(
            verdict(known, { leaves: leaves.filter((_, index) => index !== at) }),
          );
        }
        expect(verdict(known, { siblings: [...siblings, new Uint8Array(32)] })).toBe('prove/siblings');
        if (siblings.length > 0)
          expect(verdict(known, { siblings: siblings.slice(1) })).toBe('prove/siblings');
        if (siblings.length > 1 && bytesToHex(siblings[0]!) !== bytesToHex(siblings[1]!))
          expect(verdict(known, { siblings: [...siblings].reverse() })).toBe('prove/leaf');
        expect(verdict(known, { slices: [...slices, new Uint8Array(9)] })).toBe('prove/item-count');
        if (slices.length > 0) {
          expect(verdict(known, { slices: slices.slice(1) })).toBe('prove/item-count');
          const longer = slices.map((slice, index) => (index === 0 ? Uint8Array.of(...slice, 0) : slice));
          expect(verdict(known, { slices: longer })).toBe('prove/slice');
        }
        if (slices.length > 1) expect(verdict(known, { slices: [...slices].reverse() })).toBe('prove/slice');
      }),
    );
  });

  test('a true proof of other draws, of another list or of another length answers nothing', () => {
    fc.assert(
      fc.property(cases, cases, (known, other) => {
        const isSame =
          bytesToHex(encode(storageProofSchema, known.proof)) ===
          bytesToHex(encode(storageProofSchema, other.proof));
        if (isSame) return;
        expect(verdict({ ...known, proof: other.proof })).toBeDefined();
      }),
    );
    const [draw, wanted] = [[0n], 1];
    const short = listOf(1);
    const long = short.map((leaf) => ({ ...leaf, lengthBytes: 900 }));
    const claimed = caseOf(short, { draws: draw, wanted });
    // A provider that claims another length for the same bytes: the committed leaf is another one.
    expect(verdict(claimed, { leaves: [{ leafIndex: 0, leaf: long[0] as Leaf }] })).toBe('prove/leaf');
    // And where the list itself says so, the slice's header and size must.
    const lied = { ...claimed, target: { ...claimed.target, root: commitToLeaves(nativeCrypto, long).root } };
    expect(
      validateStorageProof(nativeCrypto, lied.target, {
        ...lied.proof,
        leaves: [{ leafIndex: 0, leaf: long[0] as Leaf }],
      }),
    ).toMatchObject({ rule: 'prove/slice', wrong: 'size' });
  });

  test.each([
    [1, [0]],
    [1024, [0]],
    [1025, [0, 1]],
    [4 * 1024 * 1024, [0, 1, 2047, 2048, 4095]],
  ])('a fragment of %i bytes: chunks %j', (lengthBytes, chunks) => {
    const bytes = scenarioFragment(7, lengthBytes);
    const tree = blake3Tree(bytes, nativeCrypto);
    const leaves = entriesToLeaves([{ id: bytesToHex(tree.root) as FragmentId, lengthBytes }]);
    if (!leaves.ok) throw new Error('no leaves');
    const plan = { draws: chunks.map(BigInt), wanted: chunks.length };
    const proof = buildStorageProof(nativeCrypto, leaves.value, plan, (wanted) =>
      baoSetSlice(tree, bytes, wanted.chunks),
    );
    const { root, leafCount } = commitToLeaves(nativeCrypto, leaves.value);
    expect(validateStorageProof(nativeCrypto, { root, leafCount, ...plan }, proof)).toBeUndefined();
    expect(decode(storageProofSchema, encode(storageProofSchema, proof)).ok).toBe(true);
  });

  test('the largest proof there is fits its limits', () => {
    const bytes = scenarioFragment(7, 4 * 1024 * 1024);
    const tree = blake3Tree(bytes, nativeCrypto);
    const apart = Array.from({ length: 16 }, (_, at) => at * 256);
    const slice = baoSetSlice(tree, bytes, apart);
    expect(slice).toHaveLength(25_544);
    const siblings = Array.from({ length: 864 }, () => new Uint8Array(32));
    const leaf = { id: bytesToHex(tree.root) as FragmentId, lengthBytes: bytes.length, endChunk: 4096n };
    const leaves = Array.from({ length: 32 }, (_, leafIndex) => ({ leafIndex, leaf }));
    const most = { leaves, siblings, slices: Array.from({ length: 16 }, () => slice) };
    const encoded = encode(storageProofSchema, most);
    expect(decode(storageProofSchema, encoded).ok).toBe(true);
    for (const more of [
      { ...most, leaves: [...leaves, leaves[0] as never] },
      { ...most, siblings: [...siblings, new Uint8Array(32)] },
      { ...most, slices: [...most.slices, slice] },
      { ...most, slices: [Uint8Array.of(...slice, 0)] },
    ])
      expect(() => encode(storageProofSchema, more)).toThrow();
    // Its claims are wrong, and saying so is bounded work: no exception, no recursion without end.
    const target = { root: new Uint8Array(32), leafCount: 2 ** 32 - 1, draws: [1n], wanted: 1 };
    expect(validateStorageProof(nativeCrypto, target, most)?.rule).toBe('prove/siblings');
  });
});

describe('draws on tombstones', () => {
  const draws = [9n, 10n, 0n, 1n, 40n, 41n, 2n];

  test('are shown without a slice and drawn again until enough are live', () => {
    const leaves = listOf(8, [6]);
    const inTombstone = leafStartChunk(leaves[6] as Leaf);
    const known = caseOf(leaves, { draws: [inTombstone, 0n, inTombstone + 3n, 1n, 2n], wanted: 2 });
    expect(verdict(known)).toBeUndefined();
    expect(known.proof.leaves.map(({ leafIndex }) => leafIndex)).toEqual([0, 1, 6]);
    expect(known.proof.slices).toHaveLength(2);
    // A slice for it, or silence about it, is another proof.
    const slice = baoSetSlice(trees[6] as never, fragments[6] as Uint8Array, [0, 3]);
    expect(verdict(known, { slices: [...known.proof.slices, slice] })).toBe('prove/item-count');
  });

  test('the one after enough is not asked for, and the one before is', () => {
    const leaves = listOf(8);
    const two = caseOf(leaves, { draws, wanted: 2 });
    const three = caseOf(leaves, { draws, wanted: 3 });
    expect(verdict({ ...two, proof: three.proof })).toBe('prove/extra-leaf');
    expect(verdict({ ...three, proof: two.proof })).toBe('prove/missing-leaf');
  });

  test('32 at most: whoever dropped everything has nothing to show', () => {
    const leaves = listOf(8, [0, 1, 2, 3, 4, 5, 6, 7]);
    const endless = {
      *[Symbol.iterator]() {
        for (;;) yield* draws;
      },
    };
    const known = caseOf(leaves, { draws: endless, wanted: 4 });
    expect(verdict(known)).toBeUndefined();
    expect(known.proof.slices).toEqual([]);
    const explained = explainProof(
      nativeCrypto,
      devnet,
      {
        contract: 'ab'.repeat(32) as never,
        epoch: 3,
        blockId: 'cd'.repeat(32) as never,
        totalChunks: (leaves.at(-1) as Leaf).endChunk,
        ...known.target,
      },
      known.proof,
    );
    expect(explained.draws.length).toBeLessThanOrEqual(MAX_DRAWS);
    expect(explained.draws.every(({ verdict: each }) => ['tombstone', 'missing-leaf'].includes(each))).toBe(
      true,
    );
  });
});

describe('explainProof', () => {
  const leaves = listOf(24, [7]);
  const challenge = {
    contract: 'ab'.repeat(32) as never,
    epoch: 5,
    blockId: '00'.repeat(32) as never,
    totalChunks: (leaves.at(-1) as Leaf).endChunk,
  };
  const plan = () =>
    challengePlan(nativeCrypto, { ...devnet, contract: { ...devnet.contract, challenges: 4 } }, challenge);
  const params = { ...devnet, contract: { ...devnet.contract, challenges: 4 } };
  const { target, proof } = caseOf(leaves, plan());
  const about = { ...challenge, root: target.root, leafCount: target.leafCount };

  test('tells draw by draw what a right proof shows, and where its bytes are', () => {
    const explained = explainProof(nativeCrypto, params, about, proof);
    expect(explained.violation).toBeUndefined();
    expect(explained.draws.filter(({ verdict: each }) => each === 'proven')).toHaveLength(4);
    for (const { chunk, leafIndex, chunkInFragment } of explained.draws) {
      const leaf = leaves[leafIndex as number] as Leaf;
      expect(chunk).toBe(
        leafStartChunk(leaf) + BigInt(chunkInFragment ?? Number(chunk - leafStartChunk(leaf))),
      );
    }
    const { sizes } = explained;
    expect(sizes.proofBytes).toBe(encode(storageProofSchema, proof).length);
    expect(sizes.leavesBytes + sizes.siblingsBytes + sizes.slicesBytes).toBe(sizes.proofBytes);
    expect(sizes.unsharedBytes).toBeGreaterThan(sizes.proofBytes);
    expect(explained.leaves.map(({ sliceBytes }) => sliceBytes).filter((size) => size > 0)).toEqual(
      proof.slices.map(({ length }) => length),
    );
  });

  test('names the draw whose slice is wrong, and spares the others', () => {
    const slices = proof.slices.map((slice, at) =>
      at === 1 ? slice.map((byte, i) => (i === 20 ? byte ^ 1 : byte)) : slice,
    );
    const explained = explainProof(nativeCrypto, params, about, { ...proof, slices });
    expect(explained.violation).toMatchObject({ rule: 'prove/slice', wrong: 'hash' });
    const bad = proof.leaves.filter(({ leaf }) => !isTombstone(leaf))[1]?.leafIndex;
    for (const { leafIndex, verdict: each } of explained.draws)
      if (each !== 'tombstone') expect(each).toBe(leafIndex === bad ? 'bad-slice' : 'proven');
  });

  test('names a draw in no leaf, leaves that are not of the list, and slices left out', () => {
    const none = explainProof(nativeCrypto, params, about, { leaves: [], siblings: [], slices: [] });
    expect(none.draws).toMatchObject([{ draw: 0, verdict: 'missing-leaf', leafIndex: undefined }]);
    const wrong = explainProof(nativeCrypto, params, { ...about, root: new Uint8Array(32) }, proof);
    expect(wrong.violation?.rule).toBe('prove/leaf');
    expect(wrong.draws.every(({ verdict: each }) => each === 'bad-leaf')).toBe(true);
    const without = explainProof(nativeCrypto, params, about, { ...proof, slices: [] });
    expect(without.draws.filter(({ verdict: each }) => each === 'bad-slice')).toHaveLength(4);
    const far = { leafIndex: 1_000, leaf: leaves[0] as Leaf };
    expect(
      explainProof(nativeCrypto, params, about, { ...proof, leaves: [...proof.leaves, far] }).violation?.rule,
    ).toBe('prove/order');
  });
});
