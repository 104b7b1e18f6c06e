import type { NetworkParams } from '#chain';
import type { ProviderAlert, ProviderStatus } from './provider-status.js';

type Sources = Omit<ProviderStatus, 'alerts'>;
type OpenWindow = ProviderStatus['proofs']['openWindows'][number];

/** Everything that may keep a proof from the chain, as early as it is known and louder as the deadline nears. */
export function proofAlerts(status: Sources, params: NetworkParams): ProviderAlert[] {
  return [
    ...volumeAlerts(status, params),
    ...windowAlerts(status, params),
    ...riskAlerts(status, params),
    ...missedAlerts(status, params),
  ];
}

/** Blocks until the next proof must be on the chain: of an open window, or of the challenge to come. */
function blocksToNextDeadline({ proofs, node }: Sources, params: NetworkParams): number | undefined {
  const tip = node.tipHeight ?? 0;
  const deadlines = proofs.openWindows.filter(({ proven }) => !proven).map(({ closesAt }) => closesAt);
  if (proofs.nextChallengeHeight !== null)
    deadlines.push(proofs.nextChallengeHeight + params.contract.windowBlocks);
  return deadlines.length === 0 ? undefined : Math.max(0, Math.min(...deadlines) - tip);
}

function volumeAlerts(status: Sources, params: NetworkParams): ProviderAlert[] {
  const { problem } = status.disk;
  if (problem === null) return [];
  const left = blocksToNextDeadline(status, params);
  return [
    {
      // Nothing can be proven: where nothing is due for long, it still stops reads.
      severity: left === undefined || left > params.contract.epochBlocks ? 'warning' : 'critical',
      code: 'disk/not-mounted',
      message: left === undefined ? problem : `proof due in ${inBlocks(left)}: ${problem}`,
      next: 'mount the disk; the provider goes on by itself with the next block',
    },
  ];
}

/** Half of the window is left: there is time, and somebody may still be asleep. Afterwards it is urgent. */
function severityOf(left: number, params: NetworkParams): ProviderAlert['severity'] {
  return 2 * left > params.contract.windowBlocks ? 'warning' : 'critical';
}

function windowAlerts({ proofs, node }: Sources, params: NetworkParams): ProviderAlert[] {
  const tip = node.tipHeight ?? 0;
  return proofs.openWindows.flatMap((window) => {
    const left = window.closesAt - tip;
    if (window.proven || left <= 0) return [];
    if (window.problem !== null) return [failing(window, left, window.problem, params)];
    return 2 * left > params.contract.windowBlocks ? [] : [late(window, left, tip)];
  });
}

function failing(
  { contract, epoch, closesAt }: OpenWindow,
  left: number,
  { code, message, sinceHeight }: NonNullable<OpenWindow['problem']>,
  params: NetworkParams,
): ProviderAlert {
  return {
    severity: severityOf(left, params),
    code: 'proof/failing',
    message: `proof due in ${inBlocks(left)} (epoch ${epoch} of contract ${contract}, by block ${closesAt}): ${message}, since block ${sinceHeight}`,
    next: code.startsWith('fragment/')
      ? 'check the disk, or put the fragment back; it is tried again with every block'
      : 'see the log of the provider and its node; it is tried again with every block',
  };
}

function late({ contract, epoch, closesAt, ready }: OpenWindow, left: number, tip: number): ProviderAlert {
  return {
    severity: 'critical',
    code: 'proof/due',
    message: `proof due in ${inBlocks(left)}: epoch ${epoch} of contract ${contract} must be proven by block ${closesAt}, the tip is ${tip}${ready ? '; the proof is made and waits for a block' : ''}`,
    next: 'keep the provider running and connected to its node; its fee rises by itself',
  };
}

/** Before the draw: what is lost may be drawn, and can still be put back. */
function riskAlerts({ proofs, node }: Sources, params: NetworkParams): ProviderAlert[] {
  const tip = node.tipHeight ?? 0;
  return proofs.atRisk.map(({ contract, nextChallengeHeight, lostFragments, fragments }) => {
    const left = nextChallengeHeight === null ? undefined : Math.max(0, nextChallengeHeight - tip);
    const when = left === undefined ? '' : `, its next challenge is in ${inBlocks(left)}`;
    return {
      severity: left !== undefined && left <= params.contract.windowBlocks ? 'critical' : 'warning',
      code: 'proof/at-risk',
      message: `${lostFragments} of the ${fragments} fragments of contract ${contract} ${lostFragments === 1 ? 'is' : 'are'} lost${when}`,
      next: 'put them back from a backup or have the client send them again: a draw on them is a miss',
    };
  });
}

function missedAlerts({ proofs }: Sources, params: NetworkParams): ProviderAlert[] {
  if (proofs.missed === 0) return [];
  return [
    {
      severity: 'warning',
      code: 'proof/missed',
      message: `${proofs.missed} proof${proofs.missed === 1 ? ' was' : 's were'} missed; each costs the epoch's price and a part of the collateral`,
      next: `${params.contract.strikes} misses end a contract; see the log at the time of the miss`,
    },
  ];
}

function inBlocks(count: number): string {
  return `${count} block${count === 1 ? '' : 's'}`;
}
