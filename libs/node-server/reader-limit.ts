import { AppError } from '#errors';

/** Streams one address may hold. */
const MAX_PER_ADDRESS = 64;
/** Streams in all. */
const MAX_IN_ALL = 1_024;

/** Bounds how many event streams are open, in all and from one address. */
export interface ReaderLimit {
  /**
   * Counts a reader in; what it returns counts it out, once however often it is called.
   * @throws AppError `events/too-many`
   */
  enter(address: string): () => void;
}

/** A limit of its own; the node has one for all its streams. */
export function createReaderLimit({
  maxPerAddress = MAX_PER_ADDRESS,
  maxInAll = MAX_IN_ALL,
  maxFromLoopback = maxInAll,
}: {
  readonly maxPerAddress?: number;
  readonly maxInAll?: number;
  /** This machine's own processes, and everybody behind a proxy that runs here. Default: no bound but that of all. */
  readonly maxFromLoopback?: number;
} = {}): ReaderLimit {
  const readers = new Map<string, number>();
  let inAll = 0;
  return {
    enter(address) {
      const origin = addressToOrigin(address);
      const count = readers.get(origin) ?? 0;
      const max = isLoopback(origin) ? maxFromLoopback : maxPerAddress;
      if (count >= max) throw tooMany(`${origin} has ${count} event streams open`, max);
      if (inAll >= maxInAll) throw tooMany(`${inAll} event streams are open`, maxInAll);
      readers.set(origin, count + 1);
      inAll += 1;
      let isIn = true;
      return () => {
        if (!isIn) return;
        isIn = false;
        inAll -= 1;
        const left = (readers.get(origin) ?? 1) - 1;
        if (left > 0) readers.set(origin, left);
        else readers.delete(origin);
      };
    },
  };
}

/** Who counts as one: an IPv4 address, or the /64 that an IPv6 host may draw addresses from. */
export function addressToOrigin(address: string): string {
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/.exec(address);
  if (mapped?.[1] !== undefined) return mapped[1];
  if (!address.includes(':')) return address;
  const [head = '', tail] = (address.split('%')[0] ?? '').split('::');
  const before = head === '' ? [] : head.split(':');
  const after = tail === undefined || tail === '' ? [] : tail.split(':');
  const zeros = tail === undefined ? 0 : 8 - before.length - after.length;
  const groups = [...before, ...Array.from({ length: zeros }, () => '0'), ...after];
  return `${groups
    .slice(0, 4)
    .map((group) => Number.parseInt(group, 16).toString(16))
    .join(':')}::/64`;
}

function isLoopback(origin: string): boolean {
  return origin.startsWith('127.') || origin === '0:0:0:0::/64';
}

function tooMany(what: string, max: number): AppError {
  return new AppError({
    code: 'events/too-many',
    message: `${what}; at most ${max} are served`,
    next: 'close a stream that is not read any more, or share one among your readers',
    data: { max },
  });
}
