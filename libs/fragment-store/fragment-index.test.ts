import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { FragmentId } from '#chain';
import { FragmentIndex, SHARD_COUNT } from './fragment-index.js';

/** Few ids, most of one shard, so that slots are shared, freed and moved. */
const id = fc
  .tuple(fc.constantFrom('00', '00', '00', 'ff'), fc.integer({ min: 0, max: 60 }))
  .map(([shard, number]) => (shard + number.toString(16).padStart(62, '0')) as FragmentId);
const step = fc.record({
  id,
  isRemoval: fc.boolean(),
  lengthBytes: fc.integer({ min: 0, max: 2 ** 32 - 2 }),
  sectors: fc.integer({ min: 0, max: 10_000 }),
});

describe('the index of a folder', () => {
  test('is a map that counts', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 400 }), (steps) => {
        const index = new FragmentIndex();
        const model = new Map<FragmentId, { lengthBytes: number; allocatedBytes: number }>();
        for (const { id, isRemoval, lengthBytes, sectors } of steps) {
          if (isRemoval) {
            expect(index.delete(id)).toEqual(model.get(id));
            model.delete(id);
          } else {
            const entry = { lengthBytes, allocatedBytes: sectors * 512 };
            index.set(id, entry);
            model.set(id, entry);
          }
        }
        for (const [key, entry] of model) expect(index.get(key)).toEqual(entry);
        const all = Array.from({ length: SHARD_COUNT }, (_, shard) => index.idsOf(shard)).flat();
        expect(all).toEqual([...model.keys()].sort());
        const sum = (field: 'lengthBytes' | 'allocatedBytes') =>
          [...model.values()].reduce((total, entry) => total + entry[field], 0);
        expect([index.size, index.usedBytes, index.allocatedBytes]).toEqual([
          model.size,
          sum('lengthBytes'),
          sum('allocatedBytes'),
        ]);
      }),
      { numRuns: 200 },
    );
  });
});
