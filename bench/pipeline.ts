import { randomFillSync } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { Piscina } from 'piscina';
import { allocateMemory, createSegmentPipeline, releaseMemory, type SegmentPipeline } from '#erasure';
import { defaultFragmentSizeBytes, segmentCapacity } from '#fragments';
import { type Contender, measureThroughput } from './measure.js';
import type { PipelinePart } from './pipeline-parts.js';
import type { BenchReport } from './report.js';

const workers = 2;
const rounds = 15;
const fragmentSize = defaultFragmentSizeBytes;
const contentKey = randomFillSync(new Uint8Array(32));
const repairKey = randomFillSync(new Uint8Array(32));

/**
 * The segment pipeline on two worker threads, in MB/s of user data.
 *
 * `vsSumOfParts` is what sealSegment reaches against an ideal that costs nothing but its four parts. Each part alone is
 * measured on two threads at once, on memory used before (pipeline-parts.ts): seal = ChaCha20-Poly1305 of 64 KiB
 * records, encode = the same codec from data to parity buffers, mask = ChaCha20 of the parity, hash = BLAKE3 of all n
 * fragments. With r the rate of a part on both threads together, the ideal is 1 / (sum of 1 / r). Everything takes turns
 * within a round; medians. What the pipeline has on top: keys, moving bytes between the parts, tasks and messages.
 */
export async function benchPipeline(): Promise<BenchReport> {
  const pipeline = createSegmentPipeline({ workers });
  const threads = new Piscina({
    filename: fileURLToPath(new URL('./pipeline-parts.js', import.meta.url)),
    name: 'runPart',
    minThreads: workers,
    maxThreads: workers,
  });
  try {
    const wide = { k: 10, n: 30 };
    const devnet = { k: 3, n: 8 };
    const rates = await measureThroughput(
      {
        pipeline: await sealing(pipeline, wide),
        seal: part(threads, 'seal', wide),
        encode: part(threads, 'encode', wide),
        mask: part(threads, 'mask', wide),
        hash: part(threads, 'hash', wide),
      },
      rounds,
    );
    const ideal = 1 / (1 / rates.seal + 1 / rates.encode + 1 / rates.mask + 1 / rates.hash);
    const opening = await measureThroughput(
      {
        data: await openingFrom(pipeline, wide, 0),
        parity: await openingFrom(pipeline, wide, wide.n - wide.k),
        repair: await repairing(pipeline, wide),
        devnet: await sealing(pipeline, devnet),
      },
      7,
    );
    return {
      figures: {
        userMBps_10_30: rates.pipeline,
        idealMBps_10_30: ideal,
        sealPartMBps_10_30: rates.seal,
        encodePartMBps_10_30: rates.encode,
        maskPartMBps_10_30: rates.mask,
        hashPartMBps_10_30: rates.hash,
        openDataMBps_10_30: opening.data,
        openParityMBps_10_30: opening.parity,
        repairTwoLostMBps_10_30: opening.repair,
        userMBps_3_8: opening.devnet,
        workers,
      },
      ratios: { vsSumOfParts: rates.pipeline / ideal },
    };
  } finally {
    await pipeline.close();
    await threads.destroy();
  }
}

interface Shape {
  readonly k: number;
  readonly n: number;
}

/** One part on both threads at once, a few segments each. */
function part(threads: Piscina, kind: PipelinePart, shape: Shape): Contender {
  const segments = 4;
  const task = { kind, ...shape, shardBytes: fragmentSize, segments };
  return {
    bytes: workers * segments * shape.k * fragmentSize,
    run: () => Promise.all(Array.from({ length: workers }, () => threads.run(task))),
  };
}

/** Sealing whole segments, two calls in flight for each worker; plaintext and fragments in memory given back before. */
async function sealing(pipeline: SegmentPipeline, profile: Shape): Promise<Contender> {
  const length = segmentCapacity(profile.k, fragmentSize);
  const calls = Math.max(4 * workers, Math.ceil(80e6 / length));
  const seal = async (): Promise<void> => {
    const plain = allocateMemory(length);
    const { fragments } = await pipeline.sealSegment({ plain, contentKey, repairKey, profile, fragmentSize });
    for (const fragment of fragments) releaseMemory(fragment);
  };
  return { bytes: calls * length, run: () => runInFlight(calls, 2 * workers, seal) };
}

/** Opening a segment from k fragments in a row; those before `first` and behind are lost. */
async function openingFrom(pipeline: SegmentPipeline, profile: Shape, first: number): Promise<Contender> {
  const { sealed, calls, copyOf } = await sealedOnce(pipeline, profile);
  const open = async (): Promise<void> => {
    const fragments = sealed.fragments.map((fragment, index) =>
      index >= first && index < first + profile.k ? copyOf(fragment) : undefined,
    );
    releaseMemory(await pipeline.openSegment({ ...sealed, fragments, contentKey, repairKey, profile }));
  };
  return { bytes: calls * sealed.plainLength, run: () => runInFlight(calls, 2 * workers, open) };
}

/** Rebuilding one data and one parity fragment from the rest, in MB/s of the segment's user data. */
async function repairing(pipeline: SegmentPipeline, profile: Shape): Promise<Contender> {
  const { sealed, calls, copyOf } = await sealedOnce(pipeline, profile);
  const missing = [0, profile.k];
  const repair = async (): Promise<void> => {
    const fragments = sealed.fragments.map((fragment, index) =>
      index > 0 && index <= profile.k + 1 && !missing.includes(index) ? copyOf(fragment) : undefined,
    );
    const rebuilt = await pipeline.repairFragments({ ...sealed, fragments, repairKey, profile, missing });
    for (const fragment of rebuilt) releaseMemory(fragment);
  };
  return { bytes: calls * sealed.plainLength, run: () => runInFlight(calls, 2 * workers, repair) };
}

async function sealedOnce(pipeline: SegmentPipeline, profile: Shape) {
  const plain = randomFillSync(new Uint8Array(segmentCapacity(profile.k, fragmentSize)));
  const sealed = await pipeline.sealSegment({ plain, contentKey, repairKey, profile, fragmentSize });
  const copyOf = (fragment: Uint8Array): Uint8Array => {
    const copy = allocateMemory(fragment.length);
    copy.set(fragment);
    return copy;
  };
  return { sealed, calls: 4 * workers, copyOf };
}

async function runInFlight(calls: number, width: number, run: () => Promise<void>): Promise<void> {
  let started = 0;
  const lane = async () => {
    while (started++ < calls) await run();
  };
  await Promise.all(Array.from({ length: width }, lane));
}
