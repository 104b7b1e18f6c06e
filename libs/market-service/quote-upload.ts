import type { z } from 'zod';
import { AppError, type Violation, violationToText } from '#errors';
import { parseProfile, planFile, profileToText, segmentsOfPlan, uploadQuorum } from '#fragments';
import {
  amountPerGiB,
  amountPerMonth,
  boundFeePerByte,
  epochsToSeconds,
  MONTH_SECONDS,
  type QuoteItem,
  type QuotePrice,
  type QuotePrices,
  quoteContracts,
  readEscrowFor,
  reserveForRepair,
} from '#market';
import { estimateDurability } from '#placement';
import type { MARKET_CONTRACT, QuoteView } from '#services';
import type { OfferView } from '#wire';
import type { MarketServiceOptions } from './market-service-options.js';
import { matchBook } from './order-book.js';

type QuoteRequest = z.output<(typeof MARKET_CONTRACT)['methods']['quote']['request']>;

/** Prices the storing of a file with the providers that would be chosen now. @throws AppError `market/bad-request`, `market/too-few-providers` */
export async function quoteUpload(options: MarketServiceOptions, request: QuoteRequest): Promise<QuoteView> {
  const { ledger, params } = options;
  const profile = parseProfile(request.profile);
  if (!profile.ok) throw badRequest(profile.violation);
  const planned = planFile({ sizeBytes: request.sizeBytes, profile: profile.value });
  if (!planned.ok) throw badRequest(planned.violation);
  const plan = planned.value;
  let bytesPerHolder = 0n;
  for (const { fragmentLength } of segmentsOfPlan(plan)) bytesPerHolder += BigInt(fragmentLength);
  const { usable, refusals, height } = await chooseMatching(options, request, bytesPerHolder, plan.profile.n);
  const needed = plan.segmentCount === 0 ? 0 : uploadQuorum(plan.profile);
  if (usable.length < needed) throw tooFew(profileToText(plan.profile), needed, usable.length, refusals);
  const [{ burnPerGiBEpoch }, { soon }] = await Promise.all([ledger.status(), ledger.feeEstimate()]);
  const prices: QuotePrices = {
    burnPerGiBEpoch: BigInt(burnPerGiBEpoch),
    feePerByte: boundFeePerByte(BigInt(soon.feePerByte)),
  };
  const items = (plan.segmentCount === 0 ? [] : usable).map((offer): QuoteItem => {
    const item = { offer, totalBytes: bytesPerHolder, fragmentCount: plan.segmentCount };
    return {
      ...item,
      reserve: request.withRepair ? reserveForRepair(params, prices, item, request.epochs) : 0n,
      readEscrow: readEscrowFor(item, request.epochs, request.reads),
    };
  });
  const { lines, storedBytes, ...whole } = quoteContracts(params, prices, items, request.epochs);
  const costPerMonth = amountPerMonth(params, whole.cost, request.epochs);
  const { blockSeconds } = params.proofOfWork;
  return {
    height,
    sizeBytes: request.sizeBytes,
    profile: profileToText(plan.profile),
    epochs: request.epochs,
    segments: plan.segmentCount,
    storedBytes: storedBytes.toString(),
    ...priceToView(whole),
    burnIsRefundable: false,
    burnPerGiBEpoch,
    feePerByte: String(prices.feePerByte),
    termSeconds: epochsToSeconds(params, request.epochs),
    monthSeconds: MONTH_SECONDS,
    costPerMonth: costPerMonth.toString(),
    costPerGiBMonth: amountPerGiB(costPerMonth, BigInt(request.sizeBytes))?.toString() ?? null,
    assumption: `a month is 30 days, an epoch ${params.contract.epochBlocks} blocks of ${blockSeconds} s; fees and burn are paid once and spread over the term; fees by the node's estimate`,
    durability: estimateDurability(plan.profile, request.withRepair ? 'repairer' : 'nobody'),
    items: lines.map((line) => ({
      provider: line.address,
      totalBytes: line.totalBytes.toString(),
      fragments: line.fragments,
      ...priceToView(line),
    })),
    refusals,
  };
}

/** The providers placement would take among those that match; who does not is refused with the reason. */
async function chooseMatching(
  options: MarketServiceOptions,
  { epochs, maxPricePerGiBEpoch, minCollateralBps, minProven, maxMissedBps, region, owner }: QuoteRequest,
  bytesPerHolder: bigint,
  count: number,
) {
  const wanted = { maxPricePerGiBEpoch, minCollateralBps, minProven, maxMissedBps, region, owner };
  const isChoosy = Object.values(wanted).some((value) => value !== undefined);
  const bytes = bytesPerHolder.toString();
  const book = isChoosy
    ? await matchBook(options, { ...wanted, bytes, epochs, onePerDomain: false }, 'price')
    : [];
  const unfit = book.filter(({ state, why }) => state === 'open' && why !== undefined);
  const exclude = unfit.map(({ candidate }) => candidate.offer.provider);
  const chosen = await options.placement.choose({ bytesPerHolder: bytes, epochs, count, exclude });
  const reasons = new Map(unfit.map(({ candidate, why }) => [candidate.offer.address, why]));
  return {
    height: chosen.height,
    usable: chosen.usable.map(({ offer }): OfferView => offer),
    refusals: chosen.refusals.map(({ provider, why }) => ({ provider, why: reasons.get(provider) ?? why })),
  };
}

function priceToView(price: QuotePrice) {
  return {
    storage: price.storage.toString(),
    burn: price.burn.toString(),
    burnAtMost: price.burnAtMost.toString(),
    fees: price.fees.toString(),
    reserve: price.reserve.toString(),
    reads: price.reads.toString(),
    cost: price.cost.toString(),
    total: price.total.toString(),
    totalAtMost: price.totalAtMost.toString(),
  };
}

function badRequest(violation: Violation): AppError {
  return new AppError({
    code: 'market/bad-request',
    message: `this cannot be priced: ${violationToText(violation)}`,
    next: 'correct size, profile or epochs',
    data: { violation },
  });
}

function tooFew(
  profile: string,
  needed: number,
  found: number,
  refusals: readonly { provider: string; why: string }[],
): AppError {
  const reasons = refusals.slice(0, 5).map(({ provider, why }) => `${provider}: ${why}`);
  return new AppError({
    code: 'market/too-few-providers',
    message: `profile ${profile} needs ${needed} providers in distinct failure domains; ${found} can be used${reasons.length === 0 ? '' : ` (${reasons.join('; ')})`}`,
    next: 'wait for more providers, or choose a smaller profile',
    data: { needed, found },
  });
}
