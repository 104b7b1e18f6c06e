import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { encodeSlowly } from '#fragments/testing';
import type { ErasureCodec } from '../port.js';

/** Bytes that look random and are the same in every run. */
export function patternBytes(length: number, seed: number): Uint8Array {
  let state = (seed * 2654435761 + 1) >>> 0;
  const bytes = new Uint8Array(length);
  for (let at = 0; at < length; at++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    bytes[at] = state >>> 24;
  }
  return bytes;
}

/** What both libraries publish in their tests. */
const publishedData = [
  [0, 1],
  [4, 5],
  [2, 3],
  [6, 7],
  [8, 9],
];
const publishedParity = [
  [12, 13],
  [10, 11],
  [14, 15],
  [90, 91],
  [94, 95],
];

/** The suite every ErasureCodec passes: equality with the slow oracle, and every way to lose n-k shards. */
export function describeCodecConformance(name: string, createCodec: () => ErasureCodec): void {
  describe(`ErasureCodec: ${name}`, () => {
    const codec = createCodec();

    const encoded = (k: number, n: number, length: number, seed: number): Uint8Array[] => {
      const data = Array.from({ length: k }, (_, index) => patternBytes(length, seed + index));
      const parity = Array.from({ length: n - k }, () => new Uint8Array(length).fill(0xee));
      codec.encode(data, parity);
      return [...data, ...parity];
    };

    test.each([
      [1, 2],
      [1, 256],
      [2, 5],
      [3, 8],
      [4, 12],
      [8, 24],
      [10, 30],
      [16, 40],
      [255, 256],
      [128, 256],
    ])('parity of %p of %p equals the oracle', (k, n) => {
      const shards = encoded(k, n, 7, k);
      expect(shards.slice(k).map(toHex)).toEqual(encodeSlowly(shards.slice(0, k), n - k).map(toHex));
    });

    test.each([
      [2, 5],
      [3, 8],
      [4, 12],
      [5, 9],
    ])('every %p of %p shards rebuild all the others', (k, n) => {
      const shards = encoded(k, n, 5, n);
      let cases = 0;
      for (let mask = 0; mask < 1 << n; mask++) {
        const isKept = (index: number) => (mask & (1 << index)) !== 0;
        if (shards.filter((_, index) => isKept(index)).length !== k) continue;
        const missing = [...shards.keys()].filter((index) => !isKept(index));
        const kept = shards.map((shard, index) => (isKept(index) ? shard : undefined));
        expect(codec.reconstruct(kept, k, missing).map(toHex)).toEqual(
          missing.map((index) => toHex(shards[index])),
        );
        cases++;
      }
      expect(cases).toBe(choose(n, k));
    });

    test('property: any k or more of n rebuild any wanted shards', () => {
      const shape = fc
        .integer({ min: 1, max: 40 })
        .chain((k) => fc.record({ k: fc.constant(k), n: fc.integer({ min: k + 1, max: k + 40 }) }));
      fc.assert(
        fc.property(
          shape,
          fc.integer({ min: 1, max: 3000 }),
          fc.nat(),
          fc.infiniteStream(fc.nat()),
          ({ k, n }, length, seed, draws) => {
            const shards = encoded(k, n, length, seed);
            const order = shuffled([...shards.keys()], draws);
            const keep = new Set(order.slice(0, k + (seed % (n - k))));
            const kept = shards.map((shard, index) => (keep.has(index) ? shard : undefined));
            const wanted = order.filter((_, at) => at % 2 === 0);
            expect(codec.reconstruct(kept, k, wanted).map(toHex)).toEqual(
              wanted.map((index) => toHex(shards[index])),
            );
          },
        ),
      );
    });

    test.each([65535, 65536, 65537, 200_000])('shards of %p bytes, wider than one stripe', (length) => {
      const shards = encoded(3, 6, length, 1);
      const lost = [undefined, shards[1], undefined, shards[3], undefined, shards[5]];
      expect(codec.reconstruct(lost, 3, [4, 2, 0]).map(toHex)).toEqual(
        [4, 2, 0].map((index) => toHex(shards[index])),
      );
    });

    test.each([
      [
        [0, 1, 2],
        [3, 4, 5, 6, 7],
      ],
      [
        [0, 1, 2],
        [7, 4],
      ],
      [
        [7, 1, 4],
        [0, 6],
      ],
    ])('part by part from shards %p to %p, read through one buffer', (present, wanted) => {
      const length = 150_001;
      const shards = encoded(3, 8, length, 4);
      const scratch = Buffer.alloc(length);
      const coded = wanted.map(() => Buffer.alloc(length));
      let written = 0;
      codec.code({
        length,
        present,
        wanted,
        read: (at, from, toExclusive) => {
          const part = scratch.subarray(0, toExclusive - from);
          part.set((shards[present[at] as number] as Uint8Array).subarray(from, toExclusive));
          return part;
        },
        write: (from, rows) => {
          expect(from).toBe(written);
          written += rows[0]?.length ?? 0;
          for (const [at, row] of rows.entries()) coded[at]?.set(row, from);
        },
      });
      expect(written).toBe(length);
      for (const [at, index] of wanted.entries())
        expect(Buffer.compare(coded[at] as Buffer, shards[index] as Uint8Array)).toBe(0);
    });

    test('5+5 as klauspost/reedsolomon and JavaReedSolomon publish it', () => {
      const data = publishedData.map((row) => Uint8Array.from(row));
      const parity = publishedParity.map(() => new Uint8Array(2));
      codec.encode(data, parity);
      expect(parity.map((row) => [...row])).toEqual(publishedParity);
      const lost = [undefined, undefined, undefined, undefined, undefined, ...parity];
      expect(codec.reconstruct(lost, 5, [0, 1, 2, 3, 4]).map((row) => [...row])).toEqual(publishedData);
    });

    test('many reconstructions do not wear the codec out', () => {
      const shards = encoded(3, 8, 2048, 9);
      const lost = [undefined, undefined, undefined, ...shards.slice(3)];
      for (let round = 0; round < 2000; round++) codec.reconstruct(lost, 3, [0, 1, 2]);
      expect(codec.reconstruct(lost, 3, [0, 1, 2]).map(toHex)).toEqual(shards.slice(0, 3).map(toHex));
    });

    test('fewer than k shards are an operational error with the counts', () => {
      const shards = encoded(3, 6, 10, 1);
      const lost = [shards[0], undefined, undefined, undefined, undefined, shards[5]];
      expect(() => codec.reconstruct(lost, 3, [1])).toThrow(
        expect.objectContaining({ code: 'erasure/too-few-fragments', data: { present: 2, k: 3, n: 6 } }),
      );
    });

    test('shapes and lengths that would trap or pass unnoticed are refused, and the codec lives on', () => {
      const row = () => new Uint8Array(8);
      const rows = (count: number) => Array.from({ length: count }, row);
      expect(() => codec.encode([], rows(2))).toThrow(/k 0|value 0/);
      expect(() => codec.encode(rows(2), [])).toThrow(/fragments\/profile/);
      expect(() => codec.encode(rows(200), rows(57))).toThrow(/257/);
      expect(() => codec.encode([new Uint8Array(0)], [new Uint8Array(0)])).toThrow(/at least one byte/);
      expect(() => codec.encode([row(), new Uint8Array(7)], [row()])).toThrow(/8 and 7/);
      expect(() => codec.encode([row(), row()], [new Uint8Array(9)])).toThrow(/8 and 9/);
      expect(() => codec.reconstruct([row(), undefined, new Uint8Array(9)], 2, [1])).toThrow(/8 and 9/);
      expect(() => codec.reconstruct([row(), row(), undefined], 2, [3])).toThrow(/no shard 3/);
      expect(() => codec.reconstruct([row(), row()], 0, [1])).toThrow(/fragments\/profile/);
      const shards = encoded(2, 3, 4, 5);
      expect(codec.reconstruct([undefined, shards[1], shards[2]], 2, [0]).map(toHex)).toEqual([
        toHex(shards[0]),
      ]);
    });
  });
}

function toHex(bytes: Uint8Array | undefined): string {
  return Buffer.from(bytes ?? []).toString('hex');
}

function choose(n: number, k: number): number {
  let result = 1;
  for (let step = 1; step <= k; step++) result = (result * (n - k + step)) / step;
  return result;
}

function shuffled(values: number[], draws: fc.Stream<number>): number[] {
  const result = [...values];
  for (let at = result.length - 1; at > 0; at--) {
    const other = (draws.next().value as number) % (at + 1);
    [result[at], result[other]] = [result[other] as number, result[at] as number];
  }
  return result;
}
