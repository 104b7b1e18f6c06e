import { type BlockId, HEADER_BYTES, hashToBlockId } from '#chain';
import type { ChainPoint } from '#ledger';
import { BLOCKS_ANSWER_BYTES, MAX_BLOCKS } from '../messages/limits.js';
import type { Peer, PeerSet } from '../peers/peer.js';
import type { SyncContext } from '../sync-context.js';
import { BlockSizes } from './block-sizes.js';
import { BodyPipeline } from './body-pipeline.js';
import { type Slot, Slots } from './slots.js';
import { Targets } from './targets.js';

/** Blocks of the window. */
const WINDOW_BLOCKS = 2_048;
/** Requests one peer has at a time: the next is on its way while it answers the last. */
const REQUESTS_PER_PEER = 3;
/** One request asks for what the peer sends in about this time. */
const REQUEST_SECONDS = 0.5;
const MIN_REQUEST_BYTES = 32 * 1024;
/** A request that should have been answered by then is asked of somebody else too. */
const HEDGE_MS = 1_500;
/** How often the window is looked at while bodies are on their way. */
const TICK_MS = 500;
/** Failures in a row after which a peer is only asked where nobody else is left. */
const MAX_FAILURES = 3;

/**
 * Fetches bodies in parallel: a window over the missing blocks, filled by whoever is fast, bounded in bytes. What a peer
 * does not answer in time is asked of others; who answers wrongly is reported; blocks are connected in order.
 */
export class BodyDownload {
  private readonly slots = new Slots();
  private readonly sizes = new BlockSizes();
  private readonly targets: Targets;
  private readonly pipeline: BodyPipeline;
  private target: ChainPoint | undefined;
  /** Everything missing up to the target is in the window: nothing to ask the ledger for. */
  private isWindowWhole = false;
  private isRefilling = false;
  private isRefillWanted = false;
  private requests = 0;
  private stopTick: (() => void) | undefined;

  constructor(
    private readonly context: SyncContext,
    peers: PeerSet,
    /** Everything that can be had is connected. */
    private readonly onIdle: () => void,
  ) {
    this.targets = new Targets(peers);
    this.pipeline = new BodyPipeline(context, this.slots, {
      connected: () => this.connected(),
      mismatched: () => this.pump(),
      invalid: () => this.giveUp('invalid'),
      early: () => this.giveUp('early'),
      stuck: () => this.giveUp('stuck'),
    });
  }

  /** True while a heavier chain is being fetched. */
  get isActive(): boolean {
    return this.target !== undefined;
  }

  get targetPoint(): ChainPoint | undefined {
    return this.target;
  }

  /** Whether a block was lately fetched here and handed to the chain. */
  hasFetched(id: BlockId): boolean {
    return this.pipeline.hasSubmitted(id);
  }

  get heldBytes(): number {
    return this.slots.heldBytes();
  }

  /** Something changed: a peer proved a header, a block was connected. */
  kick(): void {
    this.pump();
    if (this.isRefilling) {
      this.isRefillWanted = true;
      return;
    }
    this.isRefilling = true;
    this.context.run(async () => {
      try {
        do {
          this.isRefillWanted = false;
          await this.refill();
        } while (this.isRefillWanted && !this.context.isStopped);
      } finally {
        this.isRefilling = false;
      }
      this.pump();
    });
  }

  forget(peer: Peer): void {
    this.slots.forget(peer);
    this.kick();
  }

  /** Asking the ledger costs a round to another thread: not after every block. */
  private connected(): void {
    const isLow = this.slots.size <= WINDOW_BLOCKS / 2 && !this.isWindowWhole;
    if (isLow || this.slots.size === 0) this.kick();
    else this.pump();
  }

  private async refill(): Promise<void> {
    const { chain, clock } = this.context;
    const wasActive = this.isActive;
    const tip = await chain.tip();
    const best = this.targets.choose(tip, clock.nowMs());
    // A heavier chain usually goes on where this one ends; what is under way is wanted either way.
    if (best !== undefined && best.id !== this.target?.id) await this.aim(best);
    if (this.target === undefined) return;
    const isLow = this.slots.size <= WINDOW_BLOCKS / 2 && !this.isWindowWhole;
    if (isLow || this.slots.size === 0) {
      const missing = await chain.missingBodies({ max: WINDOW_BLOCKS, towards: this.target.id });
      this.isWindowWhole = missing.length < WINDOW_BLOCKS;
      this.slots.append(missing);
    }
    if (this.slots.size === 0) {
      // All bodies are here: connected, or on a branch that is not heavier by the margin.
      const reached = await chain.tip();
      if (this.target.totalWork > reached.totalWork) this.targets.shelve(this.target, clock.nowMs());
      this.target = undefined;
      if (wasActive) this.onIdle();
      this.isRefillWanted = true;
    }
  }

  private async aim(target: ChainPoint): Promise<void> {
    const missing = await this.context.chain.missingBodies({ max: WINDOW_BLOCKS, towards: target.id });
    const wanted = new Set(missing.map(({ id }) => id));
    for (const slot of [...this.slots])
      if (!slot.isSubmitted && !wanted.has(slot.id)) this.slots.remove(slot);
    this.target = target;
  }

  /** Submits what is ready and asks for what is not; never waits. */
  private pump(): void {
    if (this.context.isStopped) return;
    this.pipeline.pump();
    this.assign();
    this.tick();
  }

  private assign(): void {
    const { clock, options } = this.context;
    const now = clock.nowMs();
    const maxRequests = Math.max(2, Math.floor(options.maxBodyBytes / BLOCKS_ANSWER_BYTES));
    let held = this.slots.heldBytes();
    for (const peer of this.bySpeed()) {
      while (peer.bodyRequests < this.allowance(peer) && this.requests < maxRequests) {
        const wanted = this.choose(peer, options.maxBodyBytes - held, now);
        if (wanted.length === 0) break;
        held += wanted.length * this.sizes.expectedBytes;
        this.request(peer, wanted, now);
      }
    }
    this.giveUpWhereNobodyIsLeft();
  }

  /** The fastest first; those that failed lately last. */
  private bySpeed(): readonly Peer[] {
    const height = this.slots.first?.height;
    if (height === undefined) return [];
    return [...this.targets.holders(height)].sort(
      (a, b) => Math.min(a.failures, MAX_FAILURES) - Math.min(b.failures, MAX_FAILURES) || b.speed - a.speed,
    );
  }

  private allowance(peer: Peer): number {
    return peer.failures > 0 ? 1 : REQUESTS_PER_PEER;
  }

  /** The next blocks for a peer: those nobody was asked for, then those somebody sits on. */
  private choose(peer: Peer, roomBytes: number, now: number): Slot[] {
    const each = this.sizes.expectedBytes;
    const perRequest = Math.min(
      BLOCKS_ANSWER_BYTES,
      Math.max(MIN_REQUEST_BYTES, peer.failures > 0 ? 0 : peer.speed * REQUEST_SECONDS),
    );
    const max = Math.max(1, Math.min(MAX_BLOCKS, Math.floor(perRequest / each)));
    const height = peer.proven?.height ?? 0;
    const chosen: Slot[] = [];
    let room = roomBytes;
    for (const slot of this.slots) {
      if (chosen.length >= max || slot.height > height) break;
      if (slot.body !== undefined || slot.asked.has(peer) || slot.refusedBy.has(peer)) continue;
      const isLate = slot.asked.size > 0 && this.isLate(slot, now);
      if (slot.asked.size > 0 && !isLate) continue;
      // The oldest missing block is always asked for: without it nothing that waits behind it ever leaves.
      if (room < each && slot !== this.slots.first) break;
      chosen.push(slot);
      room -= each;
    }
    return chosen;
  }

  private isLate(slot: Slot, now: number): boolean {
    const each = this.sizes.expectedBytes * REQUESTS_PER_PEER * 1000;
    return [...slot.asked].every(([peer, since]) => now - since >= Math.max(HEDGE_MS, each / peer.speed));
  }

  private request(peer: Peer, wanted: readonly Slot[], now: number): void {
    for (const slot of wanted) {
      slot.asked.set(peer, now);
      slot.reservedBytes = this.sizes.expectedBytes;
    }
    peer.bodyRequests += 1;
    this.requests += 1;
    this.context.run(async () => {
      try {
        await this.fetch(peer, wanted, now);
      } finally {
        peer.bodyRequests -= 1;
        this.requests -= 1;
        for (const slot of wanted) {
          slot.asked.delete(peer);
          if (slot.asked.size === 0) slot.reservedBytes = 0;
        }
        this.pump();
      }
    });
  }

  private async fetch(peer: Peer, wanted: readonly Slot[], askedAtMs: number): Promise<void> {
    const { context } = this;
    const answer = await context.ask(
      peer,
      { name: 'getBlocks', body: { ids: wanted.map(({ id }) => id) } },
      { name: 'blocks', maxBytes: BLOCKS_ANSWER_BYTES + context.law.params.limits.maxBlockBytes },
    );
    if (answer.kind !== 'answer') {
      peer.slowDown();
      // Silence again and again is a no: who keeps a body back must not hold the node to his chain.
      if (answer.kind === 'no' || peer.failures >= MAX_FAILURES)
        for (const slot of wanted) slot.refusedBy.add(peer);
      return;
    }
    const { blocks } = answer.body;
    if (blocks.length > wanted.length) {
      context.refuse(peer.ref, 'answer', 'sync/too-many-answers');
      return;
    }
    peer.measure(answer.sizeBytes, askedAtMs, context.clock.nowMs());
    let received = 0;
    for (const [index, bytes] of blocks.entries()) {
      const slot = wanted[index] as Slot;
      if (bytes.length === 0) slot.refusedBy.add(peer);
      else if (this.take(slot, bytes, peer)) received += 1;
      else break;
    }
    if (received > 0) peer.failures = 0;
    else this.nothingCame(peer, wanted);
  }

  /** False where it is another block than was asked for. */
  private take(slot: Slot, bytes: Uint8Array, peer: Peer): boolean {
    const { law } = this.context;
    const header = bytes.subarray(0, HEADER_BYTES);
    if (header.length < HEADER_BYTES || hashToBlockId(law.crypto.sha256d(header)) !== slot.id) {
      slot.refusedBy.add(peer);
      peer.slowDown();
      this.context.refuse(peer.ref, 'block', 'sync/wrong-block');
      return false;
    }
    this.context.counters.bodiesReceived += 1;
    this.sizes.add(bytes.length);
    if (this.slots.has(slot) && slot.body === undefined) {
      slot.body = bytes;
      slot.from = peer;
    }
    return true;
  }

  private nothingCame(peer: Peer, wanted: readonly Slot[]): void {
    for (const slot of wanted) slot.refusedBy.add(peer);
    // A peer on another branch may honestly not have them; one that showed us these headers must.
    if (peer.proven?.id !== this.target?.id) return;
    peer.slowDown();
    this.context.refuse(peer.ref, 'answer', 'sync/no-bodies');
  }

  /** The oldest block is missing and everybody who might have it was asked in vain. */
  private giveUpWhereNobodyIsLeft(): void {
    const first = this.slots.first;
    if (first === undefined || first.body !== undefined || first.asked.size > 0) return;
    const holders = this.targets.holders(first.height);
    if (holders.length === 0) this.giveUp('alone');
    else if (holders.every((peer) => first.refusedBy.has(peer))) this.giveUp('unavailable');
  }

  private giveUp(reason: 'invalid' | 'early' | 'stuck' | 'unavailable' | 'alone'): void {
    const { target } = this;
    if (target !== undefined && reason === 'invalid') this.targets.disprove(target);
    else if (target !== undefined && reason !== 'alone')
      this.targets.shelve(target, this.context.clock.nowMs());
    this.target = undefined;
    this.slots.clear();
    this.kick();
  }

  private tick(): void {
    if (this.slots.size === 0 || this.stopTick !== undefined) return;
    this.stopTick = this.context.after(TICK_MS, () => {
      this.stopTick = undefined;
      this.pump();
    });
  }
}
