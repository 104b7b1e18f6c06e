import { randomBytes } from 'node:crypto';
import { access, copyFile, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { newPhrase } from '#crypto';
import { createKeystore } from '#keystore';

/** Name of the keystore inside a client's folder. */
const KEYSTORE_FILE = 'keystore.age';

/**
 * A phrase for the demo's client, drawn once per network. The site gets the same one, so that its gateway shows the
 * files that the command line stores. Unencrypted: a devnet's coins are worth nothing.
 */
export async function prepareClient(clientDir: string, siteDir: string): Promise<void> {
  const own = join(clientDir, KEYSTORE_FILE);
  await mkdir(clientDir, { recursive: true });
  await mkdir(siteDir, { recursive: true });
  if (!(await exists(own))) {
    const phrase = newPhrase(new Uint8Array(randomBytes(16)));
    await createKeystore(own, { phrase, network: 'devnet', passphrase: '' });
  }
  const ofSite = join(siteDir, KEYSTORE_FILE);
  if (!(await exists(ofSite))) await copyFile(own, ofSite);
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
