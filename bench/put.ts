import { randomBytes, randomFillSync } from 'node:crypto';
import { mkdir, mkdtemp, open, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { devnet } from '#chain';
import { CairnClient } from '#client';
import { newPhrase } from '#crypto';
import { releaseMemory } from '#erasure';
import { type RedundancyProfile, redundancyProfiles } from '#fragments';
import { createKeystore } from '#keystore';
import { startCli } from '../test/e2e/support/cli.js';
import { TestNetwork } from '../test/e2e/support/network.js';
import { median } from './measure.js';
import type { BenchReport } from './report.js';

const MiB = 2 ** 20;
const FILE_BYTES = 256 * MiB;
const ROUNDS = 3;
/** Of the profiles that move three times the bytes of their file. */
const WIDE_ROUNDS = 1;
const PROVIDERS = 24;
const FIRST_BYTE_ROUNDS = 7;
const terms = (profile: RedundancyProfile) => ({ profile, epochs: 100 });

const profiles = {
  '3_8': redundancyProfiles.devnet,
  '10_16': { k: 10, repairBelow: 12, n: 16 },
  '8_24': redundancyProfiles.default,
} as const satisfies Record<string, RedundancyProfile>;

/**
 * A file put to provider processes on this machine and got back, against a plain copy of the same stored bytes to the
 * same disk. A put is done when every receipt is signed and checked; forming contracts takes blocks, not bytes, and is
 * timed apart.
 */
export async function benchPut(): Promise<BenchReport> {
  const folder = await mkdtemp(join(tmpdir(), 'cairn-bench-'));
  const network = await TestNetwork.start({ providers: PROVIDERS, folder: join(folder, 'network') }).catch(
    async (error: unknown) => {
      await rm(folder, { recursive: true, force: true });
      throw error;
    },
  );
  try {
    const file = join(folder, 'file');
    await writeFile(file, FILE_BYTES);
    return await measure(network, folder, file);
  } finally {
    await network.stop();
    await rm(folder, { recursive: true, force: true });
  }
}

async function measure(network: TestNetwork, folder: string, file: string): Promise<BenchReport> {
  const phrase = newPhrase(new Uint8Array(randomBytes(16)));
  const client = CairnClient.open({ ledger: network.ledger, params: devnet, phrase });
  try {
    await network.fund(client.address, 10n ** 13n);
    const devnetRounds = await measureRounds(client, folder, file, profiles['3_8'], ROUNDS);
    const wide = await measureRounds(client, folder, file, profiles['10_16'], WIDE_ROUNDS);
    const safe = await measureRounds(client, folder, file, profiles['8_24'], WIDE_ROUNDS);
    const peak = await measurePeak(network, folder, file, phrase);
    return {
      figures: {
        userMBps_3_8: devnetRounds.putMBps,
        userMBps_10_16: wide.putMBps,
        userMBps_8_24: safe.putMBps,
        storedMBps_3_8: devnetRounds.storedMBps,
        plainCopyMBps: devnetRounds.copyMBps,
        formSeconds_3_8: devnetRounds.formSeconds,
        getMBps_3_8: devnetRounds.getMBps,
        getMBps_10_16: wide.getMBps,
        getMBps_8_24: safe.getMBps,
        firstByteMs: devnetRounds.firstByteMs,
        peakRssMiB: peak.put,
        getPeakRssMiB: peak.get,
        fileMiB: FILE_BYTES / MiB,
        providers: PROVIDERS,
      },
      ratios: {
        storedVsPlainCopy_3_8: devnetRounds.storedMBps / devnetRounds.copyMBps,
        storedVsPlainCopy_10_16: wide.storedMBps / wide.copyMBps,
        storedVsPlainCopy_8_24: safe.storedMBps / safe.copyMBps,
        getVsPlainCopy_3_8: devnetRounds.getMBps / devnetRounds.copyMBps,
        vsHyperdrive: null,
        vsWebtorrent: null,
      },
      why: {
        vsHyperdrive: 'hyperdrive is not installed here',
        vsWebtorrent: 'webtorrent is not installed here',
        storedVsPlainCopy_3_8:
          'sealed, coded, hashed, sent, verified and synced by the providers, against bytes copied and synced by one loop',
      },
    };
  } finally {
    await client.close();
  }
}

interface Rounds {
  readonly putMBps: number;
  readonly storedMBps: number;
  readonly copyMBps: number;
  readonly getMBps: number;
  readonly formSeconds: number;
  readonly firstByteMs: number;
}

/** Put, copy and get take turns, so that a neighbour's load falls on all of them. */
async function measureRounds(
  client: CairnClient,
  folder: string,
  file: string,
  profile: RedundancyProfile,
  rounds: number,
): Promise<Rounds> {
  const put: number[] = [];
  const form: number[] = [];
  const copy: number[] = [];
  const get: number[] = [];
  const firstByte: number[] = [];
  let storedBytes = 0;
  for (let round = 0; round < rounds; round++) {
    const startedMs = performance.now();
    let receiptsMs = 0;
    const stored = await client.storeFile(file, 'file', {
      ...terms(profile),
      onProgress: ({ stage }) => {
        if (stage === 'agreeing') receiptsMs = performance.now();
      },
    });
    put.push((receiptsMs - startedMs) / 1000);
    form.push((performance.now() - receiptsMs) / 1000);
    storedBytes = Number(stored.quote.storedBytes);
    copy.push(await copyBytes(file, join(folder, 'copy'), storedBytes));
    const fetchedMs = performance.now();
    for await (const part of client.read(stored.entry)) releaseMemory(part);
    get.push((performance.now() - fetchedMs) / 1000);
    for (let again = 0; again < FIRST_BYTE_ROUNDS; again++) {
      const askedMs = performance.now();
      const bytes = client.read(stored.entry);
      await bytes.next();
      firstByte.push(performance.now() - askedMs);
      await bytes.return(undefined);
    }
    await client.endContracts(stored.contracts);
  }
  return {
    putMBps: FILE_BYTES / 1e6 / median(put),
    storedMBps: storedBytes / 1e6 / median(put),
    copyMBps: storedBytes / 1e6 / median(copy),
    getMBps: FILE_BYTES / 1e6 / median(get),
    formSeconds: median(form),
    firstByteMs: median(firstByte),
  };
}

/** Seconds a plain loop takes to copy so many bytes of a file, synced at the end as the providers sync theirs. */
async function copyBytes(from: string, to: string, sizeBytes: number): Promise<number> {
  const startedMs = performance.now();
  const source = await open(from, 'r');
  const target = await open(to, 'w');
  const buffer = new Uint8Array(MiB);
  try {
    for (let done = 0; done < sizeBytes; done += buffer.length) {
      const wanted = Math.min(buffer.length, sizeBytes - done);
      await source.read(buffer, 0, wanted, done % FILE_BYTES);
      await target.write(buffer, 0, wanted);
    }
    await target.sync();
  } finally {
    await source.close();
    await target.close();
    await rm(to, { force: true });
  }
  return (performance.now() - startedMs) / 1000;
}

/** Peak resident memory of the command line, putting and getting the file as a process of its own. */
async function measurePeak(
  network: TestNetwork,
  folder: string,
  file: string,
  phrase: string,
): Promise<{ put: number; get: number }> {
  const dataDir = join(folder, 'home');
  await mkdir(dataDir);
  await createKeystore(join(dataDir, 'keystore.age'), { phrase, network: 'devnet', passphrase: '' });
  const run = async (...args: string[]): Promise<number> => {
    const { child, result } = startCli(args, { dataDir, nodeUrl: network.nodeUrl });
    const peak = await watchPeak(child.pid ?? 0);
    const { code, stderr } = await result;
    if (code !== 0) throw new Error(`cairn ${args.join(' ')} ended with ${code}: ${stderr}`);
    return peak;
  };
  return {
    put: await run('put', file, '--name', 'peak'),
    get: await run('get', 'peak', '-o', join(folder, 'back')),
  };
}

async function watchPeak(pid: number): Promise<number> {
  let peak = 0;
  for (;;) {
    const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
    const found = /^VmHWM:\s+(\d+) kB/m.exec(status)?.[1];
    if (found === undefined) return peak;
    peak = Number(found) / 1024;
    await delay(20);
  }
}

async function writeFile(path: string, sizeBytes: number): Promise<void> {
  const handle = await open(path, 'w');
  const buffer = new Uint8Array(MiB);
  for (let done = 0; done < sizeBytes; done += buffer.length) await handle.write(randomFillSync(buffer));
  await handle.close();
}
