import { type Coinbase, decodeCoinbase, decodeHeader, HEADER_BYTES, hashToBlockId } from '#chain';
import { bytesToHex, tryHexToBytes } from '#crypto';
import { accepted, type Result, refused } from '#errors';
import type { MiningWork } from '#mining-work';

/** A block as miners hand it in: header, count, coinbase, and the transactions of the template, of which there are none. */
export interface SubmittedBlock {
  readonly header: Uint8Array;
  readonly coinbaseBytes: Uint8Array;
  readonly coinbase: Coinbase;
  readonly previousId: string;
}

/** Reads 80 bytes of header, a count of 1 in Bitcoin's variable-length form, and the coinbase that fills the rest. */
export function decodeSubmittedBlock(hex: string): Result<SubmittedBlock> {
  const bytes = tryHexToBytes(hex.toLowerCase());
  if (bytes === undefined) return refused({ rule: 'codec/hex', text: hex.slice(0, 40) });
  const headerBytes = bytes.subarray(0, HEADER_BYTES);
  const header = decodeHeader(headerBytes);
  if (!header.ok) return header;
  const count = readCount(bytes, HEADER_BYTES);
  if (count?.value !== 1)
    return refused({ rule: 'mining-rpc/transaction-count', count: count?.value, expected: 1 });
  const coinbaseBytes = bytes.subarray(count.end);
  const coinbase = decodeCoinbase(coinbaseBytes);
  if (!coinbase.ok) return coinbase;
  const previousId = hashToBlockId(header.value.previous);
  return accepted({ header: headerBytes, coinbaseBytes, coinbase: coinbase.value, previousId });
}

/** The work a coinbase belongs to, by what it commits to: miner and extranonce are the miner's, the rest is not. */
export function findWorkOf(works: readonly MiningWork[], block: SubmittedBlock): MiningWork | undefined {
  const root = bytesToHex(block.coinbase.transactionRoot);
  const state = bytesToHex(block.coinbase.stateRoot);
  return works.find(
    ({ coinbase, previousId }) =>
      previousId === block.previousId &&
      coinbase.height === block.coinbase.height &&
      coinbase.fees === block.coinbase.fees &&
      bytesToHex(coinbase.transactionRoot) === root &&
      bytesToHex(coinbase.stateRoot) === state,
  );
}

/** Bitcoin's CompactSize. */
function readCount(
  bytes: Uint8Array,
  offset: number,
): { readonly value: number; readonly end: number } | undefined {
  const first = bytes[offset];
  if (first === undefined) return undefined;
  if (first < 0xfd) return { value: first, end: offset + 1 };
  const width = { 253: 2, 254: 4, 255: 8 }[first as 0xfd | 0xfe | 0xff];
  if (offset + 1 + width > bytes.length) return undefined;
  let value = 0;
  for (let index = width; index > 0; index--) value = value * 256 + (bytes[offset + index] as number);
  return { value, end: offset + 1 + width };
}

/** Reject strings of BIP 22 by the rule a block broke; the longest match counts. */
const REJECTIONS: readonly (readonly [string, string])[] = [
  ['header/proof-of-work', 'high-hash'],
  ['header/bits', 'bad-diffbits'],
  ['header/version', 'bad-version'],
  ['header/previous', 'bad-prevblk'],
  ['header/time-too-old', 'time-too-old'],
  ['node/time-too-new', 'time-too-new'],
  ['block/unknown-parent', 'bad-prevblk'],
  ['block/merkle-root', 'bad-txnmrklroot'],
  ['mining/stale-template', 'stale-prevblk'],
  ['mining/unknown-template', 'stale-work'],
  ['coinbase/', 'bad-cb'],
  ['tx/', 'bad-txns'],
];

/** The word for a refusal. */
export function ruleToRejection(rule: string): string {
  return REJECTIONS.find(([prefix]) => rule.startsWith(prefix))?.[1] ?? 'rejected';
}
