import { randomBytes } from 'node:crypto';
import { access, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { newPhrase } from '#crypto';
import { createKeystore } from '#keystore';

/** Name of the keystore inside a client's folder. */
const KEYSTORE_FILE = 'keystore.age';

/** A phrase for the demo's client, drawn once per network. Unencrypted: a devnet's coins are worth nothing. */
export async function prepareClient(clientDir: string): Promise<void> {
  await mkdir(clientDir, { recursive: true });
  const path = join(clientDir, KEYSTORE_FILE);
  const exists = await access(path).then(
    () => true,
    () => false,
  );
  if (exists) return;
  await createKeystore(path, {
    phrase: newPhrase(new Uint8Array(randomBytes(16))),
    network: 'devnet',
    passphrase: '',
  });
}
