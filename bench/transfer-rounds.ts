import { join } from 'node:path';
import type { RedundancyProfile } from '#fragments';
import { type BenchMarket, plainWriteSeconds, withMarket, writeRandomFile } from './bench-market.js';
import type { ClientChild, CpuTime, Got, Put } from './client-child.js';
import { cpuSecondsOf } from './cpu-time.js';
import { median } from './measure.js';
import { copyWithHyperdrive, downloadWithWebtorrent, installPeers } from './peer-processes.js';

const MiB = 2 ** 20;
const FILE_BYTES = 256 * MiB;
const PROVIDERS = 24;
const ROUNDS = 5;
const IDLE_MS = 3_000;
const EPOCHS = 100;

const PROFILES = {
  '10_16': { k: 10, repairBelow: 12, n: 16 },
  '8_24': { k: 8, repairBelow: 12, n: 24 },
} as const satisfies Record<string, RedundancyProfile>;

/** A profile of this benchmark, as its keys name it: k and n. */
export type ProfileName = keyof typeof PROFILES;
export const profileNames: readonly ProfileName[] = ['10_16', '8_24'];

/** One profile's medians over the rounds. */
export interface ProfileRounds {
  readonly putMBps: number;
  readonly getMBps: number;
  readonly storedMBps: number;
  readonly plainWriteMBps: number;
  readonly formSeconds: number;
  readonly firstByteMs: number;
  /** Processor time per MiB of the file: the client's, and that of all other processes of the market. */
  readonly putCpuMs: CpuShare;
  readonly getCpuMs: CpuShare;
}

interface CpuShare {
  readonly client: number;
  readonly market: number | null;
}

/** What one run of puts, gets and peers measured. */
export interface TransferRounds {
  readonly profiles: Readonly<Record<ProfileName, ProfileRounds>>;
  readonly putPeakRssMiB: number;
  readonly getPeakRssMiB: number;
  /** Share of one core that the market takes while nobody stores or reads. */
  readonly idleCores: number | null;
  readonly hyperdrive: { readonly putAndCopyMBps: number; readonly fetchMBps: number } | undefined;
  readonly webtorrentMBps: number | undefined;
  /** Why there are no peers. */
  readonly whyNoPeers: string | undefined;
}

/** Puts and gets of a file over loopback and the peers take turns, so that a neighbour's load falls on all of them. */
export function measureTransfers(): Promise<TransferRounds> {
  return withMarket(PROVIDERS, async (market) => {
    let whyNoPeers = await installPeers();
    const file = await writeRandomFile(join(market.folder, 'file'), FILE_BYTES);
    const clients = { putter: await market.client(), getter: await market.client() };
    const idleCores = await measureIdle(market);
    const rounds: Record<ProfileName, Round[]> = { '10_16': [], '8_24': [] };
    const copies: Awaited<ReturnType<typeof copyWithHyperdrive>>[] = [];
    const downloads: number[] = [];
    // Providers run for months: what their engine does with code it has never run is not measured.
    for (const name of profileNames) await measureRound(market, clients, file, PROFILES[name]);
    for (let round = 0; round < ROUNDS; round++) {
      for (const name of profileNames) {
        rounds[name].push(await measureRound(market, clients, file, PROFILES[name]));
      }
      if (whyNoPeers !== undefined) continue;
      try {
        copies.push(await copyWithHyperdrive(file, FILE_BYTES, market.folder));
        downloads.push(await downloadWithWebtorrent(file, FILE_BYTES, market.folder));
      } catch (error) {
        whyNoPeers = `a peer failed: ${error instanceof Error ? error.message : String(error)}`;
      }
    }
    return {
      profiles: { '10_16': summary(rounds['10_16']), '8_24': summary(rounds['8_24']) },
      putPeakRssMiB: clients.putter.peakRssMiB,
      getPeakRssMiB: clients.getter.peakRssMiB,
      idleCores,
      hyperdrive:
        copies.length === 0
          ? undefined
          : {
              putAndCopyMBps: median(copies.map(({ putAndCopyMBps }) => putAndCopyMBps)),
              fetchMBps: median(copies.map(({ fetchMBps }) => fetchMBps)),
            },
      webtorrentMBps: downloads.length === 0 ? undefined : median(downloads),
      whyNoPeers,
    };
  });
}

interface Round {
  readonly put: Put;
  readonly got: Got;
  readonly firstByteMs: readonly number[];
  readonly plainSeconds: number;
}

async function measureRound(
  { network, folder }: BenchMarket,
  { putter, getter }: { readonly putter: ClientChild; readonly getter: ClientChild },
  file: string,
  profile: RedundancyProfile,
): Promise<Round> {
  const pids = network.processIds();
  const put = await putter.put(file, { profile, epochs: EPOCHS }, pids);
  const plainSeconds = await plainWriteSeconds(folder, put.storedBytes);
  const got = await getter.get(put.entry, pids);
  // Afterwards: reads that are broken off cost connections.
  const firstByteMs = await getter.firstBytes(put.entry);
  await putter.end(put.contracts);
  return { put, got, firstByteMs, plainSeconds };
}

function summary(rounds: readonly Round[]): ProfileRounds {
  const of = (value: (round: Round) => number): number => median(rounds.map(value));
  const share = (cpu: (round: Round) => CpuTime): CpuShare => {
    const perMiB = 1000 / (FILE_BYTES / MiB);
    const others = rounds.map((round) => cpu(round).othersSeconds).filter((seconds) => seconds !== undefined);
    return {
      client: of((round) => cpu(round).clientSeconds) * perMiB,
      market: others.length === rounds.length ? median(others) * perMiB : null,
    };
  };
  return {
    putMBps: FILE_BYTES / 1e6 / of(({ put }) => put.seconds),
    getMBps: FILE_BYTES / 1e6 / of(({ got }) => got.seconds),
    storedMBps: of(({ put }) => put.storedBytes / 1e6 / put.seconds),
    plainWriteMBps: of(({ put, plainSeconds }) => put.storedBytes / 1e6 / plainSeconds),
    formSeconds: of(({ put }) => put.formSeconds),
    firstByteMs: median(rounds.flatMap(({ firstByteMs }) => firstByteMs)),
    putCpuMs: share(({ put }) => put.cpu),
    getCpuMs: share(({ got }) => got.cpu),
  };
}

async function measureIdle({ network }: BenchMarket): Promise<number | null> {
  const before = cpuSecondsOf(network.processIds());
  await new Promise((done) => setTimeout(done, IDLE_MS));
  const after = cpuSecondsOf(network.processIds());
  return before === undefined || after === undefined ? null : (after - before) / (IDLE_MS / 1000);
}
