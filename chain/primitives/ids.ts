declare const brand: unique symbol;
type Branded<Name extends string> = string & { readonly [brand]: Name };

/** Block id: double SHA-256 of the header, bytes reversed, lower-case hex (64 characters), as Bitcoin shows it. */
export type BlockId = Branded<'BlockId'>;
/** Transaction id: tagged hash of the whole encoding, hex (64). */
export type TxId = Branded<'TxId'>;
/** Account id: 20-byte hash of an Ed25519 public key, hex (40). The address is its bech32m form. */
export type AccountId = Branded<'AccountId'>;
/** Contract id: tagged hash of client, provider and nonce, hex (64); known before the contract is on chain. */
export type ContractId = Branded<'ContractId'>;
/** Fragment id: BLAKE3 of the stored bytes, hex (64); `b3sum` prints the same. */
export type FragmentId = Branded<'FragmentId'>;

/** True for lower-case hexadecimal text of exactly `lengthBytes` bytes. */
export function isHexId(value: string, lengthBytes: number): boolean {
  return value.length === lengthBytes * 2 && /^[0-9a-f]*$/.test(value);
}
