import { beforeEach, describe, expect, test } from '@jest/globals';
import { nobleCrypto } from '#crypto';
import { InvariantError } from '#errors';
import { u8 } from '../codec/schema.js';
import { fastDevnet } from '../testing/memory-chain.js';
import { decodeDiff, encodeDiff } from './diff.js';
import { MemoryState } from './memory-state.js';
import { type Namespace, namespace } from './namespace.js';
import { BURN, MINT, potKind, potSpace } from './pots.js';
import { BlockView } from './view.js';

const numbers = namespace('numbers', 900, u8);
const spaces = new Map<number, Namespace<unknown>>([
  [1, potSpace as Namespace<unknown>],
  [900, numbers as Namespace<unknown>],
]);

let state: MemoryState;
let view: BlockView;

const open = (): BlockView =>
  new BlockView(state, { params: fastDevnet, crypto: nobleCrypto, height: 1, blockIdAt: () => undefined });

beforeEach(() => {
  state = new MemoryState();
  state.apply([{ space: potSpace, key: 'a', before: undefined, after: 10n }]);
  state.apply([{ space: numbers, key: 'kept', before: undefined, after: 7 }]);
  view = open();
});

describe('block view', () => {
  test('what is written is read back, and only the diff reaches the state', () => {
    view.put(numbers, 'new', 1);
    view.remove(numbers, 'kept');
    expect([view.get(numbers, 'new'), view.get(numbers, 'kept')]).toEqual([1, undefined]);
    expect([state.get(numbers, 'new'), state.get(numbers, 'kept')]).toEqual([undefined, 7]);
    state.apply(view.diff());
    expect([state.get(numbers, 'new'), state.get(numbers, 'kept')]).toEqual([1, undefined]);
    state.revert(view.diff());
    expect([...state.entries(numbers)]).toEqual([['kept', 7]]);
    expect(state.count(potSpace)).toBe(1);
  });

  test('a refused change leaves no trace, also inside an accepted one', () => {
    const violation = { rule: 'test/no' };
    expect(
      view.attempt(() => {
        view.put(numbers, 'outer', 1);
        expect(
          view.attempt(() => {
            view.put(numbers, 'outer', 2);
            view.put(numbers, 'inner', 3);
            view.mustMove('a', 'b', 4n, 'test', 'x');
            return violation;
          }),
        ).toEqual(violation);
        expect(view.attempt(() => view.move('a', 'b', 1n, 'test', 'x'))).toBeUndefined();
        return undefined;
      }),
    ).toBeUndefined();
    expect([view.get(numbers, 'outer'), view.get(numbers, 'inner')]).toEqual([1, undefined]);
    expect([view.balance('a'), view.balance('b')]).toEqual([9n, 1n]);
    expect(view.events).toHaveLength(1);
    view.attempt(() => {
      expect(view.attempt(() => view.move('a', 'b', 2n, 'test', 'x'))).toBeUndefined();
      return violation;
    });
    expect([view.balance('a'), view.balance('b')]).toEqual([9n, 1n]);
    expect(view.events).toHaveLength(1);
  });

  test('a change taken back is no change', () => {
    view.put(numbers, 'kept', 8);
    view.put(numbers, 'kept', 7);
    view.mustMove('a', 'b', 3n, 'test', 'x');
    view.mustMove('b', 'a', 3n, 'test', 'x');
    expect(view.diff()).toEqual([]);
  });

  test('coins/too-little: a pot never goes below zero, and says what was missing', () => {
    expect(view.move('a', 'b', 11n, 'test', 'x')).toEqual({
      rule: 'coins/too-little',
      pot: 'a',
      held: 10n,
      needed: 11n,
      reason: 'test',
    });
    expect(view.diff()).toEqual([]);
    expect(() => view.mustMove('a', 'b', 11n, 'test', 'x')).toThrow(InvariantError);
  });

  test('mint holds nothing and gives, burn takes and holds nothing', () => {
    expect(view.move(MINT, 'a', 5n, 'test', 'x')).toBeUndefined();
    expect(view.move('a', BURN, 15n, 'test', 'x')).toBeUndefined();
    expect([view.balance(MINT), view.balance(BURN), view.balance('a')]).toEqual([0n, 0n, 0n]);
    expect(view.diff()).toEqual([{ space: potSpace, key: 'a', before: 10n, after: undefined }]);
  });

  test.each([
    ['a negative amount', () => view.move('a', 'b', -1n, 'test', 'x')],
    ['a pot to itself', () => view.move('a', 'a', 1n, 'test', 'x')],
    ['out of the fire', () => view.move(BURN, 'a', 1n, 'test', 'x')],
    ['back into the mint', () => view.move('a', MINT, 1n, 'test', 'x')],
    ['an empty key', () => view.put(numbers, '', 1)],
    ['a key that is too long', () => view.put(numbers, 'k'.repeat(121), 1)],
  ])('%s is our own fault', (_what, change) => {
    expect(change).toThrow(InvariantError);
  });

  test('kinds of pots', () => {
    expect([potKind('account:ab'), potKind('pool')]).toEqual(['account', 'pool']);
  });
});

describe('stored diffs', () => {
  test('come back as they were, ordered by namespace and key', () => {
    view.put(numbers, 'z', 1);
    view.put(numbers, 'b', 2);
    view.remove(numbers, 'kept');
    view.mustMove('a', 'b', 10n, 'test', 'x');
    const diff = view.diff();
    expect(diff.map(({ space, key }) => `${space.name}/${key}`)).toEqual([
      'pot/a',
      'pot/b',
      'numbers/b',
      'numbers/kept',
      'numbers/z',
    ]);
    expect(decodeDiff(spaces, encodeDiff(diff))).toEqual({ ok: true, value: diff });
  });

  test('short, long and foreign ones are refused', () => {
    view.put(numbers, 'z', 1);
    const bytes = encodeDiff(view.diff());
    for (let length = 0; length < bytes.length; length++)
      expect(decodeDiff(spaces, bytes.subarray(0, length)).ok).toBe(false);
    expect(decodeDiff(spaces, Uint8Array.of(...bytes, 0))).toMatchObject({
      violation: { rule: 'codec/trailing-bytes' },
    });
    expect(decodeDiff(new Map(), bytes)).toEqual({
      ok: false,
      violation: { rule: 'codec/namespace', code: 900 },
    });
  });
});
