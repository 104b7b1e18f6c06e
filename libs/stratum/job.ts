import { type AccountId, EXTRANONCE_BYTES, EXTRANONCE_OFFSET, encodeHeader } from '#chain';
import { bytesToHex } from '#crypto';
import { type MiningWork, sha256d, workToCoinbase } from '#mining-work';

/** Bytes of the extranonce that the server gives to a connection, and those the miner counts through. */
export const EXTRANONCE1_BYTES = 4;
export const EXTRANONCE2_BYTES = EXTRANONCE_BYTES - EXTRANONCE1_BYTES;

/** The parameters of `mining.notify`. */
export type JobParams = readonly [
  jobId: string,
  previous: string,
  coinbase1: string,
  coinbase2: string,
  merkleBranch: readonly string[],
  version: string,
  bits: string,
  time: string,
  clean: boolean,
];

/** What a miner chose for a share. */
export interface ShareFields {
  /** 4 and 8 bytes. */
  readonly extranonce1: Uint8Array;
  readonly extranonce2: Uint8Array;
  readonly time: number;
  readonly nonce: number;
  /** With the rolled bits in it. */
  readonly version: number;
}

/**
 * A job as miners expect it: previous hash with the bytes of each 4-byte word reversed, the three numbers as big-endian
 * hex, the coinbase in two halves around the extranonce, no branch (the merkle root is the hash of the coinbase alone).
 */
export function jobToNotify(
  work: MiningWork,
  job: { readonly id: string; readonly miner: AccountId; readonly time: number; readonly clean: boolean },
): JobParams {
  const { header } = work;
  const coinbase = workToCoinbase(work, job.miner, new Uint8Array(EXTRANONCE_BYTES));
  return [
    job.id,
    bytesToHex(swapWords(header.previous)),
    bytesToHex(coinbase.subarray(0, EXTRANONCE_OFFSET)),
    bytesToHex(coinbase.subarray(EXTRANONCE_OFFSET + EXTRANONCE_BYTES)),
    [],
    numberToHex(header.version),
    numberToHex(header.bits),
    numberToHex(job.time),
    job.clean,
  ];
}

/** The header a share claims to have hashed, and the coinbase it commits to. */
export function shareToHeader(
  work: MiningWork,
  miner: AccountId,
  share: ShareFields,
): { readonly header: Uint8Array; readonly coinbase: Uint8Array; readonly hash: Uint8Array } {
  const extranonce = new Uint8Array(EXTRANONCE_BYTES);
  extranonce.set(share.extranonce1, 0);
  extranonce.set(share.extranonce2, EXTRANONCE1_BYTES);
  const coinbase = workToCoinbase(work, miner, extranonce);
  const { time, nonce, version } = share;
  const header = encodeHeader({ ...work.header, merkleRoot: sha256d(coinbase), time, nonce, version });
  return { header, coinbase, hash: sha256d(header) };
}

/** The bytes with those of each 4-byte word reversed. */
export function swapWords(bytes: Uint8Array): Uint8Array {
  const out = new Uint8Array(bytes.length);
  for (let index = 0; index < bytes.length; index++)
    out[index] = bytes[(index & ~3) + (3 - (index & 3))] as number;
  return out;
}

/** A 32-bit number as 8 hex digits, the most significant first. */
export function numberToHex(value: number): string {
  return (value >>> 0).toString(16).padStart(8, '0');
}
