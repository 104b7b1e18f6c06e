import type { CryptoPort } from '#crypto';
import { Slab } from './slab.js';
import { INNER_KEY, LEAF_KEY } from './state-hash.js';

/** A node of the tree: 0 is the empty subtree, odd ones are leaves, even ones inner nodes. */
export type Ref = number;
export const EMPTY: Ref = 0;

const HASH_WORDS = 8;
/** Left, right, hash. */
const INNER_WORDS = 2 + HASH_WORDS;
/** Key hash, value hash, hash. */
const LEAF_WORDS = 3 * HASH_WORDS;
const PAIR_WORDS = 2 * HASH_WORDS;
/** Pairs hashed in one call: their memory stays in the processor's cache. */
const BATCH_PAIRS = 4096;

/** True for a leaf. */
export function isLeaf(ref: Ref): boolean {
  return (ref & 1) === 1;
}

/** The nodes of all kept versions of a tree, and their hashing. It knows no version and no rule of the map. */
export class TreeNodes {
  private readonly inner = new Slab(INNER_WORDS);
  private readonly leaves = new Slab(LEAF_WORDS);
  private readonly pairs = new Uint8Array(BATCH_PAIRS * PAIR_WORDS * 4);
  private readonly pairWords = new Uint32Array(this.pairs.buffer);

  constructor(private readonly crypto: CryptoPort) {}

  get sizeBytes(): number {
    return this.inner.sizeBytes + this.leaves.sizeBytes;
  }

  get leafCount(): number {
    return this.leaves.count;
  }

  get innerCount(): number {
    return this.inner.count;
  }

  /** A leaf whose own hash is still to be computed. */
  addLeaf(keyHash: Uint8Array, valueHash: Uint8Array): Ref {
    const node = this.leaves.take();
    const at = this.leaves.wordOffset(node) * 4;
    const bytes = this.leaves.bytes(node);
    bytes.set(keyHash, at);
    bytes.set(valueHash, at + 32);
    return node * 2 + 1;
  }

  /** An inner node whose hash is still to be computed. */
  addInner(left: Ref, right: Ref): Ref {
    const node = this.inner.take();
    const words = this.inner.words(node);
    const at = this.inner.wordOffset(node);
    words[at] = left;
    words[at + 1] = right;
    return node * 2;
  }

  release(ref: Ref): void {
    if (isLeaf(ref)) this.leaves.release(ref >>> 1);
    else this.inner.release(ref >>> 1);
  }

  left(ref: Ref): Ref {
    const node = ref >>> 1;
    return this.inner.words(node)[this.inner.wordOffset(node)] as Ref;
  }

  right(ref: Ref): Ref {
    const node = ref >>> 1;
    return this.inner.words(node)[this.inner.wordOffset(node) + 1] as Ref;
  }

  /** Bit of a leaf's key hash, most significant first. */
  keyBit(leaf: Ref, depth: number): number {
    const node = leaf >>> 1;
    const byte = this.leaves.bytes(node)[this.leaves.wordOffset(node) * 4 + (depth >>> 3)] as number;
    return (byte >>> (7 - (depth & 7))) & 1;
  }

  hasSameKey(a: Ref, b: Ref): boolean {
    const aWords = this.leaves.words(a >>> 1);
    const bWords = this.leaves.words(b >>> 1);
    const aAt = this.leaves.wordOffset(a >>> 1);
    const bAt = this.leaves.wordOffset(b >>> 1);
    for (let word = 0; word < HASH_WORDS; word++) {
      if (aWords[aAt + word] !== bWords[bAt + word]) return false;
    }
    return true;
  }

  /** Key hash and value hash of a leaf, fresh. */
  leafContent(leaf: Ref): { readonly keyHash: Uint8Array; readonly valueHash: Uint8Array } {
    const node = leaf >>> 1;
    const at = this.leaves.wordOffset(node) * 4;
    const bytes = this.leaves.bytes(node);
    return { keyHash: bytes.slice(at, at + 32), valueHash: bytes.slice(at + 32, at + 64) };
  }

  /** Hash of a subtree, fresh; 32 zero bytes for the empty one. */
  hash(ref: Ref): Uint8Array {
    if (ref === EMPTY) return new Uint8Array(32);
    const { slab, at } = this.hashPlace(ref);
    return slab.bytes(ref >>> 1).slice(at * 4, at * 4 + 32);
  }

  hashLeaves(leaves: readonly Ref[]): void {
    this.hashBatches(LEAF_KEY, leaves, (leaf, to) => {
      this.copyWords(this.leaves.words(leaf >>> 1), this.leaves.wordOffset(leaf >>> 1), PAIR_WORDS, to);
    });
  }

  /** Hashes inner nodes whose children are hashed already. */
  hashInner(nodes: readonly Ref[]): void {
    this.hashBatches(INNER_KEY, nodes, (ref, to) => {
      this.copyHash(this.left(ref), to);
      this.copyHash(this.right(ref), to + HASH_WORDS);
    });
  }

  private hashBatches(key: Uint8Array, refs: readonly Ref[], load: (ref: Ref, to: number) => void): void {
    for (let from = 0; from < refs.length; from += BATCH_PAIRS) {
      const count = Math.min(BATCH_PAIRS, refs.length - from);
      for (let index = 0; index < count; index++) load(refs[from + index] as Ref, index * PAIR_WORDS);
      const hashes = this.crypto.hashStatePairs(key, this.pairs.subarray(0, count * PAIR_WORDS * 4));
      const words = toWords(hashes);
      for (let index = 0; index < count; index++) {
        const ref = refs[from + index] as Ref;
        const { slab, at } = this.hashPlace(ref);
        const into = slab.words(ref >>> 1);
        for (let word = 0; word < HASH_WORDS; word++)
          into[at + word] = words[index * HASH_WORDS + word] as number;
      }
    }
  }

  private hashPlace(ref: Ref): { readonly slab: Slab; readonly at: number } {
    return isLeaf(ref)
      ? { slab: this.leaves, at: this.leaves.wordOffset(ref >>> 1) + 2 * HASH_WORDS }
      : { slab: this.inner, at: this.inner.wordOffset(ref >>> 1) + 2 };
  }

  private copyHash(ref: Ref, to: number): void {
    if (ref === EMPTY) {
      this.pairWords.fill(0, to, to + HASH_WORDS);
      return;
    }
    const { slab, at } = this.hashPlace(ref);
    this.copyWords(slab.words(ref >>> 1), at, HASH_WORDS, to);
  }

  private copyWords(from: Uint32Array, at: number, count: number, to: number): void {
    const { pairWords } = this;
    for (let word = 0; word < count; word++) pairWords[to + word] = from[at + word] as number;
  }
}

function toWords(hashes: Uint8Array): Uint32Array {
  const aligned = hashes.byteOffset % 4 === 0 ? hashes : hashes.slice();
  return new Uint32Array(aligned.buffer, aligned.byteOffset, aligned.length / 4);
}
