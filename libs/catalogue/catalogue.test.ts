import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import {
  type Catalogue,
  decodeCatalogue,
  emptyCatalogue,
  encodeCatalogue,
  type FileEntry,
  findFile,
  withFile,
  withoutFile,
} from './index.js';

const u63 = fc.bigInt({ min: 0n, max: 2n ** 63n - 1n });
const path = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 60 });
const entry: fc.Arbitrary<FileEntry> = fc.record({
  path,
  sizeBytes: u63,
  modifiedAt: u63,
  storedAt: u63,
  paidUntilHeight: u63,
  manifest: fc.uint8Array({ maxLength: 100 }),
});
const entries = fc.uniqueArray(entry, { selector: (file) => file.path, maxLength: 12 });

const build = (files: readonly FileEntry[], sequence = 1n): Catalogue => ({
  ...files.reduce(withFile, emptyCatalogue),
  sequence,
});
const file = (name: string, sizeBytes = 1n): FileEntry => ({
  path: name,
  sizeBytes,
  modifiedAt: 0n,
  storedAt: 0n,
  paidUntilHeight: 9n,
  manifest: Uint8Array.of(1, 2, 3),
});

describe('bytes of a catalogue', () => {
  test('decode of encode is the catalogue, names of any script included', () => {
    fc.assert(
      fc.property(entries, u63, (files, sequence) => {
        const catalogue = build(files, sequence);
        expect(decodeCatalogue(encodeCatalogue(catalogue))).toEqual({ ok: true, value: catalogue });
      }),
      { verbose: true },
    );
  });

  test('every prefix and every longer form is refused', () => {
    const bytes = encodeCatalogue(build([file('a'), file('ü/ 文件')]));
    for (let length = 0; length < bytes.length; length++)
      expect(decodeCatalogue(bytes.subarray(0, length)).ok).toBe(false);
    expect(decodeCatalogue(Uint8Array.of(...bytes, 0)).ok).toBe(false);
  });

  test('another version is refused by name', () => {
    const bytes = encodeCatalogue(emptyCatalogue);
    bytes[0] = 2;
    expect(decodeCatalogue(bytes)).toEqual({
      ok: false,
      violation: { rule: 'catalogue/version', version: 2, allowed: 1 },
    });
  });

  test('a decoder never throws, whatever the bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        const decoded = decodeCatalogue(bytes);
        if (decoded.ok) expect(encodeCatalogue(decoded.value)).toEqual(bytes);
      }),
      { verbose: true, numRuns: 500 },
    );
  });
});

describe('names', () => {
  test('are in the order of their UTF-8 bytes; another order, or a name twice, is refused', () => {
    fc.assert(
      fc.property(entries, (files) => {
        const bytes = build(files).files.map(({ path }) => Buffer.from(path));
        expect(bytes).toEqual([...bytes].sort(Buffer.compare));
      }),
      { verbose: true },
    );
    const order = build([file('\u{10000}'), file('\uffff'), file('a')]).files.map(({ path }) => path);
    expect(order).toEqual(['a', '\uffff', '\u{10000}']);
    for (const files of [
      [file('b'), file('a')],
      [file('a'), file('a')],
    ]) {
      expect(decodeCatalogue(encodeCatalogue({ sequence: 1n, files }))).toEqual({
        ok: false,
        violation: { rule: 'catalogue/order', index: 1, path: 'a' },
      });
    }
  });

  test('the order of putting does not matter; the same name is replaced', () => {
    fc.assert(
      fc.property(entries, (files) => {
        expect(build([...files].reverse())).toEqual(build(files));
        for (const one of files) expect(build([...files, one])).toEqual(build(files));
      }),
      { verbose: true },
    );
    const replaced = build([file('a', 1n), file('b'), file('a', 2n)]);
    expect(replaced.files.map(({ path }) => path)).toEqual(['a', 'b']);
    expect(findFile(replaced, 'a')?.sizeBytes).toBe(2n);
  });

  test('taking out takes out that name alone', () => {
    const catalogue = build([file('a'), file('A'), file('a ')]);
    expect(withoutFile(catalogue, 'a').files.map(({ path }) => path)).toEqual(['A', 'a ']);
    expect(withoutFile(catalogue, 'x')).toEqual(catalogue);
    expect(findFile(catalogue, 'x')).toBeUndefined();
  });
});
