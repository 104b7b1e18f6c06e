import { randomFillSync } from 'node:crypto';
import { createRequire } from 'node:module';
import { createErasureCodec, createSimdCodec, type ErasureCodec } from '#erasure';
import { type Isal, openIsal } from './isal.js';
import { type Contender, measureThroughput, median } from './measure.js';
import type { BenchReport } from './report.js';

const { ReedSolomonErasure } = createRequire(import.meta.url)(
  '@subspace/reed-solomon-erasure.wasm',
) as typeof import('@subspace/reed-solomon-erasure.wasm');

const shardBytes = 1024 * 1024;
const rounds = 15;
/** Encodings of one sample: our side takes a few milliseconds each. */
const repeats = 4;

/**
 * Reed-Solomon on one thread, in MB/s of user data, shards of 1 MiB: our codec (the one this machine's pipeline takes)
 * against @subspace's documented call and, where it can be compiled against, ISA-L. All take turns within a round.
 */
export async function benchErasure(): Promise<BenchReport> {
  const naive = await ReedSolomonErasure.fromCurrentDirectory();
  const codec = createErasureCodec();
  const plain = createSimdCodec('SIMD');
  const isal = await openIsal();
  try {
    const isalSamples: number[] = [];
    const encode = await measureThroughput(
      {
        subspace: subspaceEncode(naive, 10, 20),
        ours: ourEncode(codec, 10, 20),
        isal: isalEncode(isal, 10, 20, isalSamples),
        plain: plain === undefined ? nothing : ourEncode(plain, 10, 20),
      },
      rounds,
    );
    const narrow = await measureThroughput(
      { ours: ourEncode(codec, 10, 6), subspace: subspaceEncode(naive, 10, 6) },
      rounds,
    );
    const reconstruct = await measureThroughput(
      { subspace: subspaceReconstruct(naive, 10, 6, 4), ours: ourReconstruct(codec, 10, 6, 4) },
      rounds,
    );
    const isalEncodeMBps = isalSamples.length > 0 ? median(isalSamples) : null;
    return {
      figures: {
        encodeMBps_10_30: encode.ours,
        plainSimdEncodeMBps_10_30: plain === undefined ? null : encode.plain,
        subspaceEncodeMBps_10_30: encode.subspace,
        isalEncodeMBps_10_30: isalEncodeMBps,
        encodeMBps_10_16: narrow.ours,
        subspaceEncodeMBps_10_16: narrow.subspace,
        reconstructMBps_10_16: reconstruct.ours,
        subspaceReconstructMBps_10_16: reconstruct.subspace,
      },
      ratios: {
        encodeVsSubspace_10_30: encode.ours / encode.subspace,
        encodeVsIsal_10_30: isalEncodeMBps === null ? null : encode.ours / isalEncodeMBps,
        reconstructVsSubspace_10_16: reconstruct.ours / reconstruct.subspace,
      },
      why: {
        encodeMBps_10_30: `codec: ${codec.name}`,
        encodeVsIsal_10_30: 'why' in isal ? isal.why : `ISA-L ${isal.road}`,
      },
    };
  } finally {
    if ('close' in isal) await isal.close();
  }
}

const nothing: Contender = { bytes: 1, run: () => undefined };

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

function ourEncode(codec: ErasureCodec, k: number, parityCount: number): Contender {
  const data = Array.from({ length: k }, () => randomShards(1));
  const parity = Array.from({ length: parityCount }, () => new Uint8Array(shardBytes));
  return {
    bytes: repeats * k * shardBytes,
    run: () => {
      for (let count = 0; count < repeats; count++) codec.encode(data, parity);
    },
  };
}

function ourReconstruct(codec: ErasureCodec, k: number, parityCount: number, lost: number): Contender {
  const data = Array.from({ length: k }, () => randomShards(1));
  const parity = Array.from({ length: parityCount }, () => new Uint8Array(shardBytes));
  codec.encode(data, parity);
  const shards = [...data, ...parity].map((shard, index) => (index < lost ? undefined : shard));
  const wanted = Array.from({ length: lost }, (_, index) => index);
  return {
    bytes: repeats * k * shardBytes,
    run: () => {
      for (let count = 0; count < repeats; count++) codec.reconstruct(shards, k, wanted);
    },
  };
}

/** ISA-L's time is taken in its own process; the samples are its, in MB/s. */
function isalEncode(
  isal: Isal | { readonly why: string },
  k: number,
  rows: number,
  samples: number[],
): Contender {
  if ('why' in isal) return nothing;
  const bytes = repeats * k * shardBytes;
  return {
    bytes,
    run: async () => {
      samples.push(bytes / 1e6 / (await isal.encode(k, rows, shardBytes, repeats)));
    },
  };
}

function randomShards(count: number): Uint8Array {
  return randomFillSync(new Uint8Array(count * shardBytes));
}

function expectOk(status: number): void {
  if (status !== ReedSolomonErasure.RESULT_OK) throw new Error(`@subspace answered ${status}`);
}
