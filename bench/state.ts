import {
  type AccountId,
  accountPot,
  type Change,
  devnet,
  laneKey,
  laneSpace,
  MemoryState,
  potSpace,
  type StateDiff,
  StateTree,
} from '#chain';
import { createNetworkLaw } from '#contracts';
import { nativeCrypto } from '#crypto-native';
import { median } from './measure.js';
import type { BenchReport } from './report.js';

const few = 10_000;
const many = 1_000_000;
/** Blocks as `bench -- sync` has them; and full ones, which share most of their paths in a small tree, few in a large one. */
const transfersPerBlock = { usual: 50, full: 2_000 } as const;
/** More than the versions a tree keeps, so that freeing them is part of what is measured. */
const rounds = { usual: 200, full: 25 } as const;
const naiveBlocks = 2;

const law = createNetworkLaw(devnet, nativeCrypto);

/** A state of accounts that have all received and sent before, and its tree. */
class World {
  readonly state = new MemoryState();
  readonly tree: StateTree;
  readonly buildMs: number;
  private readonly accounts: AccountId[];
  /** Constants of Numerical Recipes; the same blocks in every run. */
  private seed = 1;

  constructor(accountCount: number) {
    this.accounts = Array.from({ length: accountCount }, (_, index) => accountOf(index));
    this.state.apply(
      this.accounts.flatMap((account): Change[] => [
        { space: potSpace, key: accountPot(account), before: undefined, after: 1_000_000_000n },
        { space: laneSpace, key: laneKey(account, 0), before: undefined, after: 1n },
      ]),
    );
    const startedAt = performance.now();
    this.tree = StateTree.ofState(law, this.state);
    this.buildMs = performance.now() - startedAt;
  }

  /** What a block of transfers between accounts drawn at random changes. */
  nextDiff(transfers: number): StateDiff {
    const changes = new Map<string, { -readonly [K in keyof Change]: Change[K] }>();
    const change = (space: Change['space'], key: string, next: (value: bigint) => bigint): void => {
      const name = `${space.code}/${key}`;
      const before = this.state.get(space, key) ?? 0n;
      const known = changes.get(name) ?? { space, key, before, after: before };
      known.after = next(known.after as bigint);
      changes.set(name, known);
    };
    for (let index = 0; index < transfers; index++) {
      const from = this.draw();
      change(potSpace, accountPot(from), (value) => value - 3n);
      change(potSpace, accountPot(this.draw()), (value) => value + 2n);
      change(laneSpace, laneKey(from, 0), (value) => value + 1n);
    }
    return [...changes.values()];
  }

  /** Milliseconds until the root after the next block is known. */
  timeBlock(transfers: number): number {
    const diff = this.nextDiff(transfers);
    const startedAt = performance.now();
    this.tree.apply(diff);
    const ms = performance.now() - startedAt;
    this.state.apply(diff);
    return ms;
  }

  /** The same, object by object: every path is hashed anew for each of them. */
  timeBlockNaively(transfers: number): number {
    const diff = this.nextDiff(transfers);
    const startedAt = performance.now();
    for (const change of diff) this.tree.apply([change]);
    const ms = performance.now() - startedAt;
    this.state.apply(diff);
    return ms;
  }

  private draw(): AccountId {
    this.seed = (Math.imul(this.seed, 1_664_525) + 1_013_904_223) >>> 0;
    return this.accounts[this.seed % this.accounts.length] as AccountId;
  }
}

function accountOf(index: number): AccountId {
  return index.toString(16).padStart(40, '0') as AccountId;
}

interface Sides {
  readonly small: World;
  readonly large: World;
}

/** Root update per transaction in a small and in a large state, in one run. */
export async function benchState(): Promise<BenchReport> {
  const sides: Sides = { small: new World(few), large: new World(many) };
  const { sizeBytes } = sides.large.tree.size;
  const usual = timeBlocks(sides, transfersPerBlock.usual, rounds.usual);
  const full = timeBlocks(sides, transfersPerBlock.full, rounds.full);
  const naive = timeBlocks(sides, transfersPerBlock.full, naiveBlocks, 'timeBlockNaively');
  return {
    figures: {
      microsecondsPerTxTenThousand: usual.small,
      microsecondsPerTxMillion: usual.large,
      microsecondsPerTxTenThousandFullBlocks: full.small,
      microsecondsPerTxMillionFullBlocks: full.large,
      naiveMicrosecondsPerTxTenThousandFullBlocks: naive.small,
      naiveMicrosecondsPerTxMillionFullBlocks: naive.large,
      longestBlockMsMillion: Math.max(usual.longestMs, full.longestMs),
      buildMsMillion: sides.large.buildMs,
      treeBytesPerAccount: sizeBytes / many,
      transfersPerBlock: transfersPerBlock.usual,
      transfersPerFullBlock: transfersPerBlock.full,
    },
    ratios: {
      updateMillionVsTenThousand: usual.large / usual.small,
      updateMillionVsTenThousandFullBlocks: full.large / full.small,
      naiveVsBatched: naive.large / full.large,
    },
  };
}

/** Median microseconds per transaction of both sides, and the longest block of the large one. */
function timeBlocks(
  { small, large }: Sides,
  transfers: number,
  blocks: number,
  how: 'timeBlock' | 'timeBlockNaively' = 'timeBlock',
): { readonly small: number; readonly large: number; readonly longestMs: number } {
  const times = { small: [] as number[], large: [] as number[] };
  // The sides take turns, so that a neighbour's load falls on both; the first rounds warm up.
  for (let round = how === 'timeBlock' ? -3 : 0; round < blocks; round++) {
    const smallMs = small[how](transfers);
    const largeMs = large[how](transfers);
    if (round < 0) continue;
    times.small.push(smallMs);
    times.large.push(largeMs);
  }
  const perTransaction = (blockMs: readonly number[]): number => (median(blockMs) / transfers) * 1000;
  return {
    small: perTransaction(times.small),
    large: perTransaction(times.large),
    longestMs: Math.max(...times.large),
  };
}
