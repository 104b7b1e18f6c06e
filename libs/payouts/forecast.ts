import type { NetworkParams } from '#chain';
import { splitTranche } from '#contracts';
import type { ForecastLineView } from '#services';
import type { ContractView } from '#wire';

/** Where the chain stands. */
export interface ForecastTip {
  readonly height: number;
  /** RFC 3339. */
  readonly time: string;
}

/** What a contract pays in its next epochs and at its end, if every epoch is proven in the first block that takes it. */
export function forecastContract(
  params: NetworkParams,
  tip: ForecastTip,
  contract: ContractView,
  epochs: number,
): ForecastLineView[] {
  if (contract.status !== 'active') return [];
  const { window, nextChallengeHeight } = contract;
  const { epochBlocks, proofDelayBlocks, windowBlocks } = params.contract;
  const lines: ForecastLineView[] = [];
  let vesting = BigInt(contract.vesting);
  let bounty = BigInt(contract.bounty);
  const add = (epoch: number, challengeHeight: number, tranche: bigint, isSkipped: boolean): void => {
    const height = Math.max(tip.height + 1, challengeHeight + (isSkipped ? 0 : proofDelayBlocks));
    const split = isSkipped ? { paid: 0n, vesting: 0n } : splitTranche(params, tranche);
    const bountyNow = isSkipped ? 0n : bounty;
    bounty -= bountyNow;
    vesting += split.vesting;
    lines.push({
      contract: contract.id,
      kind: isSkipped ? 'skipped' : 'proof',
      epoch,
      challengeHeight,
      height,
      closesAt: isSkipped ? null : challengeHeight + windowBlocks,
      expectedAt: timeOf(params, tip, height),
      paid: split.paid.toString(),
      vesting: split.vesting.toString(),
      bounty: bountyNow.toString(),
      collateral: '0',
    });
  };
  if (window !== null && !window.proven)
    add(window.epoch, window.challengeHeight, BigInt(window.tranche), false);
  const lastEpoch = Math.min(contract.endEpoch, contract.nextEpoch + epochs) - 1;
  for (let epoch = contract.nextEpoch; nextChallengeHeight !== null && epoch <= lastEpoch; epoch++) {
    const tranche = epoch === contract.nextEpoch ? contract.nextTranche : contract.tranche;
    const challengeHeight = nextChallengeHeight + (epoch - contract.nextEpoch) * epochBlocks;
    add(epoch, challengeHeight, BigInt(tranche), contract.skip === epoch);
  }
  if (lastEpoch + 1 < contract.endEpoch) return lines;
  const { settleHeight } = contract;
  lines.push({
    contract: contract.id,
    kind: 'settlement',
    epoch: null,
    challengeHeight: null,
    height: settleHeight,
    closesAt: null,
    expectedAt: timeOf(params, tip, settleHeight),
    paid: vesting.toString(),
    vesting: '0',
    bounty: '0',
    collateral: contract.collateral,
  });
  return lines;
}

/** When a height is reached if blocks come as the network means them to. */
function timeOf(params: NetworkParams, tip: ForecastTip, height: number): string {
  const aheadMs = (height - tip.height) * params.proofOfWork.blockSeconds * 1_000;
  return new Date(Date.parse(tip.time) + aheadMs).toISOString();
}
