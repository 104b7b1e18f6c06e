import { POINTER_SECRET_LABEL } from '#catalogue';
import { type AccountId, accountIdToAddress, type NetworkParams, publicKeyToAccountId } from '#chain';
import {
  type CryptoPort,
  deriveRoleKeyFromSeed,
  deriveSecretFromSeed,
  type KeyPair,
  phraseToSeed,
  validatePhrase,
} from '#crypto';
import { AppError, violationToText } from '#errors';

/** Label of the secret that seals the journals of uploads. */
export const UPLOAD_SECRET_LABEL = 'client/uploads';

/** Everything a client's phrase gives: one key per role. */
export interface ClientIdentity {
  readonly params: NetworkParams;
  readonly account: AccountId;
  readonly address: string;
  /** Holds the money, signs transactions and agreements. */
  readonly wallet: KeyPair;
  /** Signs tickets and uses of them; owns no coins. */
  readonly content: KeyPair;
  /** Seals the catalogue's pointer. */
  readonly pointerKey: Uint8Array;
  /** Seals what this machine keeps of unfinished uploads. */
  readonly uploadKey: Uint8Array;
}

/**
 * A repairer as a client: one key signs what it agrees on, its tickets and its transactions. It is the key that contracts
 * name in their repair terms.
 */
export function createRepairIdentity(
  crypto: CryptoPort,
  params: NetworkParams,
  key: KeyPair,
): ClientIdentity {
  const account = publicKeyToAccountId(crypto, params, key.publicKey);
  const address = accountIdToAddress(params, account);
  // It has no catalogue; whatever it sealed under this key would be readable with the key it signs with.
  const { secretKey } = key;
  return { params, account, address, wallet: key, content: key, pointerKey: secretKey, uploadKey: secretKey };
}

/** The identity of a phrase; a bad phrase is an AppError that names the word. */
export function createIdentity(crypto: CryptoPort, params: NetworkParams, phrase: string): ClientIdentity {
  const violation = validatePhrase(phrase);
  if (violation !== undefined) {
    throw new AppError({
      code: 'keys/bad-phrase',
      message: `This is no recovery phrase: ${violationToText(violation)}.`,
      next: 'Check the words and their order; all come from the BIP-39 English list.',
    });
  }
  const seed = phraseToSeed(phrase);
  const wallet = deriveRoleKeyFromSeed(seed, 'wallet');
  const account = publicKeyToAccountId(crypto, params, wallet.publicKey);
  return {
    params,
    account,
    address: accountIdToAddress(params, account),
    wallet,
    content: deriveRoleKeyFromSeed(seed, 'content'),
    pointerKey: deriveSecretFromSeed(seed, POINTER_SECRET_LABEL),
    uploadKey: deriveSecretFromSeed(seed, UPLOAD_SECRET_LABEL),
  };
}
