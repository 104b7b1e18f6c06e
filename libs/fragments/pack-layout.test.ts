import { describe, expect, test } from '@jest/globals';
import { blake3 } from '@noble/hashes/blake3.js';
import fc from 'fast-check';
import { bytesToHex } from '#crypto';
import {
  deriveMemberKeys,
  memberRange,
  packCapacity,
  packedFileLimit,
  packSizes,
  recordPlainBytes,
  sealedLength,
  segmentCapacity,
} from './index.js';
import { packVectors, sealMemberSlowly } from './testing/index.js';

const contentKey = new Uint8Array(32).fill(3);
const MiB = 2 ** 20;

describe('members of packs', () => {
  test('keys', () => {
    const { memberKey, noncePrefix } = deriveMemberKeys(contentKey);
    expect({ memberKey: bytesToHex(memberKey), noncePrefix: bytesToHex(noncePrefix) }).toEqual(
      packVectors.keys,
    );
  });

  test.each([...packVectors.members])('vector of $plainLength bytes', ({ plainLength, ...expected }) => {
    const plain = Uint8Array.from({ length: plainLength }, (_, at) => at % 251);
    const sealed = sealMemberSlowly(plain, contentKey);
    expect({ sealedLength: sealed.length, sealedHash: bytesToHex(blake3(sealed)) }).toEqual(expected);
    expect(sealedLength(plainLength)).toBe(expected.sealedLength);
  });

  test('a range is covered by whole records, and by no more than it needs', () => {
    const range = fc
      .tuple(fc.nat(5 * recordPlainBytes), fc.nat(5 * recordPlainBytes), fc.nat(recordPlainBytes))
      .map(([a, b, more]) => ({
        from: Math.min(a, b),
        toExclusive: Math.max(a, b) + 1,
        plainLength: Math.max(a, b) + 1 + more,
      }));
    fc.assert(
      fc.property(range, ({ from, toExclusive, plainLength }) => {
        const records = memberRange(plainLength, from, toExclusive);
        const firstByte = records.firstRecord * recordPlainBytes;
        expect(firstByte + records.skipBytes).toBe(from);
        expect(records.skipBytes).toBeLessThan(recordPlainBytes);
        expect((records.lastRecordExclusive - 1) * recordPlainBytes).toBeLessThan(toExclusive);
        expect(records.lastRecordExclusive * recordPlainBytes).toBeGreaterThanOrEqual(toExclusive);
        expect(records.sealedToExclusive).toBeLessThanOrEqual(sealedLength(plainLength));
        const plainBytes = Math.min(records.lastRecordExclusive * recordPlainBytes, plainLength) - firstByte;
        expect(records.sealedToExclusive - records.sealedFrom).toBe(sealedLength(plainBytes));
      }),
      { verbose: true },
    );
  });
});

describe('packs', () => {
  test('are whole segments, at most eight and at most 64 MiB, one at least; half a segment is small', () => {
    for (const [k, fragmentSize, segments] of [
      [3, MiB, 8],
      [8, MiB, 8],
      [16, MiB, 4],
      [8, 4 * MiB, 2],
      [255, 4 * MiB, 1],
    ] as const) {
      expect(packCapacity(k, fragmentSize)).toBe(segments * segmentCapacity(k, fragmentSize));
      const limit = packedFileLimit(k, fragmentSize);
      expect(limit).toBe(Math.floor(segmentCapacity(k, fragmentSize) / 2));
      expect(sealedLength(limit)).toBeLessThanOrEqual(packCapacity(k, fragmentSize));
    }
  });

  test('hold everything in its order, are never too large, and none could take the member after it', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 1, max: 5_000 })),
        fc.integer({ min: 5_016, max: 20_000 }),
        (sizes, capacity) => {
          const packs = packSizes(sizes, capacity);
          const total = sizes.reduce((sum, size) => sum + sealedLength(size), 0);
          expect(packs.reduce((sum, size) => sum + size, 0)).toBe(total);
          for (const size of packs) expect(size).toBeLessThanOrEqual(capacity);
          let at = 0;
          for (const pack of packs) {
            for (let left = pack; left > 0; at++) left -= sealedLength(sizes[at] ?? 0);
            if (at < sizes.length) expect(pack + sealedLength(sizes[at] ?? 0)).toBeGreaterThan(capacity);
          }
        },
      ),
      { verbose: true },
    );
    expect(packSizes(new Array(1_000).fill(4_096), packCapacity(3, MiB))).toHaveLength(1);
    expect(packSizes([], 10)).toEqual([]);
  });
});
