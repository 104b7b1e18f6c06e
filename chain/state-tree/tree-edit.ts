import type { CryptoPort } from '#crypto';
import { assertInvariant } from '#errors';
import { INNER_KEY, LEAF_KEY } from './state-hash.js';
import { type ChangeSet, EMPTY, isLeaf, type Ref, type TreeNodes } from './tree-nodes.js';

/** Bits of a key hash: no path is longer. */
const MAX_DEPTH = 256;
/** Pairs hashed in one call: their memory stays in the processor's cache. */
const BATCH_PAIRS = 1024;
const PAIR_WORDS = 16;
const HASH_WORDS = 8;
/** Node, its place below its parent (parent * 2 + side), first and last + 1 of the changes below it. */
const TASK_WORDS = 4;
const WAITING_WORDS = 3;

/** Changed objects: 64 bytes each of key hash and value hash, and which of them are taken out. */
export interface LeafChanges {
  readonly contents: Uint8Array;
  readonly isRemoval: Uint8Array;
}

/** An edit makes a version; without a change set nobody can go back. */
export interface EditTarget {
  readonly nodes: TreeNodes;
  readonly version: number;
  readonly set: ChangeSet | undefined;
}

/**
 * Puts all changes of a block into the tree. First down, level by level, with the changes sorted by one more bit of
 * their keys at each; then up, each level hashed in as few calls as can be. Level by level rather than path by path,
 * so that the processor waits for many places of memory at once and not for one after the other.
 * The order of the changes does not matter; no key may come twice, and only what is there can be removed.
 */
export class TreeEditor {
  private readonly pairs = new Uint32Array(BATCH_PAIRS * PAIR_WORDS);
  private readonly slots = new Uint32Array(BATCH_PAIRS);
  private readonly pairBytes = new Uint8Array(this.pairs.buffer);
  private tasks = new Uint32Array(1024 * TASK_WORDS);
  private taskCount = 0;
  /** Place (parent * 2 + side), first and last + 1 change of those that wait, and what stands there. */
  private waiting: Uint32Array = new Uint32Array(0);
  private waitingRefs: Uint32Array = new Uint32Array(0);
  private waitingCount = 0;
  private order: Uint32Array = new Uint32Array(0);
  private contents: Uint32Array = new Uint32Array(0);
  private contentBytes: Uint8Array = new Uint8Array(0);
  private isRemoval: Uint8Array = new Uint8Array(0);
  private leafHashes: Uint32Array = new Uint32Array(0);
  private target: EditTarget;

  constructor(
    private readonly crypto: CryptoPort,
    target: EditTarget,
  ) {
    this.target = target;
  }

  /** Changes the tree and computes every hash that depends on it. */
  edit(target: EditTarget, { contents, isRemoval }: LeafChanges): void {
    if (isRemoval.length === 0) return;
    this.target = target;
    this.contentBytes = contents;
    this.contents = toWords(contents);
    this.isRemoval = isRemoval;
    this.leafHashes = toWords(this.crypto.hashStatePairs(LEAF_KEY, contents));
    this.order = Uint32Array.from(isRemoval, (_, index) => index);
    this.taskCount = 0;
    if (this.waitingRefs.length < isRemoval.length) {
      this.waiting = new Uint32Array(isRemoval.length * WAITING_WORDS);
      this.waitingRefs = new Uint32Array(isRemoval.length);
    }
    this.up(this.down());
  }

  /** Visits every node above a change, changes the shape, and returns where the tasks of each level begin. */
  private down(): number[] {
    const { nodes } = this.target;
    this.waitingCount = 0;
    this.enter(nodes.top, 0, 0, this.isRemoval.length);
    this.settleWaiting(0);
    const levels: number[] = [];
    let from = 0;
    for (let depth = 0; from < this.taskCount; depth++) {
      const to = this.taskCount;
      levels.push(from);
      nodes.fetchLinks(this.tasks, from * TASK_WORDS, to * TASK_WORDS, TASK_WORDS);
      for (let task = from; task < to; task++) {
        const at = task * TASK_WORDS;
        const node = this.tasks[at] as number;
        const low = this.tasks[at + 2] as number;
        const high = this.tasks[at + 3] as number;
        const middle = this.partition(low, high, depth);
        if (low < middle) this.enter(node, 0, low, middle);
        if (middle < high) this.enter(node, 1, middle, high);
      }
      this.settleWaiting(depth + 1);
      from = to;
    }
    levels.push(from);
    return levels;
  }

  /** The changes `[low, high)` go to one side of a node: on to the next level, or they wait for the end of this one. */
  private enter(parent: number, side: number, low: number, high: number): void {
    const ref = this.target.nodes.child(parent, side);
    if (ref !== EMPTY && !isLeaf(ref)) {
      this.addTask(ref >>> 1, parent * 2 + side, low, high);
      return;
    }
    const index = this.waitingCount++;
    this.waitingRefs[index] = ref;
    const at = index * WAITING_WORDS;
    this.waiting[at] = parent * 2 + side;
    this.waiting[at + 1] = low;
    this.waiting[at + 2] = high;
  }

  /** Deals with the places where the path of changes ended at nothing or at one leaf. */
  private settleWaiting(depth: number): void {
    const { nodes } = this.target;
    const { waiting, waitingRefs, waitingCount } = this;
    this.waitingCount = 0;
    nodes.fetchLeaves(waitingRefs, waitingCount);
    nodes.fetchInner(waiting, 0, waitingCount * WAITING_WORDS, WAITING_WORDS, 1);
    for (let index = 0; index < waitingCount; index++) {
      const at = index * WAITING_WORDS;
      const slot = waiting[at] as number;
      const low = waiting[at + 1] as number;
      const high = waiting[at + 2] as number;
      const ref = waitingRefs[index] as Ref;
      const parent = slot >>> 1;
      const side = slot & 1;
      if (high - low === 1 && this.settle(parent, side, ref, this.order[low] as number)) continue;
      this.split(parent, side, ref, depth);
      this.addTask(nodes.child(parent, side) >>> 1, slot, low, high);
    }
  }

  /** One change meets nothing or one leaf; false where that leaf has another key and both must be parted. */
  private settle(parent: number, side: number, ref: Ref, change: number): boolean {
    const { nodes, version, set } = this.target;
    const at = change * PAIR_WORDS;
    const isOwn = ref !== EMPTY && nodes.hasKey(ref, this.contents, at);
    if (this.isRemoval[change] === 1) {
      assertInvariant(isOwn, 'an object is removed that the state tree does not have');
      this.keep(parent);
      if (set === undefined) nodes.release(ref);
      else set.freed.push(ref);
      nodes.setChild(parent, side, EMPTY);
      nodes.clearHash(parent, side);
      return true;
    }
    if (ref !== EMPTY && !isOwn) return false;
    this.keep(parent);
    if (isOwn) {
      if (set !== undefined) nodes.keepLeaf(ref, version, set.leaves);
      nodes.setValue(ref, this.contents, at);
    } else {
      const leaf = nodes.addLeaf(this.contents, at, version);
      set?.created.push(leaf);
      nodes.setChild(parent, side, leaf);
    }
    nodes.setHash(parent, side, this.leafHashes, change * HASH_WORDS);
    return true;
  }

  /** Puts an inner node in the place of nothing or of one leaf, which moves below it. */
  private split(parent: number, side: number, ref: Ref, depth: number): void {
    assertInvariant(depth < MAX_DEPTH, 'one key twice among the changes of a block');
    const { nodes, version, set } = this.target;
    const node = nodes.addInner(version);
    set?.created.push(node * 2);
    if (ref !== EMPTY) {
      const leafSide = nodes.keyBit(ref, depth);
      nodes.setChild(node, leafSide, ref);
      nodes.moveHash(parent, side, node, leafSide);
    }
    this.keep(parent);
    nodes.setChild(parent, side, node * 2);
  }

  /** Hashes every visited node, from the deepest level up, into its parent. */
  private up(levels: readonly number[]): void {
    const { nodes } = this.target;
    for (let level = levels.length - 2; level >= 0; level--) {
      const end = levels[level + 1] as number;
      for (let from = levels[level] as number; from < end; from += BATCH_PAIRS) {
        const to = Math.min(end, from + BATCH_PAIRS);
        nodes.fetchInner(this.tasks, from * TASK_WORDS, to * TASK_WORDS, TASK_WORDS, 0);
        nodes.fetchInner(this.tasks, from * TASK_WORDS + 1, to * TASK_WORDS, TASK_WORDS, 1);
        this.hashBatch(from, to);
      }
    }
  }

  private hashBatch(from: number, to: number): void {
    const { nodes } = this.target;
    const { slots } = this;
    let count = 0;
    for (let task = from; task < to; task++) {
      const node = this.tasks[task * TASK_WORDS] as number;
      const slot = this.tasks[task * TASK_WORDS + 1] as number;
      if (this.collapse(node, slot)) continue;
      nodes.copyPair(node, this.pairs, count * PAIR_WORDS);
      slots[count++] = slot;
    }
    if (count === 0) return;
    const hashes = toWords(
      this.crypto.hashStatePairs(INNER_KEY, this.pairBytes.subarray(0, count * PAIR_WORDS * 4)),
    );
    for (let index = 0; index < count; index++) {
      const slot = slots[index] as number;
      this.keep(slot >>> 1);
      nodes.setHash(slot >>> 1, slot & 1, hashes, index * HASH_WORDS);
    }
  }

  /** A subtree with one leaf is that leaf, one with none is nothing: such a node gives its place to what it has. */
  private collapse(node: number, slot: number): boolean {
    const { nodes, set } = this.target;
    const left = nodes.child(node, 0);
    const right = nodes.child(node, 1);
    const isRight = left === EMPTY && (right === EMPTY || isLeaf(right));
    if (!isRight && !(right === EMPTY && isLeaf(left))) return false;
    const side = isRight ? 1 : 0;
    this.keep(slot >>> 1);
    nodes.setChild(slot >>> 1, slot & 1, isRight ? right : left);
    nodes.moveHash(node, side, slot >>> 1, slot & 1);
    if (set === undefined) nodes.release(node * 2);
    else set.freed.push(node * 2);
    return true;
  }

  /** Every inner node is kept as it was before it is changed. */
  private keep(node: number): void {
    const { nodes, version, set } = this.target;
    if (set !== undefined) nodes.keepInner(node, version, set.inner);
  }

  /** Sorts changes by one bit of their keys in place; returns where the ones begin. */
  private partition(low: number, high: number, depth: number): number {
    const { order, contentBytes } = this;
    const byteAt = depth >>> 3;
    const mask = 0x80 >>> (depth & 7);
    let left = low;
    let right = high;
    while (left < right) {
      const change = order[left] as number;
      if (((contentBytes[change * 64 + byteAt] as number) & mask) === 0) {
        left += 1;
        continue;
      }
      right -= 1;
      order[left] = order[right] as number;
      order[right] = change;
    }
    return left;
  }

  private addTask(node: number, slot: number, low: number, high: number): void {
    const at = this.taskCount * TASK_WORDS;
    if (at === this.tasks.length) {
      const larger = new Uint32Array(this.tasks.length * 2);
      larger.set(this.tasks);
      this.tasks = larger;
    }
    const { tasks } = this;
    tasks[at] = node;
    tasks[at + 1] = slot;
    tasks[at + 2] = low;
    tasks[at + 3] = high;
    this.taskCount += 1;
  }
}

function toWords(bytes: Uint8Array): Uint32Array {
  const aligned = bytes.byteOffset % 4 === 0 ? bytes : bytes.slice();
  return new Uint32Array(aligned.buffer, aligned.byteOffset, aligned.length / 4);
}
