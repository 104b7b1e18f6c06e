import { concatBytes, taggedMessage } from '#crypto';
import type { Law } from '../../law/law.js';
import type { KnownTransaction } from '../../tx/transaction.js';
import type { Wallet } from '../wallet.js';

const SIGNATURE_BYTES = 64;

/** A transaction's bytes without its signature. */
export function unsignedBytes(known: KnownTransaction): Uint8Array {
  return known.bytes.slice(0, known.bytes.length - SIGNATURE_BYTES);
}

/** Bytes that no encoder would write, signed all the same: only their form is wrong. */
export function signBytes(law: Law, wallet: Wallet, unsigned: Uint8Array): Uint8Array {
  const message = taggedMessage(law.crypto, 'cairn/transaction/sign', law.params.networkId, unsigned);
  return concatBytes(unsigned, law.crypto.sign(wallet.secretKey, message));
}

/** A copy with other bytes from `at` on. */
export function overwrite(source: Uint8Array, at: number, bytes: ArrayLike<number>): Uint8Array {
  const copy = source.slice();
  copy.set(bytes, at < 0 ? copy.length + at : at);
  return copy;
}

/** A copy with bytes put in at `at`. */
export function insert(source: Uint8Array, at: number, bytes: ArrayLike<number>): Uint8Array {
  return concatBytes(source.subarray(0, at), Uint8Array.from(bytes), source.subarray(at));
}
