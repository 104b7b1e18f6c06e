import { Slab } from './slab.js';
import { UndoLog } from './undo-log.js';

/** What stands below a node: 0 is nothing, odd ones are leaves, even ones inner nodes. */
export type Ref = number;
export const EMPTY: Ref = 0;

const HASH_WORDS = 8;
const PAIR_WORDS = 2 * HASH_WORDS;
/** Left, right, version of the last change, its entry in that version's log. */
const LINK_WORDS = 4;
const LINK_STAMP = 2;
/** Key hash, value hash, version of the last change, its entry. */
const LEAF_WORDS = 2 * HASH_WORDS + 2;
const LEAF_STAMP = 2 * HASH_WORDS;
/** In place of an entry: the node was made by that version. */
const MADE = 0xffff_ffff;

/** True for a leaf. */
export function isLeaf(ref: Ref): boolean {
  return (ref & 1) === 1;
}

/** What one version did to the nodes, so that it can be read past and taken back. */
export class ChangeSet {
  /** Links and pair of each inner node. */
  readonly inner = new UndoLog(LINK_WORDS + PAIR_WORDS);
  readonly leaves = new UndoLog(LEAF_WORDS);
  /** Nodes older versions do not have. */
  created: Ref[] = [];
  /** Nodes newer versions do not have. */
  freed: Ref[] = [];

  clear(): void {
    this.inner.clear();
    this.leaves.clear();
    this.created = [];
    this.freed = [];
  }
}

/** A record: an array and where in it the record begins. */
interface Place {
  readonly words: Uint32Array;
  readonly at: number;
}

/**
 * The nodes of a tree in place, newest version, with the way back to older ones: every record names the version that
 * last changed it and where it is kept as it was before. A node holds the hashes of both its sides, so that what is
 * hashed for it lies in one piece; its links lie apart, so that the way down touches little memory.
 */
export class TreeNodes {
  /** Stands above the root, which is its left side. */
  readonly top: number;
  private readonly links = new Slab(LINK_WORDS);
  private readonly pairs = new Slab(PAIR_WORDS);
  private readonly leaves = new Slab(LEAF_WORDS);
  /** What was read ahead; kept so that the reading is not optimised away. */
  fetched = 0;

  constructor() {
    this.top = this.addInner(0);
  }

  get sizeBytes(): number {
    return this.links.sizeBytes + this.pairs.sizeBytes + this.leaves.sizeBytes;
  }

  get leafCount(): number {
    return this.leaves.count;
  }

  get innerCount(): number {
    return this.links.count - 1;
  }

  /** Makes room for a whole state: a tree over random keys has 1.44 inner nodes for each leaf. */
  reserve(leafCount: number): void {
    this.leaves.reserve(leafCount);
    this.links.reserve(Math.ceil(leafCount * 1.45));
    this.pairs.reserve(Math.ceil(leafCount * 1.45));
  }

  /** A leaf of a change: 64 bytes of key hash and value hash, as 16 words. */
  addLeaf(content: Uint32Array, at: number, version: number): Ref {
    const node = this.leaves.take();
    const words = this.leaves.words;
    const to = node * LEAF_WORDS;
    for (let word = 0; word < LEAF_STAMP; word++) words[to + word] = content[at + word] as number;
    words[to + LEAF_STAMP] = version;
    words[to + LEAF_STAMP + 1] = MADE;
    return node * 2 + 1;
  }

  /** An inner node with nothing below it. */
  addInner(version: number): number {
    const node = this.links.take();
    this.pairs.include(node);
    const words = this.links.words;
    const at = node * LINK_WORDS;
    words[at] = EMPTY;
    words[at + 1] = EMPTY;
    words[at + LINK_STAMP] = version;
    words[at + LINK_STAMP + 1] = MADE;
    const to = node * PAIR_WORDS;
    this.pairs.words.fill(0, to, to + PAIR_WORDS);
    return node;
  }

  release(ref: Ref): void {
    if (isLeaf(ref)) this.leaves.release(ref >>> 1);
    else this.links.release(ref >>> 1);
  }

  /** What stands on a side (0 left, 1 right) of an inner node. */
  child(node: number, side: number): Ref {
    return this.links.words[node * LINK_WORDS + side] as Ref;
  }

  /** Only after `keepInner`, as every change of an inner node. */
  setChild(node: number, side: number, ref: Ref): void {
    this.links.words[node * LINK_WORDS + side] = ref;
  }

  /** Sets the hash of a side from 8 words. */
  setHash(node: number, side: number, from: Uint32Array, at: number): void {
    const words = this.pairs.words;
    const to = node * PAIR_WORDS + side * HASH_WORDS;
    for (let word = 0; word < HASH_WORDS; word++) words[to + word] = from[at + word] as number;
  }

  clearHash(node: number, side: number): void {
    const to = node * PAIR_WORDS + side * HASH_WORDS;
    this.pairs.words.fill(0, to, to + HASH_WORDS);
  }

  /** Copies the hash of a side of one node to a side of another. */
  moveHash(from: number, fromSide: number, to: number, toSide: number): void {
    this.setHash(to, toSide, this.pairs.words, from * PAIR_WORDS + fromSide * HASH_WORDS);
  }

  /** Both hashes of a node, 16 words, into an array. */
  copyPair(node: number, into: Uint32Array, to: number): void {
    const words = this.pairs.words;
    const at = node * PAIR_WORDS;
    for (let word = 0; word < PAIR_WORDS; word++) into[to + word] = words[at + word] as number;
  }

  /**
   * Reads a word of each inner node, so that all of them are on their way to the processor at once before they are
   * worked on one after the other: memory answers in the time of hundreds of operations.
   */
  fetchInner(list: Uint32Array, from: number, to: number, step: number, shift: number): void {
    const links = this.links.words;
    const pairs = this.pairs.words;
    let sum = 0;
    for (let at = from; at < to; at += step) {
      const node = (list[at] as number) >>> shift;
      sum += (links[node * LINK_WORDS] as number) + (pairs[node * PAIR_WORDS] as number);
      sum += pairs[node * PAIR_WORDS + PAIR_WORDS - 1] as number;
    }
    this.fetched = sum;
  }

  /** The same for the links of inner nodes alone. */
  fetchLinks(list: Uint32Array, from: number, to: number, step: number): void {
    const links = this.links.words;
    let sum = 0;
    for (let at = from; at < to; at += step) sum += links[(list[at] as number) * LINK_WORDS] as number;
    this.fetched = sum;
  }

  /** The same for leaves: those among the references. */
  fetchLeaves(refs: Uint32Array, count: number): void {
    const leaves = this.leaves.words;
    let sum = 0;
    for (let at = 0; at < count; at++) {
      const leaf = ((refs[at] as number) >>> 1) * LEAF_WORDS;
      sum += (leaves[leaf] as number) + (leaves[leaf + LEAF_WORDS - 1] as number);
    }
    this.fetched = sum;
  }

  /** Bit of a leaf's key hash, most significant first. */
  keyBit(leaf: Ref, depth: number): number {
    const node = leaf >>> 1;
    const byte = this.leaves.bytes[node * LEAF_WORDS * 4 + (depth >>> 3)] as number;
    return (byte >>> (7 - (depth & 7))) & 1;
  }

  /** Whether a leaf has the key hash of a change (8 words). */
  hasKey(leaf: Ref, content: Uint32Array, at: number): boolean {
    const words = this.leaves.words;
    const from = (leaf >>> 1) * LEAF_WORDS;
    for (let word = 0; word < HASH_WORDS; word++) {
      if (words[from + word] !== content[at + word]) return false;
    }
    return true;
  }

  /** Gives a leaf the value hash of a change (the second 8 of its 16 words). */
  setValue(leaf: Ref, content: Uint32Array, at: number): void {
    const words = this.leaves.words;
    const to = (leaf >>> 1) * LEAF_WORDS;
    for (let word = HASH_WORDS; word < LEAF_STAMP; word++) words[to + word] = content[at + word] as number;
  }

  /** Keeps an inner node as it is before `version` changes it for the first time. */
  keepInner(node: number, version: number, log: UndoLog): void {
    const links = this.links.words;
    const at = node * LINK_WORDS;
    if (links[at + LINK_STAMP] === version) return;
    const entry = log.add(node);
    const to = log.recordOffset(entry);
    const { entries } = log;
    for (let word = 0; word < LINK_WORDS; word++) entries[to + word] = links[at + word] as number;
    this.copyPair(node, entries, to + LINK_WORDS);
    links[at + LINK_STAMP] = version;
    links[at + LINK_STAMP + 1] = entry;
  }

  keepLeaf(leaf: Ref, version: number, log: UndoLog): void {
    const node = leaf >>> 1;
    const words = this.leaves.words;
    const at = node * LEAF_WORDS;
    if (words[at + LEAF_STAMP] === version) return;
    const entry = log.add(node);
    const to = log.recordOffset(entry);
    const { entries } = log;
    for (let word = 0; word < LEAF_WORDS; word++) entries[to + word] = words[at + word] as number;
    words[at + LEAF_STAMP] = version;
    words[at + LEAF_STAMP + 1] = entry;
  }

  /** Takes the newest version back. */
  undo({ inner, leaves, created }: ChangeSet): void {
    restore(this.links, inner, 0, LINK_WORDS);
    restore(this.pairs, inner, LINK_WORDS, PAIR_WORDS);
    restore(this.leaves, leaves, 0, LEAF_WORDS);
    for (const ref of created) this.release(ref);
  }

  /** An inner node as a version had it; `setOf` gives the change set of a version. */
  innerAt(node: number, version: number, setOf: (version: number) => ChangeSet): InnerView {
    let links: Place = { words: this.links.words, at: node * LINK_WORDS };
    let pair: Place = { words: this.pairs.words, at: node * PAIR_WORDS };
    for (;;) {
      const { words, at } = links;
      const changedBy = words[at + LINK_STAMP] as number;
      if (changedBy <= version) {
        return {
          refs: [words[at] as Ref, words[at + 1] as Ref],
          hashes: [toBytes(pair, 0), toBytes(pair, HASH_WORDS)],
        };
      }
      const log = setOf(changedBy).inner;
      const from = log.recordOffset(words[at + LINK_STAMP + 1] as number);
      links = { words: log.entries, at: from };
      pair = { words: log.entries, at: from + LINK_WORDS };
    }
  }

  /** Key hash and value hash of a leaf as a version had it. */
  leafAt(leaf: Ref, version: number, setOf: (version: number) => ChangeSet): LeafView {
    const node = leaf >>> 1;
    let place: Place = { words: this.leaves.words, at: node * LEAF_WORDS };
    for (;;) {
      const { words, at } = place;
      const changedBy = words[at + LEAF_STAMP] as number;
      if (changedBy <= version) return { keyHash: toBytes(place, 0), valueHash: toBytes(place, HASH_WORDS) };
      const log = setOf(changedBy).leaves;
      place = { words: log.entries, at: log.recordOffset(words[at + LEAF_STAMP + 1] as number) };
    }
  }
}

/** An inner node's sides. */
export interface InnerView {
  readonly refs: readonly [Ref, Ref];
  readonly hashes: readonly [Uint8Array, Uint8Array];
}

/** A leaf's content. */
export interface LeafView {
  readonly keyHash: Uint8Array;
  readonly valueHash: Uint8Array;
}

function toBytes({ words, at }: Place, from: number): Uint8Array {
  const start = words.byteOffset + (at + from) * 4;
  return new Uint8Array(words.buffer.slice(start, start + HASH_WORDS * 4));
}

/** Puts a part of every kept record back. */
function restore(slab: Slab, log: UndoLog, fromWord: number, wordCount: number): void {
  const { entries } = log;
  const { words } = slab;
  for (let entry = 0; entry < log.count; entry++) {
    const record = log.recordOffset(entry);
    const node = entries[record - 1] as number;
    const at = node * slab.wordsPerNode;
    for (let word = 0; word < wordCount; word++)
      words[at + word] = entries[record + fromWord + word] as number;
  }
}
