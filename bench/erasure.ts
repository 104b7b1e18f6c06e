import { randomFillSync } from 'node:crypto';
import { createRequire } from 'node:module';
import { createSegmentPipeline, createSubspaceCodec, releaseMemory, type SegmentPipeline } from '#erasure';
import { defaultFragmentSizeBytes, segmentCapacity } from '#fragments';
import { type Contender, measureThroughput } from './measure.js';
import type { BenchReport } from './report.js';

const { ReedSolomonErasure } = createRequire(import.meta.url)(
  '@subspace/reed-solomon-erasure.wasm',
) as typeof import('@subspace/reed-solomon-erasure.wasm');

const shardBytes = 1024 * 1024;
const workers = 2;
const fragmentSize = defaultFragmentSizeBytes;
const contentKey = randomFillSync(new Uint8Array(32));
const repairKey = randomFillSync(new Uint8Array(32));

/** Erasure coding and sealing against @subspace's documented call, in MB/s of user data. */
export async function benchErasure(): Promise<BenchReport> {
  const naive = await ReedSolomonErasure.fromCurrentDirectory();
  const encode = await measureThroughput({
    subspace: subspaceEncode(naive, 10, 20),
    ours: ourEncode(10, 20),
  });
  const reconstruct = await measureThroughput({
    subspace: subspaceReconstruct(naive, 10, 6, 4),
    ours: ourReconstruct(10, 6, 4),
  });
  const pipeline = createSegmentPipeline({ workers });
  try {
    const wide = await measurePipeline(pipeline, 10, 30);
    const devnet = await measurePipeline(pipeline, 3, 8);
    return {
      figures: {
        encodeMBps_10_30: encode.ours,
        subspaceEncodeMBps_10_30: encode.subspace,
        reconstructMBps_10_16: reconstruct.ours,
        subspaceReconstructMBps_10_16: reconstruct.subspace,
        sealMBps_10_30: wide.seal,
        openDataMBps_10_30: wide.openData,
        openParityMBps_10_30: wide.openParity,
        sealMBps_3_8: devnet.seal,
        openDataMBps_3_8: devnet.openData,
        openParityMBps_3_8: devnet.openParity,
        workers,
      },
      ratios: {
        encodeVsSubspace_10_30: encode.ours / encode.subspace,
        encodeVsIsal_10_30: null,
        reconstructVsSubspace_10_16: reconstruct.ours / reconstruct.subspace,
        sealVsSubspaceEncode_10_30: wide.seal / encode.subspace,
      },
      why: {
        encodeVsIsal_10_30: 'ISA-L is not built here',
        encodeVsSubspace_10_30:
          'one thread, the same wasm on both sides: the quotient is what calling it by stripes saves',
        sealVsSubspaceEncode_10_30: `encryption, coding, masking and hashing on ${workers} workers against coding alone on one thread`,
      },
    };
  } finally {
    await pipeline.close();
  }
}

type Subspace = import('@subspace/reed-solomon-erasure.wasm').ReedSolomonErasure;

function subspaceEncode(codec: Subspace, k: number, parity: number): Contender {
  const shards = randomShards(k + parity);
  return { bytes: k * shardBytes, run: () => expectOk(codec.encode(shards, k, parity)) };
}

function subspaceReconstruct(codec: Subspace, k: number, parity: number, lost: number): Contender {
  const shards = randomShards(k + parity);
  expectOk(codec.encode(shards, k, parity));
  const isPresent = Array.from({ length: k + parity }, (_, index) => index >= lost);
  return { bytes: k * shardBytes, run: () => expectOk(codec.reconstruct(shards, k, parity, isPresent)) };
}

function ourEncode(k: number, parityCount: number): Contender {
  const codec = createSubspaceCodec();
  const data = Array.from({ length: k }, () => randomShards(1));
  const parity = Array.from({ length: parityCount }, () => new Uint8Array(shardBytes));
  return { bytes: k * shardBytes, run: () => codec.encode(data, parity) };
}

function ourReconstruct(k: number, parityCount: number, lost: number): Contender {
  const codec = createSubspaceCodec();
  const data = Array.from({ length: k }, () => randomShards(1));
  const parity = Array.from({ length: parityCount }, () => new Uint8Array(shardBytes));
  codec.encode(data, parity);
  const shards = [...data, ...parity].map((shard, index) => (index < lost ? undefined : shard));
  const wanted = Array.from({ length: lost }, (_, index) => index);
  return { bytes: k * shardBytes, run: () => codec.reconstruct(shards, k, wanted) };
}

/** Seal and open of whole segments with twice as many calls in flight as there are workers. */
async function measurePipeline(
  pipeline: SegmentPipeline,
  k: number,
  n: number,
): Promise<{ seal: number; openData: number; openParity: number }> {
  const profile = { k, n };
  const plainLength = segmentCapacity(k, fragmentSize);
  const plain = randomFillSync(new Uint8Array(plainLength));
  const seal = () =>
    pipeline.sealSegment({ plain: plain.slice(), contentKey, repairKey, profile, fragmentSize });
  const sealed = await seal();
  const open = async (first: number) => {
    const fragments = sealed.fragments.map((fragment, index) =>
      index >= first && index < first + k ? fragment.slice() : undefined,
    );
    releaseMemory(await pipeline.openSegment({ ...sealed, fragments, contentKey, repairKey, profile }));
  };
  const calls = Math.max(2 * workers, Math.ceil(48e6 / plainLength));
  const contender = (run: () => Promise<void>): Contender => ({
    bytes: calls * plainLength,
    run: () => runInFlight(calls, 2 * workers, run),
  });
  return measureThroughput(
    {
      seal: contender(async () => {
        for (const fragment of (await seal()).fragments) releaseMemory(fragment);
      }),
      openData: contender(() => open(0)),
      openParity: contender(() => open(n - k)),
    },
    5,
  );
}

async function runInFlight(calls: number, width: number, run: () => Promise<void>): Promise<void> {
  let started = 0;
  const lane = async () => {
    while (started++ < calls) await run();
  };
  await Promise.all(Array.from({ length: width }, lane));
}

function randomShards(count: number): Uint8Array {
  return randomFillSync(new Uint8Array(count * shardBytes));
}

function expectOk(status: number): void {
  if (status !== ReedSolomonErasure.RESULT_OK) throw new Error(`@subspace answered ${status}`);
}
