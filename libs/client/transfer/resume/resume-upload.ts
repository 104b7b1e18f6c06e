import type { ContractId } from '#chain';
import { bytesToHex, equalBytes, hexToBytes } from '#crypto';
import { type Candidate, failureDomain } from '#placement';
import type { ContractView } from '#wire';
import type { ClientContext } from '../../context.js';
import type { OpenNegotiation } from '../../negotiation/negotiation-journal.js';
import { resumeNegotiation } from '../../negotiation/resume.js';
import type { AdoptedPosition } from '../holder-slots.js';
import type { PlacementBook } from '../placement-book.js';
import { type SignedAgreement, UploadSlot } from '../upload-slot.js';
import type { JournalSegment, JournalSlot } from './journal-format.js';
import type { JournalState } from './upload-journal.js';

/** Room that lapses sooner is not counted on. */
const LEAST_LIFE_SECONDS = 60;
/** Blocks that an agreement must have left to get on chain. */
const LEAST_FORM_BLOCKS = 3;
/** A contract that an earlier run formed is used while at least this share of its term is to come. */
const LEAST_TERM_PERCENT = 90;

/** What an earlier run of an upload left behind that can be used. */
export interface ResumedUpload {
  /** Who held which position, in the order they came. */
  readonly positions: readonly AdoptedPosition[];
  /** Signed by the provider and not on chain. */
  readonly agreed: readonly SignedAgreement[];
  /** On chain. */
  readonly formed: readonly ContractId[];
  /** What these hold can be read back. */
  readonly closed: readonly UploadSlot[];
  /** Whether a segment with this plaintext is stored already. */
  isKept(segment: number, plainHash: Uint8Array): boolean;
}

/** What became of one slot. */
interface SlotNow {
  readonly record: JournalSlot;
  readonly candidate: Candidate | undefined;
  readonly slot?: UploadSlot;
  readonly agreed?: SignedAgreement;
  readonly isFormed?: boolean;
}

/**
 * Looks at what an earlier run wrote down: which room is still kept, which contracts were agreed on or formed. Fills the
 * book with the segments that enough of these hold; whether their plaintext is still the same is asked for when it is
 * read again.
 */
export async function resumeUpload(
  context: ClientContext,
  { slots, segments }: JournalState,
  book: PlacementBook,
): Promise<ResumedUpload> {
  const candidates = new Map(
    (await context.providers.candidates()).map((candidate) => [candidate.offer.publicKey, candidate]),
  );
  const open = new Map((await context.journal.open()).map((one) => [one.contract, one]));
  const { tip } = await context.ledger.status();
  const found = await Promise.all(
    slots.map((record) => {
      const candidate = candidates.get(bytesToHex(record.providerKey));
      return lookAt(context, { record, candidate, open: open.get(record.contract), height: tip.height });
    }),
  );
  const usable = new Map<ContractId, SlotNow>();
  for (const one of found) {
    if (one.slot === undefined && one.agreed === undefined && one.isFormed !== true) continue;
    usable.set(one.record.contract, one);
    const domain =
      one.candidate === undefined
        ? [bytesToHex(one.record.providerKey)]
        : failureDomain(context.params, one.candidate);
    book.addContract(one.record.contract, domain);
  }
  const kept = loadSegments(book, segments, usable);
  return {
    positions: found.flatMap(({ record: { position }, candidate, slot }) =>
      candidate === undefined ? [] : [{ position, candidate, slot }],
    ),
    agreed: found.flatMap(({ agreed }) => agreed ?? []),
    formed: found.flatMap(({ isFormed, record }) => (isFormed === true ? [record.contract] : [])),
    closed: [...usable.values()].flatMap(({ slot, candidate, record }) =>
      slot !== undefined || candidate === undefined ? [] : [slotAgain(context, candidate, record)],
    ),
    isKept: (segment, plainHash) => {
      const before = kept.get(segment);
      return before !== undefined && equalBytes(before.plainHash, plainHash);
    },
  };
}

async function lookAt(
  context: ClientContext,
  {
    record,
    candidate,
    open,
    height,
  }: {
    record: JournalSlot;
    candidate: Candidate | undefined;
    open: OpenNegotiation | undefined;
    height: number;
  },
): Promise<SlotNow> {
  const about = { record, candidate };
  const view = await context.ledger.contract({ id: record.contract });
  if (view !== null) return { ...about, isFormed: isUsable(context, view, height) };
  if (open !== undefined) {
    const resumed = await resumeNegotiation(context, open);
    if (resumed.outcome === 'formed') return { ...about, isFormed: true };
    if (resumed.outcome !== 'agreed' || open.agreement.formBy < height + LEAST_FORM_BLOCKS) return about;
    const { agreement, providerSignature } = resumed.agreed;
    const { contract, fragments } = open;
    return { ...about, agreed: { contract, agreement, fragments, providerSignature } };
  }
  const nowSeconds = Math.floor(context.nowMs() / 1000);
  if (candidate === undefined || Number(record.expiresAt) < nowSeconds + LEAST_LIFE_SECONDS) return about;
  return { ...about, slot: slotAgain(context, candidate, record) };
}

function slotAgain(context: ClientContext, candidate: Candidate, record: JournalSlot): UploadSlot {
  return UploadSlot.again(context, candidate, { ...record, expiresAt: Number(record.expiresAt) });
}

/** Runs on, and for about as long as what is stored now. */
function isUsable({ params }: ClientContext, view: ContractView, height: number): boolean {
  const term = view.epochs * params.contract.epochBlocks;
  const isRunning = view.status === 'active' && view.endEpoch === view.epochs && view.successor === null;
  return isRunning && (view.endHeight - height) * 100 >= term * LEAST_TERM_PERCENT;
}

/** Segments of which enough holders are left. */
function loadSegments(
  book: PlacementBook,
  segments: ReadonlyMap<number, JournalSegment>,
  usable: ReadonlyMap<ContractId, SlotNow>,
): Map<number, JournalSegment> {
  const kept = new Map<number, JournalSegment>();
  for (const [index, segment] of segments) {
    const { segmentId, plainLength, fragmentLength } = segment;
    const fragmentIds = segment.fragmentIds.map(hexToBytes);
    book.addSegment(index, { segmentId, plainLength, fragmentLength, fragmentIds });
    for (const [fragment, holder] of segment.holders.entries()) {
      const now = holder === undefined ? undefined : usable.get(holder);
      if (holder === undefined || now === undefined) continue;
      // What was agreed on is what was listed then: a fragment that came later is not among it.
      const id = segment.fragmentIds[fragment];
      if (now.agreed !== undefined && !now.agreed.fragments.some((entry) => entry.id === id)) continue;
      if (!book.canPlace(index, fragment, holder)) continue;
      book.place(index, fragment, holder);
      now.slot?.take(fragmentLength);
    }
    if (book.placedCount(index) >= book.quorum) kept.set(index, segment);
  }
  return kept;
}
