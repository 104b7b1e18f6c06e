import { ed25519 } from '@noble/curves/ed25519.js';
import { blake3 } from '@noble/hashes/blake3.js';
import { sha256, sha512 } from '@noble/hashes/sha2.js';
import { assertInvariant } from '#errors';
import { pureBlake3Nodes } from './blake3-node.js';
import { bytesToHex, concatBytes, equalBytes } from './bytes.js';
import { type CryptoPort, type SignatureCheck, signedMessage } from './port.js';

const { Point } = ed25519;
const groupOrder = Point.Fn.ORDER;

function littleEndianToBigint(bytes: Uint8Array): bigint {
  let value = 0n;
  for (let i = bytes.length - 1; i >= 0; i--) value = (value << 8n) | BigInt(bytes[i] as number);
  return value;
}

/** Decodes a canonical point: y below p, and no sign bit on x = 0 (RFC 8032, 5.1.3). */
function decodePoint(bytes: Uint8Array): InstanceType<typeof Point> | undefined {
  try {
    return Point.fromBytes(bytes, false);
  } catch {
    return undefined;
  }
}

/**
 * The pinned rule, written as the formula says and with no table: S < L; A canonical and not of small order;
 * enc(S*B - k*A) equal to R byte for byte (so R is canonical too); and that point not of small order.
 */
function verifyByFormula(check: SignatureCheck): boolean {
  const { publicKey, signature } = check;
  if (publicKey.length !== 32 || signature.length !== 64) return false;
  const encodedR = signature.subarray(0, 32);
  const s = littleEndianToBigint(signature.subarray(32));
  if (s >= groupOrder) return false;
  const a = decodePoint(publicKey);
  if (a === undefined || a.isSmallOrder()) return false;
  const k = littleEndianToBigint(sha512(concatBytes(encodedR, publicKey, signedMessage(check)))) % groupOrder;
  const r = Point.BASE.multiplyUnsafe(s).subtract(a.multiplyUnsafe(k));
  return equalBytes(r.toBytes(), encodedR) && !r.isSmallOrder();
}

function hashLeaves(leaves: Uint8Array): Uint8Array {
  assertInvariant(
    leaves.length % 32 === 0,
    `leaves must be whole 32-byte leaves, got ${leaves.length} bytes`,
  );
  const hashes = new Uint8Array(leaves.length);
  const prefixed = new Uint8Array(33);
  for (let offset = 0; offset < leaves.length; offset += 32) {
    prefixed.set(leaves.subarray(offset, offset + 32), 1);
    hashes.set(sha256(prefixed), offset);
  }
  return hashes;
}

function hashPairs(pairs: Uint8Array): Uint8Array {
  assertInvariant(pairs.length % 64 === 0, `pairs must be whole 64-byte pairs, got ${pairs.length} bytes`);
  const hashes = new Uint8Array(pairs.length / 2);
  const node = new Uint8Array(65);
  node[0] = 1;
  for (let offset = 0; offset < pairs.length; offset += 64) {
    node.set(pairs.subarray(offset, offset + 64), 1);
    hashes.set(sha256(node), offset / 2);
  }
  return hashes;
}

function hashStatePairs(key: Uint8Array, pairs: Uint8Array): Uint8Array {
  assertInvariant(key.length === 32, `a BLAKE3 key has 32 bytes, got ${key.length}`);
  assertInvariant(pairs.length % 64 === 0, `pairs must be whole 64-byte pairs, got ${pairs.length} bytes`);
  const hashes = new Uint8Array(pairs.length / 2);
  for (let offset = 0; offset < pairs.length; offset += 64)
    hashes.set(blake3(pairs.subarray(offset, offset + 64), { key }), offset / 2);
  return hashes;
}

function hashShort(blocks: Uint8Array, lengths: Uint8Array): Uint8Array {
  assertInvariant(
    blocks.length === lengths.length * 64,
    `${lengths.length} lengths for ${blocks.length} bytes of blocks`,
  );
  const hashes = new Uint8Array(lengths.length * 32);
  for (const [index, length] of lengths.entries())
    hashes.set(blake3(blocks.subarray(index * 64, index * 64 + length)), index * 32);
  return hashes;
}

function assertSecretKey(secretKey: Uint8Array): void {
  assertInvariant(secretKey.length === 32, `an Ed25519 seed has 32 bytes, got ${secretKey.length}`);
}

/** The pure road and the oracle: every primitive from noble, signatures by the formula on its points. */
export const nobleCrypto: CryptoPort = {
  sha256: (data) => sha256(data),
  sha256Hex: (data) => bytesToHex(sha256(data)),
  sha256d: (data) => sha256(sha256(data)),
  blake3: (data) => blake3(data),
  hashLeaves,
  hashPairs,
  hashStatePairs,
  hashShort,
  // noble hides the nodes of its trees; these pass the published vectors by way of whole trees.
  ...pureBlake3Nodes,
  publicKey: (secretKey) => {
    assertSecretKey(secretKey);
    return ed25519.getPublicKey(secretKey);
  },
  sign: (secretKey, message) => {
    assertSecretKey(secretKey);
    return ed25519.sign(message, secretKey);
  },
  verify: verifyByFormula,
  verifyBatch: (checks) => checks.map(verifyByFormula),
};
