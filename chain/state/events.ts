import type { Pot } from './pots.js';

/** One double entry. */
export interface PostingEvent {
  readonly type: 'posting';
  readonly from: Pot;
  readonly to: Pot;
  readonly amount: bigint;
  /** Why: `transfer`, `fee`, `subsidy`, `tranche`, `slash`, … */
  readonly reason: string;
  /** The contract or transaction it was about. */
  readonly subject: string;
}

/** Something that happened to an object of the ledger, for timelines; not consensus, recomputed by replay. */
export interface ObjectEvent {
  readonly type: 'object';
  /** `contract/formed`, `contract/proved`, `offer/published`, … */
  readonly name: string;
  readonly subject: string;
  readonly data: Readonly<Record<string, string | number | bigint>>;
}

/** What a block tells the explorer's index. */
export type LawEvent = PostingEvent | ObjectEvent;
