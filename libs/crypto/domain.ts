import { asciiToBytes, concatBytes, u32le } from './bytes.js';
import type { CryptoPort } from './port.js';

/** The doubled tag hashes made so far: a few dozen tags, asked for several times per transaction. */
const prefixes = new Map<string, Uint8Array>();

function tagPrefix(crypto: CryptoPort, tag: string): Uint8Array {
  const known = prefixes.get(tag);
  if (known !== undefined) return known;
  const tagHash = crypto.sha256(asciiToBytes(tag));
  const prefix = concatBytes(tagHash, tagHash);
  prefixes.set(tag, prefix);
  return prefix;
}

/**
 * The preimage that separates domains and networks: SHA256(tag) || SHA256(tag) || u32le(networkId) || parts.
 *
 * This is what Ed25519 signs (it hashes the message itself). The doubled tag hash is BIP-340's: 64 bytes,
 * one SHA-256 block, so no message of one domain is a message of another, whatever bytes the parts hold.
 * The parts are simply joined: give them fixed lengths, or a canonical encoding that carries its own.
 */
export function taggedMessage(
  crypto: CryptoPort,
  tag: string,
  networkId: number,
  ...parts: readonly Uint8Array[]
): Uint8Array {
  return concatBytes(tagPrefix(crypto, tag), u32le(networkId), ...parts);
}

/** SHA-256 of `taggedMessage`: every hash of the protocol that is not a tree node or a header. 32 bytes. */
export function taggedHash(
  crypto: CryptoPort,
  tag: string,
  networkId: number,
  ...parts: readonly Uint8Array[]
): Uint8Array {
  return crypto.sha256(taggedMessage(crypto, tag, networkId, ...parts));
}
