import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { bytesToHex, hexToBytes } from '#crypto';
import { InvariantError } from '#errors';
import { utf8Decode, utf8Encode } from './bytes.js';
import { decode, encode } from './codec.js';
import {
  bool,
  bytes,
  height,
  hexId,
  list,
  MAX_U63,
  oneOf,
  optional,
  type Schema,
  struct,
  text,
  u8,
  u16,
  u32,
  u63,
  varBytes,
} from './schema.js';

const everything = struct({
  small: u8,
  medium: u16,
  large: u32,
  amount: u63,
  at: height,
  flag: bool,
  key: bytes(4),
  blob: varBytes(20),
  id: hexId<string>(3),
  words: list(text(12), 5),
  maybe: optional(u16),
  colour: oneOf(['red', 'green'] as const),
});

const value = fc.record({
  small: fc.nat(0xff),
  medium: fc.nat(0xffff),
  large: fc.nat(0xffff_ffff),
  amount: fc.bigInt({ min: 0n, max: MAX_U63 }),
  at: fc.maxSafeNat(),
  flag: fc.boolean(),
  key: fc.uint8Array({ minLength: 4, maxLength: 4 }),
  blob: fc.uint8Array({ maxLength: 20 }),
  id: fc.uint8Array({ minLength: 3, maxLength: 3 }).map(bytesToHex),
  words: fc
    .array(fc.string({ unit: 'grapheme', maxLength: 2 }), { maxLength: 5 })
    .map((words) => words.map((word) => (utf8Encode(word).length > 12 ? 'x' : word))),
  maybe: fc.option(fc.nat(0xffff), { nil: undefined }),
  colour: fc.constantFrom('red' as const, 'green' as const),
});

function ruleOf<T>(schema: Schema<T>, hex: string): string {
  const result = decode(schema, hexToBytes(hex));
  return result.ok ? 'accepted' : result.violation.rule;
}

describe('canonical codec', () => {
  test('decode of encode gives the value; every truncation and every extra byte is refused', () => {
    fc.assert(
      fc.property(value, (sample) => {
        const encoded = encode(everything, sample);
        expect(decode(everything, encoded)).toEqual({ ok: true, value: sample });
        for (let length = 0; length < encoded.length; length++)
          expect(decode(everything, encoded.subarray(0, length))).toMatchObject({
            ok: false,
            violation: { rule: 'codec/truncated' },
          });
        const longer = new Uint8Array(encoded.length + 1);
        longer.set(encoded);
        expect(decode(everything, longer)).toEqual({
          ok: false,
          violation: { rule: 'codec/trailing-bytes', extraBytes: 1 },
        });
      }),
    );
  });

  test('whatever decodes, encodes to the very same bytes: one value, one form', () => {
    let decoded = 0;
    fc.assert(
      fc.property(value, fc.nat(), fc.nat(255), (sample, at, byte) => {
        const source = encode(everything, sample);
        source[at % source.length] = byte;
        const result = decode(everything, source);
        if (!result.ok) return;
        decoded += 1;
        expect(encode(everything, result.value)).toEqual(source);
      }),
      { numRuns: 1000 },
    );
    expect(decoded).toBeGreaterThan(100);
  });

  test('integers are little-endian and of fixed width', () => {
    expect(bytesToHex(encode(u8, 1))).toBe('01');
    expect(bytesToHex(encode(u16, 0x0102))).toBe('0201');
    expect(bytesToHex(encode(u32, 0x0102_0304))).toBe('04030201');
    expect(bytesToHex(encode(u63, 0x0102_0304_0506_0708n))).toBe('0807060504030201');
    expect(bytesToHex(encode(list(u8, 3), [7, 8]))).toBe('020000000708');
    expect(bytesToHex(encode(optional(u8), undefined))).toBe('00');
    expect(bytesToHex(encode(text(4), 'é'))).toBe('02000000c3a9');
  });

  test.each([
    ['codec/amount-range', u63, '0000000000000080'],
    ['codec/amount-range', u63, 'ffffffffffffffff'],
    ['codec/height-range', height, '0000000000002000'],
    ['codec/bool', bool, '02'],
    ['codec/bool', optional(u8), '0201'],
    ['codec/length', varBytes(4), '050000000102030405'],
    ['codec/length', list(u8, 2), '03000000010203'],
    ['codec/length', text(2), '03000000616263'],
    ['codec/name', oneOf(['a', 'b'] as const), '02'],
    ['codec/utf8', text(9), '02000000c080'],
    ['codec/truncated', list(u8, 0xffff_ffff), 'ffffffff'],
    ['accepted', u63, 'ffffffffffffff7f'],
    ['accepted', height, 'ffffffffffff1f00'],
  ] as [string, Schema<unknown>, string][])('%s', (rule, schema, hex) => {
    expect(ruleOf(schema, hex)).toBe(rule);
  });

  test('writing a value that has no form is our own fault', () => {
    const attempts = [
      () => encode(u8, 256),
      () => encode(u16, -1),
      () => encode(u32, 1.5),
      () => encode(u63, -1n),
      () => encode(u63, MAX_U63 + 1n),
      () => encode(bytes(2), new Uint8Array(3)),
      () => encode(varBytes(2), new Uint8Array(3)),
      () => encode(hexId<string>(2), 'AB12'),
      () => encode(list(u8, 1), [1, 2]),
      () => encode(text(1), 'é'),
      () => encode(text(9), '\ud800'),
      () => encode(oneOf(['a'] as const), 'b' as 'a'),
    ];
    for (const attempt of attempts) expect(attempt).toThrow(InvariantError);
  });
});

describe('UTF-8 (RFC 3629)', () => {
  test('agrees with the platform on every well-formed text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (sample) => {
        const encoded = utf8Encode(sample);
        expect(encoded).toEqual(new TextEncoder().encode(sample));
        expect(utf8Decode(encoded)).toBe(sample);
      }),
    );
  });

  test('agrees with the platform on every short byte string, refused ones included', () => {
    const strict = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
    const verdict = (source: Uint8Array): string | undefined => {
      try {
        return strict.decode(source);
      } catch {
        return undefined;
      }
    };
    const edges = [0x00, 0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc0, 0xc1, 0xc2, 0xdf, 0xe0, 0xed, 0xef];
    const interesting = [...edges, 0xf0, 0xf4, 0xf5, 0xff];
    const check = (parts: readonly number[]): void => {
      const source = Uint8Array.from(parts);
      if (utf8Decode(source) !== verdict(source)) throw new Error(`differs on ${bytesToHex(source)}`);
      const open = parts.length < 3 || (parts.length === 3 && (parts[0] as number) >= 0xf0);
      if (open) for (const next of interesting) check([...parts, next]);
    };
    check([]);
  });
});
