import {
  type BlockId,
  bitsToWork,
  decodeHeader,
  HEADER_BYTES,
  hashToBlockId,
  headerHash,
  type Law,
  MEDIAN_TIME_SPAN,
  medianTime,
  validateClock,
  validateHeader,
} from '#chain';
import type { Violation } from '#errors';
import type { HeaderPoint } from '#ledger';

/** Where a chain of checked headers has got to: all that is needed to check the next one. */
export interface HeaderCursor {
  readonly id: BlockId;
  readonly height: number;
  readonly totalWork: bigint;
  /** Newest first, at most 11. */
  readonly recentTimesSeconds: readonly number[];
}

/** How far a run of headers is good, and what is wrong with the first that is not. */
export interface CheckedHeaders {
  readonly cursor: HeaderCursor;
  readonly count: number;
  readonly violation?: Violation;
}

/** The cursor at a known header. */
export function pointToCursor(point: HeaderPoint): HeaderCursor {
  const { id, height, totalWork, recentTimesSeconds } = point;
  return { id, height, totalWork, recentTimesSeconds };
}

/**
 * Checks headers one after the other by the law's own header rules, work included, without keeping any of them: this is
 * how a chain proves what it weighs before it costs memory.
 */
export function checkHeaders(
  law: Law,
  from: HeaderCursor,
  headers: Uint8Array,
  nowSeconds: number,
): CheckedHeaders {
  let cursor = from;
  let count = 0;
  for (let at = 0; at < headers.length; at += HEADER_BYTES) {
    const header = decodeHeader(headers.subarray(at, at + HEADER_BYTES));
    if (!header.ok) return { cursor, count, violation: header.violation };
    const { time, bits } = header.value;
    const violation =
      validateHeader(law, header.value, {
        parent: { id: cursor.id, height: cursor.height, timeSeconds: cursor.recentTimesSeconds[0] ?? 0 },
        medianTimeSeconds: medianTime(cursor.recentTimesSeconds),
      }) ?? validateClock(header.value, nowSeconds);
    if (violation !== undefined) {
      // Not following the one before is no header rule broken: the headers were put together wrongly.
      const rule = violation.rule === 'header/previous' ? 'sync/headers-unlinked' : violation.rule;
      return { cursor, count, violation: { ...violation, rule } };
    }
    cursor = {
      id: hashToBlockId(headerHash(law.crypto, header.value)),
      height: cursor.height + 1,
      totalWork: cursor.totalWork + bitsToWork(bits),
      recentTimesSeconds: [time, ...cursor.recentTimesSeconds].slice(0, MEDIAN_TIME_SPAN),
    };
    count += 1;
  }
  return { cursor, count };
}
