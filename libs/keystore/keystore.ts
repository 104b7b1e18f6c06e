import { armor, Decrypter, Encrypter } from 'age-encryption';
import { normalizePhrase, validatePhrase } from '#crypto';
import { AppError, assertInvariant, violationToText } from '#errors';
import { fileExists, keystoreExists, readWholeFile, writeNewFile } from './keystore-file.js';

/** What goes into a new keystore. */
export interface KeystoreContent {
  /** A valid BIP-39 phrase (`validatePhrase`). */
  readonly phrase: string;
  /** The network the keys were made for: mainnet, testnet or devnet. */
  readonly network: string;
  /** Encrypts the file. The empty string, and nothing else, leaves it in plain text. */
  readonly passphrase: string;
  /** log2 of scrypt's N, 1 to 22; 18 (about a second) unless told, low only for devnets and tests. */
  readonly scryptWorkFactor?: number;
}

/** What an opened keystore holds. */
export interface Keystore {
  readonly phrase: string;
  readonly network: string;
  readonly isEncrypted: boolean;
}

const format = 'cairn-keystore';
const version = 1;
const maxFileBytes = 64 * 1024;
const armorHeader = '-----BEGIN AGE ENCRYPTED FILE-----';
const binaryHeader = 'age-encryption.org/v1\n';

/**
 * Writes a new keystore: JSON, inside an armored age file with a passphrase, mode 0600, all or nothing.
 * Throws AppError `keystore/exists` (never overwritten) or `keystore/unusable-file`.
 */
export async function createKeystore(path: string, content: KeystoreContent): Promise<void> {
  const { phrase, network, passphrase, scryptWorkFactor = 18 } = content;
  const violation = validatePhrase(phrase);
  assertInvariant(
    violation === undefined,
    `a keystore was asked for an unchecked phrase: ${violation === undefined ? '' : violationToText(violation)}`,
  );
  assertInvariant(
    Number.isInteger(scryptWorkFactor) && scryptWorkFactor >= 1 && scryptWorkFactor <= 22,
    `the scrypt work factor is an integer from 1 to 22 (age opens no more), got ${scryptWorkFactor}`,
  );
  // Asked before the slow key derivation; asked again, atomically, when the file takes its name.
  if (await fileExists(path)) throw keystoreExists(path);
  const text = `${JSON.stringify({ format, version, network, phrase: normalizePhrase(phrase) }, null, 2)}\n`;
  await writeNewFile(
    path,
    new TextEncoder().encode(
      passphrase === '' ? text : await encryptText(text, passphrase, scryptWorkFactor),
    ),
  );
}

async function encryptText(text: string, passphrase: string, scryptWorkFactor: number): Promise<string> {
  const encrypter = new Encrypter();
  encrypter.setScryptWorkFactor(scryptWorkFactor);
  encrypter.setPassphrase(passphrase);
  return armor.encode(await encrypter.encrypt(text));
}

function notAKeystore(path: string, why: string, cause?: unknown): AppError {
  return new AppError({
    code: 'keystore/not-a-keystore',
    message: `the file at ${path} is not a keystore of this program: ${why}`,
    next: 'give the path of the file that `cairn keys new` wrote, or restore it from your backup or phrase',
    data: { path },
    cause,
  });
}

/** Bytes of the age file, or undefined where the content is no age file at all. */
function ageBytes(path: string, bytes: Uint8Array, text: string): Uint8Array | undefined {
  if (text.startsWith(binaryHeader)) return bytes;
  if (!text.trimStart().startsWith(armorHeader)) return undefined;
  try {
    return armor.decode(text);
  } catch (error) {
    throw notAKeystore(path, 'its armor is damaged', error);
  }
}

async function decryptText(path: string, encrypted: Uint8Array, passphrase: string): Promise<string> {
  if (passphrase === '') {
    throw new AppError({
      code: 'keystore/passphrase-needed',
      message: `the keystore at ${path} is encrypted and no passphrase was given`,
      next: 'give the passphrase it was made with',
      data: { path },
    });
  }
  const decrypter = new Decrypter();
  decrypter.addPassphrase(passphrase);
  try {
    return await decrypter.decrypt(encrypted, 'text');
  } catch (error) {
    throw new AppError({
      code: 'keystore/wrong-passphrase',
      message: `the keystore at ${path} does not open: the passphrase is wrong, or the file is damaged`,
      next: 'try the passphrase again (capitals and spaces count); a lost passphrase is replaced by `cairn keys import` with the phrase, into another folder',
      data: { path },
      cause: error,
    });
  }
}

function parseContent(path: string, text: string): { phrase: string; network: string } {
  let content: unknown;
  try {
    content = JSON.parse(text);
  } catch {
    // JSON.parse quotes its input, which may hold the phrase: the cause stays behind.
    throw notAKeystore(path, 'it holds no JSON');
  }
  if (typeof content !== 'object' || content === null) throw notAKeystore(path, 'it holds no JSON object');
  const fields = content as Record<string, unknown>;
  if (fields['format'] !== format) throw notAKeystore(path, `its format is not "${format}"`);
  const { version: found } = fields;
  if (found !== version) {
    // Only a number is quoted: a file edited by hand may hold the phrase in any field.
    const shown = typeof found === 'number' ? `its version is ${found}` : 'its version is no number';
    throw notAKeystore(path, `${shown}, this program reads version ${version}`);
  }
  const { phrase, network } = fields;
  if (typeof phrase !== 'string' || typeof network !== 'string') {
    throw notAKeystore(path, 'it names no phrase or no network');
  }
  const violation = validatePhrase(phrase);
  if (violation !== undefined) throw notAKeystore(path, `its phrase is damaged (${violation.rule})`);
  return { phrase: normalizePhrase(phrase), network };
}

/**
 * Opens a keystore. Plain-text ones open whatever the passphrase. Throws AppError `keystore/missing`,
 * `keystore/passphrase-needed`, `keystore/wrong-passphrase`, `keystore/not-a-keystore` or
 * `keystore/unusable-file`; no message ever holds the phrase.
 */
export async function openKeystore(path: string, passphrase: string): Promise<Keystore> {
  const bytes = await readWholeFile(path, maxFileBytes);
  const text = new TextDecoder().decode(bytes);
  const encrypted = ageBytes(path, bytes, text);
  const content = encrypted === undefined ? text : await decryptText(path, encrypted, passphrase);
  return { ...parseContent(path, content), isEncrypted: encrypted !== undefined };
}
