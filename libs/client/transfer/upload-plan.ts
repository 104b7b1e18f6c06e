import { accountIdToAddress } from '#chain';
import { priceContract, type RepairTerms, shareOfUp } from '#contracts';
import { AppError, violationToText } from '#errors';
import {
  defaultFragmentSizeBytes,
  type FilePlan,
  planFile,
  profileToText,
  type RedundancyProfile,
  segmentCapacity,
  segmentsOfPlan,
  uploadQuorum,
} from '#fragments';
import { boundFeePerByte, type Quote, type QuoteItem, quoteContracts } from '#market';
import { type Candidate, choosePlacement } from '#placement';
import type { ClientContext } from '../context.js';
import type { DealLimits } from '../negotiation/deal-limits.js';

/** What a client sets aside in each contract, and for whom. Base units. */
export interface Deposits {
  /** For paid reads. */
  readonly readEscrow?: bigint;
  /** Who may store lost fragments again while the client is away, and at which price at most. */
  readonly repair?: RepairTerms;
  /** For repair; only where a repairer is named. */
  readonly reserve?: bigint;
  /** And so much more of the contract's storage price, in 1/10000. */
  readonly reserveBps?: bigint;
}

/** What is set aside for the repair of a contract that costs so much. */
export function reserveOf({ reserve = 0n, reserveBps = 0n }: Deposits, escrow: bigint): bigint {
  return reserve + shareOfUp(escrow, reserveBps);
}

/** A file to be stored, its price and who would hold it; nothing has been paid or moved yet. */
export interface UploadPlan {
  readonly plan: FilePlan;
  readonly epochs: number;
  readonly height: number;
  /** Holders of fragments 0..n-1, then spares. */
  readonly candidates: readonly Candidate[];
  /** Bytes and fragments each holder gets. */
  readonly bytesPerHolder: bigint;
  readonly fragmentsPerHolder: number;
  readonly quote: Quote;
  readonly limits: DealLimits;
  readonly deposits: Deposits;
}

/**
 * Chooses providers and prices the upload. Too few providers or too little money are AppErrors. Of an unknown size
 * (`sizeBytes` undefined) one segment is planned: the price follows at the end.
 */
export async function planUpload(
  context: ClientContext,
  request: {
    sizeBytes: number | undefined;
    profile: RedundancyProfile;
    epochs: number;
    fragmentSize?: number;
    limits?: DealLimits;
    deposits?: Deposits;
  },
): Promise<UploadPlan> {
  const { fragmentSize = defaultFragmentSizeBytes, sizeBytes } = request;
  const plan = validFilePlan(
    sizeBytes === undefined
      ? { ...request, fragmentSize, sizeBytes: segmentCapacity(request.profile.k, fragmentSize) }
      : { ...request, sizeBytes },
  );
  const [{ tip }, candidates] = await Promise.all([context.ledger.status(), context.providers.candidates()]);
  let bytesPerHolder = 0n;
  for (const segment of segmentsOfPlan(plan)) bytesPerHolder += BigInt(segment.fragmentLength);
  const { usable, refusals } = choosePlacement(context.params, candidates, {
    bytesPerHolder,
    epochs: request.epochs,
    height: tip.height,
    count: plan.profile.n,
  });
  const { profile } = request;
  const needed = plan.segmentCount === 0 ? 0 : uploadQuorum(profile);
  if (usable.length < needed) throw tooFewProviders(profile, needed, usable.length, refusals);
  const holders = plan.segmentCount === 0 ? [] : usable.slice(0, profile.n);
  const deposits = request.deposits ?? (await context.deposits(holders.map(({ offer }) => offer)));
  const quote = await quoteHolders(
    context,
    holders.map(({ offer }) => ({ offer, totalBytes: bytesPerHolder, fragmentCount: plan.segmentCount })),
    request.epochs,
    deposits,
  );
  return {
    plan,
    epochs: request.epochs,
    height: tip.height,
    candidates: usable,
    bytesPerHolder,
    fragmentsPerHolder: plan.segmentCount,
    quote,
    limits: request.limits ?? {},
    deposits,
  };
}

/** How a file is cut. @throws AppError with the rule of the layout that it breaks */
export function validFilePlan(request: Parameters<typeof planFile>[0]): FilePlan {
  const planned = planFile(request);
  if (planned.ok) return planned.value;
  throw new AppError({
    code: planned.violation.rule,
    message: violationToText(planned.violation),
    next: 'See `cairn put --help`.',
  });
}

/** The price of contracts to come, at what the network asks now. */
export async function quoteHolders(
  { ledger, params }: ClientContext,
  holders: readonly QuoteItem[],
  epochs: number,
  deposits: Deposits = {},
): Promise<Quote> {
  const [{ burnPerGiBEpoch }, { soon }] = await Promise.all([ledger.status(), ledger.feeEstimate()]);
  const prices = {
    burnPerGiBEpoch: BigInt(burnPerGiBEpoch),
    feePerByte: boundFeePerByte(BigInt(soon.feePerByte)),
  };
  const { readEscrow = 0n } = deposits;
  const items = holders.map((item) => {
    const { escrow } = priceContract(params, {
      basePerEpoch: BigInt(item.offer.basePerEpoch),
      pricePerGiBEpoch: BigInt(item.offer.pricePerGiBEpoch),
      totalBytes: item.totalBytes,
      epochs,
    });
    return { reserve: reserveOf(deposits, escrow), readEscrow, ...item };
  });
  return quoteContracts(params, prices, items, epochs);
}

/** Throws unless the wallet can pay a quote. */
export async function assertAffordable(context: ClientContext, quote: Quote): Promise<void> {
  const balance = await context.wallet.balance();
  if (balance >= quote.total) return;
  const address = accountIdToAddress(context.params, context.identity.account);
  throw new AppError({
    code: 'wallet/too-little',
    message: `This costs ${quote.total} base units and ${address} holds ${balance}.`,
    next:
      context.params.name === 'devnet'
        ? 'Get coins with `cairn wallet faucet`, or store less or for fewer epochs.'
        : 'Send coins to that address, or store less or for fewer epochs.',
    data: { needed: quote.total.toString(), balance: balance.toString() },
  });
}

/** The error for a market that is too small. */
export function tooFewProviders(
  profile: RedundancyProfile,
  needed: number,
  found: number,
  refusals: readonly { provider: string; why: string }[],
): AppError {
  const reasons = refusals.slice(0, 5).map(({ provider, why }) => `${provider}: ${why}`);
  const isClockOff = refusals.some(({ why }) => CLOCK_RULES.some((rule) => why.includes(rule)));
  const because = reasons.length === 0 ? '' : ` Not used: ${reasons.join('; ')}.`;
  return new AppError({
    code: 'placement/too-few-providers',
    message: `Profile ${profileToText(profile)} needs ${needed} providers in distinct failure domains; ${found} can be used.${because}`,
    next: isClockOff
      ? 'Providers find that this machine’s clock is wrong: set it, then run the command again.'
      : 'Wait for more providers, or choose a smaller profile with --profile.',
    data: { needed, found },
  });
}

/** What a provider refuses where the clocks differ. */
const CLOCK_RULES = ['ticket/use-time', 'ticket/expired', 'reservation/expiry'];
