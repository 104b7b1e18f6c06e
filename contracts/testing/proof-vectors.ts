import { devnet, encode, type FragmentId } from '#chain';
import { baoSetSlice, blake3Tree, bytesToHex, nobleCrypto } from '#crypto';
import { assertInvariant } from '#errors';
import { buildStorageProof } from '../prove/build-proof.js';
import { challengePlan } from '../prove/challenge.js';
import { explainProof } from '../prove/explain-proof.js';
import { type ShownLeaf, type StorageProof, storageProofSchema } from '../prove/storage-proof.js';
import { validateStorageProof } from '../prove/verify-proof.js';
import { commitToLeaves, entriesToLeaves } from '../terms/leaves.js';
import { leafToTombstone } from '../terms/tombstone.js';
import { scenarioFragment } from './contract-scenario.js';

/** Mainnet's number of draws over a list short enough to read. */
const params = { ...devnet, contract: { ...devnet.contract, challenges: 4 } };
const LENGTHS = [1, 1_024, 1_025, 3_000, 2_048, 4_097, 1];
const DROPPED = [3];

/** Changes of a right proof, each against one rule. */
const CHANGES: readonly [string, (proof: StorageProof) => Partial<StorageProof>][] = [
  ['the leaves in reverse', ({ leaves }) => ({ leaves: [...leaves].reverse() })],
  ['a sibling too few', ({ siblings }) => ({ siblings: siblings.slice(1) })],
  ['siblings in reverse', ({ siblings }) => ({ siblings: [...siblings].reverse() })],
  [
    'the tombstone as if it were a fragment',
    ({ leaves }) => ({
      leaves: leaves.map((shown) => ({ ...shown, leaf: { ...shown.leaf, id: aFragment } })),
    }),
  ],
  ['no leaf', () => ({ leaves: [], siblings: [], slices: [] })],
  ['a slice for the tombstone', ({ slices }) => ({ slices: [...slices, new Uint8Array(9)] })],
  ['a slice too few', ({ slices }) => ({ slices: slices.slice(1) })],
  ['a byte more in a slice', ({ slices: [first, ...rest] }) => ({ slices: [longer(first), ...rest] })],
  [
    'another length in a header',
    ({ slices: [first, ...rest] }) => ({ slices: [changed(first, 0), ...rest] }),
  ],
  ['another byte in a chunk', ({ slices: [first, ...rest] }) => ({ slices: [changed(first, -1), ...rest] })],
];
const aFragment = 'cd'.repeat(32) as FragmentId;

function longer(slice: Uint8Array | undefined): Uint8Array {
  return Uint8Array.of(...(slice ?? []), 0);
}

function changed(slice: Uint8Array | undefined, at: number): Uint8Array {
  const copy = Uint8Array.from(slice ?? []);
  const place = at < 0 ? copy.length + at : at;
  copy[place] = (copy[place] as number) ^ 1;
  return copy;
}

/**
 * Whole storage proofs without a chain: a list with a tombstone, the draws of a challenge that meet it, the proof as bytes
 * and told draw by draw, and what is wrong with it when a part of it is changed.
 */
export function proofVectors(): unknown {
  const fragments = LENGTHS.map((length, index) => scenarioFragment(index, length));
  const listed = entriesToLeaves(
    fragments.map((bytes) => ({
      id: bytesToHex(nobleCrypto.blake3(bytes)) as FragmentId,
      lengthBytes: bytes.length,
    })),
  );
  assertInvariant(listed.ok, 'the vectors need a list');
  const leaves = listed.value.map((leaf, at) => (DROPPED.includes(at) ? leafToTombstone(leaf) : leaf));
  const { root, leafCount, totalChunks } = commitToLeaves(nobleCrypto, leaves);
  const about = { contract: 'ab'.repeat(32) as never, blockId: 'cd'.repeat(32) as never };
  const cases = [0, 1, 2, 3].map((epoch) => {
    const challenge = { ...about, epoch, root, leafCount, totalChunks };
    const plan = () => challengePlan(nobleCrypto, params, challenge);
    const proof = buildStorageProof(nobleCrypto, leaves, plan(), ({ leafIndex, chunks }) => {
      const bytes = fragments[leafIndex] as Uint8Array;
      return baoSetSlice(blake3Tree(bytes), bytes, chunks);
    });
    const { draws, sizes } = explainProof(nobleCrypto, params, challenge, proof);
    const refused = CHANGES.map(([why, change]) => {
      const wrong = { ...proof, ...change(proof) };
      const violation = validateStorageProof(nobleCrypto, { root, leafCount, ...plan() }, wrong);
      return { why, rule: violation?.rule ?? 'the change changes nothing', wrong: violation?.['wrong'] };
    });
    return { epoch, draws, sizes, proof: encode(storageProofSchema, proof), refused };
  });
  const shown: readonly ShownLeaf[] = leaves.map((leaf, leafIndex) => ({ leafIndex, leaf }));
  return { ...about, challenges: 4, fragments, leaves: shown, root, totalChunks, cases };
}
