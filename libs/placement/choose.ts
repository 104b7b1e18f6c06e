import type { NetworkParams } from '#chain';
import type { EndpointView, OfferView } from '#wire';

/** A provider that could take fragments: its price sheet and where it is reached. */
export interface Candidate {
  readonly offer: OfferView;
  readonly endpoint: EndpointView;
}

/** What a placement must satisfy. */
export interface PlacementRequest {
  /** Bytes each holder must still have room for. */
  readonly bytesPerHolder: bigint;
  readonly epochs: number;
  readonly height: number;
  /** Provider accounts that must not be chosen. */
  readonly exclude?: ReadonlySet<string>;
}

/** Why a candidate was not taken, for messages. */
export interface Refusal {
  readonly provider: string;
  readonly why: string;
}

/** Candidates that can serve, cheapest first, one per failure domain; and why the others cannot. */
export interface PlacementOptions {
  readonly usable: readonly Candidate[];
  readonly refusals: readonly Refusal[];
}

/**
 * Orders the providers that could hold fragments: offers that hold, room enough, term allowed, reachable address, and
 * only the cheapest of each failure domain, so that no two fragments of a segment fall with one machine.
 */
export function choosePlacement(
  params: NetworkParams,
  candidates: readonly Candidate[],
  request: PlacementRequest,
): PlacementOptions {
  const refusals: Refusal[] = [];
  const byDomain = new Map<string, Candidate>();
  const sorted = [...candidates].sort((a, b) => comparePrice(a, b, request));
  for (const candidate of sorted) {
    const why = refusalOf(candidate, request);
    if (why !== undefined) {
      refusals.push({ provider: candidate.offer.address, why });
      continue;
    }
    const domain = failureDomain(params, candidate);
    if (byDomain.has(domain))
      refusals.push({ provider: candidate.offer.address, why: `same failure domain ${domain}` });
    else byDomain.set(domain, candidate);
  }
  return { usable: [...byDomain.values()], refusals };
}

/** What falls together: on devnet the provider itself, elsewhere its subnet with its declared owner and region. */
export function failureDomain(params: NetworkParams, candidate: Candidate): string {
  if (params.failureDomain === 'provider') return candidate.offer.provider;
  const { owner, region, addresses } = candidate.endpoint;
  return `${subnetOf(addresses[0] ?? '')}|${owner}|${region}`;
}

/** /24 of an IPv4 address, /64 of an IPv6 address, otherwise the host name itself. */
export function subnetOf(address: string): string {
  const host = /^[a-z]+:\/\/(\[[^\]]+\]|[^:/]+)/i.exec(address)?.[1] ?? address;
  const v4 = /^(\d+\.\d+\.\d+)\.\d+$/.exec(host);
  if (v4?.[1] !== undefined) return v4[1];
  if (host.startsWith('[')) return expandIpv6(host.slice(1, -1)).slice(0, 4).join(':');
  return host.toLowerCase();
}

function expandIpv6(text: string): string[] {
  const [head = '', tail] = text.split('::');
  const left = head.split(':').filter((part) => part !== '');
  const right = (tail ?? '').split(':').filter((part) => part !== '');
  const gap = tail === undefined ? 0 : Math.max(0, 8 - left.length - right.length);
  return [...left, ...new Array<string>(gap).fill('0'), ...right].map((part) =>
    Number.parseInt(part, 16).toString(16),
  );
}

function refusalOf({ offer, endpoint }: Candidate, request: PlacementRequest): string | undefined {
  if (request.exclude?.has(offer.provider)) return 'excluded';
  if (offer.expiresAt <= request.height) return `its offer expired at height ${offer.expiresAt}`;
  if (endpoint.expiresAt <= request.height) return `its endpoint expired at height ${endpoint.expiresAt}`;
  if (endpoint.addresses.length === 0) return 'it announces no address';
  if (request.epochs < offer.minEpochs || request.epochs > offer.maxEpochs) {
    return `it takes ${offer.minEpochs} to ${offer.maxEpochs} epochs, not ${request.epochs}`;
  }
  const free = BigInt(offer.capacityBytes) - BigInt(offer.usedBytes);
  if (free < request.bytesPerHolder) return `it has ${free} bytes left, ${request.bytesPerHolder} are needed`;
  return undefined;
}

/** Cheapest first; equal prices in a fixed order of the ids, so that a choice can be repeated. */
function comparePrice(a: Candidate, b: Candidate, request: PlacementRequest): number {
  const difference =
    epochPrice(a.offer, request.bytesPerHolder) - epochPrice(b.offer, request.bytesPerHolder);
  if (difference !== 0n) return difference < 0n ? -1 : 1;
  return a.offer.provider < b.offer.provider ? -1 : 1;
}

function epochPrice(offer: OfferView, bytes: bigint): bigint {
  return (BigInt(offer.basePerEpoch) << 30n) + BigInt(offer.pricePerGiBEpoch) * bytes;
}
