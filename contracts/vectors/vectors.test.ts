import { describe, expect, test } from '@jest/globals';
import { createLaw, decodeTransaction, devnet, transactionSignatures } from '#chain';
import { bytesToHex, hexToBytes, nobleCrypto } from '#crypto';
import { readVectors, toVectorJson } from '../../chain/testing/vector-file.js';
import { contractsModule } from '../module.js';
import { contractVectors } from '../testing/contract-vectors.js';

const law = createLaw(devnet, nobleCrypto, [contractsModule]);

/** Kinds that others than the sender sign. */
const SIGNATURES: Readonly<Record<string, number>> = { form: 2, revise: 3, renew: 2, replace: 2, redeem: 2 };

interface Vectors {
  readonly fragments: readonly string[];
  readonly leaves: readonly { readonly id: string }[];
  readonly transactions: readonly {
    readonly kind: string;
    readonly bytes: string;
    readonly id: string;
    readonly body: unknown;
  }[];
}

describe('the contracts’ own vectors', () => {
  const vectors = readVectors('contracts', 'contracts') as Vectors;

  test('contracts.json is what this code makes', () => {
    expect(JSON.parse(toVectorJson(contractVectors()))).toEqual(vectors);
  });

  test('every transaction decodes to its fields and verifies on the pure road', () => {
    expect(vectors.transactions.map(({ kind }) => kind)).toEqual(
      contractsModule.kinds.map(({ name }) => name),
    );
    for (const vector of vectors.transactions) {
      const known = decodeTransaction(law, hexToBytes(vector.bytes));
      if (!known.ok) throw new Error(known.violation.rule);
      expect(known.value.id).toBe(vector.id);
      expect(JSON.parse(toVectorJson(known.value.transaction.body))).toEqual(vector.body);
      const verdicts = law.crypto.verifyBatch(transactionSignatures(law, known.value));
      expect(verdicts).toEqual(new Array(SIGNATURES[vector.kind] ?? 1).fill(true));
    }
  });

  test('a fragment’s id is the BLAKE3 hash of its bytes', () => {
    for (const [index, bytes] of vectors.fragments.entries())
      expect(bytesToHex(nobleCrypto.blake3(hexToBytes(bytes)))).toBe(vectors.leaves[index]?.id);
  });
});
