import { randomBytes, randomFillSync } from 'node:crypto';
import { mkdtemp, open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { newPhrase } from '#crypto';
import { TestNetwork } from '../test/e2e/support/network.js';
import { type Blocks, ClientChild } from './client-child.js';

const MiB = 2 ** 20;
const FUNDS = 10n ** 13n;

/** A market of processes on this machine, and a client's phrase with coins. */
export interface BenchMarket {
  readonly network: TestNetwork;
  /** For files; deleted at the end. */
  readonly folder: string;
  readonly phrase: string;
  /** A client process; ended with the market. */
  client(): Promise<ClientChild>;
}

/** Runs a measurement over a market that is gone afterwards. */
export async function withMarket<T>(
  providers: number,
  work: (market: BenchMarket) => Promise<T>,
): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'cairn-bench-'));
  const clients: ClientChild[] = [];
  try {
    // Transfers are measured, not the node's checks of itself.
    const options = { providers, folder: join(folder, 'network'), checkInvariants: false };
    const network = await TestNetwork.start(options);
    try {
      const phrase = newPhrase(new Uint8Array(randomBytes(16)));
      const client = async (): Promise<ClientChild> => {
        const started = await ClientChild.start(network.nodeUrl, phrase, blocksOf(network));
        clients.push(started);
        return started;
      };
      const first = await client();
      await network.fund(first.address, FUNDS);
      await first.stop();
      return await work({ network, folder, phrase, client });
    } finally {
      await Promise.all(clients.map((client) => client.stop()));
      await network.stop();
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/**
 * Transfers need no blocks, and a devnet has one every two seconds, which two dozen providers on one machine then look
 * at: thirty times as often as they would on a real network.
 */
function blocksOf(network: TestNetwork): Blocks {
  return { pause: () => network.pauseMiner(), resume: () => network.resumeMiner() };
}

/** A file of random bytes. */
export async function writeRandomFile(path: string, sizeBytes: number): Promise<string> {
  const handle = await open(path, 'w');
  try {
    const buffer = new Uint8Array(MiB);
    for (let done = 0; done < sizeBytes; done += buffer.length) {
      await handle.write(randomFillSync(buffer), 0, Math.min(buffer.length, sizeBytes - done));
    }
  } finally {
    await handle.close();
  }
  return path;
}

/** Seconds a plain loop takes to write so many bytes to a new file and to sync it. */
export async function plainWriteSeconds(folder: string, sizeBytes: number): Promise<number> {
  const path = join(folder, 'plain');
  const buffer = randomFillSync(new Uint8Array(MiB));
  const startedMs = performance.now();
  const target = await open(path, 'w');
  try {
    for (let done = 0; done < sizeBytes; done += buffer.length) {
      await target.write(buffer, 0, Math.min(buffer.length, sizeBytes - done));
    }
    await target.sync();
  } finally {
    await target.close();
  }
  const seconds = (performance.now() - startedMs) / 1000;
  await rm(path, { force: true });
  return seconds;
}
