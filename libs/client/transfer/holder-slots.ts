import type { ContractId, FragmentId } from '#chain';
import { AppError } from '#errors';
import { uploadQuorum } from '#fragments';
import type { Candidate } from '#placement';
import type { ClientContext } from '../context.js';
import { tooFewProviders, type UploadPlan } from './upload-plan.js';
import { type ChainNow, type SignedAgreement, UploadSlot } from './upload-slot.js';

/** Leaves a contract keeps free, since several segments are in flight when a slot fills up. */
const LEAF_MARGIN = 64;

/** Who gets fragment i of every segment; a provider that fails is replaced by a spare where there is one. */
export class HolderSlots {
  /** Every slot that took at least one fragment, failed or not: its contract may still be agreed on. */
  private readonly opened = new Set<UploadSlot>();
  private readonly replacing = new Map<number, Promise<UploadSlot | undefined>>();
  private readonly failures: { provider: string; why: string }[] = [];

  private constructor(
    private readonly context: ClientContext,
    private readonly upload: UploadPlan,
    private readonly current: (UploadSlot | undefined)[],
    private readonly spares: Candidate[],
    private readonly signal: AbortSignal | undefined,
  ) {}

  /** Asks the chosen providers for room, and spares in place of those who refuse. */
  static async open(context: ClientContext, upload: UploadPlan, signal?: AbortSignal): Promise<HolderSlots> {
    const { n } = upload.plan.profile;
    const spares = upload.candidates.slice(n);
    const slots = new HolderSlots(
      context,
      upload,
      new Array<UploadSlot | undefined>(n).fill(undefined),
      spares,
      signal,
    );
    await Promise.all(upload.candidates.slice(0, n).map((candidate, index) => slots.fill(index, candidate)));
    slots.assertQuorum(slots.current.filter((slot) => slot !== undefined).length);
    return slots;
  }

  /**
   * Stores one segment's fragments; answers the contract of each, undefined where nobody took it, and whether no
   * request failed on the way: then nothing holds the fragments' memory any more.
   */
  async storeSegment(
    ids: readonly FragmentId[],
    fragments: readonly Uint8Array[],
    signal: AbortSignal,
  ): Promise<{ holders: (ContractId | undefined)[]; isQuiet: boolean }> {
    const failuresBefore = this.failures.length;
    const holders = await Promise.all(
      ids.map((id, index) => this.storeFragment(index, id, fragments[index] as Uint8Array, signal)),
    );
    signal.throwIfAborted();
    this.assertQuorum(holders.filter((holder) => holder !== undefined).length);
    return { holders, isQuiet: this.failures.length === failuresBefore };
  }

  /** Agreements of everybody who still answers. */
  async agree(now: ChainNow, signal?: AbortSignal): Promise<SignedAgreement[]> {
    const settled = await Promise.allSettled(
      [...this.opened]
        .filter((slot) => slot.fragmentCount > 0)
        .map((slot) => slot.agree(now, this.upload, signal)),
    );
    signal?.throwIfAborted();
    for (const result of settled)
      if (result.status === 'rejected') this.note('at the agreement', result.reason);
    const agreements = settled.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
    this.assertQuorum(agreements.length);
    return agreements;
  }

  private async storeFragment(
    index: number,
    id: FragmentId,
    bytes: Uint8Array,
    signal: AbortSignal,
  ): Promise<ContractId | undefined> {
    for (;;) {
      const slot = await this.slotFor(index);
      if (slot === undefined) return undefined;
      try {
        await slot.put(id, bytes, signal);
        return slot.contract;
      } catch (error) {
        signal.throwIfAborted();
        if (!(error instanceof AppError)) throw error;
        await this.replace(index, slot, error);
      }
    }
  }

  private async slotFor(index: number): Promise<UploadSlot | undefined> {
    await this.replacing.get(index);
    const slot = this.current[index];
    const limit = this.context.params.contract.maxLeaves - LEAF_MARGIN;
    if (slot === undefined || slot.fragmentCount < limit) return slot;
    return this.once(index, () => this.fill(index, slot.candidate));
  }

  private replace(index: number, failed: UploadSlot, error: AppError): Promise<UploadSlot | undefined> {
    if (this.current[index] !== failed) return Promise.resolve(this.current[index]);
    this.note(failed.candidate.offer.address, error);
    this.context.providers.noteFailure(failed.provider);
    return this.once(index, () => this.fill(index, this.spares.shift()));
  }

  /** Several segments may find the same slot broken at once; only the first of them acts. */
  private once(index: number, act: () => Promise<UploadSlot | undefined>): Promise<UploadSlot | undefined> {
    let pending = this.replacing.get(index);
    if (pending === undefined) {
      pending = act().finally(() => this.replacing.delete(index));
      this.replacing.set(index, pending);
    }
    return pending;
  }

  private async fill(index: number, first: Candidate | undefined): Promise<UploadSlot | undefined> {
    this.current[index] = undefined;
    const { bytesPerHolder, fragmentsPerHolder, epochs } = this.upload;
    const maxFragments = Math.min(fragmentsPerHolder, this.context.params.contract.maxLeaves);
    for (let candidate = first; candidate !== undefined; candidate = this.spares.shift()) {
      try {
        const slot = await UploadSlot.open(this.context, candidate, {
          maxBytes: bytesPerHolder,
          maxFragments,
          epochs,
          signal: this.signal,
        });
        this.current[index] = slot;
        this.opened.add(slot);
        return slot;
      } catch (error) {
        this.signal?.throwIfAborted();
        if (!(error instanceof AppError)) throw error;
        this.note(candidate.offer.address, error);
        this.context.providers.noteFailure(candidate.offer.provider);
      }
    }
    return undefined;
  }

  private note(provider: string, reason: unknown): void {
    this.failures.push({ provider, why: reason instanceof Error ? reason.message : String(reason) });
  }

  private assertQuorum(found: number): void {
    const quorum = uploadQuorum(this.upload.plan.profile);
    if (found < quorum) throw tooFewProviders(this.upload.plan.profile, quorum, found, this.failures);
  }
}
