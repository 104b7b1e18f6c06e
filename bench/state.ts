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
const transfersPerBlock = 2_000;
/** More than the versions a tree keeps, so that freeing them is part of what is measured. */
const rounds = 25;
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
  nextDiff(): StateDiff {
    const changes = new Map<string, { -readonly [K in keyof Change]: Change[K] }>();
    const change = (space: Change['space'], key: string, next: (value: bigint) => bigint): void => {
      const name = `${space.code}/${key}`;
      const before = this.state.get(space, key) ?? 0n;
      const known = changes.get(name) ?? { space, key, before, after: before };
      known.after = next(known.after as bigint);
      changes.set(name, known);
    };
    for (let index = 0; index < transfersPerBlock; index++) {
      const from = this.draw();
      change(potSpace, accountPot(from), (value) => value - 3n);
      change(potSpace, accountPot(this.draw()), (value) => value + 2n);
      change(laneSpace, laneKey(from, 0), (value) => value + 1n);
    }
    return [...changes.values()];
  }

  /** Milliseconds until the root after the next block is known. */
  timeBlock(): number {
    const diff = this.nextDiff();
    const startedAt = performance.now();
    this.tree.apply(diff);
    const ms = performance.now() - startedAt;
    this.state.apply(diff);
    return ms;
  }

  /** The same, object by object: every path is hashed anew for each of them. */
  timeBlockNaively(): number {
    const diff = this.nextDiff();
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

/** Root update per transaction in a small and in a large state, in one run. */
export async function benchState(): Promise<BenchReport> {
  const small = new World(few);
  const large = new World(many);
  const { sizeBytes } = large.tree.size;
  const times = { small: [] as number[], large: [] as number[] };
  // The sides take turns, so that a neighbour's load falls on both; the first rounds warm up.
  for (let round = -3; round < rounds; round++) {
    const smallMs = small.timeBlock();
    const largeMs = large.timeBlock();
    if (round < 0) continue;
    times.small.push(smallMs);
    times.large.push(largeMs);
  }
  const naive = { small: [] as number[], large: [] as number[] };
  for (let block = 0; block < naiveBlocks; block++) {
    naive.small.push(small.timeBlockNaively());
    naive.large.push(large.timeBlockNaively());
  }
  const perTransaction = (blockMs: readonly number[]): number => (median(blockMs) / transfersPerBlock) * 1000;
  return {
    figures: {
      microsecondsPerTxTenThousand: perTransaction(times.small),
      microsecondsPerTxMillion: perTransaction(times.large),
      naiveMicrosecondsPerTxTenThousand: perTransaction(naive.small),
      naiveMicrosecondsPerTxMillion: perTransaction(naive.large),
      longestBlockMsMillion: Math.max(...times.large),
      buildMsMillion: large.buildMs,
      treeBytesPerAccount: sizeBytes / many,
      transfersPerBlock,
    },
    ratios: {
      updateMillionVsTenThousand: median(times.large) / median(times.small),
      naiveVsBatched: median(naive.large) / median(times.large),
    },
  };
}
