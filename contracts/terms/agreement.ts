import {
  type AccountId,
  bytes,
  type ContractId,
  encode,
  height,
  hexId,
  type NetworkParams,
  optional,
  struct,
  type TypeOf,
  u32,
  u63,
} from '#chain';
import { bytesToHex, type CryptoPort, type SignatureCheck, taggedHash, taggedMessage } from '#crypto';

/** Who may store lost fragments again while the client is away, and what it may agree to. */
export const repairTermsSchema = struct({
  /** The repairer's public key. */
  key: bytes(32),
  /** Most that a replacement may cost: base units per epoch, and per GiB and epoch. */
  maxBasePerEpoch: u63,
  maxPricePerGiBEpoch: u63,
});
export type RepairTerms = TypeOf<typeof repairTermsSchema>;

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
  /** Price of reading, base units per GiB, above what is free in each epoch. */
  pricePerGiBRead: u63,
  freeReadBytesPerEpoch: u63,
  /** What the client locks for paid reads; read vouchers draw on it. Base units. */
  readEscrow: u63,
  repair: optional(repairTermsSchema),
  /** What the client sets aside for repair; only where a repairer is named. Base units. */
  reserve: u63,
  /** The most the client agrees to burn: the burn price may move before the block that registers this. */
  maxBurn: u63,
  root: bytes(32),
  leafCount: u32,
  /** Bytes of the leaves that are not tombstones. */
  totalBytes: u63,
  totalChunks: u63,
});

export type Agreement = TypeOf<typeof agreementSchema>;

/** Terms of an agreement without paid reads and without repair. */
export const NO_READS_NO_REPAIR = {
  pricePerGiBRead: 0n,
  freeReadBytesPerEpoch: 0n,
  readEscrow: 0n,
  repair: undefined,
  reserve: 0n,
} as const satisfies Partial<Agreement>;

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

/** The signature inside a transaction that registers an agreement: the provider's, over the agreement. */
export function providerAgrees(
  body: { readonly agreement: Agreement; readonly providerSignature: Uint8Array },
  { params, crypto }: { readonly params: NetworkParams; readonly crypto: CryptoPort },
): readonly SignatureCheck[] {
  const { agreement, providerSignature } = body;
  const message = agreementSigningMessage(crypto, params, agreement);
  return [{ publicKey: agreement.providerKey, message, signature: providerSignature }];
}
