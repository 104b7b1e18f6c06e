import type { KnownPeer } from './address-book.js';

/** What the choice of a peer to call goes by. */
export interface OutboundQuestion {
  readonly candidates: readonly KnownPeer[];
  /** Groups of the peers we chose and are connected to, or are calling. */
  readonly takenGroups: ReadonlySet<string>;
  /** Connected, being called, or banned. */
  readonly excluded: (peer: string) => boolean;
  readonly nowMs: number;
  /** 0 <= x < 1. */
  readonly random: () => number;
}

const FIRST_PAUSE_MS = 2_000;
const LONGEST_PAUSE_MS = 30 * 60_000;
/** A peer that was reached before is called again soon: that is how a cut network heals. */
const LONGEST_PAUSE_OF_REACHED_MS = 20_000;

/** How long not to call a peer again after calls that failed. */
export function pauseAfterFailures(known: Pick<KnownPeer, 'failures' | 'reachedMs'>): number {
  if (known.failures === 0) return 0;
  const longest = known.reachedMs > 0 && known.failures < 16 ? LONGEST_PAUSE_OF_REACHED_MS : LONGEST_PAUSE_MS;
  return Math.min(longest, FIRST_PAUSE_MS * 2 ** Math.min(20, known.failures - 1));
}

/**
 * Whom to call next, or nobody. Spread over groups: one that no chosen peer is in comes before a second of the same,
 * so that whoever owns one network never holds all of our outbound slots while others answer. Between peers reached
 * before and new ones a coin decides, so that neither an old nor a freshly poisoned book decides alone.
 */
export function chooseOutbound(question: OutboundQuestion): KnownPeer | undefined {
  const { candidates, takenGroups, excluded, nowMs, random } = question;
  const callable = candidates.filter(
    (known) => !excluded(known.peer) && nowMs - known.triedMs >= pauseAfterFailures(known),
  );
  const spread = callable.filter((known) => !takenGroups.has(known.group));
  // no other network is known at all (a LAN, one machine): then a group may be used again
  const isElsewhere = spread.length > 0 || candidates.some((known) => isAlternative(known, takenGroups));
  const pool = isElsewhere ? spread : callable;
  const reached = pool.filter(({ reachedMs }) => reachedMs > 0);
  const fresh = pool.filter(({ reachedMs }) => reachedMs === 0);
  const wanted = random() < 0.5 ? reached : fresh;
  return pickByGroup(wanted.length > 0 ? wanted : pool, random);
}

/** Someone of another group that may still answer: never reached and rarely tried, or reached and not long lost. */
function isAlternative(known: KnownPeer, takenGroups: ReadonlySet<string>): boolean {
  return !takenGroups.has(known.group) && known.failures === 0;
}

/** First a group, then one of it: many addresses in one network are one chance. */
function pickByGroup(pool: readonly KnownPeer[], random: () => number): KnownPeer | undefined {
  const groups = new Map<string, KnownPeer[]>();
  for (const known of pool) {
    const members = groups.get(known.group);
    if (members === undefined) groups.set(known.group, [known]);
    else members.push(known);
  }
  const members = pick([...groups.values()], random);
  return members === undefined ? undefined : pick(members, random);
}

/** Whom to call only to see whether it answers: the book then knows more peers that exist (a feeler). */
export function chooseFeeler(question: OutboundQuestion): KnownPeer | undefined {
  const fresh = question.candidates.filter(({ reachedMs }) => reachedMs === 0);
  return chooseOutbound({ ...question, candidates: fresh, takenGroups: new Set() });
}

/** A connection that came in. */
export interface InboundConnection {
  readonly id: string;
  readonly group: string;
  readonly sinceMs: number;
}

/**
 * Which inbound connection gives way when all slots are taken: the newest of the most crowded group, provided that the
 * newcomer's group is less crowded than that by two. So a flood from one network only ever displaces itself.
 */
export function chooseEviction(
  connections: readonly InboundConnection[],
  newcomerGroup: string,
): InboundConnection | undefined {
  const groups = new Map<string, InboundConnection[]>();
  for (const connection of connections)
    groups.set(connection.group, [...(groups.get(connection.group) ?? []), connection]);
  const crowded = [...groups.values()].reduce<InboundConnection[]>(
    (most, group) => (group.length > most.length ? group : most),
    [],
  );
  const own = groups.get(newcomerGroup)?.length ?? 0;
  if (crowded.length < own + 2) return undefined;
  return crowded.reduce((newest, connection) => (connection.sinceMs >= newest.sinceMs ? connection : newest));
}

function pick<T>(list: readonly T[], random: () => number): T | undefined {
  return list[Math.floor(random() * list.length)];
}
