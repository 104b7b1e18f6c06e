import { randomBytes } from 'node:crypto';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { isPlaced, type Manifest } from '#fragments';
import type { Candidate } from '#placement';
import { manifestOf } from '../catalogue/entry-content.js';
import { ClientStage, type ProviderWire, startProviderWire, type WireFault } from '../testing/index.js';
import { memorySource } from './source.js';
import { openStdinSource } from './stream-source.js';

const MiB = 2 ** 20;
const terms = { profile: { k: 2, repairBelow: 3, n: 6 }, epochs: 3, fragmentSize: 65_536 };
const QUORUM = 5;

let stage: ClientStage;
const wires: ProviderWire[] = [];
beforeAll(async () => {
  stage = await ClientStage.open();
  for (let seed = 2; seed <= 8; seed++) await stage.market.addProvider({ seed });
}, 120_000);
afterAll(() => stage.close());
let reservedBefore: string[] = [];
beforeEach(() => {
  reservedBefore = reserved();
});
afterEach(async () => {
  await Promise.all(wires.splice(0).map((wire) => wire.close()));
  await stage.reopenClient();
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
    const { wireOf } = await meet(8, { 1: onPut({ kind: 'slow', bytesPerSecond: 20_000 }) });
    const startedAt = performance.now();
    const bytes = new Uint8Array(randomBytes(3 * MiB));
    const stored = await stage.whileMining(stage.client.storeSource(memorySource(bytes), 'file', terms));
    const counts = await holdersOf(manifestOf(stored.entry));
    expect(Math.min(...counts)).toBe(6);
    expect(wireOf.get(1)?.faults()).toBeGreaterThan(0);
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
    const { wireOf } = await meet(8, {
      0: onPut({ kind: 'silent', afterBytes: 30_000 }),
      3: onPut({ kind: 'cut', afterBytes: 30_000 }),
    });
    const bytes = new Uint8Array(randomBytes(2 * MiB));
    const stored = await stage.whileMining(stage.client.storeSource(memorySource(bytes), 'file', terms));
    expect(Math.min(...(await holdersOf(manifestOf(stored.entry))))).toBe(6);
    expect(wireOf.get(0)?.faults()).toBeGreaterThan(0);
    expect(wireOf.get(3)?.faults()).toBeGreaterThan(0);
    expect((await readBack(stored.entry)).equals(bytes)).toBe(true);
  }, 60_000);

  test('one takes everything and denies it when terms are settled: another is filled from the rest', async () => {
    await meet(7, {
      2: ({ path }) =>
        path.startsWith('/v1/negotiations')
          ? { kind: 'refuse', status: 409, code: 'negotiation/over' }
          : undefined,
    });
    const bytes = new Uint8Array(randomBytes(MiB));
    const stored = await stage.whileMining(stage.client.storeSource(memorySource(bytes), 'file', terms));
    expect(Math.min(...(await holdersOf(manifestOf(stored.entry))))).toBe(6);
    expect((await readBack(stored.entry)).equals(bytes)).toBe(true);
  }, 60_000);

  test('one signs receipts and throws the data away: noticed before it is paid', async () => {
    const { candidates } = await meet(7);
    const liar = everyone().find(({ address }) => address === candidates[4]?.offer.address);
    const store = liar?.provider.context.store;
    if (store === undefined) throw new Error('no liar');
    const put = store.put.bind(store);
    store.put = async (id, ...rest) => {
      const stored = await put(id, ...rest);
      await store.remove(id);
      return stored;
    };
    try {
      const bytes = new Uint8Array(randomBytes(MiB));
      const stored = await stage.whileMining(stage.client.storeSource(memorySource(bytes), 'file', terms));
      expect(Math.min(...(await holdersOf(manifestOf(stored.entry))))).toBe(6);
      const views = await Promise.all(stored.contracts.map((id) => stage.view(id)));
      expect(views.map(({ providerAddress }) => providerAddress)).not.toContain(liar?.address);
    } finally {
      store.put = put;
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
