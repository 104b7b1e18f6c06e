import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import {
  decodeManifest,
  encodeManifest,
  isPlaced,
  type Manifest,
  notPlaced,
  validateManifest,
} from './manifest.js';
import { planFile, segmentsOfPlan } from './plan.js';
import type { RedundancyProfile } from './profiles.js';

function filled(length: number, seed: number): Uint8Array {
  return Uint8Array.from({ length }, (_, at) => (seed * 31 + at * 7 + 1) % 256);
}

function manifestOf(sizeBytes: number, profile: RedundancyProfile, fragmentSize: number, seed = 1): Manifest {
  const plan = planFile({ sizeBytes, profile, fragmentSize });
  if (!plan.ok) throw new Error(JSON.stringify(plan.violation));
  return {
    sizeBytes,
    profile,
    fragmentSize,
    contentKey: filled(32, seed),
    repairKey: filled(32, seed + 1),
    fileHash: filled(32, seed + 2),
    segments: [...segmentsOfPlan(plan.value)].map(({ index, plainLength, fragmentLength }) => ({
      segmentId: Uint8Array.from({ length: 16 }, (_, at) => (at < 2 ? index >> (8 * at) : seed) % 256),
      plainLength,
      fragmentLength,
      fragmentIds: Array.from({ length: profile.n }, (_, at) => filled(32, seed + index + at)),
      holders: Array.from({ length: profile.n }, (_, at) => (at === 0 ? notPlaced : filled(32, seed + at))),
    })),
  };
}

const profile = { k: 2, repairBelow: 3, n: 5 };
const manifests = fc
  .record({
    sizeBytes: fc.integer({ min: 0, max: 1_000_000 }),
    k: fc.integer({ min: 1, max: 6 }),
    spare: fc.integer({ min: 1, max: 6 }),
    fragmentSize: fc.constantFrom(65536, 131072, 1048576),
    seed: fc.nat(255),
  })
  .map(({ sizeBytes, k, spare, fragmentSize, seed }) =>
    manifestOf(sizeBytes, { k, repairBelow: k + 1, n: k + spare }, fragmentSize, seed),
  );

describe('manifest', () => {
  test('property: decode of encode is the manifest', () => {
    fc.assert(
      fc.property(manifests, (manifest) => {
        expect(decodeManifest(encodeManifest(manifest))).toEqual({ ok: true, value: manifest });
      }),
    );
  });

  test('property: bytes that decode are the only encoding of what they decode to', () => {
    fc.assert(
      fc.property(manifests, fc.nat(), fc.integer({ min: 1, max: 255 }), (manifest, place, change) => {
        const encoded = encodeManifest(manifest);
        encoded[place % encoded.length] = (encoded[place % encoded.length] as number) ^ change;
        const decoded = decodeManifest(encoded);
        if (decoded.ok) expect(Buffer.compare(encodeManifest(decoded.value), encoded)).toBe(0);
      }),
      { numRuns: 500 },
    );
  });

  test('property: anything shorter or longer is refused', () => {
    fc.assert(
      fc.property(
        manifests,
        fc.nat(),
        fc.uint8Array({ minLength: 1, maxLength: 8 }),
        (manifest, cut, extra) => {
          const encoded = encodeManifest(manifest);
          expect(decodeManifest(encoded.subarray(0, cut % encoded.length)).ok).toBe(false);
          expect(decodeManifest(Uint8Array.of(...encoded, ...extra))).toMatchObject({
            ok: false,
            violation: { rule: 'codec/trailing-bytes' },
          });
        },
      ),
    );
  });

  test('another version is refused by its number', () => {
    const encoded = encodeManifest(manifestOf(10, profile, 65536));
    encoded[0] = 2;
    expect(decodeManifest(encoded)).toMatchObject({
      ok: false,
      violation: { rule: 'manifest/version', version: 2 },
    });
    expect(decodeManifest(new Uint8Array(0))).toMatchObject({
      ok: false,
      violation: { rule: 'manifest/version' },
    });
  });

  test('lengths and counts must be those of the plan', () => {
    const good = manifestOf(300_000, profile, 65536);
    const first = good.segments[0] as Manifest['segments'][number];
    const withFirst = (change: object): Manifest => ({
      ...good,
      segments: [{ ...first, ...change }, ...good.segments.slice(1)],
    });
    expect(validateManifest(good)).toBeUndefined();
    expect(validateManifest(withFirst({ plainLength: first.plainLength - 1 }))).toMatchObject({
      field: 'plainLength',
    });
    expect(validateManifest(withFirst({ fragmentLength: 1024 }))).toMatchObject({
      field: 'fragmentLength',
      value: 1024,
    });
    expect(validateManifest(withFirst({ fragmentIds: first.fragmentIds.slice(1) }))).toMatchObject({
      field: 'fragmentIds',
    });
    expect(validateManifest(withFirst({ holders: [] }))).toMatchObject({
      field: 'holders',
      value: 0,
      allowed: '5',
    });
    expect(validateManifest({ ...good, segments: good.segments.slice(1) })).toMatchObject({
      rule: 'manifest/segment-count',
    });
    expect(validateManifest({ ...good, fragmentSize: 1000 })).toMatchObject({
      rule: 'fragments/fragment-size',
    });
    expect(validateManifest({ ...good, profile: { ...profile, n: 2 } })).toMatchObject({
      rule: 'fragments/profile',
    });
    const second = good.segments[1] as Manifest['segments'][number];
    expect(validateManifest(withFirst({ segmentId: second.segmentId }))).toMatchObject({
      rule: 'manifest/segment-id-reused',
      segmentIndex: 1,
    });
  });

  test('a manifest that would not decode is never written', () => {
    const good = manifestOf(10, profile, 65536);
    expect(() => encodeManifest({ ...good, sizeBytes: 11 })).toThrow(/manifest\/segment/);
    expect(() => encodeManifest({ ...good, contentKey: new Uint8Array(31) })).toThrow(/31 bytes/);
  });

  test('vector: field after field as docs/protocol/data-layout.md says', () => {
    const hex = (length: number, byte: string) => byte.repeat(length);
    const manifest: Manifest = {
      sizeBytes: 258,
      profile: { k: 1, repairBelow: 2, n: 2 },
      fragmentSize: 65536,
      contentKey: new Uint8Array(32).fill(1),
      repairKey: new Uint8Array(32).fill(2),
      fileHash: new Uint8Array(32).fill(3),
      segments: [
        {
          segmentId: new Uint8Array(16).fill(4),
          plainLength: 258,
          fragmentLength: 1024,
          fragmentIds: [new Uint8Array(32).fill(5), new Uint8Array(32).fill(6)],
          holders: [notPlaced, new Uint8Array(32).fill(7)],
        },
      ],
    };
    expect(Buffer.from(encodeManifest(manifest)).toString('hex')).toBe(
      [
        '01', // version
        '0201000000000000', // size
        '010002000200', // profile
        '00000100', // fragment size
        hex(32, '01'), // content key
        hex(32, '02'), // repair key
        hex(32, '03'), // file hash
        '01000000', // one segment
        hex(16, '04'), // its id
        '0201000000040000', // plaintext and fragment length
        '02000000',
        hex(32, '05'), // fragment ids
        hex(32, '06'),
        '02000000',
        hex(32, '00'), // holders
        hex(32, '07'),
      ].join(''),
    );
  });

  test('a holder of zeros means not placed', () => {
    expect(isPlaced(notPlaced)).toBe(false);
    expect(isPlaced(filled(32, 1))).toBe(true);
  });
});
