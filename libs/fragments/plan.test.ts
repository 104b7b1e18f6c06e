import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import {
  chunkBytes,
  fragmentLengthFor,
  fragmentSizeForFile,
  largeFileBytes,
  mediumFileBytes,
  recordPlainBytes,
  sealedLength,
  segmentCapacity,
  validateFragmentSize,
} from './layout.js';
import { type FilePlan, planFile, segmentsOfPlan, storedBytesOfPlan } from './plan.js';
import { redundancyProfiles } from './profiles.js';

const mebibyte = 1024 * 1024;
const fragmentSizes = [16, 17, 18, 19, 20, 21, 22].map((power) => 2 ** power);

function planned(input: Parameters<typeof planFile>[0]): FilePlan {
  const plan = planFile(input);
  if (!plan.ok) throw new Error(JSON.stringify(plan.violation));
  return plan.value;
}

describe('layout', () => {
  test('a record carries its own tag', () => {
    expect([1, 65535, 65536, 65537, 131072].map(sealedLength)).toEqual([17, 65551, 65552, 65569, 131104]);
  });

  test('figures of docs/protocol/data-layout.md', () => {
    expect(segmentCapacity(3, mebibyte)).toBe(3144960);
    expect(segmentCapacity(8, mebibyte)).toBe(8386560);
    expect(segmentCapacity(1, 65536)).toBe(65520);
    expect(fragmentLengthFor(3, 1)).toBe(1024);
    expect(fragmentLengthFor(3, 65536)).toBe(22528);
  });

  test('property: the capacity is the most that fits, and fills its fragments to the chosen size', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 255 }), fc.constantFrom(...fragmentSizes), (k, fragmentSize) => {
        const capacity = segmentCapacity(k, fragmentSize);
        expect(sealedLength(capacity)).toBeLessThanOrEqual(k * fragmentSize);
        expect(sealedLength(capacity + 1)).toBeGreaterThan(k * fragmentSize);
        expect(fragmentLengthFor(k, capacity)).toBe(fragmentSize);
      }),
    );
  });

  test('property: fragments are whole chunks, no more of them than needed', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 255 }),
        fc.integer({ min: 1, max: 2 ** 26 }),
        (k, plainLength) => {
          const length = fragmentLengthFor(k, plainLength);
          expect(length % chunkBytes).toBe(0);
          expect(length * k).toBeGreaterThanOrEqual(sealedLength(plainLength));
          expect((length - chunkBytes) * k).toBeLessThan(sealedLength(plainLength));
        },
      ),
    );
  });

  test('fragment sizes are powers of two from 64 KiB to 4 MiB', () => {
    for (const size of fragmentSizes) expect(validateFragmentSize(size)).toBeUndefined();
    for (const size of [0, 1, 32768, 65535, 65537, 3 * mebibyte, 8 * mebibyte, -65536, 65536.5, Number.NaN])
      expect(validateFragmentSize(size)).toMatchObject({ rule: 'fragments/fragment-size', value: size });
  });

  test('large files get large fragments', () => {
    expect(fragmentSizeForFile(0)).toBe(mebibyte);
    expect(fragmentSizeForFile(mediumFileBytes)).toBe(mebibyte);
    expect(fragmentSizeForFile(mediumFileBytes + 1)).toBe(2 * mebibyte);
    expect(fragmentSizeForFile(largeFileBytes)).toBe(2 * mebibyte);
    expect(fragmentSizeForFile(largeFileBytes + 1)).toBe(4 * mebibyte);
  });
});

describe('plan of a file', () => {
  const profile = redundancyProfiles.devnet;
  const capacity = segmentCapacity(3, mebibyte);

  test('an empty file has no segments', () => {
    const plan = planned({ sizeBytes: 0, profile });
    expect([...segmentsOfPlan(plan)]).toEqual([]);
    expect(storedBytesOfPlan(plan)).toBe(0);
  });

  test('one byte is one segment of one-chunk fragments', () => {
    expect([...segmentsOfPlan(planned({ sizeBytes: 1, profile }))]).toEqual([
      { index: 0, offset: 0, plainLength: 1, fragmentLength: 1024 },
    ]);
  });

  test('the last segment is shorter', () => {
    expect([...segmentsOfPlan(planned({ sizeBytes: capacity + recordPlainBytes, profile }))]).toEqual([
      { index: 0, offset: 0, plainLength: capacity, fragmentLength: mebibyte },
      { index: 1, offset: capacity, plainLength: recordPlainBytes, fragmentLength: 22528 },
    ]);
  });

  test.each([-1, 1.5, Number.NaN, 2 ** 53])('a size of %p is refused', (sizeBytes) => {
    expect(planFile({ sizeBytes, profile })).toMatchObject({
      ok: false,
      violation: { rule: 'fragments/file-size', value: sizeBytes },
    });
  });

  test('a bad profile or fragment size is refused', () => {
    expect(planFile({ sizeBytes: 1, profile: { k: 3, repairBelow: 3, n: 8 } })).toMatchObject({ ok: false });
    expect(planFile({ sizeBytes: 1, profile, fragmentSize: 1000 })).toMatchObject({ ok: false });
  });

  test('property: segments cover the file once, in order, and the stored bytes are their sum', () => {
    const size = fc.oneof(
      fc.integer({ min: 0, max: 3 * capacity }),
      fc.constantFrom(capacity, capacity - 1, 2 * capacity),
    );
    fc.assert(
      fc.property(size, fc.constantFrom(...fragmentSizes), (sizeBytes, fragmentSize) => {
        const plan = planned({ sizeBytes, profile, fragmentSize });
        let offset = 0;
        let stored = 0;
        for (const segment of segmentsOfPlan(plan)) {
          expect(segment.offset).toBe(offset);
          expect(segment.plainLength).toBeGreaterThan(0);
          expect(segment.fragmentLength).toBeLessThanOrEqual(fragmentSize);
          offset += segment.plainLength;
          stored += segment.fragmentLength * profile.n;
        }
        expect(offset).toBe(sizeBytes);
        expect(storedBytesOfPlan(plan)).toBe(stored);
      }),
    );
  });
});
