import { join } from 'node:path';
import type { CliContext } from '../context.js';

/** Where the provider of this data folder keeps its own. */
export function providerFolder(context: CliContext): string {
  return join(context.config.dataDir, 'provider');
}

/** The keys of the provider of this folder. @throws AppError `provider/not-initialised`, or the keystore's */
export async function ownProviderIdentity(context: CliContext) {
  const { openProviderIdentity } = await import('#provider');
  const passphrase = context.config.passphrase ?? '';
  return openProviderIdentity({ dataDir: providerFolder(context), params: context.params, passphrase });
}

/** The address of the provider of this folder. */
export async function ownProviderAddress(context: CliContext): Promise<string> {
  return (await ownProviderIdentity(context)).address;
}
