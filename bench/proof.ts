import { randomFillSync } from 'node:crypto';
import {
  type BlockId,
  type ContractId,
  decode,
  devnet,
  encode,
  type FragmentId,
  mainnet,
  type NetworkParams,
} from '#chain';
import {
  buildStorageProof,
  type ChallengeSeed,
  type Commitment,
  challengePlan,
  commitToLeaves,
  explainProof,
  type Leaf,
  type StorageProof,
  storageProofSchema,
  validateStorageProof,
} from '#contracts';
import { type Blake3Tree, baoSetSlice, blake3Tree, bytesToHex } from '#crypto';
import { nativeCrypto } from '#crypto-native';
import { median } from './measure.js';
import type { BenchReport } from './report.js';

const mebibyte = 1024 * 1024;
/** Different challenges of one contract: what is proven and what is shared changes with the draws. */
const challenges = 256;
const rounds = 9;

interface Fragment {
  readonly bytes: Uint8Array;
  readonly tree: Blake3Tree;
}

/** A contract over many leaves, of few different fragments: whose bytes they are costs nothing here. */
interface Contract {
  readonly fragments: readonly Fragment[];
  readonly leaves: readonly Leaf[];
  readonly commitment: Commitment;
}

interface Answer {
  readonly seed: ChallengeSeed;
  readonly proof: StorageProof;
  readonly bytes: Uint8Array;
}

/** Checking and making storage proofs, and what they weigh. */
export async function benchProof(): Promise<BenchReport> {
  const one = createContract(1, 4 * mebibyte);
  const usual = createContract(128, mebibyte);
  const largest = createContract(mainnet.contract.maxLeaves, mebibyte);
  const two = answersOf(devnet, usual);
  const four = answersOf(mainnet, usual);
  const verifyTwo = medianMicros(two, (answer) => check(devnet, usual, answer));
  const verifyFour = medianMicros(four, (answer) => check(mainnet, usual, answer));
  const verifyLargest = medianMicros(answersOf(mainnet, largest), (answer) =>
    check(mainnet, largest, answer),
  );
  const verifyOne = medianMicros(answersOf(mainnet, one), (answer) => check(mainnet, one, answer));
  const decodeFour = medianMicros(four, decodeAnswer);
  const [fragment] = one.fragments as [Fragment];
  const produce: number[] = [];
  const produceCpu: number[] = [];
  const hash: number[] = [];
  const hashCpu: number[] = [];
  // In turns, so that a neighbour's load falls on both.
  for (let round = 0; round < rounds * 5; round++) {
    const seed = seedOf(one, round);
    const cpuBefore = process.cpuUsage();
    produce.push(micros(() => produceProof(mainnet, one, seed)));
    const { user, system } = process.cpuUsage(cpuBefore);
    produceCpu.push(user + system);
    const hashBefore = process.cpuUsage();
    hash.push(micros(() => nativeCrypto.blake3(fragment.bytes)));
    const taken = process.cpuUsage(hashBefore);
    hashCpu.push(taken.user + taken.system);
  }
  const seeds = [1, 2, 3].map((epoch) => seedOf(largest, epoch));
  const produceLargest = medianMicros(seeds, (seed) => produceProof(mainnet, largest, seed));
  return {
    figures: {
      verifyMicros: verifyFour,
      verifyMicrosTwoDraws: verifyTwo,
      verifyMicrosOneFragment: verifyOne,
      verifyMicrosLargestContract: verifyLargest,
      decodeMicros: decodeFour,
      produceMillis: median(produce) / 1000,
      produceCpuMillis: median(produceCpu) / 1000,
      hashWholeMillis: median(hash) / 1000,
      produceMillisLargestContract: produceLargest / 1000,
      proofBytes_1x4MiB: meanSize(one).proofBytes,
      proofBytes_128x1MiB: meanSize(usual).proofBytes,
      proofBytes_8192x1MiB: meanSize(largest).proofBytes,
    },
    ratios: {
      produceVsHashWhole: median(produceCpu) / median(hashCpu),
      sharedVsUnsharedBytes: shared(usual),
      sharedVsUnsharedBytes_1x4MiB: shared(one),
      sharedVsUnsharedBytes_8192x1MiB: shared(largest),
    },
    why: {
      verifyMicros: `draws and all checks of a decoded proof of ${mainnet.contract.challenges} draws, contract of ${usual.leaves.length} fragments of 1 MiB (the largest: ${largest.leaves.length})`,
      verifyMicrosTwoDraws: `the same with ${devnet.contract.challenges} draws, as on devnet`,
      produceMillis: 'a contract of one fragment of 4 MiB, from its bytes in memory, no tree kept',
      produceVsHashWhole:
        'by time on the processor: milliseconds are interrupted by neighbours, and the longer ones more often',
      sharedVsUnsharedBytes:
        'a contract of 128 fragments of 1 MiB, against a leaf, a path and a slice for each draw',
    },
  };
}

function createContract(leafCount: number, fragmentBytes: number): Contract {
  const fragments = Array.from({ length: Math.min(leafCount, 8) }, () => {
    const bytes = randomFillSync(new Uint8Array(fragmentBytes));
    return { bytes, tree: blake3Tree(bytes, nativeCrypto) };
  });
  const chunks = BigInt(fragmentBytes / 1024);
  const leaves = Array.from({ length: leafCount }, (_, at) => ({
    id: bytesToHex((fragments[at % fragments.length] as Fragment).tree.root) as FragmentId,
    lengthBytes: fragmentBytes,
    endChunk: BigInt(at + 1) * chunks,
  }));
  return { fragments, leaves, commitment: commitToLeaves(nativeCrypto, leaves) };
}

function seedOf({ commitment }: Contract, epoch: number): ChallengeSeed {
  const contract = 'c0'.repeat(32) as ContractId;
  return { contract, epoch, blockId: 'b1'.repeat(32) as BlockId, totalChunks: commitment.totalChunks };
}

/** A proof with the trees at hand: what is measured elsewhere. */
function answersOf(params: NetworkParams, contract: Contract): Answer[] {
  return Array.from({ length: challenges }, (_, epoch) => {
    const seed = seedOf(contract, epoch);
    const plan = challengePlan(nativeCrypto, params, seed);
    const proof = buildStorageProof(nativeCrypto, contract.leaves, plan, ({ leafIndex, chunks }) => {
      const { tree, bytes } = contract.fragments[leafIndex % contract.fragments.length] as Fragment;
      return baoSetSlice(tree, bytes, chunks);
    });
    return { seed, proof, bytes: encode(storageProofSchema, proof) };
  });
}

function check(params: NetworkParams, { commitment }: Contract, { seed, proof }: Answer): void {
  const { root, leafCount } = commitment;
  const plan = challengePlan(nativeCrypto, params, seed);
  const violation = validateStorageProof(nativeCrypto, { root, leafCount, ...plan }, proof);
  if (violation !== undefined) throw new Error(`a right proof is refused: ${violation.rule}`);
}

function decodeAnswer({ bytes }: Answer): void {
  if (!decode(storageProofSchema, bytes).ok) throw new Error('a right proof cannot be read');
}

/** All of it from bytes in memory: trees hashed anew, slices, leaves, siblings, encoded. */
function produceProof(params: NetworkParams, contract: Contract, seed: ChallengeSeed): Uint8Array {
  const plan = challengePlan(nativeCrypto, params, seed);
  const proof = buildStorageProof(nativeCrypto, contract.leaves, plan, ({ leafIndex, chunks }) => {
    const { bytes } = contract.fragments[leafIndex % contract.fragments.length] as Fragment;
    return baoSetSlice(blake3Tree(bytes, nativeCrypto), bytes, chunks);
  });
  return encode(storageProofSchema, proof);
}

/** Mean over the challenges of mainnet, in bytes. */
function meanSize(contract: Contract): { readonly proofBytes: number; readonly unsharedBytes: number } {
  const sizes = answersOf(mainnet, contract).map(({ seed, proof }) => {
    const challenge = { ...seed, ...contract.commitment };
    return explainProof(nativeCrypto, mainnet, challenge, proof).sizes;
  });
  const mean = (of: 'proofBytes' | 'unsharedBytes'): number =>
    sizes.reduce((sum, size) => sum + size[of], 0) / sizes.length;
  return { proofBytes: mean('proofBytes'), unsharedBytes: mean('unsharedBytes') };
}

function shared(contract: Contract): number {
  const { proofBytes, unsharedBytes } = meanSize(contract);
  return proofBytes / unsharedBytes;
}

function micros(run: () => unknown): number {
  const startedAt = performance.now();
  run();
  return (performance.now() - startedAt) * 1000;
}

/** Median time of one call over all items, several times over after one round that warms up. */
function medianMicros<T>(items: readonly T[], run: (item: T) => void): number {
  for (const item of items) run(item);
  const samples: number[] = [];
  // One by one: the median of short samples stands a neighbour's load, that of long sums does not.
  for (let round = 0; round < rounds; round++)
    for (const item of items) samples.push(micros(() => run(item)));
  return median(samples);
}
