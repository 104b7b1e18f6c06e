import { existsSync, readdirSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { recordCount, recordPlainBytes, recordSealedBytes, sealedLength, segmentCapacity } from '#fragments';
import { allocateMemory, issuedMemoryBytes, keptMemoryBytes, releaseMemory } from './memory.js';
import type { OpenInput, SealedSegment, SegmentPipeline } from './port.js';
import { createSegmentPipeline } from './segment-pipeline.js';
import { patternBytes } from './testing/codec-conformance.js';

const profile = { k: 3, n: 8 };
const fragmentSize = 65536;
const capacity = segmentCapacity(profile.k, fragmentSize);
const contentKey = patternBytes(32, 1);
const repairKey = patternBytes(32, 2);

let pipeline: SegmentPipeline;
beforeAll(() => {
  pipeline = createSegmentPipeline({ workers: 2 });
});
afterAll(() => pipeline.close());

function toHex(bytes: Uint8Array | undefined): string {
  return Buffer.from(bytes ?? []).toString('hex');
}

function seal(plain: Uint8Array): Promise<SealedSegment> {
  return pipeline.sealSegment({ plain: plain.slice(), contentKey, repairKey, profile, fragmentSize });
}

/** What a client asks for that fetched the fragments `kept` (copies: the pipeline consumes what it is given). */
function openInput(sealed: SealedSegment, kept: readonly number[]): OpenInput {
  const fragments = sealed.fragments.map((fragment, index) =>
    kept.includes(index) ? fragment.slice() : undefined,
  );
  return { ...sealed, fragments, contentKey, repairKey, profile };
}

describe('segment pipeline', () => {
  test.each([1, 2, 65535, 65536, 65537, 131072, capacity - 1, capacity])(
    '%p bytes come back from data, from parity, and from a mix',
    async (length) => {
      const plain = patternBytes(length, length);
      const sealed = await seal(plain);
      expect(sealed.plainLength).toBe(length);
      for (const kept of [
        [0, 1, 2],
        [5, 6, 7],
        [1, 3, 7],
        [0, 1, 2, 3, 4, 5, 6, 7],
      ])
        expect(Buffer.compare(await pipeline.openSegment(openInput(sealed, kept)), plain)).toBe(0);
    },
  );

  test.each([0, capacity + 1])('a segment of %p bytes is refused with the allowed range', async (length) => {
    await expect(seal(new Uint8Array(length))).rejects.toThrow(`1 to ${capacity} fit`);
  });

  test('input moves when it is all of its memory and is copied when it is a view', async () => {
    const whole = patternBytes(1000, 1);
    await pipeline.sealSegment({ plain: whole, contentKey, repairKey, profile, fragmentSize });
    expect(whole.length).toBe(0);
    const memory = patternBytes(3000, 2);
    const view = memory.subarray(1000, 2000);
    const expected = toHex(view);
    const sealed = await pipeline.sealSegment({ plain: view, contentKey, repairKey, profile, fragmentSize });
    expect(memory.length).toBe(3000);
    expect(toHex(await pipeline.openSegment(openInput(sealed, [0, 1, 2])))).toBe(expected);
    const pooled = Buffer.from('a small Buffer lives in a pool shared with others');
    await pipeline.sealSegment({ plain: pooled, contentKey, repairKey, profile, fragmentSize });
    expect(pooled.toString()).toBe('a small Buffer lives in a pool shared with others');
  });

  test('two seals of the same plaintext share nothing', async () => {
    const plain = patternBytes(1, 1);
    const [a, b] = await Promise.all([seal(plain), seal(plain)]);
    expect(toHex(a.segmentId)).not.toBe(toHex(b.segmentId));
    const ids = [...a.fragmentIds, ...b.fragmentIds].map(toHex);
    expect(new Set(ids).size).toBe(16);
    const zeros = await seal(new Uint8Array(1000));
    expect(zeros.fragments.every((fragment) => new Set(fragment).size > 100)).toBe(true);
  });

  test('a flipped byte is found and its fragment named', async () => {
    const sealed = await seal(patternBytes(100_000, 3));
    const input = openInput(sealed, [0, 2, 4, 6]);
    for (const index of [2, 6]) {
      const fragment = input.fragments[index] as Uint8Array;
      fragment[fragment.length - 1] = (fragment.at(-1) as number) ^ 1;
    }
    await expect(pipeline.openSegment(input)).rejects.toMatchObject({
      name: 'AppError',
      code: 'erasure/fragment-damaged',
      data: { fragments: [2, 6] },
    });
  });

  test('a fragment of another length is damaged, too', async () => {
    const sealed = await seal(patternBytes(100_000, 3));
    const input = openInput(sealed, [0, 1, 2]);
    const fragments = input.fragments.map((fragment, index) => (index === 1 ? fragment?.slice(1) : fragment));
    await expect(pipeline.openSegment({ ...input, fragments })).rejects.toMatchObject({
      data: { fragments: [1] },
    });
  });

  test('an empty answer of a provider, or a buffer given away before, is a damaged fragment', async () => {
    const sealed = await seal(patternBytes(1000, 3));
    const input = openInput(sealed, [0, 1, 2]);
    const empty = input.fragments.map((fragment, index) => (index === 2 ? new Uint8Array(0) : fragment));
    await expect(pipeline.openSegment({ ...input, fragments: empty })).rejects.toMatchObject({
      data: { fragments: [2] },
    });
    await expect(pipeline.openSegment(input)).rejects.toMatchObject({ data: { fragments: [0, 1] } });
  });

  test('fewer than k fragments: how many there are and how many are needed', async () => {
    const sealed = await seal(patternBytes(10, 3));
    await expect(pipeline.openSegment(openInput(sealed, [1, 7]))).rejects.toMatchObject({
      code: 'erasure/too-few-fragments',
      data: { present: 2, k: 3, n: 8 },
    });
  });

  test('a wrong content key opens nothing', async () => {
    const sealed = await seal(patternBytes(10, 3));
    const input = { ...openInput(sealed, [0, 1, 2]), contentKey: patternBytes(32, 99) };
    await expect(pipeline.openSegment(input)).rejects.toMatchObject({
      code: 'erasure/record-damaged',
      data: { record: 0, records: 1 },
    });
  });

  test('a wrong repair key cannot open from parity', async () => {
    const sealed = await seal(patternBytes(70_000, 3));
    const input = { ...openInput(sealed, [3, 4, 5]), repairKey: patternBytes(32, 99) };
    await expect(pipeline.openSegment(input)).rejects.toMatchObject({ code: 'erasure/record-damaged' });
  });

  test('a fragment put in the place of another is damaged there', async () => {
    const sealed = await seal(patternBytes(70_000, 3));
    const input = openInput(sealed, [0, 1, 2]);
    const fragments = [input.fragments[1], input.fragments[0], ...input.fragments.slice(2)];
    await expect(pipeline.openSegment({ ...input, fragments })).rejects.toMatchObject({
      data: { fragments: [0, 1] },
    });
  });

  test('a shorter last record does not verify', async () => {
    const sealed = await seal(patternBytes(70_000, 3));
    const input = { ...openInput(sealed, [0, 1, 2]), plainLength: 69_999 };
    await expect(pipeline.openSegment(input)).rejects.toMatchObject({ data: { record: 1, records: 2 } });
  });

  test('the last flag stops a cut at a record boundary', async () => {
    const sealed = await seal(patternBytes(65_537, 3));
    // 65,536 bytes would need the same fragments: only the flag of record 0 tells that there was more.
    const input = { ...openInput(sealed, [0, 1, 2]), plainLength: 65_536 };
    expect(sealed.fragmentLength).toBe(22_528);
    await expect(pipeline.openSegment(input)).rejects.toMatchObject({ data: { record: 0, records: 1 } });
  });

  test.each([
    [0, 1, 70_000],
    [1, 2, 70_000],
    [0, 2, 131_072],
    [1, 3, 190_000],
    [0, 6, 900_000],
    [3, 14, 900_000],
    [13, 14, 900_000],
  ])('records %p to %p of %p bytes open from their part of the sealed stream', async (first, end, length) => {
    const wide = { k: 8, n: 12 };
    const plain = patternBytes(length, 7);
    const sealed = await pipeline.sealSegment({
      plain: plain.slice(),
      contentKey,
      repairKey,
      profile: wide,
      fragmentSize: 1 << 17,
    });
    const stream = Buffer.concat(sealed.fragments.slice(0, wide.k)).subarray(0, sealedLength(length));
    const part = new Uint8Array(stream.subarray(first * recordSealedBytes, end * recordSealedBytes));
    const { segmentId } = sealed;
    const input = (pieces: readonly Uint8Array[]) => ({
      segmentId,
      plainLength: length,
      contentKey,
      firstRecord: first,
      sealed: pieces,
    });
    const cuts = [0, 1, 65_530, 65_531, 65_552 + 3, part.length].filter((at) => at <= part.length);
    const pieces = cuts.slice(1).map((at, before) => part.slice(cuts[before], at));
    const expected = plain.subarray(first * recordPlainBytes, end * recordPlainBytes);
    expect(Buffer.compare(await pipeline.openRange(input(pieces)), expected)).toBe(0);
    const flipped = part.slice();
    flipped[flipped.length - 1] = (flipped.at(-1) as number) ^ 1;
    await expect(pipeline.openRange(input([flipped]))).rejects.toMatchObject({
      code: 'erasure/record-damaged',
      data: { record: end - 1, records: recordCount(length) },
    });
    await expect(pipeline.openRange(input([part.slice(1)]))).rejects.toThrow(/not whole records/);
    await expect(pipeline.openRange({ ...input([part.slice()]), firstRecord: 99 })).rejects.toThrow(
      /not whole/,
    );
  });

  test('lost fragments are repaired byte for byte with the repair key alone', async () => {
    const sealed = await seal(patternBytes(150_000, 3));
    const { segmentId, fragmentLength, fragmentIds } = sealed;
    for (const [kept, missing] of [
      [
        [0, 1, 2],
        [3, 7],
      ],
      [
        [5, 6, 7],
        [0, 4, 2],
      ],
      [
        [0, 4, 7],
        [1, 2, 3, 5, 6],
      ],
    ] as const) {
      const { fragments } = openInput(sealed, kept);
      const repaired = await pipeline.repairFragments({
        segmentId,
        fragmentLength,
        fragments,
        fragmentIds,
        repairKey,
        profile,
        missing,
      });
      expect(repaired.map(toHex)).toEqual(missing.map((index) => toHex(sealed.fragments[index])));
    }
  });

  test('holders of k fragments cannot make a parity fragment without the repair key', async () => {
    const sealed = await seal(patternBytes(150_000, 3));
    const input = { ...openInput(sealed, [0, 1, 2]), repairKey: patternBytes(32, 99), missing: [1, 3, 4] };
    await expect(pipeline.repairFragments(input)).rejects.toMatchObject({
      code: 'erasure/repair-mismatch',
      data: { fragments: [3, 4] },
    });
  });

  test('the id of a fragment is the hash of its bytes', async () => {
    const sealed = await seal(patternBytes(5000, 3));
    const fragment = sealed.fragments[4] as Uint8Array;
    expect(toHex(await pipeline.hashFragment(fragment))).toBe(toHex(sealed.fragmentIds[4]));
    expect(fragment.length).toBe(sealed.fragmentLength);
  });

  test('arguments of our own that cannot be right are invariant errors', async () => {
    const sealed = await seal(patternBytes(5000, 3));
    const input = openInput(sealed, [0, 1, 2]);
    const wrong: [Partial<OpenInput>, RegExp][] = [
      [{ profile: { k: 3, n: 300 } }, /value 300/],
      [{ contentKey: new Uint8Array(31) }, /32 bytes, not 31/],
      [{ segmentId: new Uint8Array(15) }, /16 bytes/],
      [{ fragments: [] }, /0 fragments/],
      [{ fragmentLength: 2048 * 8 }, /not 16384/],
      [{ plainLength: 0 }, /0 plaintext bytes/],
    ];
    for (const [change, message] of wrong) {
      const attempt = pipeline.openSegment({ ...input, ...change });
      await expect(attempt).rejects.toThrow(message);
      await expect(attempt).rejects.toMatchObject({ name: 'InvariantError' });
    }
    expect(() => createSegmentPipeline({ workers: 0 })).toThrow(/0 workers/);
  });
});

describe('memory of a pipeline', () => {
  test('fragments given back become the next ones, each in memory of its own', async () => {
    const size = 2 * fragmentSize;
    const plainLength = segmentCapacity(profile.k, size);
    const sealWide = (plain: Uint8Array) =>
      pipeline.sealSegment({ plain, contentKey, repairKey, profile, fragmentSize: size });
    const buffersOf = ({ fragments }: SealedSegment) => fragments.map(({ buffer }) => buffer);
    const plain = allocateMemory(plainLength);
    plain.set(patternBytes(plainLength, 1));
    const first = await sealWide(plain);
    const before = keptMemoryBytes();
    // The plaintext was given back, the fragments are ours.
    releaseMemory(plain);
    expect(keptMemoryBytes()).toBe(before);
    const buffers = buffersOf(first);
    for (const fragment of first.fragments) releaseMemory(fragment);
    expect(keptMemoryBytes()).toBe(before + profile.n * size);
    const plains = [2, 3].map((seed) => patternBytes(plainLength, seed));
    const sealed = await Promise.all(plains.map((one) => sealWide(one.slice())));
    expect(sealed.flatMap(buffersOf)).toEqual(expect.arrayContaining(buffers));
    expect(new Set(sealed.flatMap(buffersOf)).size).toBe(2 * profile.n);
    for (const [at, segment] of sealed.entries()) {
      const opened = await pipeline.openSegment(openInput(segment, [0, 5, 7]));
      expect(Buffer.compare(opened, plains[at] as Uint8Array)).toBe(0);
      releaseMemory(opened);
    }
  });

  test('a task that fails gives everything back', async () => {
    const sealed = await seal(patternBytes(segmentCapacity(profile.k, fragmentSize), 1));
    sealed.fragments[1]?.fill(0, 5, 9);
    const before = issuedMemoryBytes();
    await expect(pipeline.openSegment(openInput(sealed, [0, 1, 2]))).rejects.toMatchObject({
      code: 'erasure/fragment-damaged',
    });
    expect(issuedMemoryBytes()).toBe(before);
  });
});

describe('life of a pipeline', () => {
  const input = () => ({ plain: patternBytes(100_000, 1), contentKey, repairKey, profile, fragmentSize });

  test('close finishes what is in flight, may be called again, and nothing starts after it', async () => {
    const short = createSegmentPipeline({ workers: 2 });
    const inFlight = [short.sealSegment(input()), short.sealSegment(input()), short.sealSegment(input())];
    await Promise.all([short.close(), short.close()]);
    for (const sealed of await Promise.all(inFlight)) expect(sealed.fragments).toHaveLength(8);
    await expect(short.sealSegment(input())).rejects.toMatchObject({ code: 'erasure/closed' });
  });

  const testOnLinux = existsSync('/proc/self/task') ? test : test.skip;
  testOnLinux('no worker thread is left after close (counts threads in /proc)', async () => {
    const threadsBefore = threadCount();
    const short = createSegmentPipeline({ workers: 2 });
    await short.sealSegment(input());
    expect(threadCount()).toBeGreaterThan(threadsBefore);
    await short.close();
    await pollUntil(() => threadCount() <= threadsBefore);
  });
});

/** Operating-system threads of this process. */
function threadCount(): number {
  return readdirSync('/proc/self/task').length;
}

async function pollUntil(isDone: () => boolean): Promise<void> {
  const deadline = Date.now() + 5000;
  while (!isDone()) {
    if (Date.now() > deadline) throw new Error('still not so after 5 s');
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
