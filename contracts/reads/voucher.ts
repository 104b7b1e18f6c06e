import { type ContractId, encode, hexId, type NetworkParams, struct, type TypeOf, u63 } from '#chain';
import { type CryptoPort, taggedMessage } from '#crypto';

/** A promise to pay for reading; a later one holds all that the earlier ones did. */
export const voucherSchema = struct({
  contract: hexId<ContractId>(32),
  /** For everything read under the contract so far, base units. */
  total: u63,
});
export type Voucher = TypeOf<typeof voucherSchema>;

/** What the holder of the contract's ticket key signs. */
export function voucherSigningMessage(
  crypto: CryptoPort,
  params: NetworkParams,
  voucher: Voucher,
): Uint8Array {
  return taggedMessage(crypto, 'cairn/voucher', params.networkId, encode(voucherSchema, voucher));
}
