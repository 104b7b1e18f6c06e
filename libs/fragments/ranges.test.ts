import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { recordPlainBytes, recordSealedBytes, recordTagBytes } from './layout.js';
import { type FilePlan, planFile } from './plan.js';
import { planRange, type SegmentRange } from './ranges.js';

function planned(sizeBytes: number): FilePlan {
  const plan = planFile({ sizeBytes, profile: { k: 2, repairBelow: 3, n: 5 }, fragmentSize: 65536 * 2 });
  if (!plan.ok) throw new Error(JSON.stringify(plan.violation));
  return plan.value;
}

function ranged(plan: FilePlan, from: number, toExclusive: number): SegmentRange[] {
  const ranges = planRange(plan, from, toExclusive);
  if (!ranges.ok) throw new Error(JSON.stringify(ranges.violation));
  return ranges.value;
}

describe('ranges of a file', () => {
  const plan = planned(1_000_000);

  test('an empty range needs nothing', () => {
    expect(ranged(plan, 500, 500)).toEqual([]);
  });

  test('one byte needs one record', () => {
    expect(ranged(plan, 65536, 65537)).toEqual([
      {
        segmentIndex: 0,
        firstRecord: 1,
        lastRecordExclusive: 2,
        sealedFrom: 65552,
        sealedToExclusive: 131104,
        skipBytes: 0,
        takeBytes: 1,
        spans: [
          { fragmentIndex: 0, from: 65552, toExclusive: 131072 },
          { fragmentIndex: 1, from: 0, toExclusive: 32 },
        ],
      },
    ]);
  });

  test.each([
    [-1, 5, 'from', -1],
    [0, 1_000_001, 'toExclusive', 1_000_001],
    [10, 5, 'toExclusive', 5],
    [1.5, 5, 'from', 1.5],
  ])('[%p, %p) is refused, naming %s', (from, toExclusive, field, value) => {
    expect(planRange(plan, from, toExclusive)).toMatchObject({
      ok: false,
      violation: { rule: 'fragments/range', field, value },
    });
  });

  test('property: whole records, just enough of them, and spans that add up', () => {
    const sizes = fc.integer({ min: 1, max: 1_000_000 });
    fc.assert(
      fc.property(sizes, fc.nat(), fc.nat(), (sizeBytes, a, b) => {
        const file = planned(sizeBytes);
        const from = Math.min(a % (sizeBytes + 1), b % (sizeBytes + 1));
        const toExclusive = Math.max(a % (sizeBytes + 1), b % (sizeBytes + 1));
        let position = from;
        for (const range of ranged(file, from, toExclusive)) {
          const recordStart =
            range.segmentIndex * file.segmentCapacity + range.firstRecord * recordPlainBytes;
          expect(recordStart + range.skipBytes).toBe(position);
          expect(range.skipBytes).toBeLessThan(recordPlainBytes);
          const records = range.lastRecordExclusive - range.firstRecord;
          const sealedBytes = range.sealedToExclusive - range.sealedFrom;
          const plainBytes = sealedBytes - records * recordTagBytes;
          expect(Math.ceil(sealedBytes / recordSealedBytes)).toBe(records);
          expect(plainBytes).toBeGreaterThanOrEqual(range.skipBytes + range.takeBytes);
          expect(plainBytes - range.skipBytes - range.takeBytes).toBeLessThan(recordPlainBytes);
          expect(range.spans.reduce((sum, span) => sum + span.toExclusive - span.from, 0)).toBe(sealedBytes);
          for (const span of range.spans) expect(span.fragmentIndex).toBeLessThan(file.profile.k);
          position += range.takeBytes;
        }
        expect(position).toBe(toExclusive);
      }),
    );
  });
});
