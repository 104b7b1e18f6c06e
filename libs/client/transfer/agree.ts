import type { ContractId } from '#chain';
import { AppError } from '#errors';
import type { CallOptions, ClientContext } from '../context.js';
import type { HolderSlots } from './holder-slots.js';
import type { PlacementBook } from './placement-book.js';
import type { UploadPlan } from './upload-plan.js';
import type { SignedAgreement } from './upload-slot.js';

/** Who is slow gets so many times as long as it took the quorum to agree… */
const SLOW_FACTOR = 4;
/** …and at least this. */
const SLOW_LEAST_MS = 8_000;

/** What agreeing needs. */
export interface AgreeContext {
  readonly context: ClientContext;
  readonly upload: UploadPlan;
  readonly book: PlacementBook;
  readonly slots: HolderSlots;
  readonly signal: AbortSignal;
}

/**
 * Settles the terms with every provider that took something and whose contract is not settled yet, and has each show
 * parts of what it signed for. Who declines, fails or is much slower than the others is dropped.
 */
export async function agreeWithAll(
  { context, upload, book, slots, signal }: AgreeContext,
  settled: ReadonlySet<ContractId>,
  options: CallOptions = {},
): Promise<SignedAgreement[]> {
  const entries = book.entries();
  const waiting = [...slots.all].filter(({ contract }) => entries.has(contract) && !settled.has(contract));
  if (waiting.length === 0) return [];
  options.onProgress?.({ stage: 'agreeing', done: 0, total: waiting.length });
  // Asked again: a long upload outlives the span within which an agreement must be formed.
  const { tip, burnPerGiBEpoch } = await context.ledger.status();
  const now = { height: tip.height, burnPerGiBEpoch: BigInt(burnPerGiBEpoch) };
  const tooSlow = new AbortController();
  const both = AbortSignal.any([signal, tooSlow.signal]);
  const startedAt = performance.now();
  const agreed: SignedAgreement[] = [];
  let timer: NodeJS.Timeout | undefined;
  await Promise.all(
    waiting.map(async (slot) => {
      try {
        const agreement = await slot.agree(now, upload, both, entries.get(slot.contract));
        await slot.audit(agreement, both);
        agreed.push(agreement);
        options.onProgress?.({ stage: 'agreeing', done: agreed.length, total: waiting.length });
      } catch (error) {
        if (signal.aborted) return;
        if (!(error instanceof AppError) && !tooSlow.signal.aborted) throw error;
        slots.drop(slot, tooSlow.signal.aborted ? new Error('much slower than the others to agree') : error);
      }
      if (settled.size + agreed.length >= book.quorum && timer === undefined) {
        const patienceMs = Math.max(SLOW_LEAST_MS, SLOW_FACTOR * (performance.now() - startedAt));
        timer = setTimeout(() => tooSlow.abort(), patienceMs);
      }
    }),
  ).finally(() => clearTimeout(timer));
  signal.throwIfAborted();
  return agreed;
}
