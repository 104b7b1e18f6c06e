import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import {
  bytesToHex,
  compareBytes,
  concatBytes,
  equalBytes,
  hexToBytes,
  readU32le,
  readU64le,
  reverseBytes,
  tryHexToBytes,
  u16le,
  u32le,
  u64le,
} from './bytes.js';

describe('bytes', () => {
  test('hex is the same as Node’s, both ways', () => {
    fc.assert(
      fc.property(fc.uint8Array(), (bytes) => {
        expect(bytesToHex(bytes)).toBe(Buffer.from(bytes).toString('hex'));
        expect(hexToBytes(bytesToHex(bytes))).toEqual(bytes);
      }),
    );
  });

  test.each(['0', 'AB', '0g', ' 00', '0x00', '00\n', '+1', 'é0'])('"%s" is not hex', (text) => {
    expect(tryHexToBytes(text)).toBeUndefined();
    expect(() => hexToBytes(text)).toThrow(/lower-case hex/);
  });

  test('orders as Buffer.compare does and agrees with equality', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 4 }), fc.uint8Array({ maxLength: 4 }), (a, b) => {
        expect(compareBytes(a, b)).toBe(Buffer.compare(a, b));
        expect(equalBytes(a, b)).toBe(Buffer.compare(a, b) === 0);
      }),
    );
  });

  test('little-endian integers read back and refuse what does not fit', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), (value) => {
        expect(readU64le(concatBytes(Uint8Array.of(1), u64le(value)), 1)).toBe(value);
        expect(readU32le(u32le(Number(value & 0xffffffffn)))).toBe(Number(value & 0xffffffffn));
      }),
    );
    expect(u16le(0x1234)).toEqual(Uint8Array.of(0x34, 0x12));
    expect(() => u64le(2n ** 64n)).toThrow(/64-bit/);
    expect(() => u32le(2 ** 32)).toThrow(/32-bit/);
    expect(() => u16le(-1)).toThrow(/16-bit/);
    expect(() => readU32le(new Uint8Array(3))).toThrow(/no 4 bytes/);
  });

  test('reverseBytes leaves its argument alone', () => {
    const bytes = Uint8Array.of(1, 2, 3);
    expect(reverseBytes(bytes)).toEqual(Uint8Array.of(3, 2, 1));
    expect(bytes).toEqual(Uint8Array.of(1, 2, 3));
    const buffer = Buffer.from([1, 2, 3]);
    expect([...reverseBytes(buffer)]).toEqual([3, 2, 1]);
    expect([...buffer]).toEqual([1, 2, 3]);
  });
});
