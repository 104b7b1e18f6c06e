import {
  type AccountId,
  bytes,
  type ContractId,
  encode,
  height,
  hexId,
  type NetworkParams,
  struct,
  type TypeOf,
  u32,
  u63,
} from '#chain';
import { bytesToHex, type CryptoPort, taggedHash, taggedMessage } from '#crypto';

/** Everything both sides sign before a contract goes on chain. */
export const agreementSchema = struct({
  clientKey: bytes(32),
  providerKey: bytes(32),
  /** Drawn by the client; makes the contract id known before anything is stored. */
  nonce: bytes(16),
  /** Whose tickets the provider honours: a key without money, so that reading needs no wallet. */
  ticketKey: bytes(32),
  /** Where the provider wants its earnings. */
  payout: hexId<AccountId>(20),
  /** Number of the provider's offer these terms follow. */
  offerNumber: u63,
  /** Last height at which `form` may register the agreement. */
  formBy: height,
  epochs: u32,
  /** Price of an epoch apart from its size, base units. */
  basePerEpoch: u63,
  /** Price per GiB and epoch, base units. */
  pricePerGiBEpoch: u63,
  /** What the provider locks, base units. */
  collateral: u63,
  root: bytes(32),
  leafCount: u32,
  totalBytes: u63,
  totalChunks: u63,
});

export type Agreement = TypeOf<typeof agreementSchema>;

/** Canonical bytes of an agreement. */
export function encodeAgreement(agreement: Agreement): Uint8Array {
  return encode(agreementSchema, agreement);
}

/** What the provider signs; the client's signature is the one of the `form` transaction. */
export function agreementSigningMessage(
  crypto: CryptoPort,
  params: NetworkParams,
  agreement: Agreement,
): Uint8Array {
  return taggedMessage(crypto, 'cairn/agreement/sign', params.networkId, encodeAgreement(agreement));
}

/** Id of the contract between two keys under a nonce; known before the first byte is stored. */
export function contractIdOf(
  crypto: CryptoPort,
  params: NetworkParams,
  parties: Pick<Agreement, 'clientKey' | 'providerKey' | 'nonce'>,
): ContractId {
  const hash = taggedHash(
    crypto,
    'cairn/contract',
    params.networkId,
    parties.clientKey,
    parties.providerKey,
    parties.nonce,
  );
  return bytesToHex(hash) as ContractId;
}
