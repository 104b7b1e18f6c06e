import { AppError, type Violation, violationToText } from '#errors';
import { parseProfile, planFile, profileToText, segmentsOfPlan, uploadQuorum } from '#fragments';
import { type Quote, quoteContracts } from '#market';
import type { QuoteView } from '#services';
import type { MarketServiceOptions } from './market-service-options.js';

/** Prices the storing of a file with the providers that would be chosen now. @throws AppError `market/bad-request`, `market/too-few-providers` */
export async function quoteUpload(
  { ledger, params, placement }: MarketServiceOptions,
  request: { sizeBytes: number; profile: string; epochs: number },
): Promise<QuoteView> {
  const profile = parseProfile(request.profile);
  if (!profile.ok) throw badRequest(profile.violation);
  const planned = planFile({ sizeBytes: request.sizeBytes, profile: profile.value });
  if (!planned.ok) throw badRequest(planned.violation);
  const plan = planned.value;
  let bytesPerHolder = 0n;
  for (const { fragmentLength } of segmentsOfPlan(plan)) bytesPerHolder += BigInt(fragmentLength);
  const { usable, refusals, height } = await placement.choose({
    bytesPerHolder: bytesPerHolder.toString(),
    epochs: request.epochs,
    count: plan.profile.n,
  });
  const needed = plan.segmentCount === 0 ? 0 : uploadQuorum(plan.profile);
  if (usable.length < needed) throw tooFew(profileToText(plan.profile), needed, usable.length, refusals);
  const holders = plan.segmentCount === 0 ? [] : usable;
  const items = holders.map(({ offer }) => ({
    offer,
    totalBytes: bytesPerHolder,
    fragmentCount: plan.segmentCount,
  }));
  const burnPerGiBEpoch = BigInt((await ledger.status()).burnPerGiBEpoch);
  const whole = quoteContracts(params, burnPerGiBEpoch, items, request.epochs);
  return {
    height,
    sizeBytes: request.sizeBytes,
    profile: profileToText(plan.profile),
    epochs: request.epochs,
    segments: plan.segmentCount,
    storedBytes: whole.storedBytes.toString(),
    ...priceToView(whole),
    items: items.map((item) => ({
      provider: item.offer.address,
      totalBytes: item.totalBytes.toString(),
      fragments: item.fragmentCount,
      ...priceToView(quoteContracts(params, burnPerGiBEpoch, [item], request.epochs)),
    })),
    refusals,
  };
}

function priceToView({ storage, burn, fees, total }: Quote) {
  return {
    storage: storage.toString(),
    burn: burn.toString(),
    fees: fees.toString(),
    total: total.toString(),
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
