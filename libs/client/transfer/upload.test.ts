import { randomBytes } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { bytesToHex } from '#crypto';
import { nativeCrypto } from '#crypto-native';
import { AppError } from '#errors';
import { isPlaced, type Manifest } from '#fragments';
import type { Candidate } from '#placement';
import { manifestOf } from '../catalogue/entry-content.js';
import { ClientStage, type ProviderWire, startProviderWire, type WireFault } from '../testing/index.js';
import { memorySource } from './source.js';
import { openStdinSource } from './stream-source.js';

const MiB = 2 ** 20;
const terms = { profile: { k: 2, repairBelow: 3, n: 6 }, epochs: 3, fragmentSize: 65_536 };
const QUORUM = 5;
/** Everybody here shares one event loop: silence of two seconds may only mean that it is busy. */
const PATIENT_MS = 10_000;

let stage: ClientStage;
const wires: ProviderWire[] = [];
beforeAll(async () => {
  stage = await ClientStage.open();
  await stage.reopenClient({ requestTimeoutMs: PATIENT_MS });
  for (let seed = 2; seed <= 8; seed++) await stage.market.addProvider({ seed });
}, 120_000);
afterAll(() => stage.close());
let reservedBefore: string[] = [];
beforeEach(() => {
  reservedBefore = reserved();
});
afterEach(async () => {
  await Promise.all(wires.splice(0).map((wire) => wire.close()));
  await stage.reopenClient({ requestTimeoutMs: PATIENT_MS });
});

const everyone = () => [stage.market.provider, ...stage.market.others];
const balance = () => stage.client.context.wallet.balance();

/** Contracts to come that providers keep room for. */
function reserved(): string[] {
  return everyone().flatMap(({ provider }) =>
    provider.context.records.contracts().flatMap(({ state, id }) => (state === 'reserved' ? [id] : [])),
  );
}

/**
 * The client meets only the first `count` providers in the order they are chosen; some of them stand behind a wire.
 * Where fragments are read from, nothing is in between.
 */
async function meet(
  count: number,
  faults: Readonly<Record<number, Parameters<typeof startProviderWire>[1]>> = {},
): Promise<{ candidates: Candidate[]; wireOf: Map<number, ProviderWire> }> {
  const { providers } = stage.client.context;
  const all = (await providers.candidates()).sort((a, b) => (a.offer.provider < b.offer.provider ? -1 : 1));
  const wireOf = new Map<number, ProviderWire>();
  const candidates = await Promise.all(
    all.slice(0, count).map(async (candidate, at) => {
      const fault = faults[at];
      if (fault === undefined) return candidate;
      const wire = await startProviderWire(candidate.endpoint.addresses[0] ?? '', fault);
      wires.push(wire);
      wireOf.set(at, wire);
      return { ...candidate, endpoint: { ...candidate.endpoint, addresses: [wire.url] } };
    }),
  );
  providers.candidates = async () => candidates;
  return { candidates, wireOf };
}

const onPut =
  (fault: WireFault): Parameters<typeof startProviderWire>[1] =>
  ({ method }) =>
    method === 'PUT' ? fault : undefined;

/** Faults for whoever is asked first for something, one after the other: who is chosen is not for a test to know. */
function first(
  isMeant: (request: { readonly method: string; readonly path: string }) => boolean,
  ...faults: readonly WireFault[]
): Readonly<Record<number, Parameters<typeof startProviderWire>[1]>> {
  const roles = new Map<number, WireFault>();
  const faultOf = (at: number): Parameters<typeof startProviderWire>[1] => {
    return (request) => {
      const next = faults[roles.size];
      if (!isMeant(request)) return undefined;
      if (!roles.has(at) && next !== undefined) roles.set(at, next);
      return roles.get(at);
    };
  };
  return Object.fromEntries(Array.from({ length: 8 }, (_, at) => [at, faultOf(at)]));
}

const isPut = ({ method }: { readonly method: string }): boolean => method === 'PUT';
const faultsMet = (wireOf: ReadonlyMap<number, ProviderWire>): number[] =>
  [...wireOf.values()].map((wire) => wire.faults()).filter((count) => count > 0);

async function readBack(entry: Parameters<typeof stage.client.read>[0]): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  for await (const part of stage.client.read(entry)) parts.push(part);
  return Buffer.concat(parts);
}

/** Holders of each segment, whose providers must all differ: the failure domain of a devnet. */
async function holdersOf(manifest: Manifest): Promise<number[]> {
  const counts: number[] = [];
  for (const { holders } of manifest.segments) {
    const placed = holders.filter(isPlaced).map((holder) => Buffer.from(holder).toString('hex'));
    const providers = await Promise.all(placed.map(async (id) => (await stage.view(id)).provider));
    expect(new Set(providers).size).toBe(providers.length);
    counts.push(placed.length);
  }
  return counts;
}

describe('an upload', () => {
  test('is whole on every provider, read back right, in contracts over exactly its fragments', async () => {
    const bytes = new Uint8Array(randomBytes(2 * MiB + 17));
    const stored = await stage.whileMining(stage.client.storeSource(memorySource(bytes), 'file', terms));
    expect((await readBack(stored.entry)).equals(bytes)).toBe(true);
    const manifest = manifestOf(stored.entry);
    expect(new Set(await holdersOf(manifest))).toEqual(new Set([6]));
    for (const contract of stored.contracts) {
      expect(await stage.view(contract)).toMatchObject({ leafCount: manifest.segments.length });
    }
    expect(reserved().filter((id) => !reservedBefore.includes(id))).toEqual([]);
  }, 60_000);

  test('a provider that is much slower than the others is replaced by a spare and does not hold the file up', async () => {
    const { wireOf } = await meet(8, first(isPut, { kind: 'slow', bytesPerSecond: 20_000 }));
    const startedAt = performance.now();
    const bytes = new Uint8Array(randomBytes(3 * MiB));
    const stored = await stage.whileMining(stage.client.storeSource(memorySource(bytes), 'file', terms));
    const counts = await holdersOf(manifestOf(stored.entry));
    expect(Math.min(...counts)).toBe(6);
    expect(faultsMet(wireOf)).toHaveLength(1);
    // Waiting for it would take more than a minute.
    expect(performance.now() - startedAt).toBeLessThan(20_000);
    expect((await readBack(stored.entry)).equals(bytes)).toBe(true);
  }, 60_000);

  test('a slow one without a spare: stored at the quorum; what it did not take stays unplaced', async () => {
    await meet(6, { 1: onPut({ kind: 'slow', bytesPerSecond: 2_000 }) });
    const bytes = new Uint8Array(randomBytes(MiB));
    const stored = await stage.whileMining(stage.client.storeSource(memorySource(bytes), 'file', terms));
    const counts = await holdersOf(manifestOf(stored.entry));
    expect(Math.min(...counts)).toBe(QUORUM);
    expect((await readBack(stored.entry)).equals(bytes)).toBe(true);
  }, 60_000);

  test('one falls silent in the middle of a PUT, one is cut: spares take over', async () => {
    const silent: WireFault = { kind: 'silent', afterBytes: 30_000 };
    const { wireOf } = await meet(8, first(isPut, silent, { kind: 'cut', afterBytes: 30_000 }));
    const bytes = new Uint8Array(randomBytes(2 * MiB));
    const stored = await stage.whileMining(stage.client.storeSource(memorySource(bytes), 'file', terms));
    expect(Math.min(...(await holdersOf(manifestOf(stored.entry))))).toBe(6);
    expect(faultsMet(wireOf)).toHaveLength(2);
    expect((await readBack(stored.entry)).equals(bytes)).toBe(true);
  }, 60_000);

  test('one takes everything and denies it when terms are settled: another is filled from the rest', async () => {
    const isAgreeing = ({ path }: { readonly path: string }): boolean => path.startsWith('/v1/negotiations');
    const denial: WireFault = { kind: 'refuse', status: 409, code: 'negotiation/over' };
    const { wireOf } = await meet(7, first(isAgreeing, denial));
    const bytes = new Uint8Array(randomBytes(MiB));
    const stored = await stage.whileMining(stage.client.storeSource(memorySource(bytes), 'file', terms));
    expect(Math.min(...(await holdersOf(manifestOf(stored.entry))))).toBe(6);
    expect(faultsMet(wireOf)).toHaveLength(1);
    expect((await readBack(stored.entry)).equals(bytes)).toBe(true);
  }, 60_000);

  test('one signs receipts and throws the data away: noticed before it is paid', async () => {
    await meet(7);
    let liar: string | undefined;
    const restore = everyone().map(({ address, provider: { context } }) => {
      const { store } = context;
      const put = store.put.bind(store);
      store.put = async (id, ...rest) => {
        const stored = await put(id, ...rest);
        liar ??= address;
        if (liar === address) await store.remove(id);
        return stored;
      };
      return () => {
        store.put = put;
      };
    });
    try {
      const bytes = new Uint8Array(randomBytes(MiB));
      const stored = await stage.whileMining(stage.client.storeSource(memorySource(bytes), 'file', terms));
      expect(Math.min(...(await holdersOf(manifestOf(stored.entry))))).toBe(6);
      const views = await Promise.all(stored.contracts.map((id) => stage.view(id)));
      expect(views.map(({ providerAddress }) => providerAddress)).not.toContain(liar);
    } finally {
      for (const undo of restore) undo();
    }
  }, 60_000);

  test('too many fail: nothing is paid, and no provider keeps room for it', async () => {
    await meet(6, {
      0: onPut({ kind: 'cut', afterBytes: 0 }),
      1: onPut({ kind: 'cut', afterBytes: 0 }),
    });
    const before = await balance();
    const bytes = new Uint8Array(randomBytes(MiB));
    await expect(stage.client.storeSource(memorySource(bytes), 'file', terms)).rejects.toMatchObject({
      code: 'placement/too-few-providers',
      data: { needed: QUORUM, found: 4 },
    });
    expect(await balance()).toBe(before);
    expect(reserved().filter((id) => !reservedBefore.includes(id))).toEqual([]);
  }, 60_000);
});

describe('a source of unknown size', () => {
  const stream = async function* (bytes: Uint8Array, partBytes: number): AsyncGenerator<Uint8Array> {
    for (let at = 0; at < bytes.length; at += partBytes) yield bytes.subarray(at, at + partBytes);
  };

  test.each([0, 1, 131_040, 131_041, MiB + 333])(
    'of %d bytes: priced at its end, read back right',
    async (size) => {
      const bytes = new Uint8Array(randomBytes(size));
      const quotes: bigint[] = [];
      const stored = await stage.whileMining(
        stage.client.storeSource(openStdinSource(stream(bytes, 50_001)), 'stdin', {
          ...terms,
          onQuote: ({ storedBytes }) => void quotes.push(storedBytes),
        }),
      );
      expect(stored.entry.sizeBytes).toBe(BigInt(size));
      expect((await readBack(stored.entry)).equals(bytes)).toBe(true);
      const { segments } = manifestOf(stored.entry);
      const storedBytes = segments.reduce((sum, { fragmentLength }) => sum + 6 * fragmentLength, 0);
      expect(quotes).toEqual(size === 0 ? [] : [BigInt(storedBytes)]);
      expect(reserved().filter((id) => !reservedBefore.includes(id))).toEqual([]);
    },
    60_000,
  );

  test('that breaks off: nothing is paid, nothing is left', async () => {
    const before = await balance();
    const broken = async function* (): AsyncGenerator<Uint8Array> {
      yield new Uint8Array(300_000);
      throw Object.assign(new Error('gone'), { code: 'EPIPE' });
    };
    await expect(stage.client.storeSource(openStdinSource(broken()), 'stdin', terms)).rejects.toMatchObject({
      code: 'source/unreadable',
      message: expect.stringContaining('EPIPE'),
    });
    expect(await balance()).toBe(before);
    expect(reserved().filter((id) => !reservedBefore.includes(id))).toEqual([]);
  }, 60_000);

  test('whose price is not accepted: nothing is paid', async () => {
    const before = await balance();
    const source = openStdinSource(stream(new Uint8Array(300_000), 65_536));
    const refuse = (): never => {
      throw new Error('too dear');
    };
    await expect(stage.client.storeSource(source, 'stdin', { ...terms, onQuote: refuse })).rejects.toThrow(
      'too dear',
    );
    expect(await balance()).toBe(before);
    expect(reserved().filter((id) => !reservedBefore.includes(id))).toEqual([]);
  }, 60_000);
});

describe('nobody takes it', () => {
  const bytes = new Uint8Array(200_000);
  const full: Parameters<typeof startProviderWire>[1] = ({ path }) =>
    path === '/v1/reservations' ? { kind: 'refuse', status: 507, code: 'reservation/no-room' } : undefined;

  test('all are full: said so, nothing paid, nothing left', async () => {
    await meet(6, { 0: full, 1: full, 2: full, 3: full, 4: full, 5: full });
    const before = await balance();
    await expect(stage.client.storeSource(memorySource(bytes), 'file', terms)).rejects.toMatchObject({
      code: 'placement/too-few-providers',
      message: expect.stringContaining('reservation/no-room'),
    });
    expect(await balance()).toBe(before);
    expect(reserved().filter((id) => !reservedBefore.includes(id))).toEqual([]);
  }, 60_000);

  test('some are full: who kept room already has it back at once, and nothing is left to go on with', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'cairn-upload-'));
    const path = join(folder, 'source');
    await writeFile(path, bytes);
    for (const store of [
      () => stage.client.storeSource(memorySource(bytes), 'file', terms),
      () => stage.client.storeFile(path, 'file', terms),
    ]) {
      await stage.reopenClient({ requestTimeoutMs: PATIENT_MS, journalFolder: folder });
      await meet(6, { 0: full, 1: full });
      await expect(store()).rejects.toMatchObject({ code: 'placement/too-few-providers' });
      expect(reserved().filter((id) => !reservedBefore.includes(id))).toEqual([]);
    }
    expect(await readdir(join(folder, 'uploads'))).toEqual([]);
    await rm(folder, { recursive: true });
  }, 60_000);

  test('none answers: said so', async () => {
    const nothing = onPut({ kind: 'cut', afterBytes: 0 });
    const { wireOf } = await meet(6, {
      0: nothing,
      1: nothing,
      2: nothing,
      3: nothing,
      4: nothing,
      5: nothing,
    });
    await Promise.all([...wireOf.values()].map((wire) => wire.close()));
    wires.splice(0);
    await expect(stage.client.storeSource(memorySource(bytes), 'file', terms)).rejects.toMatchObject({
      code: 'placement/too-few-providers',
      message: expect.stringContaining('ECONNREFUSED'),
    });
  }, 60_000);

  test('all promise room and then say that it is used up: said so, and not asked again and again', async () => {
    const liar = onPut({ kind: 'refuse', status: 422, code: 'reservation/over-bytes' });
    const { wireOf } = await meet(6, { 0: liar, 1: liar, 2: liar, 3: liar, 4: liar, 5: liar });
    await expect(stage.client.storeSource(memorySource(bytes), 'file', terms)).rejects.toMatchObject({
      code: 'placement/too-few-providers',
      message: expect.stringContaining('used up'),
    });
    for (const count of faultsMet(wireOf)) expect(count).toBeLessThan(40);
    expect(reserved().filter((id) => !reservedBefore.includes(id))).toEqual([]);
  }, 60_000);

  test('this machine’s clock is wrong: the error says what to do about it', async () => {
    await stage.reopenClient({ nowMs: () => Date.now() + 40 * 3600 * 1000 });
    await expect(stage.client.storeSource(memorySource(bytes), 'file', terms)).rejects.toMatchObject({
      code: 'placement/too-few-providers',
      next: expect.stringContaining('clock'),
    });
    expect(reserved().filter((id) => !reservedBefore.includes(id))).toEqual([]);
  }, 60_000);
});

test('a source that cannot be read while room is asked for leaves no room behind', async () => {
  await meet(6);
  let wasAskedFor = 0;
  const source = {
    ...memorySource(new Uint8Array(300_000)),
    read: async () => {
      // They have the question by now, and answer it meanwhile.
      while (reserved().length === reservedBefore.length && wasAskedFor++ < 1000) await sleep(1);
      throw new AppError({ code: 'source/unreadable', message: 'the disk is gone' });
    },
  };
  await expect(stage.client.storeSource(source, 'file', terms)).rejects.toMatchObject({
    code: 'source/unreadable',
  });
  expect(wasAskedFor).toBeLessThan(1000);
  expect(reserved().filter((id) => !reservedBefore.includes(id))).toEqual([]);
}, 60_000);

test('a segment that fails while the next one is read ends the upload with its own error', async () => {
  const { pipeline } = stage.client.context;
  const seal = pipeline.sealSegment.bind(pipeline);
  let sealed = 0;
  pipeline.sealSegment = (input) => {
    sealed += 1;
    if (sealed > 1) return seal(input);
    return Promise.reject(new AppError({ code: 'erasure/worker-ended', message: 'out of memory' }));
  };
  const source = memorySource(new Uint8Array(randomBytes(2 * MiB)));
  let reads = 0;
  const slow = {
    ...source,
    read: async (lengthBytes: number) => {
      const part = await source.read(lengthBytes);
      // The failure comes in the middle of a read.
      for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve));
      reads += 1;
      return part;
    },
  };
  await expect(stage.client.storeSource(slow, 'file', terms)).rejects.toMatchObject({
    code: 'erasure/worker-ended',
  });
  expect(reads).toBeLessThan(5);
}, 60_000);

describe('a second run', () => {
  let folder: string;
  let path: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'cairn-upload-'));
    path = join(folder, 'source');
    await writeFile(path, randomBytes(MiB));
    await reopen();
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  const reopen = () => stage.reopenClient({ journalFolder: folder, requestTimeoutMs: PATIENT_MS });
  const contentOf = (entry: Parameters<typeof manifestOf>[0]) => bytesToHex(manifestOf(entry).contentKey);

  test('sends only what the first one, stopped in the middle, had not finished', async () => {
    const stop = new AbortController();
    const onProgress = ({ done }: { done: number }): void => {
      if (done > MiB / 2) stop.abort(new Error('stopped'));
    };
    const first = { ...terms, signal: stop.signal, onProgress };
    await expect(stage.client.storeFile(path, 'file', first)).rejects.toThrow('stopped');
    await reopen();
    const sealed: unknown[] = [];
    const { pipeline } = stage.client.context;
    const seal = pipeline.sealSegment.bind(pipeline);
    pipeline.sealSegment = (input) => {
      sealed.push(input);
      return seal(input);
    };
    const stored = await stage.whileMining(stage.client.storeFile(path, 'file', terms));
    const { segments } = manifestOf(stored.entry);
    expect(sealed.length).toBeGreaterThan(0);
    expect(sealed.length).toBeLessThan(segments.length - 2);
    expect((await readBack(stored.entry)).equals(await readFile(path))).toBe(true);
    expect(reserved().filter((id) => !reservedBefore.includes(id))).toEqual([]);
    await holdersOf(manifestOf(stored.entry));
  }, 60_000);

  test('forms what the first one had agreed on, and nothing twice', async () => {
    const { wallet } = stage.client.context;
    wallet.submit = async () => {
      throw new Error('killed');
    };
    await expect(stage.client.storeFile(path, 'file', terms)).rejects.toThrow('killed');
    const open = (await stage.client.context.journal.open()).map(({ contract }) => contract);
    expect(open).toHaveLength(6);
    await reopen();
    expect(await stage.client.withdrawOpenNegotiations()).toEqual([]);
    const { pipeline } = stage.client.context;
    pipeline.sealSegment = () => Promise.reject(new Error('sealed again'));
    const stored = await stage.whileMining(stage.client.storeFile(path, 'file', terms));
    expect([...stored.contracts].sort()).toEqual(open.sort());
    expect((await readBack(stored.entry)).equals(await readFile(path))).toBe(true);
  }, 60_000);

  test('uses what the first one had formed; once anchored it begins anew', async () => {
    const first = await stage.whileMining(stage.client.storeFile(path, 'file', terms));
    await reopen();
    const second = await stage.whileMining(stage.client.storeFile(path, 'file', terms));
    expect(second.contracts).toEqual(first.contracts);
    expect(contentOf(second.entry)).toBe(contentOf(first.entry));
    await stage.whileMining(stage.client.anchor([second.entry]));
    expect(await readdir(join(folder, 'uploads'))).toEqual([]);
    const third = await stage.whileMining(stage.client.storeFile(path, 'file', terms));
    expect(contentOf(third.entry)).not.toBe(contentOf(first.entry));
    expect(third.contracts.filter((id) => first.contracts.includes(id))).toEqual([]);
  }, 60_000);

  test('that goes on with contracts the list of files names already does not end them when its own anchor fails', async () => {
    // So long that a few blocks more do not make them too short to be used again.
    const long = { ...terms, epochs: 30 };
    const first = await stage.whileMining(stage.client.storeFile(path, 'file', long));
    // As after an anchor whose outcome was not learned: the journal stays.
    stage.client.context.uploads.close = async () => undefined;
    await stage.whileMining(stage.client.anchor([first.entry]));
    await reopen();
    const second = await stage.whileMining(stage.client.storeFile(path, 'file', long));
    expect(second.contracts).toEqual(first.contracts);
    stage.client.context.providers.candidates = async () => [];
    await expect(stage.client.anchor([second.entry])).rejects.toMatchObject({
      code: 'placement/too-few-providers',
    });
    await stage.market.mine();
    for (const id of first.contracts) {
      const view = await stage.view(id);
      expect([view.status, view.endEpoch]).toEqual(['active', view.epochs]);
    }
  }, 60_000);

  test('does not call contracts unused that a file lies under, whatever negotiations were left open', async () => {
    stage.client.context.journal.close = async () => undefined;
    const stored = await stage.whileMining(stage.client.storeFile(path, 'file', terms));
    const left = (await stage.client.context.journal.open()).map(({ contract }) => contract);
    expect(left).toEqual(expect.arrayContaining([...stored.contracts] as typeof left));
    await stage.whileMining(stage.client.anchor([stored.entry]));
    await reopen();
    const named = new Set(stored.contracts);
    const unused = await stage.client.withdrawOpenNegotiations();
    expect(unused.filter((id) => named.has(id))).toEqual([]);
  }, 60_000);

  test('of a source that was edited since it was formed: the rest is kept, contracts that keep nothing are ended', async () => {
    const first = await stage.whileMining(stage.client.storeFile(path, 'file', terms));
    await writeFile(path, randomBytes(MiB));
    await reopen();
    const second = await stage.whileMining(stage.client.storeFile(path, 'file', terms));
    const before = new Set(manifestOf(first.entry).segments.map(({ segmentId }) => bytesToHex(segmentId)));
    for (const { segmentId } of manifestOf(second.entry).segments) {
      expect(before.has(bytesToHex(segmentId))).toBe(false);
    }
    expect((await readBack(second.entry)).equals(await readFile(path))).toBe(true);
    await stage.market.mine();
    for (const id of first.contracts) {
      const view = await stage.view(id);
      expect(view.status !== 'active' || view.endEpoch < view.epochs).toBe(true);
    }
  }, 60_000);
});

const REPAIRER = nativeCrypto.publicKey(new Uint8Array(32).fill(9));

describe('gaps of a stored file', () => {
  test('of two that fill the same one the first stands, and what the other formed is ended', async () => {
    await meet(6, { 1: onPut({ kind: 'refuse', status: 503, code: 'fragment/busy' }) });
    const bytes = new Uint8Array(randomBytes(50_000));
    const long = { ...terms, epochs: 40 };
    const stored = await stage.whileMining(stage.client.storeSource(memorySource(bytes), 'twice', long));
    await stage.reopenClient();
    const { client } = stage;
    await stage.whileMining(client.anchor([stored.entry]));
    const entry = await client.file('twice');
    const one = await stage.whileMining(client.fillFile(entry));
    const other = await stage.whileMining(client.fillFile(entry));
    expect([one.formed.length, other.formed.length]).toEqual([1, 1]);
    await stage.whileMining(client.publishFilled([one]));
    await expect(stage.whileMining(client.publishFilled([other]))).rejects.toMatchObject({
      code: 'fill/overtaken',
      data: { files: ['twice'] },
    });
    await stage.market.mine();
    expect(manifestOf(await client.file('twice'))).toEqual(manifestOf(one.entry));
    const isEnding = async ([contract]: readonly string[]): Promise<boolean> => {
      const { status, endEpoch, epochs } = await stage.view(contract ?? '');
      return status !== 'active' || endEpoch < epochs;
    };
    expect([await isEnding(one.formed), await isEnding(other.formed)]).toEqual([false, true]);
    const again = await client.file('twice');
    expect(await client.fillFile(again)).toMatchObject({ lost: 0, formed: [] });
  }, 60_000);

  test('are filled from the rest: what was not placed, and what its holder does not have any more', async () => {
    await meet(6, { 1: onPut({ kind: 'refuse', status: 503, code: 'fragment/busy' }) });
    const bytes = new Uint8Array(randomBytes(300_000));
    const repair = { key: REPAIRER, maxBasePerEpoch: 10n ** 9n, maxPricePerGiBEpoch: 10n ** 12n };
    const deposits = { repair, reserve: 10n ** 6n };
    const storing = stage.client.storeSource(memorySource(bytes), 'file', { ...terms, deposits });
    const stored = await stage.whileMining(storing);
    const { segments } = manifestOf(stored.entry);
    expect(Math.min(...(await holdersOf(manifestOf(stored.entry))))).toBe(QUORUM);
    await stage.reopenClient();
    const filled = await stage.whileMining(stage.client.fillFile(stored.entry));
    // Whoever repairs the others repairs what was added.
    const [added] = await Promise.all(filled.formed.map((id) => stage.view(id)));
    expect(added).toMatchObject({ reserve: '1000000', repair: { key: bytesToHex(REPAIRER) } });
    expect(filled).toMatchObject({ lost: segments.length, placed: segments.length, released: [] });
    expect(filled.formed).toHaveLength(1);
    expect(Math.min(...(await holdersOf(manifestOf(filled.entry))))).toBe(6);

    const [holder] = stored.contracts;
    const { provider } = await stage.view(holder ?? '');
    const loser = everyone().find((one) => one.provider.context.account === provider);
    const ids = manifestOf(stored.entry).segments.flatMap(({ fragmentIds }) => fragmentIds.map(bytesToHex));
    for (const id of ids) await loser?.provider.context.store.remove(id as never);
    const again = await stage.whileMining(stage.client.fillFile(filled.entry));
    expect(again).toMatchObject({ lost: segments.length, placed: segments.length, released: [holder] });
    expect(Math.min(...(await holdersOf(manifestOf(again.entry))))).toBe(6);
    expect((await readBack(again.entry)).equals(bytes)).toBe(true);
    expect(await stage.client.fillFile(again.entry)).toMatchObject({ lost: 0, formed: [] });
  }, 60_000);
});
