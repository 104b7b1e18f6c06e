import { AppError } from '#errors';
import { uploadQuorum } from '#fragments';
import { type Candidate, failureDomain, OccupiedDomains } from '#placement';
import type { ClientContext } from '../context.js';
import type { PlacementBook } from './placement-book.js';
import { type SlotRoomPlan, slotRoom } from './slot-room.js';
import { tooFewProviders, type UploadPlan } from './upload-plan.js';
import { UploadSlot, withdrawAll } from './upload-slot.js';

/** Segments that a provider without a substitute is passed over after its first failure; doubled with every other. */
const PAUSE_SEGMENTS = 2;
const MAX_PAUSE_SEGMENTS = 64;
/** Contracts in a row under which a provider took nothing: more than there are segments under way. */
const MAX_BARREN_ROLLOVERS = 8;

/** Who gets fragment i of every segment now. */
interface Position {
  slot: UploadSlot | undefined;
  /** Nobody has been asked for room here yet. */
  isFresh: boolean;
  /** Who is asked first. */
  preferred: Candidate | undefined;
  /** The slot is being opened, replaced or continued. */
  pending: Promise<void> | undefined;
  /** First segment that the slot is used for again. */
  pausedUntil: number;
  strikes: number;
  /** Bytes of the slots before this one. */
  earlierBytes: bigint;
  rollovers: number;
  /** Of them the last ones without a fragment. */
  barren: number;
}

/** What a pool of slots tells. */
export interface SlotEvents {
  /** Room was granted at a position. */
  readonly onOpened?: (slot: UploadSlot, position: number) => void;
}

/** Who held a position in an earlier run, with the room kept there if it still is. */
export interface AdoptedPosition {
  readonly position: number;
  readonly candidate: Candidate;
  readonly slot: UploadSlot | undefined;
}

/**
 * Who gets fragment i of every segment. A provider that fails or is slow is replaced by a spare where there is one, and
 * otherwise passed over for a while. All providers in use at a time are in failure domains of their own.
 */
export class HolderSlots {
  /** Every slot that was ever opened: what it took may still be agreed on. */
  readonly all = new Set<UploadSlot>();
  private readonly positions: Position[];
  private readonly failures: { provider: string; why: string }[] = [];
  private readonly spares: Candidate[];
  private readonly room: SlotRoomPlan;
  private readonly halt = new AbortController();
  private readonly signal: AbortSignal;

  private constructor(
    private readonly context: ClientContext,
    private readonly upload: UploadPlan,
    private readonly book: PlacementBook,
    signal: AbortSignal,
    private readonly events: SlotEvents & { readonly isOpenEnded: boolean; readonly isLasting: boolean },
    adopted: readonly AdoptedPosition[],
  ) {
    const { n } = upload.plan.profile;
    this.signal = AbortSignal.any([signal, this.halt.signal]);
    this.room = { upload, ...events, maxLeaves: context.params.contract.maxLeaves };
    this.positions = Array.from({ length: n }, () => ({
      slot: undefined,
      isFresh: true,
      preferred: undefined,
      pending: undefined,
      pausedUntil: 0,
      strikes: 0,
      earlierBytes: 0n,
      rollovers: 0,
      barren: 0,
    }));
    for (const one of adopted) this.adopt(one);
    const inUse = this.keepApart();
    this.spares = upload.candidates.filter((candidate) =>
      inUse.isFree(failureDomain(context.params, candidate)),
    );
  }

  /**
   * Asks the chosen providers for room, and spares in place of those who refuse; ready when there are enough. What goes on
   * after a kill, or fills gaps, may need only a few positions: there each is asked when it is first needed. Where it
   * fails, whoever granted room has it back.
   */
  static async open(
    context: ClientContext,
    upload: UploadPlan,
    book: PlacementBook,
    options: SlotEvents & {
      readonly signal: AbortSignal;
      readonly isOpenEnded: boolean;
      readonly isLasting: boolean;
      readonly adopted?: readonly AdoptedPosition[];
    },
  ): Promise<HolderSlots> {
    const { signal, adopted } = options;
    const slots = new HolderSlots(context, upload, book, signal, options, adopted ?? []);
    if (adopted !== undefined) return slots;
    try {
      await slots.openAll();
    } catch (error) {
      // Nobody else knows of the room that some of them keep by now.
      await slots.stop();
      await withdrawAll(slots.all);
      throw error;
    }
    return slots;
  }

  get spareCount(): number {
    return this.spares.length;
  }

  /** Why providers are not used, for messages. */
  get reasons(): readonly { provider: string; why: string }[] {
    return this.failures;
  }

  /** Whether enough positions are in use for a segment without those that are passed over. */
  isEnoughFor(segment: number): boolean {
    const used = this.positions.filter(
      ({ slot, pending, isFresh, pausedUntil }) =>
        (isFresh || slot !== undefined || pending !== undefined) && segment >= pausedUntil,
    );
    return used.length >= uploadQuorum(this.upload.plan.profile);
  }

  /** Whoever takes a fragment at a position; its room is counted. Undefined: nobody, for now. */
  async slotFor(
    position: number,
    request: { readonly segment: number; readonly lengthBytes: number; readonly evenPaused: boolean },
  ): Promise<UploadSlot | undefined> {
    const at = this.at(position);
    for (;;) {
      await at.pending;
      this.signal.throwIfAborted();
      if (at.isFresh) await this.begin(position);
      const { slot } = at;
      if (slot === undefined || (request.segment < at.pausedUntil && !request.evenPaused)) return undefined;
      if (slot.take(request.lengthBytes)) return slot;
      await this.once(position, () => this.rollOver(position, slot));
      if (at.slot === slot) return undefined;
    }
  }

  /** A transfer failed: somebody else takes the position, or it is passed over for a while. */
  async failed(position: number, slot: UploadSlot, error: AppError, segment: number): Promise<void> {
    const at = this.at(position);
    await at.pending;
    if (at.slot !== slot) return;
    if (isRoomUsedUp(error)) {
      slot.isOpen = false;
      await this.once(position, () => this.rollOver(position, slot));
      return;
    }
    this.note(slot.candidate, error);
    this.context.providers.noteFailure(slot.provider);
    await this.giveUp(position, slot, segment);
  }

  /** A transfer took much longer than those to others. */
  async tooSlow(position: number, slot: UploadSlot, segment: number): Promise<void> {
    const at = this.at(position);
    await at.pending;
    if (at.slot !== slot) return;
    this.note(slot.candidate, new Error('much slower than the others'));
    await this.giveUp(position, slot, segment);
  }

  /** Puts somebody new at a position, for what is missing there; undefined where nobody is left. */
  async substitute(position: number): Promise<UploadSlot | undefined> {
    const at = this.at(position);
    const before = at.slot;
    await this.once(position, () => this.fill(position, this.spares.shift(), before));
    return at.slot === before ? undefined : at.slot;
  }

  /** A slot's contract will not be: others take over. */
  drop(slot: UploadSlot, why: unknown): void {
    slot.isOpen = false;
    this.note(slot.candidate, why);
    for (const at of this.positions) if (at.slot === slot) at.slot = undefined;
  }

  /** Asks nobody for room any more; resolves when no such question is under way. */
  async stop(): Promise<void> {
    this.halt.abort();
    await Promise.allSettled(this.positions.map(({ pending }) => pending));
  }

  note({ offer }: Candidate, reason: unknown): void {
    const why = reason instanceof Error ? reason.message : String(reason);
    if (!this.failures.some((known) => known.provider === offer.address && known.why === why)) {
      this.failures.push({ provider: offer.address, why });
    }
  }

  private at(position: number): Position {
    return this.positions[position] as Position;
  }

  private adopt({ position, candidate, slot }: AdoptedPosition): void {
    const at = this.positions[position];
    if (at === undefined) return;
    if (at.slot !== undefined) at.earlierBytes += at.slot.maxBytes;
    at.preferred = candidate;
    at.slot = slot;
    at.isFresh = slot === undefined;
    if (slot !== undefined) this.all.add(slot);
  }

  /** Who moved since, and falls together with another one now, is not gone on with. Answers the domains in use. */
  private keepApart(): OccupiedDomains {
    const inUse = new OccupiedDomains();
    for (const at of this.positions) {
      if (at.preferred === undefined) continue;
      const domain = failureDomain(this.context.params, at.preferred);
      if (inUse.isFree(domain)) {
        inUse.add(domain);
        continue;
      }
      at.preferred = undefined;
      at.slot = undefined;
      at.isFresh = true;
    }
    return inUse;
  }

  private begin(position: number): Promise<void> {
    const { preferred } = this.at(position);
    return this.once(position, () => this.fill(position, preferred ?? this.spares.shift(), undefined));
  }

  private async openAll(): Promise<void> {
    const needed = uploadQuorum(this.upload.plan.profile);
    let opened = 0;
    await new Promise<void>((resolve, reject) => {
      const opening = this.positions.map(async (at, position) => {
        await this.begin(position);
        if (at.slot !== undefined) opened += 1;
        if (opened >= needed) resolve();
      });
      Promise.all(opening).then(() => resolve(), reject);
    });
    if (opened < needed) {
      throw tooFewProviders(this.upload.plan.profile, needed, opened, this.failures);
    }
  }

  private async giveUp(position: number, slot: UploadSlot, segment: number): Promise<void> {
    if (this.spares.length > 0) {
      await this.once(position, () => this.fill(position, this.spares.shift(), slot));
      return;
    }
    const at = this.at(position);
    const pause = Math.min(MAX_PAUSE_SEGMENTS, PAUSE_SEGMENTS << Math.min(at.strikes, 10));
    at.strikes += 1;
    at.pausedUntil = Math.max(at.pausedUntil, segment + 1 + pause);
  }

  /** Several segments may find the same slot broken at once; only the first of them acts. */
  private once(position: number, act: () => Promise<void>): Promise<void> {
    const at = this.at(position);
    at.pending ??= act().finally(() => {
      at.pending = undefined;
    });
    // Its failure is for those who wait for it; nobody may be waiting now.
    at.pending.catch(() => undefined);
    return at.pending;
  }

  /** Goes on with the same provider under another contract: the room of this one is used up. */
  private async rollOver(position: number, slot: UploadSlot): Promise<void> {
    const at = this.at(position);
    at.barren = slot.fragmentCount > 0 ? 0 : at.barren + 1;
    if (at.barren > MAX_BARREN_ROLLOVERS) {
      at.barren = 0;
      this.note(slot.candidate, new Error('grants room and then says that it is used up'));
      this.context.providers.noteFailure(slot.provider);
      await this.fill(position, this.spares.shift(), undefined);
      return;
    }
    at.earlierBytes += slot.maxBytes;
    at.rollovers += 1;
    await this.fill(position, slot.candidate, undefined);
  }

  /** Opens a slot with a candidate or the next spare; `before` stays where nobody takes over, to be tried again later. */
  private async fill(
    position: number,
    first: Candidate | undefined,
    before: UploadSlot | undefined,
  ): Promise<void> {
    const at = this.at(position);
    at.isFresh = false;
    at.slot = before;
    for (let candidate = first; candidate !== undefined; candidate = this.spares.shift()) {
      try {
        const room = slotRoom(this.room, candidate, at);
        const slot = await UploadSlot.open(this.context, candidate, { ...room, signal: this.signal });
        this.book.addContract(slot.contract, failureDomain(this.context.params, candidate));
        this.all.add(slot);
        at.slot = slot;
        at.pausedUntil = 0;
        this.events.onOpened?.(slot, position);
        return;
      } catch (error) {
        this.signal.throwIfAborted();
        if (!(error instanceof AppError)) throw error;
        this.note(candidate, error);
        this.context.providers.noteFailure(candidate.offer.provider);
      }
    }
  }
}

/** The provider counts fragments whose receipts never arrived, too. */
function isRoomUsedUp(error: AppError): boolean {
  const rule = String(error.data['rule']);
  return rule === 'reservation/over-bytes' || rule === 'reservation/over-fragments' || isRoomGone(rule);
}

function isRoomGone(rule: string): boolean {
  return rule === 'reservation/expired' || rule === 'contract/unknown' || rule === 'contract/closed';
}
