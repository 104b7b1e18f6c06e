import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { devnet } from '#chain';
import { openLedgerWorker } from '#ledger';
import { type Child, spawnChild } from '#lifecycle';
import { median } from './measure.js';
import type { BenchReport } from './report.js';
import { type ChainPlan, prepareChain, readChain } from './sync-chain.js';

const PLAN: ChainPlan = { blocks: 10_000, transactionsPerBlock: 50 };
const SHORT_BLOCKS = PLAN.blocks / 10;
/** Blocks handed to the ledger at a time where nothing but validation is measured. */
const UNDER_WAY = 32;
/** As many as a node uses. */
const VERIFY_THREADS = availableParallelism();
const POLL_MS = 50;
const READY_MS = 60_000;
/** For the index of the serving node: as many transactions as in the sync, each with several rows. */
const INDEX_LIMIT_MS = 600_000;
const SYNC_LIMIT_MS = 600_000;
const chainNode = fileURLToPath(new URL('../apps/chain-node/main.js', import.meta.url));

/**
 * A fresh node process that gets a chain from one other process over loopback, against the validation of the same blocks
 * with nobody to ask: same ledger, same disk, same run.
 */
export async function benchSync(): Promise<BenchReport> {
  const file = await prepareChain(PLAN);
  const folder = await mkdtemp(join(tmpdir(), 'cairn-bench-'));
  try {
    const short = await measure(file, SHORT_BLOCKS, join(folder, 'short'));
    const long = await measure(file, PLAN.blocks, join(folder, 'long'));
    const perSecond = (ms: number): number => (PLAN.blocks * PLAN.transactionsPerBlock * 1000) / ms;
    const { firstThird, lastThird } = long.rss;
    return {
      figures: {
        syncTxPerSecond: perSecond(long.syncMs),
        validateTxPerSecond: perSecond(long.validateMs),
        syncSeconds: long.syncMs / 1000,
        syncShortSeconds: short.syncMs / 1000,
        validateSeconds: long.validateMs / 1000,
        blocks: PLAN.blocks,
        transactions: PLAN.blocks * PLAN.transactionsPerBlock,
        rssFirstThirdMiB: firstThird,
        rssLastThirdMiB: lastThird,
      },
      ratios: {
        vsValidate: long.validateMs / long.syncMs,
        rssLastThirdVsFirst: firstThird === null || lastThird === null ? null : lastThird / firstThird,
        costOf10xBlocks: long.syncMs / short.syncMs,
      },
      why: {
        rssFirstThirdMiB: 'the memory of another process is read from /proc',
        rssLastThirdMiB: 'the memory of another process is read from /proc',
        rssLastThirdVsFirst: 'the memory of another process is read from /proc',
      },
    };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

interface Measured {
  readonly validateMs: number;
  readonly syncMs: number;
  readonly rss: { readonly firstThird: number | null; readonly lastThird: number | null };
}

/** Validates blocks into the folder of the node that then serves them to a fresh one. */
async function measure(file: string, blocks: number, folder: string): Promise<Measured> {
  const source = join(folder, 'source');
  const validateMs = await validate(file, blocks, source);
  const children: Child[] = [];
  try {
    const serving = await startNode(children, source, []);
    // It was stopped while its explorer's index was behind: a node at rest is what serves.
    await indexed(serving, blocks);
    const fresh = await startNode(children, join(folder, 'fresh'), ['--bootstrap', serving.p2p]);
    const samples = await reached(fresh, blocks, SYNC_LIMIT_MS);
    // From the moment it listens: finding the other and shaking hands is part of it.
    const syncMs = (samples.at(-1) as Sample).atMs - (samples[0] as Sample).atMs;
    return { validateMs, syncMs, rss: thirds(samples, blocks) };
  } finally {
    for (const child of children.reverse()) await child.stop();
  }
}

/** Milliseconds from the first block handed over to the last one connected and written. */
async function validate(file: string, blocks: number, dataDir: string): Promise<number> {
  const ledger = await openLedgerWorker({
    dataDir: join(dataDir, 'ledger'),
    params: devnet,
    verifyThreads: VERIFY_THREADS,
  });
  try {
    const underWay: Promise<void>[] = [];
    const startedAt = performance.now();
    let count = 0;
    for await (const bytes of readChain(file)) {
      if (count++ === blocks) break;
      underWay.push(
        ledger.access.submitBlock(bytes).then((result) => {
          if (!result.ok) throw new Error(result.violation.rule);
        }),
      );
      if (underWay.length >= UNDER_WAY) await underWay.shift();
    }
    await Promise.all(underWay);
    return performance.now() - startedAt;
  } finally {
    await ledger.close();
  }
}

interface RunningNode {
  readonly url: string;
  readonly p2p: string;
  readonly pid: number;
}

async function startNode(children: Child[], dataDir: string, args: readonly string[]): Promise<RunningNode> {
  const child = spawnChild({
    name: 'chain-node',
    file: chainNode,
    args: ['--data-dir', dataDir, '--p2p-discovery', 'bootstrap', '--log-level', 'warn', ...args],
    env: { CAIRN_NODE_PORT: '0', CAIRN_P2P_PORT: '0', CAIRN_NETWORK: 'devnet' },
  });
  children.push(child);
  const { node, p2p } = await child.ready(READY_MS);
  if (node === undefined || p2p === undefined) throw new Error('a chain node announced no address');
  return { url: node, p2p, pid: child.pid };
}

interface Sample {
  readonly atMs: number;
  readonly height: number;
  readonly rssMiB: number | null;
}

/** Watches a node until it has reached a height. */
async function reached(node: RunningNode, height: number, limitMs: number): Promise<Sample[]> {
  const samples: Sample[] = [];
  const end = performance.now() + limitMs;
  for (;;) {
    const status = await statusOf(node);
    samples.push({ atMs: performance.now(), height: status.tip.height, rssMiB: await rssMiB(node.pid) });
    if (status.tip.height >= height) return samples;
    if (performance.now() > end) throw new Error(`a node is at ${status.tip.height} of ${height} blocks`);
    await delay(POLL_MS);
  }
}

async function indexed(node: RunningNode, height: number): Promise<void> {
  const end = performance.now() + INDEX_LIMIT_MS;
  while ((await statusOf(node)).indexHeight < height) {
    if (performance.now() > end) throw new Error(`the index of a node does not reach ${height} blocks`);
    await delay(POLL_MS);
  }
}

interface NodeStatus {
  readonly tip: { readonly height: number };
  readonly indexHeight: number;
}

async function statusOf({ url }: RunningNode): Promise<NodeStatus> {
  return (await (await fetch(`${url}/node/v1/status`)).json()) as NodeStatus;
}

async function rssMiB(pid: number): Promise<number | null> {
  const text = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
  const found = /^VmRSS:\s+(\d+) kB/m.exec(text);
  return found === null ? null : Number(found[1]) / 1024;
}

/** Middle memory use while the first and the last third of the blocks came. */
function thirds(samples: readonly Sample[], blocks: number): Measured['rss'] {
  const middle = (from: number, to: number): number | null => {
    const values = samples
      .filter(({ height, rssMiB: rss }) => rss !== null && height > from * blocks && height <= to * blocks)
      .map(({ rssMiB: rss }) => rss as number);
    return values.length === 0 ? null : median(values);
  };
  return { firstThird: middle(0, 1 / 3), lastThird: middle(2 / 3, 1) };
}
