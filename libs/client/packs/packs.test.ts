import { randomBytes, randomInt } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import {
  allEntries,
  type Catalogue,
  emptyCatalogue,
  type FileEntry,
  findFile,
  holdingsOf,
  withFiles,
  withMoved,
} from '#catalogue';
import { devnet } from '#chain';
import { bytesToHex } from '#crypto';
import { AppError } from '#errors';
import {
  encodeManifest,
  type Manifest,
  memberRange,
  packCapacity,
  planFile,
  recordPlainBytes,
  sealedLength,
  segmentsOfPlan,
} from '#fragments';
import { packVectors, sealMemberSlowly } from '../../fragments/testing/index.js';
import { manifestOf } from '../catalogue/entry-content.js';
import { planRemoval, withRemoved } from '../catalogue/removal.js';
import type { ClientContext } from '../context.js';
import { MemberOpener, sealMember, sealMemberUnder } from './member-sealing.js';
import { PackBuilder } from './pack-builder.js';
import { readMembersBy } from './read-members.js';
import { repack } from './repack.js';
import { type StoreBytes, storePack } from './store-pack.js';

const profile = { k: 2, repairBelow: 3, n: 5 };
const fragmentSize = 65_536;
const plainOf = (length: number): Uint8Array => Uint8Array.from({ length }, (_, at) => at % 251);

describe('a member', () => {
  test.each([...packVectors.members])(
    'of $plainLength bytes is sealed as the slow road seals it',
    ({ plainLength }) => {
      const key = new Uint8Array(32).fill(3);
      const plain = plainOf(plainLength);
      expect(Buffer.compare(sealMemberUnder(plain, key), sealMemberSlowly(plain, key))).toBe(0);
    },
  );

  test('is opened whole and by ranges, in whatever pieces it comes', () => {
    const sizes = fc.integer({ min: 1, max: 3 * recordPlainBytes + 5 });
    fc.assert(
      fc.property(
        sizes,
        fc.double({ min: 0, max: 1, noNaN: true }),
        fc.integer({ min: 5_000, max: 90_000 }),
        (size, share, piece) => {
          const plain = plainOf(size);
          const { contentKey, sealed } = sealMember(plain);
          const from = Math.min(size - 1, Math.floor(share * size));
          const range = memberRange(size, from, size);
          const opener = new MemberOpener(contentKey, size, range.firstRecord, 'x');
          const parts: Uint8Array[] = [];
          for (let at = range.sealedFrom; at < range.sealedToExclusive; at += piece)
            parts.push(...opener.open(sealed.subarray(at, Math.min(at + piece, range.sealedToExclusive))));
          expect(Buffer.concat(parts).subarray(range.skipBytes).equals(plain.subarray(from))).toBe(true);
        },
      ),
      { verbose: true, numRuns: 15 },
    );
  });

  test('that was changed, cut, or sealed under another key does not open', () => {
    const plain = plainOf(recordPlainBytes + 10);
    const { contentKey, sealed } = sealMember(plain);
    const open = (bytes: Uint8Array, key = contentKey, length = plain.length) =>
      new MemberOpener(key, length, 0, 'x').open(bytes);
    const changed = sealed.slice();
    changed[randomInt(changed.length)]! ^= 1;
    const damaged = expect.objectContaining({ code: 'fetch/member-damaged' });
    expect(() => open(changed)).toThrow(damaged);
    expect(() => open(sealed, new Uint8Array(32))).toThrow(damaged);
    // A record taken for the last one: the flag in its nonce tells.
    expect(() => open(sealed, contentKey, recordPlainBytes)).toThrow(damaged);
    expect(Buffer.concat(open(sealed)).equals(plain)).toBe(true);
  });

  test('of the same bytes is never sealed under the same key', () => {
    const keys = new Set(Array.from({ length: 200 }, () => bytesToHex(sealMember(plainOf(10)).contentKey)));
    expect(keys.size).toBe(200);
  });
});

/** Providers that keep everything: what is stored, by the content key of its manifest. */
class Shelf {
  readonly stored = new Map<string, Uint8Array>();
  /** Segments of packs that nobody answers for: by content key and index. */
  readonly lost = new Set<string>();
  readBytes = 0;

  readonly store: StoreBytes = async (bytes, name) => {
    const manifest = manifestFor(bytes.length);
    this.stored.set(bytesToHex(manifest.contentKey), bytes);
    const entry: FileEntry = {
      path: name,
      sizeBytes: BigInt(bytes.length),
      modifiedAt: 0n,
      storedAt: 7n,
      paidUntilHeight: 1_000n,
      manifest: encodeManifest(manifest),
    };
    return { entry, quote: undefined as never, contracts: [] };
  };

  readonly read = async function* (
    this: Shelf,
    manifest: Manifest,
    { range }: { readonly range: { readonly from: number; readonly toExclusive: number } },
  ): AsyncGenerator<Uint8Array> {
    const key = bytesToHex(manifest.contentKey);
    const bytes = this.stored.get(key) ?? new Uint8Array(0);
    const capacity = segmentOf(manifest);
    for (let at = range.from; at < range.toExclusive; ) {
      const segment = Math.floor(at / capacity);
      if (this.lost.has(`${key}:${segment}`))
        throw new AppError({ code: 'fetch/too-few-fragments', message: `segment ${segment}` });
      const to = Math.min(range.toExclusive, (segment + 1) * capacity);
      this.readBytes += to - at;
      yield bytes.subarray(at, to);
      at = to;
    }
  }.bind(this);
}

function manifestFor(sizeBytes: number): Manifest {
  const planned = planFile({ sizeBytes, profile, fragmentSize });
  if (!planned.ok) throw new Error('no plan');
  return {
    sizeBytes,
    profile,
    fragmentSize,
    contentKey: new Uint8Array(randomBytes(32)),
    repairKey: new Uint8Array(32),
    fileHash: new Uint8Array(32),
    segments: [...segmentsOfPlan(planned.value)].map(({ plainLength, fragmentLength }) => ({
      segmentId: new Uint8Array(randomBytes(16)),
      plainLength,
      fragmentLength,
      fragmentIds: Array.from({ length: profile.n }, () => new Uint8Array(randomBytes(32))),
      holders: Array.from({ length: profile.n }, () => new Uint8Array(32)),
    })),
  };
}

function segmentOf(manifest: Manifest): number {
  const planned = planFile(manifest);
  return planned.ok ? planned.value.segmentCapacity : 0;
}

const context = {
  params: devnet,
  ledger: { status: async () => ({ tip: { height: 10 } }), contract: async () => null },
} as unknown as ClientContext;

/** Packs files as `storeFiles` does. */
async function pack(shelf: Shelf, files: readonly (readonly [string, Uint8Array])[]): Promise<FileEntry[]> {
  const entries: FileEntry[] = [];
  let builder = new PackBuilder(packCapacity(profile.k, fragmentSize));
  for (const [name, plain] of files) {
    if (!builder.fits(plain.length)) {
      entries.push(...(await storePack(builder.finish(), shelf.store)).entries);
      builder = new PackBuilder(packCapacity(profile.k, fragmentSize));
    }
    builder.add({ name, plain, modifiedAtMs: 5 });
  }
  if (builder.count > 0) entries.push(...(await storePack(builder.finish(), shelf.store)).entries);
  return entries;
}

async function readAll(shelf: Shelf, entries: readonly FileEntry[]): Promise<Map<string, Uint8Array>> {
  const read = new Map<string, Uint8Array>();
  const byPack = new Map<string, FileEntry[]>();
  for (const entry of entries) {
    const id = entry.member?.pack ?? '';
    byPack.set(id, [...(byPack.get(id) ?? []), entry]);
  }
  for (const together of byPack.values()) {
    for await (const member of readMembersBy(shelf.read, together)) {
      if ('error' in member) throw member.error;
      read.set(member.entry.path, member.plain);
    }
  }
  return read;
}

describe('packs', () => {
  type Step =
    | { readonly put: readonly (readonly [number, number])[] }
    | { readonly remove: readonly number[] };
  const name = fc.nat(20);
  const size = fc.oneof(
    { weight: 5, arbitrary: fc.integer({ min: 1, max: 2_000 }) },
    { weight: 1, arbitrary: fc.integer({ min: 30_000, max: 65_000 }) },
  );
  const step: fc.Arbitrary<Step> = fc.oneof(
    fc.record({ put: fc.array(fc.tuple(name, size), { minLength: 1, maxLength: 9 }) }),
    fc.record({ remove: fc.array(name, { minLength: 1, maxLength: 12 }) }),
  );

  test('through any history: every file that is left is right, no pack is more than half dead, no key serves twice', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 9 }), async (steps) => {
        const shelf = new Shelf();
        const model = new Map<string, Uint8Array>();
        const keys = new Set<string>();
        let catalogue: Catalogue = emptyCatalogue;
        const noteKeys = (entries: Iterable<FileEntry>): void => {
          for (const { member } of entries) {
            const key = bytesToHex(member?.contentKey ?? new Uint8Array(0));
            expect(keys.has(key)).toBe(false);
            keys.add(key);
          }
        };
        for (const each of steps) {
          if ('put' in each) {
            const files = each.put.map(
              ([at, length]) => [`f${at}`, new Uint8Array(randomBytes(length))] as const,
            );
            for (const [path, plain] of files) model.set(path, plain);
            const entries = await pack(shelf, files);
            noteKeys(entries);
            catalogue = withFiles(catalogue, entries);
          } else {
            const names = [...new Set(each.remove.map((at) => `f${at}`))].filter((path) => model.has(path));
            for (const path of names) model.delete(path);
            catalogue = withRemoved(catalogue, { names });
          }
          const { moved, failures } = await repack(context, catalogue, {
            read: shelf.read,
            storeWith: () => shelf.store,
          });
          expect(failures.map(({ code }) => code)).toEqual([]);
          noteKeys(moved.values());
          catalogue = withMoved(catalogue, moved);
          for (const { entries } of holdingsOf(catalogue)) {
            const live = entries.reduce((sum, { sizeBytes }) => sum + sealedLength(Number(sizeBytes)), 0);
            expect(2 * live).toBeGreaterThanOrEqual(manifestOf(entries[0] as FileEntry).sizeBytes);
          }
        }
        const read = await readAll(shelf, catalogue.files);
        expect([...read.keys()].sort()).toEqual([...model.keys()].sort());
        for (const [path, plain] of model)
          expect(Buffer.compare(read.get(path) ?? new Uint8Array(0), plain)).toBe(0);
      }),
      { verbose: true, numRuns: 15 },
    );
  }, 60_000);

  test('are read once from front to back for all their members, and across a gap of a segment not at all', async () => {
    const shelf = new Shelf();
    const files = Array.from({ length: 50 }, (_, at) => [`f${at}`, plainOf(20_000 + at)] as const);
    const entries = await pack(shelf, files);
    expect(entries.every(({ member }) => member?.pack === entries[0]?.member?.pack)).toBe(true);
    const packBytes = manifestOf(entries[0] as FileEntry).sizeBytes;
    await readAll(shelf, entries);
    expect(shelf.readBytes).toBeLessThanOrEqual(packBytes);
    shelf.readBytes = 0;
    const ends = [entries[0], entries[49]] as FileEntry[];
    expect([...(await readAll(shelf, ends)).keys()]).toEqual(['f0', 'f49']);
    expect(shelf.readBytes).toBeLessThan(packBytes / 10);
  });

  test('with a segment out of reach: what lies in it is told, the rest comes; such a pack is not stored anew', async () => {
    const shelf = new Shelf();
    const files = Array.from({ length: 50 }, (_, at) => [`f${at}`, plainOf(20_000)] as const);
    const entries = await pack(shelf, files);
    const manifest = manifestOf(entries[0] as FileEntry);
    const capacity = segmentOf(manifest);
    shelf.lost.add(`${bytesToHex(manifest.contentKey)}:2`);
    const touches = ({ member }: FileEntry): boolean => {
      const from = member?.offset ?? 0;
      return from < 3 * capacity && from + 20_016 > 2 * capacity;
    };
    const failed: string[] = [];
    let good = 0;
    for await (const member of readMembersBy(shelf.read, entries)) {
      if ('error' in member) failed.push(member.entry.path);
      else good += 1;
    }
    expect(failed).toEqual(entries.filter(touches).map(({ path }) => path));
    expect(good).toBe(50 - failed.length);

    const keep = new Set(['f18', 'f19', 'f20']);
    const names = files.map(([path]) => path).filter((path) => !keep.has(path));
    const catalogue = withRemoved(withFiles(emptyCatalogue, entries), { names });
    const { moved, failures, packs } = await repack(context, catalogue, {
      read: shelf.read,
      storeWith: () => shelf.store,
    });
    expect(failures.map(({ code }) => code)).toEqual(['fetch/too-few-fragments']);
    expect(packs).toBe(0);
    // Stored anew before the loss was met or not: whatever moved is whole.
    const read = await readAll(shelf, [...moved.values()]);
    for (const plain of read.values()) expect(Buffer.compare(plain, plainOf(20_000))).toBe(0);
  });

  test('that overlap, as nobody writes them, are each read by themselves', async () => {
    const shelf = new Shelf();
    const [a, b] = (await pack(shelf, [
      ['a', plainOf(100)],
      ['b', plainOf(200)],
    ])) as [FileEntry, FileEntry];
    const twice = { ...a, path: 'a again' };
    expect([...(await readAll(shelf, [a, twice, b])).keys()]).toEqual(['a', 'a again', 'b']);
    const other = (await pack(shelf, [['c', plainOf(5)]])) as [FileEntry];
    await expect(readMembersBy(shelf.read, [a, ...other]).next()).rejects.toThrow('one pack');
  });

  test('whose hash is another than the catalogue says are told', async () => {
    const shelf = new Shelf();
    const [a, b] = (await pack(shelf, [
      ['a', plainOf(10)],
      ['b', plainOf(20)],
    ])) as [FileEntry, FileEntry];
    const wrong = { ...a, member: { ...(a.member as object), fileHash: new Uint8Array(32) } } as FileEntry;
    const results = [];
    for await (const member of readMembersBy(shelf.read, [wrong, b])) results.push(member);
    expect(results).toMatchObject([{ error: { code: 'fetch/wrong-hash' } }, { plain: plainOf(20) }]);
  });
});

describe('what a removal sets free', () => {
  test('names, folders and versions; a pack goes with its last file, and is stored anew when more than half is dead', async () => {
    const shelf = new Shelf();
    const entries = await pack(
      shelf,
      Array.from({ length: 10 }, (_, at) => [`d/${at}`, plainOf(1_000)] as const),
    );
    const catalogue = withFiles(emptyCatalogue, [
      ...entries,
      ...(await pack(shelf, [['other', plainOf(5)]])),
    ]);
    const plan = (names: string[], version?: number) => planRemoval(catalogue, { names, version });
    expect(plan(['d/'])).toMatchObject({ leftBehind: 0, repacks: [] });
    expect(plan(['d/']).entries).toHaveLength(10);
    expect(plan(['d/0', 'd/1'])).toMatchObject({ leftBehind: 2, repacks: [] });
    const six = plan(['d/0', 'd/1', 'd/2', 'd/3', 'd/4', 'd/5']);
    expect(six.repacks.map((holding) => holding.entries.length)).toEqual([4]);
    expect(six.leftBehind).toBe(0);
    expect(() => plan(['d'])).toThrow(
      expect.objectContaining({ code: 'catalogue/no-such-file', next: expect.stringContaining("'d/'") }),
    );
    expect(() => plan(['x/'])).toThrow(expect.objectContaining({ code: 'catalogue/no-such-file' }));
    expect(() => plan(['d/0'], 2)).toThrow(expect.objectContaining({ code: 'catalogue/no-such-version' }));
    const twice = withFiles(catalogue, await pack(shelf, [['d/0', plainOf(9)]]), { keepVersions: true });
    expect(allEntries(twice)).toHaveLength(12);
    const first = withRemoved(twice, { names: ['d/0'], version: 2 });
    expect(findFile(first, 'd/0')?.sizeBytes).toBe(1_000n);
    expect(allEntries(withRemoved(twice, { names: ['d/0'] }))).toHaveLength(10);
  });
});
