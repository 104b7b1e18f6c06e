import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { blockSignatures, decodeBlock, type KnownBlock } from '#chain';
import type { SignatureCheck } from '#crypto';
import { createVerifyPool, nativeCrypto, type VerifyPool } from '#crypto-native';
import { type OwnLedger, openLedgerWorker } from '#ledger';
import { MarketBlocks, type PreparedBlocks } from './market-blocks.js';
import { median } from './measure.js';
import type { BenchReport } from './report.js';

const verifyThreads = 2;
const rounds = 3;
/** Taken before the clock starts: a node that follows the chain has its code compiled and its workers up. */
const warmBlocks = 2;
/** Enough that the first block's decoding and the last one's writing, which nothing overlaps, count as little as in a sync. */
const blocks = 12;
/** Proofs that fill the half of each block that is kept for them. */
const contracts = 3_700;

interface Round {
  readonly fullMs: number;
  readonly longestDelayMs: number;
}

/**
 * Whole blocks of the real size as a node takes them (signatures, rules, state root, written to disk) against nothing
 * but the check of their signatures, on the same threads.
 */
export async function benchValidate(): Promise<BenchReport> {
  const prepared = new MarketBlocks(nativeCrypto).prepare({ blocks, contracts });
  const timed = prepared.blocks.slice(warmBlocks).map(({ bytes }) => decoded(prepared, bytes));
  const signatures = timed.map((block) => [...blockSignatures(prepared.law, block)]);
  const pool = createVerifyPool({ workers: verifyThreads });
  try {
    const bare: number[] = [];
    const full: Round[] = [];
    // The sides take turns within a round, so that a neighbour's load falls on both.
    for (let round = 0; round <= rounds; round++) {
      const before = await timeMs(() => verifyAll(pool, signatures));
      const taken = await withFreshLedger(prepared, (ledger) => takeBlocks(ledger, prepared));
      const after = await timeMs(() => verifyAll(pool, signatures));
      if (round === 0) continue;
      bare.push((before + after) / 2);
      full.push(taken);
    }
    const indexMs = await withFreshLedger(prepared, (ledger) => timeIndex(ledger, prepared));
    const aloneMs = await withFreshLedger(prepared, (ledger) => timeAlone(ledger, prepared));
    const transactionCount = timed.reduce((sum, block) => sum + block.transactions.length, 0);
    const perSecond = (ms: number): number => (transactionCount / ms) * 1000;
    const fullMs = median(full.map((round) => round.fullMs));
    return {
      figures: {
        txPerSecond: perSecond(fullMs),
        bareVerifyTxPerSecond: perSecond(median(bare)),
        indexTxPerSecond: perSecond(indexMs),
        longestBlockMs: Math.max(...aloneMs),
        longestEventLoopBlockMs: Math.max(...full.map(({ longestDelayMs }) => longestDelayMs)),
        transactions: transactionCount,
        proofs: timed.reduce(
          (sum, block) =>
            sum + block.transactions.filter(({ transaction }) => transaction.kind === 'prove').length,
          0,
        ),
        blockBytes: median(timed.map(({ bytes }) => bytes.length)),
        verifyThreads,
      },
      ratios: {
        vsBareVerify: median(full.map((round, index) => (bare[index] as number) / round.fullMs)),
      },
    };
  } finally {
    await pool.close();
  }
}

/** A ledger as a node has it, in a new folder, brought to the parent of the first block that is timed. */
async function withFreshLedger<T>(
  { law, prelude, blocks }: PreparedBlocks,
  work: (ledger: OwnLedger) => Promise<T>,
): Promise<T> {
  const dataDir = await mkdtemp(join(tmpdir(), 'cairn-bench-'));
  const ledger = await openLedgerWorker({ dataDir, params: law.params, verifyThreads });
  try {
    await takeAll(ledger, prelude);
    await takeAll(
      ledger,
      blocks.slice(0, warmBlocks).map(({ bytes }) => bytes),
    );
    await ledger.indexed(120_000);
    return await work(ledger);
  } finally {
    await ledger.close();
    await rm(dataDir, { recursive: true, force: true });
  }
}

/** All blocks as they come in a sync. */
async function takeBlocks(ledger: OwnLedger, prepared: PreparedBlocks): Promise<Round> {
  const bytes = prepared.blocks.slice(warmBlocks).map((block) => block.bytes);
  const delay = monitorEventLoopDelay({ resolution: 1 });
  delay.enable();
  const startedAt = performance.now();
  await takeAll(ledger, bytes);
  const fullMs = performance.now() - startedAt;
  delay.disable();
  return { fullMs, longestDelayMs: delay.max / 1e6 };
}

/** Milliseconds of the index for the same blocks, once they are written. */
async function timeIndex(ledger: OwnLedger, prepared: PreparedBlocks): Promise<number> {
  await takeBlocks(ledger, prepared);
  return timeMs(() => ledger.indexed(120_000));
}

/** Milliseconds of each block from its bytes to disk with nothing else under way. */
async function timeAlone(ledger: OwnLedger, prepared: PreparedBlocks): Promise<number[]> {
  const times: number[] = [];
  for (const { bytes } of prepared.blocks.slice(warmBlocks)) {
    times.push(await timeMs(() => takeAll(ledger, [bytes])));
    await ledger.indexed(60_000);
  }
  return times;
}

async function takeAll(ledger: OwnLedger, bytes: readonly Uint8Array[]): Promise<void> {
  const results = await Promise.all(bytes.map((each) => ledger.access.submitBlock(each)));
  for (const result of results) if (!result.ok) throw new Error(result.violation.rule);
}

async function timeMs(work: () => unknown): Promise<number> {
  const startedAt = performance.now();
  await work();
  return performance.now() - startedAt;
}

function decoded(prepared: PreparedBlocks, bytes: Uint8Array): KnownBlock {
  const block = decodeBlock(prepared.law, bytes);
  if (!block.ok) throw new Error(block.violation.rule);
  return block.value;
}

async function verifyAll(pool: VerifyPool, signatures: readonly SignatureCheck[][]): Promise<void> {
  for (const verdicts of await Promise.all(signatures.map((checks) => pool.verifyBatch(checks)))) {
    if (!verdicts.every(Boolean)) throw new Error('a signature of the benchmark is bad');
  }
}
