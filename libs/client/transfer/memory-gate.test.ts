import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { MemoryGate } from './memory-gate.js';

describe('the bound of memory', () => {
  test('is kept in every order of taking and giving back, and everybody gets their turn in order', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.integer({ min: 1, max: 150 }), { minLength: 1, maxLength: 30 }),
        fc.infiniteStream(fc.nat(5)),
        async (wanted, choices) => {
          const gate = new MemoryGate(100);
          const got: number[] = [];
          const held: number[] = [];
          const all = wanted.map(async (bytes, index) => {
            await gate.take(bytes);
            got.push(index);
            held.push(bytes);
          });
          while (got.length < wanted.length || held.length > 0) {
            await Promise.resolve();
            const used = held.reduce((sum, bytes) => sum + bytes, 0);
            expect(used <= 100 || held.length === 1).toBe(true);
            const [bytes] = held.splice((choices.next().value as number) % Math.max(1, held.length), 1);
            if (bytes !== undefined) gate.release(bytes);
          }
          await Promise.all(all);
          expect(got).toEqual(wanted.map((_, index) => index));
          expect(gate.usedBytes).toBe(0);
        },
      ),
    );
  });

  test('whoever stops waiting lets the next one through and takes nothing', async () => {
    const gate = new MemoryGate(100);
    await gate.take(60);
    const stop = new AbortController();
    const large = gate.take(90, stop.signal);
    const small = gate.take(40);
    stop.abort(new Error('enough'));
    await expect(large).rejects.toThrow('enough');
    await small;
    expect(gate.usedBytes).toBe(100);
    await expect(gate.take(1, AbortSignal.abort(new Error('late')))).rejects.toThrow('late');
  });

  test('given back twice is our fault', async () => {
    const gate = new MemoryGate(10);
    await gate.take(5);
    gate.release(5);
    expect(() => gate.release(5)).toThrow('given back once');
  });
});
