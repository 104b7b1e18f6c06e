import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { accountIdToAddress, type NetworkParams, publicKeyToAccountId } from '#chain';
import { deriveRoleKey, type KeyPair, newPhrase, normalizePhrase } from '#crypto';
import { nativeCrypto } from '#crypto-native';
import { AppError } from '#errors';
import { createKeystore, openKeystore } from '#keystore';

/** Name of the keystore in a provider's data folder. */
const KEYSTORE_FILE = 'keystore.age';

/** Who a provider is. */
export interface ProviderIdentity {
  /** Key of the role `provider`. */
  readonly keys: KeyPair;
  readonly address: string;
  readonly keystorePath: string;
}

export interface ProviderIdentityOptions {
  readonly dataDir: string;
  readonly params: NetworkParams;
  /** Empty: the keystore stays in plain text (devnets). */
  readonly passphrase: string;
  /** An existing phrase; a fresh one when absent. */
  readonly phrase?: string;
  /** log2 of scrypt's N. */
  readonly scryptWorkFactor?: number;
}

/**
 * Makes a provider's identity: a keystore in its data folder. The phrase is answered once, to be written down.
 * @throws AppError `keystore/exists`
 */
export async function createProviderIdentity(
  options: ProviderIdentityOptions,
): Promise<ProviderIdentity & { readonly phrase: string }> {
  const phrase = normalizePhrase(options.phrase ?? newPhrase(randomBytes(16)));
  const path = join(options.dataDir, KEYSTORE_FILE);
  const { passphrase, params, scryptWorkFactor } = options;
  await createKeystore(path, {
    phrase,
    network: params.name,
    passphrase,
    ...(scryptWorkFactor === undefined ? {} : { scryptWorkFactor }),
  });
  return { ...phraseToIdentity(phrase, params, path), phrase };
}

/**
 * Opens the identity in a data folder.
 * @throws AppError `keystore/missing` and the keystore's other errors, `provider/other-network`
 */
export async function openProviderIdentity(
  options: Omit<ProviderIdentityOptions, 'phrase' | 'scryptWorkFactor'>,
): Promise<ProviderIdentity> {
  const path = join(options.dataDir, KEYSTORE_FILE);
  const keystore = await openKeystore(path, options.passphrase).catch((error: unknown) => {
    throw error instanceof AppError && error.code === 'keystore/missing'
      ? notInitialised(options, error)
      : error;
  });
  if (keystore.network !== options.params.name) {
    throw new AppError({
      code: 'provider/other-network',
      message: `the keystore ${path} was made for ${keystore.network}, not for ${options.params.name}`,
      next: `run with CAIRN_NETWORK=${keystore.network}, or give this provider a data folder of its own`,
      data: { path, network: keystore.network },
    });
  }
  return phraseToIdentity(keystore.phrase, options.params, path);
}

function phraseToIdentity(phrase: string, params: NetworkParams, keystorePath: string): ProviderIdentity {
  const keys = deriveRoleKey(phrase, 'provider');
  const account = publicKeyToAccountId(nativeCrypto, params, keys.publicKey);
  return { keys, address: accountIdToAddress(params, account), keystorePath };
}

function notInitialised({ dataDir }: { dataDir: string }, cause: AppError): AppError {
  return new AppError({
    code: 'provider/not-initialised',
    message: `there is no provider in ${dataDir} yet`,
    next: 'make one with `cairn provider init`',
    data: { dataDir },
    cause,
  });
}
