import { type ContractId, decode, encode, type NetworkParams } from '#chain';
import { divideUp, type Voucher, voucherSchema, voucherSigningMessage } from '#contracts';
import { type CryptoPort, concatBytes } from '#crypto';

/** HTTP header of a paid read: base64url of `encodeVoucher`. */
export const VOUCHER_HEADER = 'cairn-voucher';

const GIB = 1n << 30n;
const SIGNATURE_BYTES = 64;

/** A voucher with the signature of the contract's ticket key. */
export interface SignedVoucher {
  readonly voucher: Voucher;
  readonly signature: Uint8Array;
}

/** Price of bytes read beyond what is free, rounded up; of all that was ever read, so that rounding adds up once. */
export function priceOfReads(pricePerGiBRead: bigint, paidBytes: bigint): bigint {
  return divideUp(pricePerGiBRead * paidBytes, GIB);
}

/** Signs a total with the contract's ticket key. */
export function signVoucher(
  crypto: CryptoPort,
  params: NetworkParams,
  voucher: Voucher,
  ticketSecretKey: Uint8Array,
): SignedVoucher {
  return { voucher, signature: crypto.sign(ticketSecretKey, voucherSigningMessage(crypto, params, voucher)) };
}

/** voucherSchema bytes followed by the signature. */
export function encodeVoucher({ voucher, signature }: SignedVoucher): Uint8Array {
  return concatBytes(encode(voucherSchema, voucher), signature);
}

/** The voucher of its bytes; undefined where it is none, of another contract, or not signed by the ticket key. */
export function openVoucher(
  crypto: CryptoPort,
  params: NetworkParams,
  source: Uint8Array,
  expected: { readonly contract: ContractId; readonly ticketKey: Uint8Array },
): SignedVoucher | undefined {
  if (source.length <= SIGNATURE_BYTES) return undefined;
  const cut = source.length - SIGNATURE_BYTES;
  const voucher = decode(voucherSchema, source.subarray(0, cut));
  if (!voucher.ok || voucher.value.contract !== expected.contract) return undefined;
  const signature = source.slice(cut);
  const message = voucherSigningMessage(crypto, params, voucher.value);
  return crypto.verify({ publicKey: expected.ticketKey, message, signature })
    ? { voucher: voucher.value, signature }
    : undefined;
}
