import { randomBytes } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { blake3 } from '@noble/hashes/blake3.js';
import type { FragmentId } from '#chain';
import type { FragmentStore } from '../fragment-store.js';

const CAPACITY_BYTES = 8 << 20;

const idOf = (bytes: Uint8Array): FragmentId => Buffer.from(blake3(bytes)).toString('hex') as FragmentId;

async function* inPieces(bytes: Uint8Array, pieceBytes: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += pieceBytes) yield bytes.subarray(at, at + pieceBytes);
}

async function drain(stream: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  for await (const part of stream) parts.push(part);
  return Buffer.concat(parts);
}

/** What every fragment store promises. `open` gives a fresh store of 8 MiB; `reopen` opens the same one again. */
export function fragmentStoreConformance(
  name: string,
  adapter: {
    open(capacityBytes: number): Promise<FragmentStore>;
    reopen(capacityBytes: number): Promise<FragmentStore>;
    clean(): Promise<void>;
  },
): void {
  describe(`FragmentStore: ${name}`, () => {
    let store: FragmentStore;
    beforeEach(async () => {
      store = await adapter.open(CAPACITY_BYTES);
    });
    afterEach(async () => {
      await store.close();
      await adapter.clean();
    });

    for (const lengthBytes of [1, 1023, 1024, 1025, 65_536, (1 << 20) + 1, 4 << 20]) {
      test(`gives back ${lengthBytes} bytes, put whole or in pieces`, async () => {
        for (const pieceBytes of [0, 1000, 65_536, 1 << 22]) {
          const bytes = randomBytes(lengthBytes);
          const id = idOf(bytes);
          const put = await store.put(
            id,
            pieceBytes === 0 ? bytes : inPieces(bytes, pieceBytes),
            lengthBytes,
          );
          expect(put).toEqual({ ok: true, value: { id, lengthBytes } });
          expect(await store.stat(id)).toEqual({ id, lengthBytes });
          const opened = await store.open(id);
          expect((await drain(opened!.stream)).equals(bytes)).toBe(true);
          const read = await store.read(id);
          expect(read?.ok && Buffer.from(read.value).equals(bytes)).toBe(true);
          expect(await store.remove(id)).toBe(true);
          expect(await store.remove(id)).toBe(false);
          expect(store.usedBytes()).toBe(0);
        }
      });
    }

    test('reads ranges', async () => {
      const bytes = randomBytes(300_000);
      const id = idOf(bytes);
      await store.put(id, bytes, bytes.length);
      for (const [start, endExclusive] of [
        [0, 1],
        [299_999, 300_000],
        [1000, 270_000],
        [5, 5],
      ] as const) {
        const opened = await store.open(id, { start, endExclusive });
        expect(opened!.lengthBytes).toBe(300_000);
        expect((await drain(opened!.stream)).equals(bytes.subarray(start, endExclusive))).toBe(true);
      }
    });

    test('refuses bytes that do not match their id, and keeps nothing of them', async () => {
      const bytes = randomBytes(70_000);
      const id = idOf(randomBytes(4));
      const put = await store.put(id, inPieces(bytes, 8192), bytes.length);
      expect(put).toMatchObject({ ok: false, violation: { rule: 'fragment/mismatch', hash: idOf(bytes) } });
      expect(await store.has(id)).toBe(false);
      expect(store.usedBytes()).toBe(0);
    });

    test('refuses fewer and more bytes than announced', async () => {
      const bytes = randomBytes(70_000);
      const id = idOf(bytes);
      for (const announced of [69_999, 70_001]) {
        for (const source of [bytes, inPieces(bytes, 8192)]) {
          const put = await store.put(id, source, announced);
          expect(put).toMatchObject({ ok: false, violation: { rule: 'fragment/length' } });
        }
      }
      expect(await store.has(id)).toBe(false);
      expect(store.usedBytes()).toBe(0);
    });

    test('passes on an error of the source and keeps nothing', async () => {
      const bytes = randomBytes(70_000);
      async function* broken(): AsyncGenerator<Uint8Array> {
        yield bytes.subarray(0, 8192);
        throw new Error('the sender went away');
      }
      await expect(store.put(idOf(bytes), broken(), bytes.length)).rejects.toThrow('the sender went away');
      expect(await store.has(idOf(bytes))).toBe(false);
      expect((await store.put(idOf(bytes), bytes, bytes.length)).ok).toBe(true);
    });

    test('a repeated put is harmless, several at once too', async () => {
      const bytes = randomBytes(200_000);
      const id = idOf(bytes);
      const puts = await Promise.all(
        Array.from({ length: 6 }, () => store.put(id, inPieces(bytes, 8192), bytes.length)),
      );
      expect(puts.every((put) => put.ok)).toBe(true);
      expect(store.usedBytes()).toBe(200_000);
    });

    test.each([
      '../../etc/passwd',
      '..',
      '',
      'a'.repeat(63),
      'A'.repeat(64),
      `${'a'.repeat(62)}/.`,
      `../${'a'.repeat(61)}`,
      `${'a'.repeat(64)}\0`,
      `${'a'.repeat(63)}%`,
    ])('never takes %j for a fragment', async (text) => {
      const id = text as FragmentId;
      expect(await store.put(id, randomBytes(10), 10)).toMatchObject({
        ok: false,
        violation: { rule: 'fragment/id' },
      });
      expect(await store.read(id)).toBeUndefined();
      expect(await store.open(id)).toBeUndefined();
      expect(await store.stat(id)).toBeUndefined();
      expect(await store.remove(id)).toBe(false);
    });

    test('keeps within its capacity, uploads on their way included', async () => {
      const first = randomBytes(5 << 20);
      let release = (): void => undefined;
      const gate = new Promise<void>((resolve) => {
        release = resolve;
      });
      async function* slow(): AsyncGenerator<Uint8Array> {
        await gate;
        yield first;
      }
      const pending = store.put(idOf(first), slow(), first.length);
      const second = randomBytes(4 << 20);
      await expect(store.put(idOf(second), second, second.length)).rejects.toMatchObject({
        code: 'fragment-store/full',
      });
      const third = randomBytes(3 << 20);
      expect((await store.put(idOf(third), third, third.length)).ok).toBe(true);
      release();
      expect((await pending).ok).toBe(true);
      expect(store.usedBytes()).toBe(8 << 20);
      await store.remove(idOf(first));
      expect((await store.put(idOf(second), second, second.length)).ok).toBe(true);
    });

    test('lists in ascending order and knows what it holds after a restart', async () => {
      const all = Array.from({ length: 40 }, (_, index) => randomBytes(100 + index));
      await Promise.all(all.map((bytes) => store.put(idOf(bytes), bytes, bytes.length)));
      const again = await adapter.reopen(CAPACITY_BYTES);
      const listed: string[] = [];
      for await (const { id } of again.list()) listed.push(id);
      expect(listed).toEqual(all.map(idOf).sort());
      expect(again.usedBytes()).toBe(all.reduce((sum, bytes) => sum + bytes.length, 0));
      await again.close();
    });
  });
}
