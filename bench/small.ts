import { randomFillSync } from 'node:crypto';
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createKeystore } from '#keystore';
import { runCli } from '../test/e2e/support/cli.js';
import { type BenchMarket, withMarket } from './bench-market.js';
import type { BenchReport } from './report.js';

const PROVIDERS = 8;
const FILE_BYTES = 1024;
const FILES_PER_FOLDER = 1_000;
const COUNTS = [1, 1_000, 100_000] as const;

/** Seconds of `cairn put` and `cairn get` for 1, 1,000 and 100,000 files of 1 KiB: a hundred times the files cost a hundred times, not more. */
export function benchSmall(): Promise<BenchReport> {
  return withMarket(PROVIDERS, async (market) => {
    const dataDir = join(market.folder, 'home');
    await mkdir(dataDir);
    const keystore = { phrase: market.phrase, network: 'devnet', passphrase: '' } as const;
    await createKeystore(join(dataDir, 'keystore.age'), keystore);
    const seconds = new Map<number, { put: number; get: number }>();
    for (const count of COUNTS) seconds.set(count, await measure(market, dataDir, count));
    const of = (count: (typeof COUNTS)[number], direction: 'put' | 'get'): number =>
      seconds.get(count)?.[direction] ?? Number.NaN;
    // What starting, forming contracts and anchoring cost is in the one file as well.
    const perFile = (count: 1_000 | 100_000, direction: 'put' | 'get'): number =>
      Math.max(of(count, direction) - of(1, direction), 0.001) / count;
    return {
      figures: {
        putSeconds_1: of(1, 'put'),
        putSeconds_1000: of(1_000, 'put'),
        putSeconds_100000: of(100_000, 'put'),
        getSeconds_1: of(1, 'get'),
        getSeconds_1000: of(1_000, 'get'),
        getSeconds_100000: of(100_000, 'get'),
        putFilesPerSecond_100000: 100_000 / of(100_000, 'put'),
        getFilesPerSecond_100000: 100_000 / of(100_000, 'get'),
      },
      ratios: {
        putHundredThousandVsThousand: of(100_000, 'put') / of(1_000, 'put'),
        getHundredThousandVsThousand: of(100_000, 'get') / of(1_000, 'get'),
        putPerFileHundredThousandVsThousand: perFile(100_000, 'put') / perFile(1_000, 'put'),
        getPerFileHundredThousandVsThousand: perFile(100_000, 'get') / perFile(1_000, 'get'),
      },
    };
  });
}

async function measure(
  market: BenchMarket,
  dataDir: string,
  count: number,
): Promise<{ put: number; get: number }> {
  const name = `files-${count}`;
  const folder = join(market.folder, name);
  await makeFiles(folder, count);
  const run = async (...args: string[]): Promise<number> => {
    const startedMs = performance.now();
    const { code, stderr } = await runCli([...args, '--quiet', '--yes'], {
      dataDir,
      nodeUrl: market.network.nodeUrl,
    });
    if (code !== 0) throw new Error(`cairn ${args.join(' ')} ended with ${code}: ${stderr.slice(-2_000)}`);
    return (performance.now() - startedMs) / 1000;
  };
  const put = await run('put', folder, '--name', name);
  const back = join(market.folder, `${name}-back`);
  const get = await run('get', name, '-o', back);
  const found = await readdir(back, { recursive: true, withFileTypes: true });
  const files = found.filter((entry) => entry.isFile()).length;
  if (files !== count) throw new Error(`${files} of ${count} files came back`);
  return { put, get };
}

async function makeFiles(folder: string, count: number): Promise<void> {
  const bytes = new Uint8Array(FILE_BYTES);
  for (let index = 0; index < count; index++) {
    const shelf = join(folder, String(Math.floor(index / FILES_PER_FOLDER)));
    if (index % FILES_PER_FOLDER === 0) await mkdir(shelf, { recursive: true });
    await writeFile(join(shelf, String(index)), randomFillSync(bytes));
  }
}
