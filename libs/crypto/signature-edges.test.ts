import { describe, expect, test } from '@jest/globals';
import { readSignatureEdgesText, signatureEdgesToText } from './testing/signature-edge-file.js';
import { signatureEdges } from './testing/signature-edges.js';

const all = signatureEdges();

describe('signature-edges.json', () => {
  test('is byte for byte what this code makes', () => {
    expect(signatureEdgesToText(all)).toBe(readSignatureEdgesText());
  });

  test('holds both verdicts for every mixed key that can have both', () => {
    const edges = all.filter(({ name }) => name.startsWith('A + '));
    const verdictsOf = (key: number, nonce: number): readonly boolean[] =>
      edges.filter(({ name }) => name.startsWith(`A + ${key}T, R + ${nonce}T,`)).map(({ isGood }) => isGood);
    for (let key = 0; key < 8; key++) {
      for (let nonce = 0; nonce < 8; nonce++) {
        // k * key + nonce = 0 mod 8 has a solution where the common divisor of key and 8 divides nonce
        const divisor = key === 0 ? 8 : key % 4 === 0 ? 4 : key % 2 === 0 ? 2 : 1;
        const expected = nonce % divisor !== 0 ? [false] : key === 0 ? [true] : [false, true];
        expect([...verdictsOf(key, nonce)].sort()).toEqual(expected);
      }
    }
  });
});
