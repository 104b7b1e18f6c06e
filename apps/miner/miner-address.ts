import { join } from 'node:path';
import { accountIdToAddress, addressToAccountId, type NetworkParams, publicKeyToAccountId } from '#chain';
import type { Config } from '#config';
import { deriveRoleKey } from '#crypto';
import { nativeCrypto } from '#crypto-native';
import { AppError, violationToText } from '#errors';
import { openKeystore } from '#keystore';

/** Name of the keystore in a data folder. */
const KEYSTORE_FILE = 'keystore.age';

/**
 * Who is paid: CAIRN_MINER_ADDRESS, or else the wallet of the keystore in the data folder.
 * @throws AppError `miner/bad-address`, `miner/no-address`, or what opening the keystore throws
 */
export async function minerAddress(config: Config, params: NetworkParams): Promise<string> {
  if (config.minerAddress !== undefined) return checkAddress(config.minerAddress, params);
  const file = join(config.dataDir, KEYSTORE_FILE);
  try {
    const { phrase } = await openKeystore(file, config.passphrase ?? '');
    const { publicKey } = deriveRoleKey(phrase, 'wallet');
    return accountIdToAddress(params, publicKeyToAccountId(nativeCrypto, params, publicKey));
  } catch (error) {
    if (!(error instanceof AppError) || error.code !== 'keystore/missing') throw error;
    throw new AppError({
      code: 'miner/no-address',
      message: `nobody is named who is paid for blocks, and there is no keystore at ${file}`,
      next: 'set CAIRN_MINER_ADDRESS to an address (`cairn keys show` prints yours), or make a keystore with `cairn keys new`',
      data: { setting: 'CAIRN_MINER_ADDRESS', file },
      cause: error,
    });
  }
}

function checkAddress(address: string, params: NetworkParams): string {
  const account = addressToAccountId(params, address);
  if (account.ok) return address;
  throw new AppError({
    code: 'miner/bad-address',
    message: `CAIRN_MINER_ADDRESS is ${address}, which is no address of ${params.name}: ${violationToText(account.violation)}`,
    next: `give an address that starts with ${params.addressPrefix}1`,
    data: { setting: 'CAIRN_MINER_ADDRESS', address },
  });
}
