import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { bytesToHex, hexToBytes } from '#crypto';
import {
  bitsToTarget,
  bitsToWork,
  hashToNumber,
  targetToBits,
  targetToBytes,
  targetToWork,
} from './target.js';

describe('compact bits', () => {
  // Rows of Bitcoin Core's arith_uint256 tests: bits, target, bits of the target.
  test.each([
    [0x0112_3456, 0x12n, 0x0112_0000],
    [0x0200_8000, 0x80n, 0x0200_8000],
    [0x0212_3456, 0x1234n, 0x0212_3400],
    [0x0312_3456, 0x12_3456n, 0x0312_3456],
    [0x0412_3456, 0x1234_5600n, 0x0412_3456],
    [0x0500_9234, 0x9234_0000n, 0x0500_9234],
    [0x2012_3456, 0x12_3456n << 232n, 0x2012_3456],
    [0x1d00_ffff, 0xffffn << 208n, 0x1d00_ffff],
    [0x1b04_04cb, 0x404cbn << 192n, 0x1b04_04cb],
  ])('%#x', (bits, target, canonical) => {
    expect(bitsToTarget(bits)).toEqual({ ok: true, value: target });
    expect(targetToBits(target)).toBe(canonical);
  });

  test.each([
    ['zero', 0],
    ['zero mantissa', 0x2000_0000],
    ['mantissa shifted out', 0x0100_3456],
    ['mantissa shifted out', 0x0000_1234],
    ['negative', 0x01fe_dcba],
    ['negative', 0x0492_3456],
    ['overflow', 0xff12_3456],
    ['overflow by one byte', 0x2101_0000],
    ['overflow by one byte', 0x2200_0100],
  ])('%s is refused: %#x', (_why, bits) => {
    expect(bitsToTarget(bits)).toEqual({ ok: false, violation: { rule: 'pow/bits', bits } });
  });

  test('a target loses only what its 23 bits cannot hold, never upwards', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 1n, max: (1n << 256n) - 1n }), (target) => {
        const back = bitsToTarget(targetToBits(target));
        if (!back.ok) throw new Error(`no target in ${targetToBits(target)}`);
        expect(back.value).toBeLessThanOrEqual(target);
        expect((target - back.value) << 15n).toBeLessThanOrEqual(target);
        expect(targetToBits(back.value)).toBe(targetToBits(target));
      }),
    );
  });

  test('work of Bitcoin’s first block is the published 0x100010001', () => {
    expect(targetToWork(0xffffn << 208n)).toBe(0x1_0001_0001n);
  });

  test('of compact bits, none where they are no target: a stranger may send any', () => {
    expect(bitsToWork(0x1d00_ffff)).toBe(0x1_0001_0001n);
    for (const bits of [0, 0x1d80_ffff, 0xff12_3456]) expect(bitsToWork(bits)).toBe(0n);
  });

  test('half the target is twice the work', () => {
    expect(targetToWork((1n << 200n) - 1n)).toBe(1n << 56n);
    expect(targetToWork((1n << 199n) - 1n)).toBe(1n << 57n);
  });

  test('a hash is read little-endian, target bytes are written big-endian', () => {
    const hash = hexToBytes(`01${'00'.repeat(30)}02`);
    expect(hashToNumber(hash)).toBe((2n << 248n) + 1n);
    expect(bytesToHex(targetToBytes((2n << 248n) + 1n))).toBe(`02${'00'.repeat(30)}01`);
  });
});
