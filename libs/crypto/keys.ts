import { hkdf } from '@noble/hashes/hkdf.js';
import { sha256 } from '@noble/hashes/sha2.js';
import { HDKey } from 'micro-key-producer/slip10.js';
import { assertInvariant } from '#errors';
import { asciiToBytes } from './bytes.js';
import { nobleCrypto } from './noble-crypto.js';
import { phraseToSeed } from './phrase.js';

/** Every role a principal has, with its number in the derivation path. Numbers are never used again. */
export const keyRoleNumbers = {
  wallet: 0,
  provider: 1,
  node: 2,
  repairer: 3,
  catalogue: 4,
  content: 5,
} as const;

/** What a key is for: one key per role, so that no key of a process on the network holds the money. */
export type KeyRole = keyof typeof keyRoleNumbers;

/** An Ed25519 key pair: the 32-byte RFC 8032 seed and the 32-byte public key. */
export interface KeyPair {
  readonly secretKey: Uint8Array;
  readonly publicKey: Uint8Array;
}

/** Cairn's coin type in the path (BIP-44's third step): "crn" in ASCII, not registered in SLIP-0044. */
export const coinType = 0x63726e;

const hardenedLimit = 0x80000000;

/** The SLIP-0010 path of a role's key: m/44'/coin'/role'/index', all hardened (Ed25519 has no other kind). */
export function roleKeyPath(role: KeyRole, index = 0): string {
  assertInvariant(
    Number.isInteger(index) && index >= 0 && index < hardenedLimit,
    `a key index is an integer from 0 to 2^31 - 1, got ${index}`,
  );
  return `m/44'/${coinType}'/${keyRoleNumbers[role]}'/${index}'`;
}

/** The key pair at a hardened SLIP-0010 path, such as m/0'/1', of a seed of 16 to 64 bytes. */
export function deriveKeyAtPath(seed: Uint8Array, path: string): KeyPair {
  const secretKey = HDKey.fromMasterSeed(seed).derive(path).privateKey.slice();
  return { secretKey, publicKey: nobleCrypto.publicKey(secretKey) };
}

/** The key pair of a role from the 64-byte seed of a phrase (`phraseToSeed`). */
export function deriveRoleKeyFromSeed(seed: Uint8Array, role: KeyRole, index = 0): KeyPair {
  return deriveKeyAtPath(seed, roleKeyPath(role, index));
}

/**
 * The key pair of a role from the phrase, which must have passed `validatePhrase`. The same on every network:
 * signatures carry the network id. Runs PBKDF2, tens of milliseconds: derive once, keep the pair.
 */
export function deriveRoleKey(phrase: string, role: KeyRole, index = 0): KeyPair {
  return deriveRoleKeyFromSeed(phraseToSeed(phrase), role, index);
}

const secretSalt = asciiToBytes('cairn/secret/v1');

/** A 32-byte symmetric secret from the seed: HKDF-SHA256(ikm seed, salt "cairn/secret/v1", info label). */
export function deriveSecretFromSeed(seed: Uint8Array, label: string): Uint8Array {
  assertInvariant(label.length > 0, 'a secret needs a label that says what it is for');
  return hkdf(sha256, seed, secretSalt, asciiToBytes(label), 32);
}

/** A 32-byte symmetric secret from the phrase, one per ASCII label (RFC 5869). Independent of all role keys. */
export function deriveSecret(phrase: string, label: string): Uint8Array {
  return deriveSecretFromSeed(phraseToSeed(phrase), label);
}
