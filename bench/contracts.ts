import { type ApplyTimes, ContractWorld, type NextBlock } from './contract-world.js';
import { median } from './measure.js';
import type { BenchReport } from './report.js';

const few = 1_000;
const many = 100_000;
const warmBlocks = 3;
const blocks = 9;
/** Every block is applied so often, each time taken back; the quickest counts, since a neighbour only ever slows down. */
const repeats = 15;

interface Side {
  readonly world: ContractWorld;
  /** Microseconds a transaction, by block. */
  readonly wholePerTx: number[];
  readonly lawPerTx: number[];
  readonly treePerTx: number[];
  /** What the same block takes without its transactions: what happens by itself. */
  readonly automaticMs: number[];
  readonly transitions: number[];
  readonly buildMs: number;
}

/**
 * Applying the same transactions with few and with many active contracts, on the main network's parameters. A block's
 * automatic transitions (challenges, windows that close) grow with the contracts by nature; they are measured by the
 * same block without its transactions, taken off, and reported apart.
 */
export async function benchContracts(): Promise<BenchReport> {
  const small = openSide(few);
  const large = openSide(many);
  let transactionCount = 0;
  for (let block = -warmBlocks; block < blocks; block++) {
    transactionCount = measureBlock([small, large], block >= 0);
  }
  const closing = measureClosing(large.world);
  const wholeSmall = median(small.wholePerTx);
  const wholeLarge = median(large.wholePerTx);
  const transitions = median(large.transitions);
  return {
    figures: {
      microsPerTxThousand: wholeSmall,
      microsPerTxHundredThousand: wholeLarge,
      lawMicrosPerTxThousand: median(small.lawPerTx),
      lawMicrosPerTxHundredThousand: median(large.lawPerTx),
      treeMicrosPerTxThousand: median(small.treePerTx),
      treeMicrosPerTxHundredThousand: median(large.treePerTx),
      transactionsPerBlock: transactionCount,
      automaticTransitionsPerBlockHundredThousand: transitions,
      automaticMsPerBlockThousand: median(small.automaticMs),
      automaticMsPerBlockHundredThousand: median(large.automaticMs),
      automaticMicrosPerTransition: (median(large.automaticMs) / transitions) * 1_000,
      closingTransitionsPerBlockHundredThousand: closing.transitions,
      closingMsPerBlockHundredThousand: closing.ms,
      activeContracts: large.world.activeCount,
      buildSecondsHundredThousand: large.buildMs / 1_000,
    },
    ratios: {
      applyHundredThousandVsThousand: wholeLarge / wholeSmall,
      lawHundredThousandVsThousand: median(large.lawPerTx) / median(small.lawPerTx),
      treeHundredThousandVsThousand: median(large.treePerTx) / median(small.treePerTx),
    },
  };
}

function openSide(contracts: number): Side {
  const startedAt = performance.now();
  const world = new ContractWorld(contracts, few);
  world.openEarly();
  return {
    world,
    wholePerTx: [],
    lawPerTx: [],
    treePerTx: [],
    automaticMs: [],
    transitions: [],
    buildMs: performance.now() - startedAt,
  };
}

/** One block on each side: how many transactions it had. */
function measureBlock(sides: readonly Side[], isCounted: boolean): number {
  const made = sides.map((side) => {
    const transactions = side.world.transactions();
    const full = side.world.next(transactions);
    return { side, transactions, full, empty: side.world.next([]), times: [] as Pair[] };
  });
  // The sides take turns, so that a neighbour's load falls on both.
  for (let repeat = 0; repeat < repeats; repeat++)
    for (const { side, full, empty, times } of made)
      times.push({ empty: side.world.timeApply(empty), full: side.world.timeApply(full) });
  for (const { side, transactions, full, empty, times } of made) {
    if (isCounted) record(side, times, transactions.length, empty);
    side.world.keep(full);
  }
  return made[0]?.transactions.length ?? 0;
}

/** A block and the same block without its transactions. */
interface Pair {
  readonly empty: ApplyTimes;
  readonly full: ApplyTimes;
}

function record(side: Side, times: readonly Pair[], transactions: number, empty: NextBlock): void {
  const withThem = quickest(times.map(({ full }) => full));
  const without = quickest(times.map((pair) => pair.empty));
  const perTx = (ms: number, emptyMs: number): number => ((ms - emptyMs) / transactions) * 1_000;
  side.wholePerTx.push(perTx(wholeMs(withThem), wholeMs(without)));
  side.lawPerTx.push(perTx(withThem.lawMs, without.lawMs));
  side.treePerTx.push(perTx(withThem.treeMs, without.treeMs));
  side.automaticMs.push(wholeMs(without));
  side.transitions.push(side.world.transitionsOf(empty));
}

/** Each part at its quickest: on a busy machine no whole block goes by without an interruption. */
function quickest(times: readonly ApplyTimes[]): ApplyTimes {
  const least = (of: (times: ApplyTimes) => number): number => Math.min(...times.map(of));
  return {
    lawMs: least(({ lawMs }) => lawMs),
    stateMs: least(({ stateMs }) => stateMs),
    treeMs: least(({ treeMs }) => treeMs),
  };
}

function wholeMs({ lawMs, stateMs, treeMs }: ApplyTimes): number {
  return lawMs + stateMs + treeMs;
}

/** Blocks in which windows close as well, most of them without a proof: what costs most of all that happens by itself. */
function measureClosing(world: ContractWorld): { readonly ms: number; readonly transitions: number } {
  const { windowBlocks } = world.law.params.contract;
  for (let block = 0; block < windowBlocks; block++) world.keep(world.next([]));
  const times: number[] = [];
  const transitions: number[] = [];
  for (let block = 0; block < blocks; block++) {
    const empty = world.next([]);
    times.push(wholeMs(quickest(Array.from({ length: repeats }, () => world.timeApply(empty)))));
    transitions.push(world.transitionsOf(empty));
    world.keep(empty);
  }
  return { ms: median(times), transitions: median(transitions) };
}
