import type { NetworkParams } from '#chain';
import type { EndpointView, OfferView } from '#wire';

/**
 * What a provider falls together with: marks it shares with others, never empty. Two providers that have one mark in common
 * are in one failure domain, whatever else they declare.
 */
export type FailureDomain = readonly string[];

/** As much of a provider as says where it stands. */
export interface Placed {
  readonly offer: Pick<OfferView, 'provider'>;
  readonly endpoint: Pick<EndpointView, 'addresses' | 'owner'>;
}

/**
 * The marks of a provider by the network's rule: `provider` is its account alone; `subnet-owner` is the subnet of each
 * address and the declared owner, whoever declares none being nobody's kin. An owner in two subnets, and two owners in one
 * subnet, are one domain each.
 */
export function failureDomain(params: NetworkParams, { offer, endpoint }: Placed): FailureDomain {
  if (params.failureDomain === 'provider') return [offer.provider];
  const marks = new Set(endpoint.addresses.map((address) => `subnet ${subnetOf(address)}`));
  const owner = declared(endpoint.owner);
  if (owner !== '') marks.add(`owner ${owner}`);
  return marks.size === 0 ? [offer.provider] : [...marks];
}

/** How a domain is shown to people. */
export function domainToText(domain: FailureDomain): string {
  return domain.join(', ');
}

/** A declared name as it is compared: `Acme ` and `acme` are the same. */
export function declared(name: string): string {
  return name.normalize('NFKC').trim().toLowerCase();
}

/** Domains that somebody is in already. */
export class OccupiedDomains {
  private readonly marks = new Set<string>();

  constructor(domains: Iterable<FailureDomain> = []) {
    for (const domain of domains) this.add(domain);
  }

  add(domain: FailureDomain): void {
    for (const mark of domain) this.marks.add(mark);
  }

  /** Whether nothing in it falls together with a domain. */
  isFree(domain: FailureDomain): boolean {
    return this.takenMark(domain) === undefined;
  }

  /** What a domain shares with those in it, for messages. */
  takenMark(domain: FailureDomain): string | undefined {
    return domain.find((mark) => this.marks.has(mark));
  }
}

/** /24 of an IPv4 address, /64 of an IPv6 address, otherwise the host name itself. Takes URLs and multiaddresses. */
export function subnetOf(address: string): string {
  const host = hostOf(address).toLowerCase();
  const v4 = /^(?:::ffff:)?(\d+\.\d+\.\d+)\.\d+$/.exec(host);
  if (v4?.[1] !== undefined) return v4[1];
  if (host.includes(':')) return expandIpv6(host).slice(0, 4).join(':');
  return host.replace(/\.$/, '');
}

function hostOf(address: string): string {
  const multi = /^\/(?:ip4|ip6|dns|dns4|dns6|dnsaddr)\/([^/]+)/i.exec(address)?.[1];
  if (multi !== undefined) return multi;
  const host = /^[a-z][a-z0-9+.-]*:\/\/(?:[^/@]*@)?(\[[^\]]+\]|[^:/?#]+)/i.exec(address)?.[1] ?? address;
  return host.startsWith('[') ? host.slice(1, -1) : host;
}

function expandIpv6(text: string): string[] {
  const [head = '', tail] = (text.split('%')[0] ?? '').split('::');
  const left = head.split(':').filter((part) => part !== '');
  const right = (tail ?? '').split(':').filter((part) => part !== '');
  const gap = tail === undefined ? 0 : Math.max(0, 8 - left.length - right.length);
  return [...left, ...new Array<string>(gap).fill('0'), ...right].map((part) =>
    Number.parseInt(part, 16).toString(16),
  );
}
