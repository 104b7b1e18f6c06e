import { randomBytes } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { accountIdToAddress, type NetworkParams, publicKeyToAccountId } from '#chain';
import { deriveRoleKey, newPhrase } from '#crypto';
import { nativeCrypto } from '#crypto-native';
import { AppError } from '#errors';
import { createKeystore, openKeystore } from '#keystore';

const KEYSTORE_FILE = 'keystore.age';
/** A devnet's coins are worth nothing: its keystore need not cost a second of every start. */
const DEVNET_WORK_FACTOR = 10;

/**
 * The phrase of the keystore in a data folder. On a devnet a missing one is made; elsewhere nobody should pay with a
 * phrase they never saw.
 * @throws AppError `gateway/no-keystore`, `gateway/other-network`, or what opening the keystore throws
 */
export async function openOperatorPhrase(
  dataDir: string,
  params: NetworkParams,
  passphrase: string,
): Promise<string> {
  const file = join(dataDir, KEYSTORE_FILE);
  const opened = await openKeystore(file, passphrase).catch((error: unknown) => {
    if (error instanceof AppError && error.code === 'keystore/missing') return undefined;
    throw error;
  });
  if (opened === undefined) {
    if (params.name !== 'devnet') throw noKeystore(file);
    const phrase = newPhrase(Uint8Array.from(randomBytes(32)));
    await mkdir(dataDir, { recursive: true });
    await createKeystore(file, {
      phrase,
      network: params.name,
      passphrase,
      scryptWorkFactor: DEVNET_WORK_FACTOR,
    });
    return phrase;
  }
  if (opened.network === params.name) return opened.phrase;
  throw new AppError({
    code: 'gateway/other-network',
    message: `the keystore at ${file} belongs to ${opened.network}; this process runs on ${params.name}`,
    next: 'set CAIRN_NETWORK to that network, or CAIRN_DATA_DIR to another folder',
    data: { file, network: opened.network },
  });
}

/** The wallet's address of a phrase. */
export function phraseToAddress(phrase: string, params: NetworkParams): string {
  const { publicKey } = deriveRoleKey(phrase, 'wallet');
  return accountIdToAddress(params, publicKeyToAccountId(nativeCrypto, params, publicKey));
}

function noKeystore(file: string): AppError {
  return new AppError({
    code: 'gateway/no-keystore',
    message: `there is no keystore at ${file}`,
    next: 'make one with `cairn keys new`, write its words down, and give its passphrase by CAIRN_PASSPHRASE',
    data: { file },
  });
}
