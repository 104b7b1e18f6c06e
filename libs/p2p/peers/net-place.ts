/** Where a peer sits in the address space; what limits, bans and the choice of peers go by. */
export interface NetPlace {
  /** The host itself. */
  readonly address: string;
  /** One customer's network: /24 of IPv4, /48 of IPv6. */
  readonly subnet: string;
  /** What one party can cheaply hold all of: /16 of IPv4, /32 of IPv6. */
  readonly group: string;
  readonly isLoopback: boolean;
  /** Loopback, private (RFC 1918, RFC 4193) or link-local: says nothing outside of its own network. */
  readonly isPrivate: boolean;
}

/**
 * The place of a multiaddr in its text form. A relayed address is placed at its relay, whose address it is; a name
 * is a place of its own. Undefined for what has no host (`/p2p-circuit`, `/unix/…`).
 */
export function multiaddrToPlace(text: string): NetPlace | undefined {
  const [, family, rest] = text.split('/');
  if (rest === undefined || rest === '') return undefined;
  if (family === 'ip4') return ip4Place(rest);
  if (family === 'ip6') return ip6Place(rest.split('%')[0]!);
  if (family !== undefined && /^dns(4|6|addr)?$/.test(family)) {
    const name = rest.toLowerCase();
    return { address: name, subnet: name, group: name, isLoopback: name === 'localhost', isPrivate: false };
  }
  return undefined;
}

/** Whether a multiaddr leads through a relay. */
export function isRelayed(text: string): boolean {
  return text.includes('/p2p-circuit');
}

/** The peer id at the end of a multiaddr: the peer itself, not the relay on the way. */
export function multiaddrToPeerId(text: string): string | undefined {
  const parts = text.split('/');
  const at = parts.lastIndexOf('p2p');
  return at > 0 && at === parts.length - 2 ? parts[at + 1] : undefined;
}

function ip4Place(address: string): NetPlace | undefined {
  const texts = address.split('.');
  const parts = texts.map(Number);
  // One spelling for an address: `10.1..3` or `0x7f.0.0.1` would be the same place under a name of its own.
  if (parts.length !== 4 || !texts.every((text) => /^(0|[1-9]\d{0,2})$/.test(text))) return undefined;
  if (parts.some((part) => part > 255)) return undefined;
  const [a, b, c] = parts as [number, number, number, number];
  const isLoopback = a === 127;
  const isPrivate =
    isLoopback ||
    a === 10 ||
    (a === 172 && b >= 16 && b < 32) ||
    (a === 192 && b === 168) ||
    (a === 169 && b === 254);
  return { address, subnet: `${a}.${b}.${c}.0/24`, group: `${a}.${b}.0.0/16`, isLoopback, isPrivate };
}

function ip6Place(address: string): NetPlace | undefined {
  const words = ip6Words(address);
  if (words === undefined) return undefined;
  const isMapped = words.slice(0, 5).every((word) => word === 0) && words[5] === 0xffff;
  if (isMapped) {
    const [high, low] = words.slice(6) as [number, number];
    return ip4Place([high >> 8, high & 255, low >> 8, low & 255].join('.'));
  }
  const hex = words.map((word) => word.toString(16));
  const isLoopback = words.slice(0, 7).every((word) => word === 0) && words[7] === 1;
  const first = words[0]!;
  return {
    address: hex.join(':'),
    subnet: `${hex.slice(0, 3).join(':')}::/48`,
    group: `${hex.slice(0, 2).join(':')}::/32`,
    isLoopback,
    isPrivate: isLoopback || (first & 0xfe00) === 0xfc00 || (first & 0xffc0) === 0xfe80,
  };
}

/** The eight words of an IPv6 address in any of its spellings (RFC 4291, 2.2). */
function ip6Words(address: string): number[] | undefined {
  const dotted = /^(.*:)(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/.exec(address);
  if (dotted?.slice(2).some((part) => Number(part) > 255)) return undefined;
  const plain =
    dotted === null
      ? address
      : `${dotted[1]}${hexPair(dotted[2], dotted[3])}:${hexPair(dotted[4], dotted[5])}`;
  const halves = plain.split('::');
  if (halves.length > 2) return undefined;
  const [head, tail] = halves.map((half) => (half === '' ? [] : half.split(':'))) as [string[], string[]?];
  const missing = 8 - head.length - (tail?.length ?? 0);
  if (tail === undefined ? missing !== 0 : missing < 1) return undefined;
  const all = tail === undefined ? head : [...head, ...Array<string>(missing).fill('0'), ...tail];
  if (!all.every((word) => /^[0-9a-f]{1,4}$/i.test(word))) return undefined;
  return all.map((word) => Number.parseInt(word, 16));
}

function hexPair(high: string | undefined, low: string | undefined): string {
  return ((Number(high) << 8) | Number(low)).toString(16);
}
