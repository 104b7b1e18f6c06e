import { bech32m } from '@scure/base';
import { bytesToHex, type CryptoPort, hexToBytes, taggedHash } from '#crypto';
import { accepted, type Result, refused } from '#errors';
import { accountBytesToHex } from '../codec/bytes.js';
import { RecurringTexts } from '../codec/recurring-texts.js';
import type { NetworkParams } from '../params/network-params.js';
import { type AccountId, isHexId } from '../primitives/ids.js';

/** Version of the address payload: Ed25519 key hash. */
const ADDRESS_VERSION = 0;
const PAYLOAD_BYTES = 21;
/** Bytes of an Ed25519 public key. */
const KEY_BYTES = 32;

/** Accounts of the keys of one network; a process knows one, but for tests. */
let known: { readonly networkId: number; readonly accounts: RecurringTexts } | undefined;

/** The account a public key owns: the first 20 bytes of its tagged hash, so that a key's use on one network tells nothing on another. */
export function publicKeyToAccountId(
  crypto: CryptoPort,
  params: NetworkParams,
  publicKey: Uint8Array,
): AccountId {
  const { networkId } = params;
  if (publicKey.length !== KEY_BYTES) return hashToAccountId(crypto, networkId, publicKey);
  if (known?.networkId !== networkId) known = { networkId, accounts: new RecurringTexts(KEY_BYTES) };
  const { accounts } = known;
  return (accounts.find(publicKey, 0) ??
    accounts.keep(publicKey, 0, hashToAccountId(crypto, networkId, publicKey))) as AccountId;
}

function hashToAccountId(crypto: CryptoPort, networkId: number, publicKey: Uint8Array): AccountId {
  return accountBytesToHex(taggedHash(crypto, 'cairn/account', networkId, publicKey), 0) as AccountId;
}

/** Bech32m address (BIP-350 checksum) of an account: prefix per network, payload = version byte + 20-byte hash. */
export function accountIdToAddress(params: NetworkParams, account: AccountId): string {
  const payload = new Uint8Array(PAYLOAD_BYTES);
  payload[0] = ADDRESS_VERSION;
  payload.set(hexToBytes(account), 1);
  return bech32m.encode(params.addressPrefix, bech32m.toWords(payload));
}

/** The account of an address, or a violation that names what is wrong with it. */
export function addressToAccountId(params: NetworkParams, address: string): Result<AccountId> {
  const decoded = bech32m.decodeUnsafe(address as `${string}1${string}`);
  if (decoded === undefined) return refused({ rule: 'address/malformed', address });
  if (decoded.prefix !== params.addressPrefix) {
    return refused({ rule: 'address/network', address, expectedPrefix: params.addressPrefix });
  }
  const payload = bech32m.fromWordsUnsafe(decoded.words);
  if (!payload || payload.length !== PAYLOAD_BYTES || payload[0] !== ADDRESS_VERSION) {
    return refused({ rule: 'address/version', address });
  }
  return accepted(bytesToHex(Uint8Array.from(payload).subarray(1)) as AccountId);
}

/** An account from an address or from its 40-character hex id. */
export function parseAccount(params: NetworkParams, text: string): Result<AccountId> {
  if (isHexId(text, 20)) return accepted(text as AccountId);
  return addressToAccountId(params, text);
}
