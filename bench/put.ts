import type { BenchReport } from './report.js';
import { measureTransfers, type ProfileName, type TransferRounds } from './transfer-rounds.js';

/**
 * A file of 256 MiB put to 24 provider processes on this machine, against hyperdrive's copy of the same file to another
 * process. A put is done when every receipt is signed and checked; forming contracts takes blocks, not bytes, and is
 * timed apart.
 */
export async function benchPut(): Promise<BenchReport> {
  const rounds = await measureTransfers();
  const { figures, ratios, why } = reportOf(rounds);
  const of = (name: ProfileName) => rounds.profiles[name];
  return {
    figures: {
      userMBps_10_16: of('10_16').putMBps,
      userMBps_8_24: of('8_24').putMBps,
      ...figures,
      peakRssMiB: rounds.putPeakRssMiB,
      storedMBps_10_16: of('10_16').storedMBps,
      storedMBps_8_24: of('8_24').storedMBps,
      plainWriteMBps: of('8_24').plainWriteMBps,
      formSeconds_10_16: of('10_16').formSeconds,
      formSeconds_8_24: of('8_24').formSeconds,
      clientCpuMsPerMiB_10_16: of('10_16').putCpuMs.client,
      clientCpuMsPerMiB_8_24: of('8_24').putCpuMs.client,
      marketCpuMsPerMiB_10_16: of('10_16').putCpuMs.market,
      marketCpuMsPerMiB_8_24: of('8_24').putCpuMs.market,
    },
    ratios,
    why,
  };
}

/** The same file got back by another client process, against webtorrent's download of it from another process. */
export async function benchGet(): Promise<BenchReport> {
  const rounds = await measureTransfers();
  const { figures, ratios, why } = reportOf(rounds);
  const of = (name: ProfileName) => rounds.profiles[name];
  return {
    figures: {
      userMBps_10_16: of('10_16').getMBps,
      userMBps_8_24: of('8_24').getMBps,
      ...figures,
      peakRssMiB: rounds.getPeakRssMiB,
      clientCpuMsPerMiB_10_16: of('10_16').getCpuMs.client,
      clientCpuMsPerMiB_8_24: of('8_24').getCpuMs.client,
      marketCpuMsPerMiB_10_16: of('10_16').getCpuMs.market,
      marketCpuMsPerMiB_8_24: of('8_24').getCpuMs.market,
    },
    ratios,
    why,
  };
}

/** What both directions tell; ratios are those of the slower profile. */
function reportOf({ profiles, hyperdrive, webtorrentMBps, whyNoPeers, idleCores }: TransferRounds) {
  const slowest = (direction: 'putMBps' | 'getMBps') =>
    Math.min(profiles['10_16'][direction], profiles['8_24'][direction]);
  const against = (direction: 'putMBps' | 'getMBps', peerMBps: number | undefined) => ({
    lower: peerMBps === undefined ? null : slowest(direction) / peerMBps,
    '10_16': peerMBps === undefined ? null : profiles['10_16'][direction] / peerMBps,
    '8_24': peerMBps === undefined ? null : profiles['8_24'][direction] / peerMBps,
  });
  // The faster of hyperdrive's two ways counts.
  const hyperdriveMBps = hyperdrive && Math.max(hyperdrive.putAndCopyMBps, hyperdrive.fetchMBps);
  const put = against('putMBps', hyperdriveMBps);
  const get = against('getMBps', webtorrentMBps);
  const absent: Record<string, string> = {};
  if (whyNoPeers !== undefined) {
    for (const key of [
      ...['vsHyperdrive', 'vsHyperdrive_10_16', 'vsHyperdrive_8_24', 'hyperdriveMBps', 'hyperdrivePutMBps'],
      ...['vsWebtorrent', 'vsWebtorrent_10_16', 'vsWebtorrent_8_24', 'webtorrentMBps'],
    ]) {
      absent[key] = whyNoPeers;
    }
  }
  if (idleCores === null) absent['idleMarketCores'] = 'this system has no /proc';
  return {
    figures: {
      firstByteMs: Math.max(profiles['10_16'].firstByteMs, profiles['8_24'].firstByteMs),
      hyperdriveMBps: hyperdrive?.fetchMBps ?? null,
      hyperdrivePutMBps: hyperdrive?.putAndCopyMBps ?? null,
      webtorrentMBps: webtorrentMBps ?? null,
      idleMarketCores: idleCores,
    },
    ratios: {
      vsHyperdrive: put.lower,
      vsHyperdrive_10_16: put['10_16'],
      vsHyperdrive_8_24: put['8_24'],
      vsWebtorrent: get.lower,
      vsWebtorrent_10_16: get['10_16'],
      vsWebtorrent_8_24: get['8_24'],
    },
    why: absent,
  };
}
