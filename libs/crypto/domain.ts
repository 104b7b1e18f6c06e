import { asciiToBytes, concatBytes, u32le } from './bytes.js';
import type { CryptoPort } from './port.js';

/** The prefixes made so far, by network and tag: a few dozen, asked for several times per transaction. */
const prefixes = new Map<number, Map<string, Uint8Array>>();

/** SHA256(tag) || SHA256(tag) || u32le(networkId): what a tagged message begins with. 68 bytes, not to be changed. */
export function taggedPrefix(crypto: CryptoPort, tag: string, networkId: number): Uint8Array {
  const known = prefixes.get(networkId)?.get(tag);
  if (known !== undefined) return known;
  const tagHash = crypto.sha256(asciiToBytes(tag));
  const prefix = concatBytes(tagHash, tagHash, u32le(networkId));
  let ofNetwork = prefixes.get(networkId);
  if (ofNetwork === undefined) {
    ofNetwork = new Map();
    prefixes.set(networkId, ofNetwork);
  }
  ofNetwork.set(tag, prefix);
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
  return concatBytes(taggedPrefix(crypto, tag, networkId), ...parts);
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

/** Where `taggedHashHex` lays out its preimage; hashing takes no longer than the call and keeps nothing. */
let preimage = new Uint8Array(1_024);
/** The part of it used last: most transactions have the same length. */
let lastPreimage = preimage;

/** `taggedHash` of one part as lower-case hex: ids, of which a block has one for each transaction. */
export function taggedHashHex(crypto: CryptoPort, tag: string, networkId: number, part: Uint8Array): string {
  const prefix = taggedPrefix(crypto, tag, networkId);
  const sizeBytes = prefix.length + part.length;
  if (sizeBytes > preimage.length) preimage = new Uint8Array(sizeBytes);
  preimage.set(prefix);
  preimage.set(part, prefix.length);
  if (lastPreimage.length !== sizeBytes || lastPreimage.buffer !== preimage.buffer)
    lastPreimage = preimage.subarray(0, sizeBytes);
  return crypto.sha256Hex(lastPreimage);
}
