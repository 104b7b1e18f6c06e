import type { Result } from '#errors';
import { decode, encode } from '../codec/codec.js';
import { bytes, height, hexId, struct, type TypeOf, u16, u63, varBytes } from '../codec/schema.js';
import type { AccountId } from '../primitives/ids.js';

/** Largest coinbase in bytes. */
export const MAX_COINBASE_BYTES = 256;
/** The hole miners fill: 4-byte extranonce1 + 8-byte extranonce2. */
export const EXTRANONCE_BYTES = 12;

/** Format version of the coinbase. */
export const COINBASE_VERSION = 1;

/** The extended header: everything the 80 bytes have no room for. Its double SHA-256 is the header's merkle root. */
export const coinbaseSchema = struct({
  version: u16,
  height,
  /** RFC 6962 root over the transaction ids of the block. */
  transactionRoot: bytes(32),
  /** Root of the state AFTER THE PARENT (docs/protocol/state.md). */
  stateRoot: bytes(32),
  /** Who is paid. */
  miner: hexId<AccountId>(20),
  /** New coins of the base subsidy. */
  subsidy: u63,
  /** Fees of the block's transactions. */
  fees: u63,
  /** New coins for the first proofs of burn lots in this block. */
  proofMint: u63,
  /** Drawn from the mint pool. */
  poolDraw: u63,
  /** Filled by the miner; before `extra` so that Stratum's coinb1 and coinb2 are fixed. */
  extranonce: bytes(EXTRANONCE_BYTES),
  /** Free for the miner. */
  extra: varBytes(64),
});

export type Coinbase = TypeOf<typeof coinbaseSchema>;

/** Offset of the extranonce hole inside an encoded coinbase. */
export const EXTRANONCE_OFFSET = 2 + 8 + 32 + 32 + 20 + 8 * 4;

/** The bytes of a coinbase. */
export function encodeCoinbase(coinbase: Coinbase): Uint8Array {
  return encode(coinbaseSchema, coinbase);
}

/** A coinbase of its bytes. */
export function decodeCoinbase(source: Uint8Array): Result<Coinbase> {
  return decode(coinbaseSchema, source);
}

/** What the miner of a block is paid in all. */
export function coinbaseReward(coinbase: Coinbase): bigint {
  return coinbase.subsidy + coinbase.fees + coinbase.proofMint + coinbase.poolDraw;
}
