import { type BlockId, decodeHeader, HEADER_BYTES, hashToBlockId } from '#chain';
import type { ChainPoint } from '#ledger';
import { MAX_HEADERS, MAX_LOCATOR } from '../messages/limits.js';
import type { Peer, PeerSet } from '../peers/peer.js';
import type { SyncContext } from '../sync-context.js';
import { type CheckedHeaders, checkHeaders, type HeaderCursor, pointToCursor } from './header-cursor.js';
import { keptWork } from './low-work.js';

/** Headers checked at a stretch, so that no event loop stands still. */
const SLICE_HEADERS = 200;
/** Batches a chain may show before it weighs enough to be kept: 8 million headers, 128 KiB of ids. */
const MAX_UNKEPT_BATCHES = 4_000;
/** How often a peer may change its chain under our questions. */
const MAX_RESTARTS = 3;

/** Headers of a peer that were checked. */
interface GoodBatch {
  readonly headers: Uint8Array;
  readonly cursor: HeaderCursor;
  /** The chain ends here, or what follows is no good. */
  readonly isLast: boolean;
}

/** `nothing`: it has no more. `end`: no use to go on. `restart`: it went over to another branch. */
type Batch = GoodBatch | 'nothing' | 'end' | 'restart';

/**
 * Asks peers for headers and keeps those of chains that weigh enough. A chain is checked to its end, or until it weighs
 * enough, before a single header of it is kept; meanwhile one id per batch is remembered, so that the peer must show the
 * same headers again when they are fetched for keeping.
 */
export class HeaderSync {
  private readonly waiting = new Map<Peer, boolean>();
  private running = 0;
  private runningOutbound = 0;

  constructor(
    private readonly context: SyncContext,
    private readonly peers: PeerSet,
    /** A peer proved that its chain has a header we know now. */
    private readonly onProven: (peer: Peer) => void,
  ) {}

  get isRunning(): boolean {
    return this.running > 0;
  }

  /** Looks whether a peer has more than we have; `isForced` asks it even if it never claimed so. */
  consider(peer: Peer, isForced = false): void {
    if (this.context.isStopped || peer.isAskedForHeaders) return;
    this.waiting.set(peer, isForced || (this.waiting.get(peer) ?? false));
    this.next();
  }

  forget(peer: Peer): void {
    this.waiting.delete(peer);
  }

  private next(): void {
    for (;;) {
      const first = this.mostPromising();
      // Slow strangers may take every session: a peer of our own choice then has one more.
      const isExtra = first?.isOutbound === true && this.runningOutbound === 0;
      if (first === undefined || (this.running >= this.context.options.headerSessions && !isExtra)) return;
      const isForced = this.waiting.get(first) ?? false;
      this.waiting.delete(first);
      this.running += 1;
      if (first.isOutbound) this.runningOutbound += 1;
      first.isAskedForHeaders = true;
      this.context.run(async () => {
        try {
          await this.session(first, isForced);
        } finally {
          first.isAskedForHeaders = false;
          this.running -= 1;
          if (first.isOutbound) this.runningOutbound -= 1;
          this.next();
        }
      });
    }
  }

  /** Claims are cheap: a peer of our own choice comes before one that chose us, whatever that one claims. */
  private mostPromising(): Peer | undefined {
    const isBefore = (a: Peer, b: Peer): boolean => {
      if (a.isOutbound !== b.isOutbound) return a.isOutbound;
      if (a.failures !== b.failures) return a.failures < b.failures;
      return (a.hello?.work ?? 0n) > (b.hello?.work ?? 0n);
    };
    let best: Peer | undefined;
    for (const peer of this.waiting.keys()) if (best === undefined || isBefore(peer, best)) best = peer;
    return best;
  }

  private async session(peer: Peer, isForced: boolean): Promise<void> {
    const { chain } = this.context;
    const claim = peer.hello;
    if (claim === undefined) return;
    const known = await chain.headerPoint(peer.tip ?? claim.tip);
    if (known !== undefined && known.knowledge !== 'invalid') this.proven(peer, known);
    const claimsMore = known === undefined && claim.work > (await chain.tip()).totalWork;
    if (!isForced && !claimsMore) return;
    for (let restarts = 0; restarts <= MAX_RESTARTS; restarts++) {
      const outcome = await this.attempt(peer, claimsMore);
      if (outcome === 'end') return;
    }
  }

  /** One walk along a peer's chain. */
  private async attempt(peer: Peer, claimsMore: boolean): Promise<'end' | 'restart'> {
    const { chain, options } = this.context;
    const locator = await chain.locator();
    const threshold = await keptWork(chain, options);
    /** Last id of every batch that was checked and not kept. */
    const shown: BlockId[] = [];
    let cursor: HeaderCursor | undefined;
    while (!this.context.isStopped) {
      const batch = await this.batch(peer, cursor, locator);
      if (batch === 'end' || batch === 'restart') return batch;
      if (batch === 'nothing') {
        if (cursor === undefined) await this.nothingShown(peer, claimsMore);
        else this.context.refuse(peer.ref, 'header', 'sync/low-work');
        return 'end';
      }
      cursor = batch.cursor;
      if (cursor.totalWork >= threshold) {
        const last =
          shown.length === 0
            ? await this.keep(peer, batch.headers)
            : await this.again(peer, locator, shown, cursor);
        if (last === undefined || batch.isLast) return 'end';
        return this.follow(peer, cursor, last);
      }
      if (batch.isLast || shown.length >= MAX_UNKEPT_BATCHES) {
        this.context.refuse(peer.ref, 'header', 'sync/low-work');
        return 'end';
      }
      shown.push(cursor.id);
    }
    return 'end';
  }

  /** The rest of a chain that weighs enough: every batch is kept as it comes. */
  private async follow(peer: Peer, from: HeaderCursor, kept: ChainPoint): Promise<'end' | 'restart'> {
    let cursor = from;
    let last = kept;
    // The chain may stop taking headers that run too far ahead of the bodies; the next poll goes on from there.
    while (!this.context.isStopped && last.id === cursor.id) {
      const batch = await this.batch(peer, cursor, []);
      if (batch === 'restart') return batch;
      if (batch === 'end' || batch === 'nothing') return 'end';
      const next = await this.keep(peer, batch.headers);
      if (next === undefined || batch.isLast) return 'end';
      cursor = batch.cursor;
      last = next;
    }
    return 'end';
  }

  /**
   * Fetches for keeping what was only checked before; the ids at the ends of the batches must be the same. The end of an
   * honest chain moves meanwhile: of the last batch only the weight counts.
   */
  private async again(
    peer: Peer,
    locator: readonly BlockId[],
    shown: readonly BlockId[],
    end: HeaderCursor,
  ): Promise<ChainPoint | undefined> {
    let cursor: HeaderCursor | undefined;
    let last: ChainPoint | undefined;
    for (const id of [...shown, end.id]) {
      const batch = await this.batch(peer, cursor, locator);
      if (batch === 'end' || batch === 'restart') return undefined;
      const isAsHeavy = batch !== 'nothing' && id === end.id && batch.cursor.totalWork >= end.totalWork;
      if (batch === 'nothing' || (batch.cursor.id !== id && !isAsHeavy)) {
        this.context.refuse(peer.ref, 'header', 'sync/headers-changed');
        return undefined;
      }
      last = await this.keep(peer, batch.headers);
      if (last === undefined) return undefined;
      cursor = batch.cursor;
    }
    return last;
  }

  /** Asks for the headers after the cursor, or after where the locator meets the peer's chain, and checks them. */
  private async batch(
    peer: Peer,
    cursor: HeaderCursor | undefined,
    locator: readonly BlockId[],
  ): Promise<Batch> {
    const ids = cursor === undefined ? locator : [cursor.id, ...locator];
    const answer = await this.context.ask(
      peer,
      { name: 'getHeaders', body: { locator: ids.slice(0, MAX_LOCATOR) } },
      { name: 'headers', maxBytes: MAX_HEADERS * HEADER_BYTES },
    );
    if (answer.kind === 'failed') peer.failures += 1;
    if (answer.kind !== 'answer') return 'end';
    const { headers, tip } = answer.body;
    peer.tip = tip;
    if (headers.length % HEADER_BYTES !== 0) {
      this.context.refuse(peer.ref, 'header', 'sync/headers-length');
      return 'end';
    }
    if (headers.length === 0) return 'nothing';
    const count = headers.length / HEADER_BYTES;
    this.context.counters.headersReceived += count;
    const start = await this.startOf(peer, cursor, headers);
    if (start === 'end' || start === 'restart') return start;
    const checked = await this.check(start, headers);
    if (checked.violation !== undefined) {
      const weight = this.context.refuse(peer.ref, 'header', checked.violation);
      if (weight > 0 || checked.count === 0) return 'end';
    }
    return {
      headers: headers.subarray(0, checked.count * HEADER_BYTES),
      cursor: checked.cursor,
      isLast: count < MAX_HEADERS || checked.count < count,
    };
  }

  /** What the first header of a batch must follow. */
  private async startOf(
    peer: Peer,
    cursor: HeaderCursor | undefined,
    headers: Uint8Array,
  ): Promise<HeaderCursor | 'end' | 'restart'> {
    const first = decodeHeader(headers.subarray(0, HEADER_BYTES));
    const previous = first.ok ? hashToBlockId(first.value.previous) : undefined;
    if (cursor !== undefined && previous === cursor.id) return cursor;
    const point = previous === undefined ? undefined : await this.context.chain.headerPoint(previous);
    if (point === undefined) {
      this.context.refuse(peer.ref, 'header', 'sync/headers-unlinked');
      return 'end';
    }
    if (point.knowledge === 'invalid') {
      this.context.refuse(peer.ref, 'header', 'block/invalid-parent');
      return 'end';
    }
    // It went over to another branch since the last batch.
    return cursor === undefined ? pointToCursor(point) : 'restart';
  }

  private async check(from: HeaderCursor, headers: Uint8Array): Promise<CheckedHeaders> {
    const nowSeconds = Math.floor(this.context.clock.nowMs() / 1000);
    let cursor = from;
    let count = 0;
    for (let at = 0; at < headers.length; at += SLICE_HEADERS * HEADER_BYTES) {
      if (at > 0) await this.context.breathe();
      const slice = headers.subarray(at, at + SLICE_HEADERS * HEADER_BYTES);
      const checked = checkHeaders(this.context.law, cursor, slice, nowSeconds);
      count += checked.count;
      cursor = checked.cursor;
      if (checked.violation !== undefined) return { cursor, count, violation: checked.violation };
    }
    return { cursor, count };
  }

  private async keep(peer: Peer, headers: Uint8Array): Promise<ChainPoint | undefined> {
    const result = await this.context.chain.submitHeaders(headers);
    if (!result.ok) {
      this.context.refuse(peer.ref, 'header', result.violation);
      return undefined;
    }
    this.proven(peer, result.value.last);
    return result.value.last;
  }

  /** It has no header after ours. Its tip says how many of ours it has, and whose bodies it can give. */
  private async nothingShown(peer: Peer, claimsMore: boolean): Promise<void> {
    const point = peer.tip === undefined ? undefined : await this.context.chain.headerPoint(peer.tip);
    if (point !== undefined && point.knowledge !== 'invalid') this.proven(peer, point);
    else if (point === undefined && claimsMore) this.context.refuse(peer.ref, 'answer', 'sync/empty-claim');
  }

  private proven(peer: Peer, point: ChainPoint): void {
    if (!this.peers.isConnected(peer)) return;
    peer.prove(point);
    this.onProven(peer);
  }
}
