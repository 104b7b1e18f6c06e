import { asciiToBytes, type CryptoPort } from '#crypto';
import { publicKeyToAccountId } from '../account/address.js';
import type { NetworkParams } from '../params/network-params.js';
import { DEVNET_FAUCET_LABEL } from '../params/networks.js';
import type { AccountId } from '../primitives/ids.js';

/** A key pair that tests sign with. */
export interface Wallet {
  readonly label: string;
  readonly secretKey: Uint8Array;
  readonly publicKey: Uint8Array;
  readonly account: AccountId;
}

/** A wallet whose secret is the SHA-256 of its label: the same in every run. */
export function createWallet(crypto: CryptoPort, params: NetworkParams, label: string): Wallet {
  const secretKey = crypto.sha256(asciiToBytes(label));
  const publicKey = crypto.publicKey(secretKey);
  return { label, secretKey, publicKey, account: publicKeyToAccountId(crypto, params, publicKey) };
}

/** The devnet's faucet. */
export function faucetWallet(crypto: CryptoPort, params: NetworkParams): Wallet {
  return createWallet(crypto, params, DEVNET_FAUCET_LABEL);
}
