import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { layoutVectors, sealSlowly } from '#fragments/testing';
import { createErasureCodec } from './codec.js';
import { openSegmentHere, sealSegmentUnderId } from './segment-sealing.js';
import { createSubspaceCodec } from './subspace-codec.js';
import { patternBytes } from './testing/codec-conformance.js';

const contentKey = new Uint8Array(32).fill(1);
const repairKey = new Uint8Array(32).fill(2);
const segmentId = Uint8Array.from({ length: 16 }, (_, at) => at);

function toHex(bytes: Uint8Array | undefined): string {
  return Buffer.from(bytes ?? []).toString('hex');
}

describe.each([createErasureCodec(), createSubspaceCodec()])('sealing with the codec $name', (codec) => {
  test.each([...layoutVectors.segments])('vector $k of $n, $plainLength bytes', (vector) => {
    const plain = Uint8Array.from({ length: vector.plainLength }, (_, at) => at % 251);
    const profile = { k: vector.k, n: vector.n };
    const sealed = sealSegmentUnderId(codec, segmentId, {
      plain,
      contentKey,
      repairKey,
      profile,
      fragmentSize: 1 << 20,
    });
    expect(sealed.fragmentLength).toBe(vector.fragmentLength);
    expect(sealed.fragmentIds.map(toHex)).toEqual(vector.fragmentIds);
  });

  test('property: equals the slow oracle byte for byte, and opens again from any k fragments', () => {
    const lengths = fc.oneof(
      fc.integer({ min: 1, max: 3000 }),
      fc.constantFrom(65535, 65536, 65537, 131072, 131073),
      fc.integer({ min: 1, max: 200_000 }),
    );
    const shapes = fc
      .integer({ min: 1, max: 5 })
      .chain((k) => fc.tuple(fc.constant(k), fc.integer({ min: k + 1, max: 9 })));
    fc.assert(
      fc.property(lengths, shapes, fc.nat(1000), fc.nat(), (length, [k, n], seed, rotation) => {
        const plain = patternBytes(length, seed);
        const keys = { contentKey: patternBytes(32, seed + 1), repairKey: patternBytes(32, seed + 2) };
        const id = patternBytes(16, seed + 3);
        const input = { plain, ...keys, profile: { k, n }, fragmentSize: 1 << 20 };
        const sealed = sealSegmentUnderId(codec, id, input);
        const slow = sealSlowly({ plain, segmentId: id, ...keys, k, n });
        expect(sealed.fragments.map(toHex)).toEqual(slow.fragments.map(toHex));
        expect(sealed.fragmentIds.map(toHex)).toEqual(slow.fragmentIds.map(toHex));
        const isKept = (index: number) => (index + rotation) % n < k;
        const fragments = sealed.fragments.map((fragment, index) => (isKept(index) ? fragment : undefined));
        expect(toHex(openSegmentHere(codec, { ...sealed, ...keys, fragments, profile: { k, n } }))).toBe(
          toHex(plain),
        );
      }),
      { numRuns: 40 },
    );
  });

  test('each fragment owns its memory, so it can move alone', () => {
    const sealed = sealSegmentUnderId(codec, segmentId, {
      plain: patternBytes(100_000, 1),
      contentKey,
      repairKey,
      profile: { k: 3, n: 8 },
      fragmentSize: 1 << 20,
    });
    expect(new Set(sealed.fragments.map((fragment) => fragment.buffer)).size).toBe(8);
    for (const fragment of sealed.fragments) expect(fragment.buffer.byteLength).toBe(sealed.fragmentLength);
  });
});
