import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import {
  type Catalogue,
  decodeCatalogue,
  emptyCatalogue,
  encodeCatalogue,
  entriesToHoldings,
  type FileEntry,
  findFile,
  holdingsOf,
  type PackId,
  versionsOf,
  withFiles,
  withMoved,
  withoutFiles,
  withoutVersion,
  withRenewed,
} from './index.js';
import { encodeCatalogueV1 } from './testing/index.js';

const u63 = fc.bigInt({ min: 0n, max: 2n ** 63n - 1n });
const path = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 60 });
const key = fc.uint8Array({ minLength: 32, maxLength: 32 });
const about = { path, sizeBytes: u63, modifiedAt: u63, storedAt: u63 };
const whole: fc.Arbitrary<FileEntry> = fc.record({
  ...about,
  paidUntilHeight: u63,
  manifest: fc.uint8Array({ maxLength: 100 }),
});
const packed: fc.Arbitrary<FileEntry> = fc
  .record({
    ...about,
    pack: fc.integer({ min: 0, max: 3 }),
    offset: fc.maxSafeNat(),
    contentKey: key,
    fileHash: key,
  })
  .map(({ pack, offset, contentKey, fileHash, ...entry }) => ({
    ...entry,
    paidUntilHeight: BigInt(pack),
    manifest: Uint8Array.of(pack),
    member: { pack: packId(pack), offset, contentKey, fileHash },
  }));
const entries = fc.uniqueArray(fc.oneof(whole, packed), { selector: (file) => file.path, maxLength: 12 });

const packId = (number: number): PackId => String(number).padStart(32, '0') as PackId;
const build = (files: readonly FileEntry[], sequence = 1n): Catalogue => ({
  ...withFiles(emptyCatalogue, files),
  sequence,
});
const file = (name: string, sizeBytes = 1n): FileEntry => ({
  path: name,
  sizeBytes,
  modifiedAt: 0n,
  storedAt: sizeBytes,
  paidUntilHeight: 9n,
  manifest: Uint8Array.of(1, 2, 3),
});
const inPack = (name: string, pack: number, offset: number): FileEntry => ({
  ...file(name),
  manifest: Uint8Array.of(pack),
  member: { pack: packId(pack), offset, contentKey: new Uint8Array(32), fileHash: new Uint8Array(32) },
});
const names = (catalogue: Catalogue): string[] => catalogue.files.map(({ path }) => path);

describe('bytes of a catalogue', () => {
  test('decode of encode is the catalogue: names of any script, packs, earlier versions', () => {
    fc.assert(
      fc.property(entries, entries, u63, (files, newer, sequence) => {
        const again = newer.map((entry, at) => ({ ...entry, path: files[at]?.path ?? entry.path }));
        const unique = [...new Map(again.map((entry) => [entry.path, entry])).values()];
        const catalogue = withFiles(build(files, sequence), unique, { keepVersions: true });
        expect(decodeCatalogue(encodeCatalogue(catalogue))).toEqual({ ok: true, value: catalogue });
      }),
      { verbose: true },
    );
  });

  test('every prefix and every longer form is refused', () => {
    const bytes = encodeCatalogue(
      withFiles(build([file('a'), inPack('ü/ 文件', 1, 7)]), [file('a')], { keepVersions: true }),
    );
    for (let length = 0; length < bytes.length; length++)
      expect(decodeCatalogue(bytes.subarray(0, length)).ok).toBe(false);
    expect(decodeCatalogue(Uint8Array.of(...bytes, 0)).ok).toBe(false);
  });

  test('the format before packs is read, and written again in today’s', () => {
    const files = [file('a'), file('\uffff'), file('\u{10000}')].map((entry) => ({ ...entry, version: 1 }));
    const decoded = decodeCatalogue(encodeCatalogueV1(7n, files));
    expect(decoded).toEqual({ ok: true, value: { sequence: 7n, files, earlier: [] } });
    if (!decoded.ok) throw new Error('not read');
    const bytes = encodeCatalogue(decoded.value);
    expect(bytes[0]).toBe(2);
    expect(decodeCatalogue(bytes)).toEqual(decoded);
  });

  test('a version from the future is refused by name', () => {
    const bytes = encodeCatalogue(emptyCatalogue);
    bytes[0] = 3;
    expect(decodeCatalogue(bytes)).toEqual({
      ok: false,
      violation: { rule: 'catalogue/version', version: 3, allowed: 2 },
    });
  });

  test('a decoder never throws, whatever the bytes, and takes one form only', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), fc.constantFrom(1, 2), (bytes, version) => {
        bytes[0] = version;
        const decoded = decodeCatalogue(bytes);
        if (decoded.ok && version === 2) expect(encodeCatalogue(decoded.value)).toEqual(bytes);
      }),
      { verbose: true, numRuns: 500 },
    );
  });

  test.each<[string, Catalogue]>([
    ['catalogue/order', { sequence: 1n, files: [file('b'), file('a')], earlier: [] }],
    ['catalogue/order', { sequence: 1n, files: [file('a'), file('a')], earlier: [] }],
    ['catalogue/file-version', { sequence: 1n, files: [file('a')], earlier: [file('a')] }],
    ['catalogue/file-version', { sequence: 1n, files: [file('b')], earlier: [file('a')] }],
    ['catalogue/file-version', { sequence: 1n, files: [{ ...file('a'), version: 0 }], earlier: [] }],
  ])('%s', (rule, catalogue) => {
    expect(decodeCatalogue(encodeCatalogue(catalogue))).toMatchObject({ ok: false, violation: { rule } });
  });

  test('packs out of order, unused, or not in the table', () => {
    const bytes = encodeCatalogue(build([inPack('a', 1, 0), inPack('b', 2, 0)]));
    // version, sequence, count; then id (16), height (8), manifest (4 + 1) of each pack.
    const [firstId, secondId] = [13, 13 + 29];
    const swapped = bytes.slice();
    swapped.set(bytes.subarray(secondId, secondId + 16), firstId);
    swapped.set(bytes.subarray(firstId, firstId + 16), secondId);
    expect(decodeCatalogue(swapped)).toMatchObject({ violation: { rule: 'catalogue/pack-order' } });
    const places = [...bytes.keys()].filter((at) => bytes[at] === 0x62);
    // 'b', version 4, three times 8, tag: then the place in the table.
    const place = (places.at(-1) ?? 0) + 1 + 4 + 24 + 1;
    expect(bytes[place]).toBe(1);
    const both = bytes.slice();
    both[place] = 0;
    expect(decodeCatalogue(both)).toMatchObject({ violation: { rule: 'catalogue/pack-unused' } });
    both[place] = 2;
    expect(decodeCatalogue(both)).toMatchObject({ violation: { rule: 'catalogue/pack', pack: 2 } });
  });
});

describe('names', () => {
  test('are in the order of their bytes', () => {
    fc.assert(
      fc.property(entries, (files) => {
        const bytes = names(build(files)).map((name) => Buffer.from(name));
        expect(bytes).toEqual([...bytes].sort(Buffer.compare));
      }),
      { verbose: true },
    );
    expect(names(build([file('\u{10000}'), file('\uffff'), file('a')]))).toEqual([
      'a',
      '\uffff',
      '\u{10000}',
    ]);
  });

  test('the order of putting does not matter; the same name is replaced and counts on', () => {
    fc.assert(
      fc.property(entries, (files) => {
        expect(build([...files].reverse())).toEqual(build(files));
        expect(build([...files, ...files])).toEqual(build(files));
      }),
      { verbose: true },
    );
    const replaced = withFiles(build([file('a', 1n), file('b')]), [file('a', 2n)]);
    expect(names(replaced)).toEqual(['a', 'b']);
    expect(findFile(replaced, 'a')).toMatchObject({ sizeBytes: 2n, version: 2 });
    expect(replaced.earlier).toEqual([]);
  });

  test('taking out takes out those names alone', () => {
    const catalogue = build([file('a'), file('A'), file('a ')]);
    expect(names(withoutFiles(catalogue, new Set(['a', 'x'])))).toEqual(['A', 'a ']);
    expect(findFile(catalogue, 'x')).toBeUndefined();
  });

  test('are put, found, written and read in time that grows with their number', () => {
    const cpuMicros = (count: number): number => {
      const files = Array.from({ length: count }, (_, at) =>
        inPack(`folder ${at % 97}/file ${at}`, at % 7, at),
      );
      const from = process.cpuUsage();
      const catalogue = withFiles(build(files), files.slice(0, count / 2));
      for (const { path } of files) if (findFile(catalogue, path) === undefined) throw new Error(path);
      const decoded = decodeCatalogue(encodeCatalogue(catalogue));
      if (!decoded.ok) throw new Error('not read');
      expect(holdingsOf(decoded.value)).toHaveLength(7);
      const { user, system } = process.cpuUsage(from);
      return user + system;
    };
    cpuMicros(2_000);
    // Ten times as many take about ten times as long; a pass of each over all would take a hundred times.
    expect(cpuMicros(20_000) / cpuMicros(2_000)).toBeLessThan(40);
  });
});

describe('versions', () => {
  const three = [2n, 3n].reduce(
    (catalogue, size) => withFiles(catalogue, [file('a', size)], { keepVersions: true }),
    build([file('a', 1n), file('b')]),
  );

  test('are kept where asked, and found by number, the newest first', () => {
    expect(versionsOf(three, 'a').map(({ version, sizeBytes }) => [version, sizeBytes])).toEqual([
      [3, 3n],
      [2, 2n],
      [1, 1n],
    ]);
    expect(findFile(three, 'a', 2)?.sizeBytes).toBe(2n);
    expect(findFile(three, 'a', 4)).toBeUndefined();
    expect(decodeCatalogue(encodeCatalogue(three))).toEqual({ ok: true, value: three });
  });

  test('one is taken out: without the newest the one before it is the file', () => {
    expect(versionsOf(withoutVersion(three, 'a', 2), 'a').map(({ version }) => version)).toEqual([3, 1]);
    const back = withoutVersion(three, 'a', 3);
    expect(findFile(back, 'a')?.sizeBytes).toBe(2n);
    expect(decodeCatalogue(encodeCatalogue(back))).toEqual({ ok: true, value: back });
    expect(names(withoutVersion(back, 'b', 1))).toEqual(['a']);
    expect(versionsOf(withoutFiles(three, new Set(['a'])), 'a')).toEqual([]);
  });
});

describe('what is stored together', () => {
  const catalogue = build([inPack('a', 1, 0), inPack('b', 2, 0), inPack('c', 1, 40), file('d')]);

  test('is one holding with all its entries', () => {
    expect(holdingsOf(catalogue).map(({ entries }) => entries.map(({ path }) => path))).toEqual([
      ['a', 'c'],
      ['b'],
      ['d'],
    ]);
    expect(entriesToHoldings([])).toEqual([]);
  });

  test('goes on together: one entry renewed stands for its pack, and for nothing that was replaced since', () => {
    const renew = (entry: FileEntry): FileEntry => ({
      ...entry,
      manifest: Uint8Array.of(99),
      paidUntilHeight: 100n,
    });
    const [a, d] = ['a', 'd'].map((name) => findFile(catalogue, name) as FileEntry) as [FileEntry, FileEntry];
    const renewed = withRenewed(catalogue, [renew(a), renew(d)]);
    expect(renewed.files.map(({ paidUntilHeight }) => paidUntilHeight)).toEqual([100n, 9n, 100n, 100n]);
    const replaced = withFiles(catalogue, [file('d', 5n)]);
    expect(findFile(withRenewed(replaced, [renew(d)]), 'd')?.paidUntilHeight).toBe(9n);
  });

  test('moves one by one: by where it lay, not by its name', () => {
    const c = findFile(catalogue, 'c') as FileEntry;
    const to = inPack('any', 3, 0);
    const moved = withMoved(catalogue, new Map([[`${packId(1)}:40`, to]]));
    expect(findFile(moved, 'c')).toEqual({ ...c, manifest: to.manifest, member: to.member });
    expect(findFile(moved, 'a')).toEqual(findFile(catalogue, 'a'));
  });
});
