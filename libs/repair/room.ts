/** Providers keep room for a day at most (docs/protocol/provider-api.md); their clocks may differ from ours. */
export const MOST_ROOM_SECONDS = 24 * 3_600 - 600;
/** For negotiating, for blocks and for holders that do not answer at once. */
const SPARE_SECONDS = 1_800;
/** Where the operator names no rate: what an ordinary line moves in both directions. */
const ASSUMED_BYTES_PER_SECOND = 2 ** 20;
/** Repairs that share the operator's rate. */
const AT_ONCE = 2;

export interface RoomNeed {
  /** Read and written together. */
  readonly movedBytes: number;
  /** The operator's; undefined: no limit. */
  readonly bytesPerSecond: number | undefined;
  /** Attempts that failed before, perhaps because room lapsed: each asks for twice as long. */
  readonly attempts: number;
}

/** How long a replacement's new provider must keep room for it; or why it cannot be for long enough. */
export function planRoom({
  movedBytes,
  bytesPerSecond,
  attempts,
}: RoomNeed): { readonly seconds: number } | { readonly why: string } {
  const share = bytesPerSecond === undefined ? undefined : bytesPerSecond / AT_ONCE;
  const surest = share === undefined ? 0 : SPARE_SECONDS + movedBytes / share;
  if (surest > MOST_ROOM_SECONDS) {
    const needed = Math.ceil((movedBytes * AT_ONCE) / (MOST_ROOM_SECONDS - SPARE_SECONDS));
    return {
      why:
        `repair/too-slow: ${movedBytes} bytes are to be moved, which takes ${Math.ceil(surest / 3_600)} hours at half of ` +
        `${bytesPerSecond} bytes a second (two repairs share them), and room is kept for less than 24. ` +
        `CAIRN_REPAIR_RATE must be ${needed} at least.`,
    };
  }
  const rate = Math.min(ASSUMED_BYTES_PER_SECOND, share ?? ASSUMED_BYTES_PER_SECOND);
  const wanted = (SPARE_SECONDS + movedBytes / rate) * 2 ** Math.min(attempts, 16);
  return { seconds: Math.ceil(Math.min(MOST_ROOM_SECONDS, wanted)) };
}
