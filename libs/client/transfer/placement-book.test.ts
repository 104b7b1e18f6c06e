import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { ContractId } from '#chain';
import { isPlaced } from '#fragments';
import { PlacementBook } from './placement-book.js';

const profile = { k: 2, repairBelow: 3, n: 6 };
const shape = (index: number) => ({
  segmentId: new Uint8Array(16).fill(index),
  plainLength: 1,
  fragmentLength: 1024,
  fragmentIds: Array.from({ length: profile.n }, (_, at) => new Uint8Array(32).fill(index * 16 + at + 1)),
});
const contractOf = (number: number): ContractId => (number + 16).toString(16).padStart(64, '0') as ContractId;

/** Contracts 0..15, two in each of eight failure domains. */
const CONTRACTS = 16;
const domainOf = (number: number): string => `domain ${number >> 1}`;

function newBook(segments: number): PlacementBook {
  const book = new PlacementBook(profile);
  for (let number = 0; number < CONTRACTS; number++) book.addContract(contractOf(number), [domainOf(number)]);
  for (let index = 0; index < segments; index++) book.addSegment(index, shape(index));
  return book;
}

const step = fc.record({
  segment: fc.nat(3),
  fragment: fc.nat(profile.n - 1),
  contract: fc.nat(CONTRACTS - 1),
  forget: fc.boolean(),
});

describe('who holds what', () => {
  test('never two fragments of a segment in one failure domain, whatever is asked for', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const book = newBook(4);
        for (const { segment, fragment, contract, forget } of steps) {
          const id = contractOf(contract);
          if (forget) book.keepOnly((one) => one !== id);
          else if (book.canPlace(segment, fragment, id)) book.place(segment, fragment, id);
          else expect(() => book.place(segment, fragment, id)).toThrow('share a failure domain');
        }
        for (let segment = 0; segment < 4; segment++) {
          const held = book.holdersOf(segment).flatMap((id) => (id === undefined ? [] : [id]));
          const domains = held.map((id) => domainOf(Number.parseInt(id, 16) - 16));
          expect(new Set(domains).size).toBe(domains.length);
          expect(book.placedCount(segment)).toBe(held.length);
        }
        expect(book.fewestPlaced()).toBe(Math.min(...[0, 1, 2, 3].map((at) => book.placedCount(at))));
      }),
    );
  });

  test('what is missing, what each contract holds and the manifest tell the same', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        const book = newBook(4);
        for (const { segment, fragment, contract } of steps) {
          const id = contractOf(contract);
          if (book.canPlace(segment, fragment, id)) book.place(segment, fragment, id);
        }
        const segments = book.toSegments();
        const placed = segments.flatMap(({ holders }) => holders.filter(isPlaced)).length;
        const missing = book.missing().reduce((sum, { fragments }) => sum + fragments.length, 0);
        expect(placed + missing).toBe(4 * profile.n);
        const entries = [...book.entries().values()].flat();
        expect(entries).toHaveLength(placed);
        expect(new Set(entries.map(({ id }) => id)).size).toBe(placed);
        expect(new Set(book.entries().keys())).toEqual(book.contracts());
        const lengths = book.missing().map(({ fragments }) => fragments.length);
        expect(lengths).toEqual([...lengths].sort((a, b) => b - a));
      }),
    );
  });

  test('a segment sealed anew forgets who held it; a shorter version forgets the rest', () => {
    const book = newBook(3);
    for (const index of [0, 1, 2]) book.place(index, 0, contractOf(0));
    book.addSegment(1, shape(9));
    expect([0, 1, 2].map((index) => book.placedCount(index))).toEqual([1, 0, 1]);
    book.truncate(2);
    expect(book.segmentCount).toBe(2);
    expect(book.entries().get(contractOf(0))).toHaveLength(1);
  });
});
