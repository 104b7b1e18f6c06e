import { type ContractId, encode, hexId, type NetworkParams, struct, type TypeOf, u63 } from '#chain';
import { type CryptoPort, taggedMessage } from '#crypto';
import type { StorageContract } from '../lifecycle/contract-object.js';

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

/**
 * What a voucher would pay now, where `held` is in the contract's reads pot: nothing once the contract is over, nothing
 * more than was paid before for an old total, and nothing at all above what is held, since the ledger pays it whole or
 * not. Whoever shows a payment as good asks this first.
 */
export function voucherWorth(
  contract: Pick<StorageContract, 'status' | 'readsPaid'>,
  held: bigint,
  total: bigint,
): bigint {
  const amount = total - contract.readsPaid;
  return contract.status === 'active' && amount > 0n && amount <= held ? amount : 0n;
}
