import { describe, expect, test } from '@jest/globals';
import { type BlockId, type ContractId, decode, devnet } from '#chain';
import { hexToBytes, nobleCrypto } from '#crypto';
import { nativeCrypto } from '#crypto-native';
import { readVectors, toVectorJson } from '../../chain/testing/vector-file.js';
import { explainProof } from '../prove/explain-proof.js';
import { storageProofSchema } from '../prove/storage-proof.js';
import { proofVectors } from '../testing/proof-vectors.js';

interface ProofVectors {
  readonly contract: ContractId;
  readonly blockId: BlockId;
  readonly challenges: number;
  readonly leaves: readonly unknown[];
  readonly root: string;
  readonly totalChunks: string;
  readonly cases: readonly {
    readonly epoch: number;
    readonly draws: readonly { readonly verdict: string }[];
    readonly sizes: unknown;
    readonly proof: string;
    readonly refused: readonly { readonly rule: string }[];
  }[];
}

describe('the vectors of whole proofs', () => {
  const vectors = readVectors('contracts', 'proofs') as ProofVectors;

  test('proofs.json is what this code makes', () => {
    expect(JSON.parse(toVectorJson(proofVectors()))).toEqual(vectors);
  });

  test('every proof reads back and tells the same, on the pure and on the native road', () => {
    const params = { ...devnet, contract: { ...devnet.contract, challenges: vectors.challenges } };
    for (const crypto of [nobleCrypto, nativeCrypto])
      for (const { epoch, draws, sizes, proof } of vectors.cases) {
        const decoded = decode(storageProofSchema, hexToBytes(proof));
        if (!decoded.ok) throw new Error(decoded.violation.rule);
        const challenge = {
          contract: vectors.contract,
          blockId: vectors.blockId,
          epoch,
          root: hexToBytes(vectors.root),
          leafCount: vectors.leaves.length,
          totalChunks: BigInt(vectors.totalChunks),
        };
        const explained = explainProof(crypto, params, challenge, decoded.value);
        expect(explained.violation).toBeUndefined();
        const { draws: shown, sizes: shownSizes } = explained;
        expect(JSON.parse(toVectorJson({ draws: shown, sizes: shownSizes }))).toEqual({ draws, sizes });
      }
  });

  test('they meet a tombstone, a repeated draw and every rule about the proof itself', () => {
    const verdicts = vectors.cases.flatMap(({ draws }) => draws.map(({ verdict }) => verdict));
    expect(verdicts).toContain('tombstone');
    const rules = new Set(vectors.cases.flatMap(({ refused }) => refused.map(({ rule }) => rule)));
    for (const rule of ['order', 'siblings', 'leaf', 'missing-leaf', 'item-count', 'slice'])
      expect([...rules]).toContain(`prove/${rule}`);
    expect([...rules].every((rule) => rule.startsWith('prove/'))).toBe(true);
  });
});
