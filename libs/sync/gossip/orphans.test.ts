import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { BlockId } from '#chain';
import { Orphans } from './orphans.js';

const limits = { maxCount: 6, maxBytes: 100, maxCountPerPeer: 3 };
const id = (number: number): BlockId => `${number}` as BlockId;

const step = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      do: fc.constant('add' as const),
      id: fc.nat(30),
      parent: fc.nat(30),
      peer: fc.nat(4),
      size: fc.nat(120),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('take' as const), parent: fc.nat(30) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('forget' as const), peer: fc.nat(4) }) },
);

describe('announcements without a parent', () => {
  test('never more than the limits, in all and of one peer, and the bytes are counted right', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const orphans = new Orphans(limits);
        for (const each of steps) {
          if (each.do === 'add') {
            const bytes = new Uint8Array(each.size);
            const orphan = { id: id(each.id), parent: id(each.parent), peer: `p${each.peer}`, bytes };
            orphans.add(orphan);
          } else if (each.do === 'take') {
            for (const orphan of orphans.takeChildren(id(each.parent)))
              expect(orphan.parent).toBe(id(each.parent));
          } else orphans.forget(`p${each.peer}`);
          expect(orphans.count).toBeLessThanOrEqual(limits.maxCount);
          expect(orphans.sizeBytes).toBeLessThanOrEqual(limits.maxBytes);
        }
        // Taking everything out leaves nothing counted.
        for (let parent = 0; parent <= 30; parent++) orphans.takeChildren(id(parent));
        expect([orphans.count, orphans.sizeBytes]).toEqual([0, 0]);
      }),
    );
  });

  test('a peer that tells many pushes out its own, not another’s', () => {
    const orphans = new Orphans(limits);
    const tell = (peer: string, at: number) =>
      orphans.add({ id: id(at), parent: id(99), peer, bytes: new Uint8Array(1) });
    tell('honest', 1);
    for (let at = 10; at < 30; at++) expect(tell('flood', at)).toBe(true);
    expect(orphans.takeChildren(id(99)).map(({ peer }) => peer)).toEqual([
      'honest',
      'flood',
      'flood',
      'flood',
    ]);
    expect(tell('honest', 1)).toBe(true);
    expect(tell('honest', 1)).toBe(false);
  });
});
