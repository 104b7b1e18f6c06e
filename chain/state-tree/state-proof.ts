import { type CryptoPort, concatBytes, equalBytes } from '#crypto';
import { assertInvariant, type Violation } from '#errors';
import { DecodeError } from '../codec/bytes.js';
import { decode, encode } from '../codec/codec.js';
import type { Schema } from '../codec/schema.js';
import { INNER_KEY, LEAF_KEY, stateKeyHash } from './state-hash.js';

const MAX_DEPTH = 256;
const HASH_BYTES = 32;
const ZERO = new Uint8Array(HASH_BYTES);

/** Where the path of a key ends: at its leaf, at nothing, or at the leaf of another key. */
export type ProofEnd =
  | { readonly type: 'present' }
  | { readonly type: 'empty' }
  | { readonly type: 'other'; readonly keyHash: Uint8Array; readonly valueHash: Uint8Array };

/** The way from the root to where a key is or would be. */
export interface StateProof {
  /** Hashes of the subtrees beside the path, root first; zero for an empty one. */
  readonly siblings: readonly Uint8Array[];
  readonly end: ProofEnd;
}

const END_TYPES = ['present', 'empty', 'other'] as const;

/**
 * u8 end, u16 depth, a bit per level (most significant first; 1 where the sibling is not empty), those siblings root
 * first, and for an `other` end its key hash and value hash. The deepest sibling is never empty: such a subtree would
 * be its one leaf.
 */
const stateProofSchema: Schema<StateProof> = {
  write(writer, { siblings, end }) {
    writer.u8(END_TYPES.indexOf(end.type));
    writer.u16(siblings.length);
    const bitmap = new Uint8Array(Math.ceil(siblings.length / 8));
    for (const [depth, sibling] of siblings.entries()) {
      if (!isZero(sibling)) bitmap[depth >>> 3] = (bitmap[depth >>> 3] as number) | (0x80 >>> (depth & 7));
    }
    writer.raw(bitmap, bitmap.length);
    for (const sibling of siblings) if (!isZero(sibling)) writer.raw(sibling, HASH_BYTES);
    if (end.type !== 'other') return;
    writer.raw(end.keyHash, HASH_BYTES);
    writer.raw(end.valueHash, HASH_BYTES);
  },
  read(reader) {
    const type = END_TYPES[reader.u8()];
    const depth = reader.u16();
    if (type === undefined || depth > MAX_DEPTH) throw new DecodeError('state-proof/form', { depth });
    const bitmap = reader.raw(Math.ceil(depth / 8));
    const siblings: Uint8Array[] = [];
    for (let level = 0; level < bitmap.length * 8; level++) {
      const isFull = ((bitmap[level >>> 3] as number) & (0x80 >>> (level & 7))) !== 0;
      if (level >= depth && isFull) throw new DecodeError('state-proof/form', { level });
      if (level >= depth) continue;
      const sibling = isFull ? reader.raw(HASH_BYTES) : ZERO;
      if (isFull === isZero(sibling)) throw new DecodeError('state-proof/form', { level });
      siblings.push(sibling);
    }
    const deepest = siblings.at(-1);
    if (deepest !== undefined && isZero(deepest))
      throw new DecodeError('state-proof/form', { level: depth - 1 });
    if (type !== 'other') return { siblings, end: { type } };
    return {
      siblings,
      end: { type, keyHash: reader.raw(HASH_BYTES), valueHash: reader.raw(HASH_BYTES) },
    };
  },
};

/** The bytes of a proof: 3 and at most 32 per level of the path. */
export function encodeStateProof(proof: StateProof): Uint8Array {
  assertInvariant(proof.siblings.length <= MAX_DEPTH, `a path of ${proof.siblings.length} levels`);
  return encode(stateProofSchema, proof);
}

/** What a proof is to show. */
export interface StateClaim {
  readonly networkId: number;
  /** Root of the state, from a coinbase. */
  readonly root: Uint8Array;
  readonly space: { readonly code: number };
  readonly key: string;
  /** Canonical bytes of the object; undefined claims that there is none. */
  readonly value: Uint8Array | undefined;
}

/** Why a proof does not show a claim; undefined where it does. Trusts nothing but the root. */
export function validateStateProof(
  crypto: CryptoPort,
  claim: StateClaim,
  proof: Uint8Array,
): Violation | undefined {
  const decoded = decode(stateProofSchema, proof);
  if (!decoded.ok) return decoded.violation;
  const { siblings, end } = decoded.value;
  if ((end.type === 'present') !== (claim.value !== undefined)) {
    return { rule: 'state-proof/presence', shown: end.type, claimed: claim.value ? 'present' : 'absent' };
  }
  const keyHash = stateKeyHash(crypto, claim.networkId, claim.space.code, claim.key);
  if (end.type === 'other' && !isElsewhere(keyHash, end.keyHash, siblings.length))
    return { rule: 'state-proof/other-leaf', depth: siblings.length };
  let hash = endHash(crypto, keyHash, claim.value, end);
  for (let depth = siblings.length - 1; depth >= 0; depth--) {
    const sibling = siblings[depth] as Uint8Array;
    const pair = keyBit(keyHash, depth) === 1 ? concatBytes(sibling, hash) : concatBytes(hash, sibling);
    hash = crypto.hashStatePairs(INNER_KEY, pair);
  }
  return equalBytes(hash, claim.root) ? undefined : { rule: 'state-proof/root', depth: siblings.length };
}

function endHash(
  crypto: CryptoPort,
  keyHash: Uint8Array,
  value: Uint8Array | undefined,
  end: ProofEnd,
): Uint8Array {
  if (end.type === 'empty') return ZERO;
  if (end.type === 'other') return crypto.hashStatePairs(LEAF_KEY, concatBytes(end.keyHash, end.valueHash));
  return crypto.hashStatePairs(LEAF_KEY, concatBytes(keyHash, crypto.blake3(value as Uint8Array)));
}

/** The leaf of another key shows the absence of one only where both would be in the same place. */
function isElsewhere(keyHash: Uint8Array, other: Uint8Array, depth: number): boolean {
  for (let level = 0; level < depth; level++) {
    if (keyBit(keyHash, level) !== keyBit(other, level)) return false;
  }
  return !equalBytes(keyHash, other);
}

function keyBit(keyHash: Uint8Array, depth: number): number {
  return ((keyHash[depth >>> 3] as number) >>> (7 - (depth & 7))) & 1;
}

function isZero(hash: Uint8Array): boolean {
  return hash.every((byte) => byte === 0);
}
