import { describe, expect, test } from '@jest/globals';
import { hexToBytes, nobleCrypto } from '#crypto';
import { decodeBlock, verifyBlockSignatures } from '../block/block.js';
import { createLaw } from '../law/law.js';
import { devnet } from '../params/networks.js';
import { validateStateProof } from '../state-tree/state-proof.js';
import { LEDGER_VECTORS } from '../testing/ledger-vectors.js';
import { readVectors, toVectorJson } from '../testing/vector-file.js';
import { decodeTransaction, transactionSignatures } from '../tx/transaction-codec.js';

interface StateTreeVectors {
  readonly networkId: number;
  readonly namespace: { readonly code: number };
  readonly blocks: readonly {
    readonly root: string;
    readonly proofs: readonly {
      readonly key: string;
      readonly value: string | null;
      readonly proof: string;
    }[];
  }[];
}

/** The oracle's law: the vectors were written on the native road and are read on the pure one. */
const law = createLaw(devnet, nobleCrypto, []);

describe('the ledger’s own vectors', () => {
  test.each(Object.keys(LEDGER_VECTORS))('%s.json is what this code makes', (name) => {
    expect(JSON.parse(toVectorJson(LEDGER_VECTORS[name]?.()))).toEqual(readVectors('chain', name));
  });

  test('every transaction decodes to its fields and verifies on the pure road', () => {
    const vectors = readVectors('chain', 'transactions') as {
      bytes: string;
      id: string;
      kind: string;
      body: unknown;
    }[];
    expect(vectors.map(({ kind }) => kind)).toEqual([...law.kindsByName.keys()]);
    for (const vector of vectors) {
      const known = decodeTransaction(law, hexToBytes(vector.bytes));
      if (!known.ok) throw new Error(known.violation.rule);
      expect(known.value.id).toBe(vector.id);
      expect(JSON.parse(toVectorJson(known.value.transaction.body))).toEqual(vector.body);
      expect(law.crypto.verifyBatch(transactionSignatures(law, known.value))).toEqual([true]);
    }
  });

  test('every block decodes to its id and verifies on the pure road', () => {
    for (const vector of readVectors('chain', 'blocks') as { bytes: string; id: string }[]) {
      const block = decodeBlock(law, hexToBytes(vector.bytes));
      if (!block.ok) throw new Error(block.violation.rule);
      expect(block.value.id).toBe(vector.id);
      expect(verifyBlockSignatures(law, block.value).ok).toBe(true);
    }
  });

  test('every state proof shows its object on the pure road, and the roots are those of the blocks', () => {
    const { networkId, namespace, blocks } = readVectors('chain', 'state-tree') as StateTreeVectors;
    for (const { root, proofs } of blocks) {
      for (const { key, value, proof } of proofs) {
        const claim = { networkId, root: hexToBytes(root), space: namespace, key };
        const bytes = value === null ? undefined : hexToBytes(value);
        expect(
          validateStateProof(nobleCrypto, { ...claim, value: bytes }, hexToBytes(proof)),
        ).toBeUndefined();
        const wrong = value === null ? hexToBytes('0100000000000000') : undefined;
        expect(validateStateProof(nobleCrypto, { ...claim, value: wrong }, hexToBytes(proof))).toBeDefined();
      }
    }
  });
});
