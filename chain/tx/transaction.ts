import type { CryptoPort, SignatureCheck } from '#crypto';
import type { Violation } from '#errors';
import type { Schema } from '../codec/schema.js';
import type { NetworkParams } from '../params/network-params.js';
import type { AccountId, TxId } from '../primitives/ids.js';
import type { Pot } from '../state/pots.js';
import type { BlockView } from '../state/view.js';

/**
 * A transaction. `sequence` kinds carry (lane, sequence) in place of one nonce: one lane per process, so that
 * gateway, CLI, prover and repair never block each other. `unique` kinds (a proof by contract and epoch) need none
 * and carry lane 0 and sequence 0, which are not encoded.
 */
export interface Transaction<Kind extends string = string, Body = unknown> {
  readonly kind: Kind;
  /** Ed25519 public key. */
  readonly sender: Uint8Array;
  readonly lane: number;
  readonly sequence: bigint;
  /** Base units. */
  readonly fee: bigint;
  readonly body: Body;
  readonly signature: Uint8Array;
}

/** A transaction before it is signed. */
export type UnsignedTransaction<Kind extends string = string, Body = unknown> = Omit<
  Transaction<Kind, Body>,
  'signature'
>;

/** A decoded transaction with what everybody asks about it. */
export interface KnownTransaction {
  readonly id: TxId;
  readonly bytes: Uint8Array;
  readonly account: AccountId;
  readonly transaction: Transaction;
}

/** What a kind's rules get. */
export interface TxContext {
  readonly id: TxId;
  /** Account of the sender. */
  readonly account: AccountId;
  readonly sender: Uint8Array;
  /** Base units the transaction offers its miner. */
  readonly fee: bigint;
}

/** One entry of the rule table: a kind of transaction with its body's form and its rules. */
export interface TxKind<Name extends string, Body> {
  readonly name: Name;
  /** Fixed once used: part of the encoding. */
  readonly code: number;
  readonly body: Schema<Body>;
  readonly replay: 'sequence' | 'unique';
  /** May use the part of a block reserved for proofs. */
  readonly reserved?: boolean;
  /** Signatures inside the body, checked with the sender's. */
  signatures?(
    body: Body,
    context: { readonly params: NetworkParams; readonly crypto: CryptoPort },
  ): readonly SignatureCheck[];
  /** Rules that need no state. */
  validate?(
    body: Body,
    context: TxContext,
    view: { readonly params: BlockView['params'] },
  ): Violation | undefined;
  /** Rules and effects on the state; a returned violation undoes them. */
  apply(view: BlockView, body: Body, context: TxContext): Violation | undefined;
  /** Where the fee comes from after `apply`; the sender's account unless said otherwise. */
  feePot?(view: BlockView, body: Body, context: TxContext): Pot;
  /** For `unique` kinds: what must not happen twice; names conflicts in the mempool. */
  uniqueKey?(body: Body): string;
}
