import type { ModelLeaf, ModelOffer, ModelRepair } from './book.js';

/** An agreement as the model sees it; parties are names. */
export interface Deal {
  readonly id: string;
  readonly client: string;
  readonly provider: string;
  readonly payout: string;
  readonly ticketKey: string;
  readonly slot: number;
  readonly offerNumber: bigint;
  readonly formBy: number;
  readonly epochs: number;
  readonly base: bigint;
  readonly price: bigint;
  readonly collateral: bigint;
  readonly readPrice: bigint;
  readonly freeReads: bigint;
  readonly readEscrow: bigint;
  readonly repair: ModelRepair | undefined;
  readonly reserve: bigint;
  readonly maxBurn: bigint;
  readonly leaves: readonly ModelLeaf[];
  /** The agreement's totals or root are not those of the list. */
  readonly isListFalse: boolean;
}

interface Common {
  /** Name of the sender. */
  readonly by: string;
  readonly fee: bigint;
  /** Undefined where a kind needs none. */
  readonly lane: number | undefined;
  /** A signature on it is somebody else's. */
  readonly isForged: boolean;
}

/** What a transaction asks for, as the model understands it. */
export type Intent = Common &
  (
    | { readonly kind: 'transfer'; readonly to: string; readonly amount: bigint }
    | { readonly kind: 'offer'; readonly offer: Omit<ModelOffer, 'number'> }
    | { readonly kind: 'form'; readonly deal: Deal }
    | { readonly kind: 'renew'; readonly contract: string; readonly deal: Deal }
    | { readonly kind: 'replace'; readonly contract: string; readonly deal: Deal }
    | {
        readonly kind: 'revise';
        readonly contract: string;
        readonly number: number;
        readonly appended: readonly ModelLeaf[];
        readonly epochs: number;
        readonly addReserve: bigint;
        readonly addReadEscrow: bigint;
        readonly addCollateral: bigint;
        readonly maxBurn: bigint;
        /** The list it was made for. */
        readonly against: string;
        readonly isListFalse: boolean;
      }
    | {
        readonly kind: 'drop';
        readonly contract: string;
        readonly indexes: readonly number[];
        /** The list its paths lead to. */
        readonly against: string;
        readonly isListFalse: boolean;
      }
    | {
        readonly kind: 'prove';
        readonly contract: string;
        readonly epoch: number;
        /** What the proof proves: contract, epoch, block drawn by, list. */
        readonly shows: string;
        blockIdAt(height: number): string;
      }
    | { readonly kind: 'end' | 'drain'; readonly contract: string }
    | { readonly kind: 'skip'; readonly contract: string; readonly epoch: number }
    | { readonly kind: 'redeem'; readonly contract: string; readonly total: bigint; readonly signer: string }
  );
