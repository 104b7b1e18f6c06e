import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { FragmentId } from '#chain';
import { bytesToHex, hexToBytes } from '#crypto';
import { nativeCrypto } from '#crypto-native';
import {
  type Manifest,
  type ManifestSegment,
  planFile,
  recordSealedBytes,
  type SegmentPlan,
  segmentsOfPlan,
} from '#fragments';
import { FragmentPace } from '../reads/fragment-pace.js';
import { ClientStage } from '../testing/client-stage.js';
import { type ReadFault, type ReadWire, startReadWire } from '../testing/read-wire.js';
import { readFile } from './download.js';
import { formContracts } from './form-contracts.js';
import { UploadSlot } from './upload-slot.js';

const PROFILE = { k: 3, repairBelow: 4, n: 6 };
const FRAGMENT_BYTES = 131_072;
const SEGMENTS = 21;
const SIZE = 8_200_000;

let stage: ClientStage;
let wires: ReadWire[];
let plain: Uint8Array;
let manifest: Manifest;

beforeAll(async () => {
  stage = await ClientStage.open();
  for (const seed of [2, 3, 4, 5, 6]) await stage.market.addProvider({ seed });
  plain = new Uint8Array(randomBytes(SIZE));
  manifest = await store(plain);
  const { market } = stage;
  const providers = [market.provider, ...market.others];
  wires = await Promise.all(providers.map(({ url }) => startReadWire(url)));
}, 120_000);

afterAll(async () => {
  await Promise.all((wires ?? []).map((wire) => wire.close()));
  await stage.close();
}, 120_000);

/** Every test reads as a new process would: nothing is known of anybody. */
beforeEach(async () => {
  // Nobody is given up for his silence alone while a test lasts.
  await stage.reopenClient({ requestTimeoutMs: 30_000 });
  const { providers } = stage.client.context;
  const urls = new Map<string, string>();
  const { market } = stage;
  for (const [index, { provider }] of [market.provider, ...market.others].entries()) {
    urls.set(provider.context.account, (wires[index] as ReadWire).url);
  }
  const announced = providers.baseUrl.bind(providers);
  providers.baseUrl = async (provider) => urls.get(provider) ?? announced(provider);
  for (const wire of wires) Object.assign(wire, { fault: 'none', requests: 0, bytes: 0 });
});

/** Stores a file, fragment i of every segment with provider i, each under one contract. */
async function store(bytes: Uint8Array): Promise<Manifest> {
  const { context } = stage.client;
  const keys = { contentKey: new Uint8Array(randomBytes(32)), repairKey: new Uint8Array(randomBytes(32)) };
  const planned = planFile({ sizeBytes: bytes.length, profile: PROFILE, fragmentSize: FRAGMENT_BYTES });
  if (!planned.ok) throw new Error('no plan');
  const plans: SegmentPlan[] = [...segmentsOfPlan(planned.value)];
  const sealed = await Promise.all(
    plans.map(({ offset, plainLength }) =>
      context.pipeline.sealSegment({
        plain: bytes.slice(offset, offset + plainLength),
        ...keys,
        profile: PROFILE,
        fragmentSize: FRAGMENT_BYTES,
      }),
    ),
  );
  const candidates = await context.providers.candidates();
  const { market } = stage;
  const slots = await Promise.all(
    [market.provider, ...market.others].map(async ({ address }, index) => {
      const candidate = candidates.find(({ offer }) => offer.address === address);
      const room = { maxBytes: BigInt(bytes.length), maxFragments: plans.length, epochs: 30 };
      const slot = await UploadSlot.open(context, candidate as never, room);
      for (const { fragmentIds, fragments } of sealed) {
        const id = bytesToHex(fragmentIds[index] as Uint8Array) as FragmentId;
        await slot.put(id, fragments[index] as Uint8Array);
      }
      return slot;
    }),
  );
  const { tip, burnPerGiBEpoch } = await market.ledger.ledger.status();
  const now = { height: tip.height, burnPerGiBEpoch: BigInt(burnPerGiBEpoch) };
  const agreed = await Promise.all(slots.map((slot) => slot.agree(now)));
  await stage.whileMining(formContracts(context, agreed));
  await market.mine();
  const holders = slots.map(({ contract }) => hexToBytes(contract));
  const segments: ManifestSegment[] = sealed.map(
    ({ segmentId, plainLength, fragmentLength, fragmentIds }) => {
      return { segmentId, plainLength, fragmentLength, fragmentIds, holders };
    },
  );
  const fileHash = nativeCrypto.blake3(bytes);
  return {
    sizeBytes: bytes.length,
    profile: PROFILE,
    fragmentSize: FRAGMENT_BYTES,
    ...keys,
    fileHash,
    segments,
  };
}

/** Takes nobody for late, however busy the machine: what is asked for can be counted. */
class PatientPace extends FragmentPace {
  override lateAfterMs(): number {
    return 60_000;
  }
}

async function read(from = 0, toExclusive = SIZE, pace = new FragmentPace()): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  const { context } = stage.client;
  for await (const part of readFile(context, manifest, { range: { from, toExclusive }, pace }))
    parts.push(part);
  return Buffer.concat(parts);
}

const sum = (field: 'requests' | 'bytes'): number => wires.reduce((total, wire) => total + wire[field], 0);

/** Until so many have been asked for, or ten seconds are over, and no more are. */
async function untilNobodyAsks(least = 0): Promise<void> {
  const deadlineMs = performance.now() + 10_000;
  const isTooEarly = (): boolean => sum('requests') < least && performance.now() < deadlineMs;
  for (let before = -1; before !== sum('requests') || isTooEarly(); ) {
    before = sum('requests');
    await new Promise((resolve) => setTimeout(resolve, 150));
  }
}

function spoil(fault: ReadFault, ...indexes: number[]): void {
  for (const index of indexes) (wires[index] as ReadWire).fault = fault;
}

describe('ranges', () => {
  test('any range is the slice of the file', async () => {
    expect(manifest.segments).toHaveLength(SEGMENTS);
    const anywhere = fc.integer({ min: 0, max: SIZE });
    const nearEdge = fc
      .tuple(fc.nat(SEGMENTS), fc.integer({ min: -2, max: 2 }), fc.constantFrom(65_536, 393_184))
      .map(([count, off, edge]) => Math.min(SIZE, Math.max(0, count * edge + off)));
    const point = fc.oneof(anywhere, nearEdge);
    await fc.assert(
      fc.asyncProperty(point, point, async (a, b) => {
        const [from, toExclusive] = [Math.min(a, b), Math.max(a, b)];
        expect((await read(from, toExclusive)).equals(plain.subarray(from, toExclusive))).toBe(true);
      }),
      { numRuns: 40, verbose: 1 },
    );
  }, 60_000);

  test('a small one moves its records and nothing else, and asks nobody but their holder', async () => {
    const part = await read(70_000, 70_010, new PatientPace());
    expect(part.equals(plain.subarray(70_000, 70_010))).toBe(true);
    // Its record lies across the first two data fragments, which have 131,072 bytes.
    expect([sum('bytes'), sum('requests')]).toEqual([recordSealedBytes, 2]);
    expect(await read(5, 5)).toHaveLength(0);
    await expect(read(0, SIZE + 1)).rejects.toMatchObject({ code: 'fragments/range' });
  });

  test.each<ReadFault>(['lie', 'deny', 'hang', 'die', 'slow'])(
    'where the holder of its records should %s, the rest of the segment has them',
    async (fault) => {
      spoil(fault, 0);
      const startedMs = performance.now();
      expect((await read(10, 20_000)).equals(plain.subarray(10, 20_000))).toBe(true);
      expect(performance.now() - startedMs).toBeLessThan(10_000);
    },
  );
});

describe('whole files', () => {
  test('data fragments alone are read, each once; the first bytes come before the first segment', async () => {
    const { context } = stage.client;
    const reading = readFile(context, manifest, { pace: new PatientPace() });
    const first = await reading.next();
    expect((first.value as Uint8Array).length).toBe(131_072);
    const parts = [first.value as Uint8Array];
    for await (const part of reading) parts.push(part);
    expect(Buffer.concat(parts).equals(plain)).toBe(true);
    // The first two records lie in two fragments, the rest of their segment in two.
    const needed = 2 + 2 + (SEGMENTS - 1) * PROFILE.k;
    expect(sum('requests')).toBe(needed);
    expect(sum('bytes')).toBeLessThan(SIZE * 1.01);
  });

  test.each<ReadFault>(['lie', 'deny', 'hang', 'die', 'slow'])(
    'with providers that %s, as many as the profile survives; the next read does without them',
    async (fault) => {
      spoil(fault, 0, 1, 4);
      const startedMs = performance.now();
      expect((await read()).equals(plain)).toBe(true);
      // Less than one silence.
      expect(performance.now() - startedMs).toBeLessThan(15_000);
      for (const wire of wires) wire.requests = 0;
      expect((await read()).equals(plain)).toBe(true);
      const asked = wires.map(({ requests }) => requests);
      // Each of them is asked for every segment by who does not know; as a rival here and there where the machine is slow.
      for (const index of [0, 1, 4]) expect(asked[index]).toBeLessThan(SEGMENTS * 0.8);
    },
    60_000,
  );

  test('too few: an error that says how many and why, at once where everybody denies', async () => {
    spoil('deny', 0, 1, 2, 3);
    const startedMs = performance.now();
    await expect(read()).rejects.toMatchObject({
      code: 'fetch/too-few-fragments',
      message: expect.stringContaining('never heard of it'),
      data: { needed: 3, found: 2 },
    });
    expect(performance.now() - startedMs).toBeLessThan(10_000);
  });

  test('the last piece of a file whose hash is another is not given out', async () => {
    const wrong = { ...manifest, fileHash: new Uint8Array(32) };
    let given = 0;
    const reading = async () => {
      for await (const part of readFile(stage.client.context, wrong)) given += part.length;
    };
    await expect(reading()).rejects.toMatchObject({ code: 'fetch/wrong-hash' });
    expect(given).toBeLessThan(SIZE);
  });

  test('who takes slowly is waited for: so many segments are fetched ahead and no more', async () => {
    const reading = readFile(stage.client.context, manifest, { pace: new PatientPace() });
    await reading.next();
    await untilNobodyAsks();
    // Nine segments and the head; the whole file is 63.
    expect(sum('requests')).toBeLessThanOrEqual(9 * PROFILE.k + 3);
    expect(sum('requests')).toBeGreaterThan(PROFILE.k);
    await reading.return(undefined);
  });

  test('the next segment is asked for when half of one has come, and not sooner', async () => {
    const segment = PROFILE.k;
    const runs: { silent: number[]; from: number; least: number; isEager?: boolean }[] = [
      // The head and the rest of its segment, two parts each; then one segment, of which a third comes…
      { silent: [1, 2], from: 0, least: 2 + 2 + segment },
      // …also where a part of another has been taken meanwhile.
      { silent: [0, 1], from: 393_184 - 1000, least: 1 + segment },
      // Two thirds come of each: all that may be fetched ahead.
      { silent: [2], from: 0, least: 2 + 2 + 5 * segment },
      // And where segments are small, unless told otherwise, though none gets on.
      { silent: [1, 2], from: 0, least: 2 + 2 + 5 * segment, isEager: true },
    ];
    const asked: number[] = [];
    for (const { silent, from, least, isEager } of runs) {
      for (const wire of wires) Object.assign(wire, { fault: 'none', requests: 0 });
      spoil('hang', ...silent);
      const stop = new AbortController();
      const { context } = stage.client;
      const range = { from, toExclusive: SIZE };
      const options = { pace: new PatientPace(), signal: stop.signal, range };
      const reading = readFile(context, manifest, { ...options, ...(isEager ? {} : { inFlightBytes: 1 }) });
      const first = Promise.allSettled([reading.next(), reading.next()]);
      await untilNobodyAsks(least);
      asked.push(sum('requests'));
      stop.abort();
      await first;
    }
    const [atFirst, afterOne, ahead = 0] = runs.map(({ least }) => least);
    expect(asked.slice(0, 2)).toEqual([atFirst, afterOne]);
    expect(Math.min(...asked.slice(2))).toBeGreaterThanOrEqual(ahead);
  });
});
