import {
  applyBlock,
  blockSignatures,
  decodeBlock,
  type KnownBlock,
  type StateDiff,
  withVerifiedSignatures,
} from '#chain';
import type { SignatureCheck } from '#crypto';
import { createVerifyPool, nativeCrypto, type VerifyPool } from '#crypto-native';
import { MarketBlocks, type PreparedBlock, type PreparedBlocks } from './market-blocks.js';
import { median } from './measure.js';
import type { BenchReport } from './report.js';

const workers = 2;
const rounds = 5;

/** Full validation of blocks in memory against nothing but the check of their signatures, on the same two workers. */
export async function benchValidate(): Promise<BenchReport> {
  const prepared = new MarketBlocks(nativeCrypto).prepare({ blocks: 3, transfers: 4_000, contracts: 60 });
  const signatures = prepared.blocks.map(({ bytes }) => [
    ...blockSignatures(prepared.law, decoded(prepared, bytes)),
  ]);
  const pool = createVerifyPool({ workers });
  try {
    const bare: number[] = [];
    const full: number[] = [];
    const single: number[] = [];
    const singleBare: number[] = [];
    const longest: number[] = [];
    // The sides take turns within a round, so that a neighbour's load falls on both.
    for (let round = 0; round <= rounds; round++) {
      const bareMs = await timeMs(() => verifyAll(pool, signatures));
      const fullMs = await timeMs(() => validateAll(pool, prepared));
      const singleBareMs = await timeMs(() => verifyOnThisThread(signatures));
      const blockMs = validateOneByOne(prepared);
      if (round === 0) continue;
      bare.push(bareMs);
      full.push(fullMs);
      singleBare.push(singleBareMs);
      single.push(blockMs.reduce((sum, value) => sum + value, 0));
      longest.push(Math.max(...blockMs));
    }
    const { transactionCount } = prepared;
    return {
      figures: {
        txPerSecond: (transactionCount / median(full)) * 1000,
        bareVerifyTxPerSecond: (transactionCount / median(bare)) * 1000,
        txPerSecondOneThread: (transactionCount / median(single)) * 1000,
        bareVerifyTxPerSecondOneThread: (transactionCount / median(singleBare)) * 1000,
        longestBlockMs: median(longest),
        transactions: transactionCount,
        proofs: prepared.proofCount,
        workers,
      },
      ratios: {
        vsBareVerify: median(bare) / median(full),
        vsBareVerifyOneThread: median(singleBare) / median(single),
      },
    };
  } finally {
    await pool.close();
  }
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

function expectAll(verdicts: readonly boolean[]): void {
  if (!verdicts.every(Boolean)) throw new Error('a signature of the benchmark is bad');
}

async function verifyAll(pool: VerifyPool, signatures: readonly SignatureCheck[][]): Promise<void> {
  for (const verdicts of await Promise.all(signatures.map((checks) => pool.verifyBatch(checks))))
    expectAll(verdicts);
}

function verifyOnThisThread(signatures: readonly SignatureCheck[][]): void {
  for (const checks of signatures) expectAll(nativeCrypto.verifyBatch(checks));
}

/** While the workers check one block's signatures, the next is decoded and the one before applied. */
async function validateAll(pool: VerifyPool, prepared: PreparedBlocks): Promise<void> {
  const diffs: StateDiff[] = [];
  const underWay: { block: KnownBlock; source: PreparedBlock; verdicts: Promise<boolean[]> }[] = [];
  const settle = async (): Promise<void> => {
    const next = underWay.shift();
    if (next !== undefined) diffs.push(apply(prepared, next.block, next.source, await next.verdicts));
  };
  for (const source of prepared.blocks) {
    const block = decoded(prepared, source.bytes);
    underWay.push({ block, source, verdicts: pool.verifyBatch(blockSignatures(prepared.law, block)) });
    if (underWay.length > 2) await settle();
  }
  while (underWay.length > 0) await settle();
  for (const diff of diffs.reverse()) prepared.state.revert(diff);
}

/** Milliseconds of each block on this thread alone, from bytes to the changed state. */
function validateOneByOne(prepared: PreparedBlocks): number[] {
  const diffs: StateDiff[] = [];
  const times = prepared.blocks.map((source) => {
    const startedAt = performance.now();
    const block = decoded(prepared, source.bytes);
    diffs.push(
      apply(prepared, block, source, nativeCrypto.verifyBatch(blockSignatures(prepared.law, block))),
    );
    return performance.now() - startedAt;
  });
  for (const diff of diffs.reverse()) prepared.state.revert(diff);
  return times;
}

function apply(
  { law, state }: PreparedBlocks,
  block: KnownBlock,
  source: PreparedBlock,
  verdicts: readonly boolean[],
): StateDiff {
  const verified = withVerifiedSignatures(law, block, verdicts);
  if (!verified.ok) throw new Error(verified.violation.rule);
  const applied = applyBlock(law, state, verified.value, source.supplement);
  if (!applied.ok) throw new Error(applied.violation.rule);
  state.apply(applied.value.diff);
  return applied.value.diff;
}
