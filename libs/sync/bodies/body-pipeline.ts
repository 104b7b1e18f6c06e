import type { BlockId } from '#chain';
import { AppError, type Result } from '#errors';
import type { SubmittedBlock } from '#ledger';
import { RecentIds } from '../gossip/recent-ids.js';
import type { SyncContext } from '../sync-context.js';
import type { Slot, Slots } from './slots.js';

/** Blocks handed over and not yet connected: enough that the law never waits for the next one. */
const MAX_SUBMITTED = 24;
const MAX_SUBMITTED_BYTES = 12 * 1024 * 1024;
/** How long nothing is handed over after a fault of the disk. */
const FAULT_PAUSE_MS = 5_000;

/** What the download is told. */
export interface PipelineEvents {
  connected(): void;
  /** The body was not its header's; the slot is wanted again. */
  mismatched(): void;
  /** The block breaks a rule, and its descendants with it. */
  invalid(): void;
  /** It cannot be taken yet. */
  early(): void;
  /** The oldest block has no parent here: the window is out of step with the chain. */
  stuck(): void;
}

/** Hands bodies to the chain in order, several at a time, and judges what becomes of them. */
export class BodyPipeline {
  private submitted = 0;
  private submittedBytes = 0;
  private isPaused = false;
  private readonly handedOver = new RecentIds<BlockId>(256);

  constructor(
    private readonly context: SyncContext,
    private readonly slots: Slots,
    private readonly events: PipelineEvents,
  ) {}

  hasSubmitted(id: BlockId): boolean {
    return this.handedOver.has(id);
  }

  /** Hands over what is ready from the front of the window. */
  pump(): void {
    if (this.isPaused) return;
    for (const slot of this.slots) {
      if (slot.isSubmitted) continue;
      const { body } = slot;
      const isFull = this.submitted >= MAX_SUBMITTED || this.submittedBytes >= MAX_SUBMITTED_BYTES;
      if (body === undefined || isFull) return;
      slot.isSubmitted = true;
      this.handedOver.add(slot.id);
      this.submitted += 1;
      this.submittedBytes += body.length;
      this.context.run(() => this.submit(slot, body));
    }
  }

  private async submit(slot: Slot, body: Uint8Array): Promise<void> {
    let result: Result<SubmittedBlock>;
    try {
      result = await this.context.chain.submitBlock(body);
    } catch (error) {
      slot.isSubmitted = false;
      if (error instanceof AppError) this.pause();
      throw error;
    } finally {
      this.submitted -= 1;
      this.submittedBytes -= body.length;
    }
    if (result.ok) {
      this.slots.remove(slot);
      this.events.connected();
      return;
    }
    // Until it is judged nobody hands it over again.
    const then = await this.judge(slot, result.violation.rule);
    slot.isSubmitted = false;
    if (then !== undefined && this.slots.has(slot)) this.events[then]();
  }

  private async judge(slot: Slot, rule: string): Promise<keyof PipelineEvents | undefined> {
    // Whoever came before it was refused, so this one waits for it with its bytes.
    if (rule === 'block/unknown-parent') return this.slots.first === slot ? 'stuck' : undefined;
    // Its time has not come, or there is no room for its header: that is no fault of the block.
    if (rule.startsWith('node/')) return 'early';
    const [knowledge] = await this.context.chain.knowledge([slot.id]);
    const from = slot.from;
    if (knowledge === 'invalid') {
      if (from !== undefined) this.context.refuse(from.ref, 'block', rule);
      return 'invalid';
    }
    if (from !== undefined) {
      this.context.refuse(from.ref, 'block', { rule: 'sync/body-mismatch', block: slot.id, because: rule });
      slot.refusedBy.add(from);
    }
    slot.body = undefined;
    slot.from = undefined;
    return 'mismatched';
  }

  private pause(): void {
    if (this.isPaused) return;
    this.isPaused = true;
    this.context.after(FAULT_PAUSE_MS, () => {
      this.isPaused = false;
      this.events.connected();
    });
  }
}
