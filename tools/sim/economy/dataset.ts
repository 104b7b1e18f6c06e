import type { FragmentId } from '#chain';
import {
  type Commitment,
  commitToLeaves,
  type DrawPlan,
  entriesToLeaves,
  type FragmentEntry,
  type Leaf,
  leafHash,
  planStorageProof,
  type StorageProof,
} from '#contracts';
import { baoSetSlice, blake3Tree, bytesToHex, multiInclusionProof } from '#crypto';
import { nativeCrypto } from '#crypto-native';
import { assertInvariant } from '#errors';

/** Fragments that contracts are made over: real bytes and real trees. */
export interface Dataset {
  readonly entries: readonly FragmentEntry[];
  readonly commitment: Commitment;
  readonly leaves: readonly Leaf[];
  /** The storage proof that a challenge asks for; `leaves` where some were dropped. */
  readonly prove: (challenge: DrawPlan, leaves?: readonly Leaf[]) => StorageProof;
}

/** Bytes that follow from a seed: whoever has the seed needs no disk. */
function generateFragment(seed: number, index: number, lengthBytes: number): Uint8Array {
  const bytes = new Uint8Array(lengthBytes);
  let value = (Math.imul(seed + 1, 2_654_435_761) ^ Math.imul(index + 1, 1_597_334_677)) >>> 0;
  for (let at = 0; at < lengthBytes; at++) {
    value = (Math.imul(value, 1_664_525) + 1_013_904_223) >>> 0;
    bytes[at] = value >>> 24;
  }
  return bytes;
}

const hashLeaves = (leaves: readonly Leaf[]): Uint8Array[] =>
  leaves.map((leaf) => leafHash(nativeCrypto, leaf));

/** What is kept of the fragments between proofs. */
export type DatasetStorage = 'kept' | 'generated again from a seed';

/** A data set of fragments of one chunk each. */
export function createDataset(
  fragments: number,
  fragmentBytes: number,
  storage: DatasetStorage,
  seed: number,
): Dataset {
  assertInvariant(fragmentBytes <= 1024, `simulated fragments have one chunk, not ${fragmentBytes} bytes`);
  const indexes = Array.from({ length: fragments }, (_, index) => index);
  const entries = indexes.map((index) => ({
    id: bytesToHex(nativeCrypto.blake3(generateFragment(seed, index, fragmentBytes))) as FragmentId,
    lengthBytes: fragmentBytes,
  }));
  const leaves = entriesToLeaves(entries);
  assertInvariant(leaves.ok, 'a data set has valid leaves');
  const leafHashes = hashLeaves(leaves.value);
  const slice = (index: number): Uint8Array => {
    const bytes = generateFragment(seed, index, fragmentBytes);
    return baoSetSlice(blake3Tree(bytes), bytes, [0]);
  };
  const kept = storage === 'kept' ? indexes.map(slice) : undefined;
  return {
    entries,
    leaves: leaves.value,
    commitment: commitToLeaves(nativeCrypto, leaves.value),
    prove: (challenge, current = leaves.value) => {
      const plan = planStorageProof(current, challenge);
      const shown = plan.leaves.map(({ leafIndex }) => leafIndex);
      return {
        leaves: plan.leaves,
        siblings: multiInclusionProof(
          nativeCrypto,
          current === leaves.value ? leafHashes : hashLeaves(current),
          shown,
        ),
        slices: plan.slices.map(({ leafIndex }) => kept?.[leafIndex] ?? slice(leafIndex)),
      };
    },
  };
}
