import type { NetworkParams } from '#chain';

/** When contracts are renewed by themselves, and what that may cost. Spans in blocks, amounts in base units. */
export interface RenewalPolicy {
  /** Most that renewals may take from the wallet, all of them together; undefined: nothing is renewed by itself. */
  readonly limit: bigint | undefined;
  /** How long before its end a contract is renewed. */
  readonly leadBlocks: number;
  /** How long before the end of a contract that will not be renewed somebody is warned, most first. */
  readonly warnBlocks: readonly number[];
  /** After an attempt that failed, the next one comes so much later. */
  readonly retryBlocks: number;
  /** Term of a renewal. */
  readonly epochs: number;
}

/** A contract that keeps something of the user's and will end. */
export interface RenewalCandidate {
  readonly contract: string;
  /** A file's name, or `(catalogue)`. */
  readonly keeps: string;
  /** First block after its last epoch. */
  readonly endHeight: number;
  /** A challenge waits for its proof: it cannot be renewed in this moment. */
  readonly hasOpenWindow: boolean;
  /** What renewing it takes from the wallet at most; undefined where nobody would agree to it now. */
  readonly cost: bigint | undefined;
  /** Why nobody would. */
  readonly why?: string | undefined;
}

/** What was done about a contract so far. */
export interface RenewalNote {
  /** `trying`: sent, or about to be; whether it got in is not known yet. */
  readonly state: 'waiting' | 'trying' | 'renewed' | 'refused';
  /** What counts against the limit: the most it can take while `trying`, what it really took once `renewed`. */
  readonly amount: bigint;
  readonly attempts: number;
  /** No attempt below this height. */
  readonly retryAt: number;
  readonly successor?: string | undefined;
  /** Why the last attempt failed. */
  readonly why?: string | undefined;
  /** Leads (blocks) whose warning was given. */
  readonly warned: readonly number[];
}

/** What will become of a contract, as far as can be said now. */
export const RENEWAL_OUTLOOKS = ['automatic', 'off', 'over-limit', 'refused'] as const;
export type RenewalOutlook = (typeof RENEWAL_OUTLOOKS)[number];

/** A contract with its outlook. */
export interface PlannedContract extends RenewalCandidate {
  readonly outlook: RenewalOutlook;
  readonly blocksLeft: number;
  /** Why it will lapse; undefined where it will not. */
  readonly lapseWhy: string | undefined;
}

/** What to do at a height. */
export interface RenewalPlan {
  /** Everything that will end, the first to end first. */
  readonly contracts: readonly PlannedContract[];
  /** To be renewed now, each for at most its `most`. */
  readonly renew: readonly { readonly contract: string; readonly most: bigint }[];
  /** Warnings that are due now and were not given before. */
  readonly warn: readonly { readonly contract: string; readonly lead: number }[];
  /** What counts against the limit: spent, and reserved for what is under way. */
  readonly spent: bigint;
  readonly reserved: bigint;
}

/** What was noted about nothing yet. */
export const NO_NOTE: RenewalNote = { state: 'waiting', amount: 0n, attempts: 0, retryAt: 0, warned: [] };

/** Three epochs ahead; warnings seven, three and one epoch before a lapse. */
export function defaultRenewalPolicy(
  params: NetworkParams,
  chosen: { readonly limit?: bigint | undefined; readonly epochs?: number | undefined } = {},
): RenewalPolicy {
  const { epochBlocks, windowBlocks } = params.contract;
  return {
    limit: chosen.limit,
    leadBlocks: 3 * epochBlocks,
    warnBlocks: [7 * epochBlocks, 3 * epochBlocks, epochBlocks],
    retryBlocks: windowBlocks,
    epochs: chosen.epochs ?? 30,
  };
}

/**
 * What to renew at a height, and whom to warn. Whoever ends first gets the money first; nothing is planned that could
 * take the sum of all renewals above the limit, what is still under way counted at its most.
 */
export function planRenewals(
  policy: RenewalPolicy,
  height: number,
  candidates: readonly RenewalCandidate[],
  notes: ReadonlyMap<string, RenewalNote>,
): RenewalPlan {
  let spent = 0n;
  let reserved = 0n;
  for (const { state, amount } of notes.values()) {
    if (state === 'renewed') spent += amount;
    else if (state === 'trying') reserved += amount;
  }
  let left = (policy.limit ?? 0n) - spent - reserved;
  const contracts: PlannedContract[] = [];
  const renew: { contract: string; most: bigint }[] = [];
  const warn: { contract: string; lead: number }[] = [];
  const sorted = [...candidates].sort(
    (a, b) => a.endHeight - b.endHeight || (a.contract < b.contract ? -1 : 1),
  );
  for (const candidate of sorted) {
    const note = notes.get(candidate.contract) ?? NO_NOTE;
    if (note.state === 'renewed') continue;
    const blocksLeft = candidate.endHeight - height;
    const own = note.state === 'trying' ? note.amount : 0n;
    const { outlook, lapseWhy } = outlookOf(policy, candidate, note, left + own);
    contracts.push({ ...candidate, outlook, blocksLeft, lapseWhy });
    const isDue = blocksLeft <= policy.leadBlocks && height >= note.retryAt && !candidate.hasOpenWindow;
    const { cost } = candidate;
    if (cost !== undefined && outlook !== 'off' && outlook !== 'over-limit') {
      if (isDue) renew.push({ contract: candidate.contract, most: cost });
      // The money of those that end later is what these leave.
      left -= cost > own ? cost - own : 0n;
    }
    const lead = dueLead(policy, blocksLeft);
    if (outlook !== 'automatic' && lead !== undefined && !note.warned.includes(lead))
      warn.push({ contract: candidate.contract, lead });
  }
  return { contracts, renew, warn, spent, reserved };
}

function outlookOf(
  policy: RenewalPolicy,
  { cost, why }: RenewalCandidate,
  note: RenewalNote,
  left: bigint,
): { readonly outlook: RenewalOutlook; readonly lapseWhy: string | undefined } {
  if (policy.limit === undefined)
    return { outlook: 'off', lapseWhy: 'no limit for automatic renewal is set' };
  if (cost === undefined) return { outlook: 'refused', lapseWhy: why ?? 'its provider offers nothing now' };
  if (cost > left) {
    const rest = left > 0n ? left : 0n;
    return {
      outlook: 'over-limit',
      lapseWhy: `renewing takes up to ${cost} base units, ${rest} of the limit of ${policy.limit} are left`,
    };
  }
  // An attempt that is still open may get in; nobody should count on it.
  if (note.state === 'refused' || (note.state === 'trying' && note.why !== undefined))
    return {
      outlook: 'refused',
      lapseWhy: `attempt ${note.attempts} failed: ${note.why ?? 'no reason given'}`,
    };
  return { outlook: 'automatic', lapseWhy: undefined };
}

/** The last lead that was reached. */
function dueLead({ warnBlocks }: RenewalPolicy, blocksLeft: number): number | undefined {
  return [...warnBlocks].sort((a, b) => a - b).find((lead) => blocksLeft <= lead);
}
