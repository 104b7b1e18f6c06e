import { type Candidate } from '#placement';
import type { SlotRoom } from './slot-record.js';
import type { UploadPlan } from './upload-plan.js';

/** Bytes at one provider under the first contract of an upload of unknown size; each further one gets twice as many. */
export const FIRST_STEP_BYTES = 32n << 20n;
const MAX_STEP_BYTES = 4n << 30n;
/** Fragments that a killed run may have left at a provider without knowing of it. */
const SPARE_FRAGMENTS = 8;

/** What room follows from. */
export interface SlotRoomPlan {
  readonly upload: UploadPlan;
  readonly maxLeaves: number;
  /** The size is known at the end only: room is taken in steps. */
  readonly isOpenEnded: boolean;
  /** It may go on in another process. */
  readonly isLasting: boolean;
}

/** The room to ask a provider for, after `earlierBytes` under `rollovers` contracts before. */
export function slotRoom(
  { upload, maxLeaves, isOpenEnded, isLasting }: SlotRoomPlan,
  { offer }: Candidate,
  { earlierBytes, rollovers }: { readonly earlierBytes: bigint; readonly rollovers: number },
): SlotRoom {
  const { epochs, bytesPerHolder, fragmentsPerHolder, plan } = upload;
  const fragmentBytes = BigInt(plan.fragmentSize);
  const most = BigInt(maxLeaves) * fragmentBytes;
  const free = BigInt(offer.capacityBytes) - BigInt(offer.usedBytes);
  if (isOpenEnded) {
    const step = FIRST_STEP_BYTES << BigInt(Math.min(rollovers, 16));
    // A provider that has less left takes what it can; the next one goes on.
    const wanted = least(step, MAX_STEP_BYTES, most, free);
    return { maxBytes: wanted > fragmentBytes ? wanted : fragmentBytes, maxFragments: maxLeaves, epochs };
  }
  const left = bytesPerHolder > earlierBytes ? bytesPerHolder - earlierBytes : 0n;
  const needed = left > fragmentBytes || rollovers === 0 ? left : fragmentBytes;
  const extra = BigInt(SPARE_FRAGMENTS) * fragmentBytes;
  const hasExtra = isLasting && fragmentsPerHolder > SPARE_FRAGMENTS && free >= 2n * (needed + extra);
  return {
    maxBytes: least(hasExtra ? needed + extra : needed, most),
    maxFragments: Math.min(maxLeaves, fragmentsPerHolder + (hasExtra ? SPARE_FRAGMENTS : 0)),
    epochs,
  };
}

function least(...values: readonly bigint[]): bigint {
  return values.reduce((a, b) => (a < b ? a : b));
}
