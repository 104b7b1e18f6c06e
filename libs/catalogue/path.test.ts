import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { comparePaths, pathToText, textToPath } from './index.js';

/** Bytes of which many begin, continue or break a UTF-8 sequence. */
const bytes = fc
  .array(
    fc.oneof(
      fc.integer({ min: 1, max: 255 }),
      fc.constantFrom(0x0a, 0x2f, 0x80, 0xc3, 0xa9, 0xed, 0xf0, 0x9f),
    ),
    { minLength: 1, maxLength: 40 },
  )
  .map((list) => Uint8Array.from(list));

describe('paths of any bytes', () => {
  test('have one text each, and the text has their bytes', () => {
    fc.assert(
      fc.property(bytes, (path) => {
        const text = pathToText(path);
        expect(textToPath(text)).toEqual(path);
        expect(pathToText(textToPath(text))).toBe(text);
      }),
      { verbose: true, numRuns: 500 },
    );
  });

  test('UTF-8 is itself and what is none is escaped byte by byte, as in PEP 383', () => {
    for (const name of ['a\nb', 'ü 文件 🗄', 'e\u0301', 'é', 'x'.repeat(4_096), '\uffff', ' ']) {
      expect(pathToText(Buffer.from(name))).toBe(name);
    }
    expect(pathToText(Uint8Array.of(0x61, 0xff, 0xc3, 0xa9, 0xc3))).toBe('a\udcffé\udcc3');
    expect(pathToText(Uint8Array.of(0xed, 0xa0, 0x80))).toBe('\udced\udca0\udc80');
    expect(pathToText(Uint8Array.of(0xc0, 0xaf))).toBe('\udcc0\udcaf');
  });

  test('are in the order of their bytes', () => {
    fc.assert(
      fc.property(bytes, bytes, (a, b) => {
        const byText = Math.sign(comparePaths(pathToText(a), pathToText(b)));
        expect(byText).toBe(Math.sign(Buffer.compare(a, b)));
      }),
      { verbose: true, numRuns: 1_000 },
    );
    const order = ['a', 'é', '\uffff', '\u{10000}', '\udcff'];
    expect([...order].reverse().sort(comparePaths)).toEqual(order);
  });

  test.each([
    ['', 'empty'],
    ['x'.repeat(65_536), '65536 bytes'],
    ['a\ud800', 'half of a character'],
  ])('%.5s… is none: %s', (text, why) => {
    expect(() => textToPath(text)).toThrow(
      expect.objectContaining({ code: 'catalogue/bad-path', message: expect.stringContaining(why) }),
    );
  });
});
