import { describe, expect, test } from '@jest/globals';
import { hexToBytes, nobleCrypto } from '#crypto';
import { decodeBlock, verifyBlockSignatures } from '../block/block.js';
import { createLaw } from '../law/law.js';
import { devnet } from '../params/networks.js';
import { LEDGER_VECTORS } from '../testing/ledger-vectors.js';
import { readVectors, toVectorJson } from '../testing/vector-file.js';
import { decodeTransaction, transactionSignatures } from '../tx/transaction-codec.js';

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
});
