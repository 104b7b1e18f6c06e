import { assertInvariant } from '#errors';
import { EMPTY, isLeaf, type Ref, type TreeNodes } from './tree-nodes.js';

/** Bits of a key hash: no path is longer. */
export const MAX_DEPTH = 256;

/** Changed objects as leaves whose own hashes are still to be computed. */
export interface LeafChanges {
  /** In any order; it is sorted in place. */
  readonly leaves: Ref[];
  /** Those among them that only name a key to take out. */
  readonly removals: ReadonlySet<Ref>;
}

/** What an edit did to the nodes. */
export interface TreeEdit {
  readonly root: Ref;
  /** Nodes that only the new root reaches. */
  readonly created: Ref[];
  /** Nodes that only the old root reaches. */
  readonly replaced: Ref[];
}

/**
 * Puts all changes of a block into the tree at once and leaves every node of the old root as it is. First the shape,
 * from the root down; then the hashes, level by level from the bottom up, each level in as few calls as can be.
 * The order of the changes does not matter; no key may come twice, and only what is there can be removed.
 */
export function editTree(nodes: TreeNodes, root: Ref, changes: LeafChanges): TreeEdit {
  const edit = new Edit(nodes, changes);
  return edit.run(root);
}

class Edit {
  private readonly created: Ref[] = [];
  private readonly replaced: Ref[] = [];
  private readonly levels: Ref[][] = [];
  private readonly leaves: Ref[];
  private readonly removals: ReadonlySet<Ref>;

  constructor(
    private readonly nodes: TreeNodes,
    { leaves, removals }: LeafChanges,
  ) {
    this.leaves = leaves;
    this.removals = removals;
    for (const leaf of leaves) if (!removals.has(leaf)) this.created.push(leaf);
  }

  run(from: Ref): TreeEdit {
    const { nodes, created, replaced, levels } = this;
    nodes.hashLeaves(created);
    const root = this.descend(from, 0, 0, this.leaves.length);
    for (let depth = levels.length - 1; depth >= 0; depth--) nodes.hashInner(levels[depth] ?? []);
    for (const removal of this.removals) nodes.release(removal);
    return { root, created, replaced };
  }

  /** The subtree at `ref` with the changes `[low, high)`, which all lead there. */
  private descend(ref: Ref, depth: number, low: number, high: number): Ref {
    if (low === high) return ref;
    const isOpen = ref === EMPTY || isLeaf(ref);
    if (isOpen && high - low === 1) return this.place(ref, depth, this.leaves[low] as Ref);
    assertInvariant(depth < MAX_DEPTH, 'one key twice among the changes of a block');
    const middle = this.partition(low, high, depth);
    // A leaf above the changes is a subtree with one side.
    const isRight = ref !== EMPTY && isOpen && this.nodes.keyBit(ref, depth) === 1;
    const left = isOpen ? (isRight ? EMPTY : ref) : this.nodes.left(ref);
    const right = isOpen ? (isRight ? ref : EMPTY) : this.nodes.right(ref);
    const newLeft = this.descend(left, depth + 1, low, middle);
    const newRight = this.descend(right, depth + 1, middle, high);
    if (!isOpen) this.replaced.push(ref);
    return this.join(newLeft, newRight, depth);
  }

  /** One change meets the empty subtree or one leaf. */
  private place(ref: Ref, depth: number, leaf: Ref): Ref {
    const isSame = ref !== EMPTY && this.nodes.hasSameKey(ref, leaf);
    if (this.removals.has(leaf)) {
      assertInvariant(isSame, 'an object is removed that the state tree does not have');
      this.replaced.push(ref);
      return EMPTY;
    }
    if (isSame) this.replaced.push(ref);
    return ref === EMPTY || isSame ? leaf : this.part(ref, leaf, depth);
  }

  /** Two leaves with different keys below one node. */
  private part(old: Ref, added: Ref, depth: number): Ref {
    const oldBit = this.nodes.keyBit(old, depth);
    const addedBit = this.nodes.keyBit(added, depth);
    if (oldBit !== addedBit)
      return oldBit === 0 ? this.join(old, added, depth) : this.join(added, old, depth);
    const below = this.part(old, added, depth + 1);
    return oldBit === 0 ? this.join(below, EMPTY, depth) : this.join(EMPTY, below, depth);
  }

  /** A subtree with one leaf is that leaf. */
  private join(left: Ref, right: Ref, depth: number): Ref {
    if (left === EMPTY && (right === EMPTY || isLeaf(right))) return right;
    if (right === EMPTY && isLeaf(left)) return left;
    const ref = this.nodes.addInner(left, right);
    this.created.push(ref);
    let level = this.levels[depth];
    if (level === undefined) {
      level = [];
      this.levels[depth] = level;
    }
    level.push(ref);
    return ref;
  }

  /** Sorts the changes by one bit of their keys in place; returns where the ones begin. */
  private partition(low: number, high: number, depth: number): number {
    const { leaves, nodes } = this;
    let left = low;
    let right = high;
    while (left < right) {
      const leaf = leaves[left] as Ref;
      if (nodes.keyBit(leaf, depth) === 0) {
        left += 1;
        continue;
      }
      right -= 1;
      leaves[left] = leaves[right] as Ref;
      leaves[right] = leaf;
    }
    return left;
  }
}
