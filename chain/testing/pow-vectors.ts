import { assertInvariant } from '#errors';
import { blockSubsidy } from '../block/subsidy.js';
import { medianTime } from '../block/supplement.js';
import { NETWORKS } from '../params/networks.js';
import { type AsertInput, nextAsertBits } from '../pow/asert.js';
import { type BranchWeight, shouldReorganize } from '../pow/fork-choice.js';
import { bitsToTarget, targetToBits, targetToBytes, targetToWork } from '../pow/target.js';

function targetOf(bits: number): bigint {
  const target = bitsToTarget(bits);
  assertInvariant(target.ok, `no target in bits ${bits}`);
  return target.value;
}

/** Compact forms, what they mean and how they are written back. */
function targets(): unknown {
  const forms = [0x0101_0000, 0x0300_0001, 0x0400_8000, 0x0500_9234, 0x1b04_04cb, 0x1c00_ffff, 0x1d00_ffff];
  return [...forms, 0x1f0f_ffff, 0x207f_ffff, 0x2100_8000].map((bits) => {
    const target = targetOf(bits);
    return {
      bits,
      target: targetToBytes(target),
      writtenBits: targetToBits(target),
      work: targetToWork(target),
    };
  });
}

/** Runs of ASERT on the real networks: on time, early, late, and for one network beyond its easiest target. */
function asertRuns(): unknown {
  return [NETWORKS.mainnet, NETWORKS.testnet].flatMap(({ name, genesis, proofOfWork }) => {
    const anchor = {
      anchorBits: proofOfWork.genesisBits,
      anchorHeight: 0,
      anchorParentTimeSeconds: genesis.timeSeconds - proofOfWork.blockSeconds,
      blockSeconds: proofOfWork.blockSeconds,
      halfLifeSeconds: proofOfWork.halfLifeSeconds,
      limitBits: proofOfWork.limitBits,
    };
    const rows = [
      [0, 0],
      [1, 0],
      [1, 1],
      [1, -1],
      [10, 600],
      [10, -600],
      [288, 17_280],
      [288, -17_279],
      [5_000, 17_281],
      [5_000, -40_000],
      [5_000, 34_567],
      [100_000, -1_000_003],
      [1_000_000, 200_000],
      [2_000_000, 10_000_000],
    ] as const;
    return rows.map(([height, lateSeconds]) => {
      const parentTime = genesis.timeSeconds + height * proofOfWork.blockSeconds + lateSeconds;
      const input: AsertInput = { ...anchor, height, timeSeconds: parentTime };
      return { network: name, parentHeight: height, parentTime, bits: nextAsertBits(input) };
    });
  });
}

/** Who leaves a branch for which: work is 100 a block unless said otherwise. */
function forkChoices(): unknown {
  const choice = (why: string, current: BranchWeight, candidate: BranchWeight): unknown => ({
    why,
    current,
    candidate,
    leaves: shouldReorganize(current, candidate),
  });
  const at = (totalWork: bigint, tipWork = 100n): BranchWeight => ({ totalWork, tipWork });
  return [
    choice('equal work: the first seen stays', at(1_000n), at(1_000n)),
    choice('a whole block more', at(1_000n), at(1_100n)),
    choice('exactly a fifth of the own tip more: stays', at(1_000n), at(1_020n)),
    choice('one unit above a fifth', at(1_000n), at(1_021n)),
    choice('a backdated sibling, a tenth harder: stays', at(1_000n), at(1_010n, 110n)),
    choice('the other tip’s work does not count', at(1_000n, 100n), at(1_050n, 1_000n)),
    choice('less work, however hard its tip', at(1_000n), at(999n, 900n)),
    choice('a fifth of 104 is 20.8: 20 stays', at(1_000n, 104n), at(1_020n, 104n)),
    choice('a fifth of 104 is 20.8: 21 leaves', at(1_000n, 104n), at(1_021n, 104n)),
    choice('a margin beyond 2^53', at(1n << 200n, 5n << 100n), at((1n << 200n) + (1n << 100n), 1n)),
    choice(
      'a margin beyond 2^53 and one',
      at(1n << 200n, 5n << 100n),
      at((1n << 200n) + (1n << 100n) + 1n, 1n),
    ),
  ];
}

function medians(): unknown {
  return [
    [7],
    [1, 9],
    [3, 1, 2],
    [5, 5, 1, 9],
    [4, 11, 2, 8, 10, 1, 9, 3, 7, 5, 6],
    [1, 1, 1, 1, 1, 2, 2, 2, 2, 2, 2],
  ].map((times) => ({ times, median: medianTime(times) }));
}

function subsidies(): unknown {
  return Object.values(NETWORKS).flatMap((params) => {
    const { halvingBlocks } = params.reward;
    const heights = [
      0,
      1,
      halvingBlocks - 1,
      halvingBlocks,
      2 * halvingBlocks,
      33 * halvingBlocks,
      34 * halvingBlocks,
    ];
    return [...heights, 62 * halvingBlocks, 64 * halvingBlocks].map((height) => ({
      network: params.name,
      height,
      subsidy: blockSubsidy(params, height),
    }));
  });
}

/** Figures of proof of work and time that no block can show cheaply: others check their arithmetic against them. */
export function powVectors(): unknown {
  return {
    targets: targets(),
    asert: asertRuns(),
    forkChoice: forkChoices(),
    medianTime: medians(),
    subsidy: subsidies(),
  };
}
