import { describe, expect, test } from '@jest/globals';
import { bytesToHex } from '#crypto';
import { layoutVectors } from '../vectors/layout-vectors.js';
import { codeMatrix, encodeSlowly, reconstructSlowly } from './reed-solomon-oracle.js';
import { sealSlowly } from './segment-oracle.js';

describe('oracles of the layout', () => {
  test('the top of the code matrix is the identity and rows do not depend on n', () => {
    const narrow = codeMatrix(4, 6);
    const wide = codeMatrix(4, 12);
    expect(wide.slice(0, 6)).toEqual(narrow);
    expect(narrow.slice(0, 4).map((row) => [...row])).toEqual([
      [1, 0, 0, 0],
      [0, 1, 0, 0],
      [0, 0, 1, 0],
      [0, 0, 0, 1],
    ]);
  });

  test('slow reconstruction undoes slow encoding', () => {
    const data = [Uint8Array.of(1, 2), Uint8Array.of(250, 0), Uint8Array.of(7, 99)];
    const parity = encodeSlowly(data, 3);
    expect(reconstructSlowly([undefined, undefined, data[2], parity[0], undefined, parity[2]], 3)).toEqual([
      ...data,
      ...parity,
    ]);
  });

  test.each([...layoutVectors.segments])('vector $k of $n, $plainLength bytes', (vector) => {
    const sealed = sealSlowly({
      plain: Uint8Array.from({ length: vector.plainLength }, (_, at) => at % 251),
      segmentId: Uint8Array.from({ length: 16 }, (_, at) => at),
      contentKey: new Uint8Array(32).fill(1),
      repairKey: new Uint8Array(32).fill(2),
      k: vector.k,
      n: vector.n,
    });
    expect(sealed.fragmentLength).toBe(vector.fragmentLength);
    expect(sealed.fragmentIds.map(bytesToHex)).toEqual(vector.fragmentIds);
  });
});
