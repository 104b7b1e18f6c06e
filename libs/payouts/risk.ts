import type { NetworkParams } from '#chain';
import { slashForMiss } from '#contracts';
import type { RiskLineView } from '#services';
import type { ContractView } from '#wire';

/** What missing a contract's open challenge, or its next one, would cost its provider; undefined where none comes. */
export function riskOf(
  params: NetworkParams,
  height: number,
  contract: ContractView,
): RiskLineView | undefined {
  if (contract.status !== 'active') return undefined;
  const open = contract.window !== null && !contract.window.proven ? contract.window : null;
  if (open === null && contract.nextChallengeHeight === null) return undefined;
  const { strikes: strikesToFail } = params.contract;
  const isFailing = contract.missed + 1 >= strikesToFail;
  const collateral = BigInt(contract.collateral);
  const vesting = BigInt(contract.vesting);
  const slash = slashForMiss(params, collateral);
  // The last strike takes what is left of the collateral as well.
  const slashed = isFailing ? collateral : slash.burned + slash.toClient;
  const unearned = isFailing ? toCome(contract) : BigInt(open?.tranche ?? contract.nextTranche);
  const vestingLost = isFailing ? vesting : 0n;
  return {
    contract: contract.id,
    strikes: contract.missed,
    strikesToFail,
    open:
      open === null
        ? null
        : {
            epoch: open.epoch,
            opensAt: open.opensAt,
            closesAt: open.closesAt,
            blocksLeft: open.closesAt - height,
            tranche: open.tranche,
          },
    nextChallengeHeight: contract.nextChallengeHeight,
    collateral: contract.collateral,
    vesting: contract.vesting,
    ifMissed: {
      fails: isFailing,
      unearned: unearned.toString(),
      slashed: slashed.toString(),
      vestingLost: vestingLost.toString(),
      total: (unearned + slashed + vestingLost).toString(),
    },
  };
}

/** Most urgent first: open challenges by the block that closes them, then the next to be challenged. */
export function compareRisks(a: RiskLineView, b: RiskLineView): number {
  const at = (line: RiskLineView) =>
    line.open?.closesAt ?? line.nextChallengeHeight ?? Number.MAX_SAFE_INTEGER;
  if ((a.open === null) !== (b.open === null)) return a.open === null ? 1 : -1;
  return at(a) - at(b) || (a.contract < b.contract ? -1 : 1);
}

/** What all epochs from the open one on would earn. */
function toCome({ window, nextEpoch, endEpoch, nextTranche, tranche }: ContractView): bigint {
  const open = window !== null && !window.proven ? BigInt(window.tranche) : 0n;
  if (endEpoch <= nextEpoch) return open;
  return open + BigInt(nextTranche) + BigInt(tranche) * BigInt(endEpoch - nextEpoch - 1);
}
