import { join } from 'node:path';
import { type BenchMarket, plainWriteSeconds, withMarket, writeRandomFile } from './bench-market.js';
import type { ClientChild, Got, Put } from './client-child.js';
import { median } from './measure.js';
import type { BenchReport } from './report.js';

const PROVIDERS = 16;
const OPTIONS = { profile: { k: 10, repairBelow: 12, n: 16 }, epochs: 100 } as const;
const ROUNDS = 6;
const WARM_UPS = 6;
/** The small file takes a tenth of the time: in each round it is moved this often. */
const SMALL_TRANSFERS = 4;

/** Sizes in bytes by the name in the keys. */
const SIZES = { '100MB': 1e8, '1GB': 1e9 } as const;
const HUGE_BYTES = 1e10;

const notMeasured = ['putMBps', 'getMBps', 'putPeakRssMiB', 'getPeakRssMiB', 'plainWriteMBps']
  .map((name) => `${name}_10GB`)
  .concat('stored10GBVsPlainWrite');

interface Transfer {
  readonly put: Put;
  readonly got: Got;
  readonly putPeakMiB: number;
  readonly getPeakMiB: number;
}

/** A client that puts and one that gets, for files of one size: peaks of memory are of that size. */
interface Pair {
  readonly putter: ClientChild;
  readonly getter: ClientChild;
}

/**
 * What a file ten times as large costs: the same MB/s and the same memory. Both take turns, so that a neighbour's load
 * falls on both; ratios are of medians.
 * `huge`: also 10 GB, beyond the page cache of many machines, against a plain write of the same stored bytes.
 */
export function benchLinear(huge: boolean): Promise<BenchReport> {
  return withMarket(PROVIDERS, async (market) => {
    const files = {
      small: await writeRandomFile(join(market.folder, 'small'), SIZES['100MB']),
      large: await writeRandomFile(join(market.folder, 'large'), SIZES['1GB']),
    };
    const pairs = { small: await warmPair(market, files.small), large: await warmPair(market, files.small) };
    const small: Transfer[] = [];
    const large: Transfer[] = [];
    for (let round = 0; round < ROUNDS; round++) {
      for (let at = 0; at < SMALL_TRANSFERS; at++) small.push(await transfer(pairs.small, files.small));
      large.push(await transfer(pairs.large, files.large));
    }
    await stopPair(pairs.small);
    await stopPair(pairs.large);
    const [few, many] = [summary(SIZES['100MB'], small), summary(SIZES['1GB'], large)];
    const most = huge ? await measureHuge(market, files.small) : undefined;
    return {
      figures: {
        putMBps_100MB: few.putMBps,
        putMBps_1GB: many.putMBps,
        getMBps_100MB: few.getMBps,
        getMBps_1GB: many.getMBps,
        putPeakRssMiB_100MB: few.putPeakMiB,
        putPeakRssMiB_1GB: many.putPeakMiB,
        getPeakRssMiB_100MB: few.getPeakMiB,
        getPeakRssMiB_1GB: many.getPeakMiB,
        putMBps_10GB: most?.putMBps ?? null,
        getMBps_10GB: most?.getMBps ?? null,
        putPeakRssMiB_10GB: most?.putPeakMiB ?? null,
        getPeakRssMiB_10GB: most?.getPeakMiB ?? null,
        plainWriteMBps_10GB: most?.plainWriteMBps ?? null,
      },
      ratios: {
        put1GBVs100MB: many.putMBps / few.putMBps,
        get1GBVs100MB: many.getMBps / few.getMBps,
        putPeakRss1GBVs100MB: many.putPeakMiB / few.putPeakMiB,
        getPeakRss1GBVs100MB: many.getPeakMiB / few.getPeakMiB,
        stored10GBVsPlainWrite: most === undefined ? null : most.storedMBps / most.plainWriteMBps,
      },
      why: Object.fromEntries(
        (huge ? [] : notMeasured).map((key) => [key, 'measured with --huge: it needs 40 GB of disk']),
      ),
    };
  });
}

/** New clients that have moved a file before: what an engine does with code it has never run takes no part. */
async function warmPair(market: BenchMarket, file: string): Promise<Pair> {
  const [putter, getter] = await Promise.all([market.client(), market.client()]);
  for (let round = 0; round < WARM_UPS; round++) await transfer({ putter, getter }, file);
  return { putter, getter };
}

async function stopPair({ putter, getter }: Pair): Promise<void> {
  await Promise.all([putter.stop(), getter.stop()]);
}

async function transfer({ putter, getter }: Pair, file: string): Promise<Transfer> {
  const put = await putter.put(file, OPTIONS);
  const got = await getter.get(put.entry);
  await putter.end(put.contracts);
  return { put, got, putPeakMiB: putter.peakRssMiB, getPeakMiB: getter.peakRssMiB };
}

function summary(sizeBytes: number, transfers: readonly Transfer[]) {
  const of = (value: (transfer: Transfer) => number): number => median(transfers.map(value));
  return {
    putMBps: sizeBytes / 1e6 / of(({ put }) => put.seconds),
    getMBps: sizeBytes / 1e6 / of(({ got }) => got.seconds),
    storedMBps: of(({ put }) => put.storedBytes / 1e6 / put.seconds),
    putPeakMiB: Math.max(...transfers.map(({ putPeakMiB }) => putPeakMiB)),
    getPeakMiB: Math.max(...transfers.map(({ getPeakMiB }) => getPeakMiB)),
  };
}

async function measureHuge(market: BenchMarket, warmUp: string) {
  const file = await writeRandomFile(join(market.folder, 'huge'), HUGE_BYTES);
  const pair = await warmPair(market, warmUp);
  const measured = await transfer(pair, file);
  await stopPair(pair);
  const seconds = await plainWriteSeconds(market.folder, measured.put.storedBytes);
  const plainWriteMBps = measured.put.storedBytes / 1e6 / seconds;
  return { ...summary(HUGE_BYTES, [measured]), plainWriteMBps };
}
