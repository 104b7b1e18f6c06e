import { type CryptoPort, equalBytes } from '#crypto';
import { assertInvariant } from '#errors';
import type { Law } from '../law/law.js';
import type { StateDiff } from '../state/diff.js';
import type { MemoryState } from '../state/memory-state.js';
import type { Namespace } from '../state/namespace.js';
import { StateHasher, type StateObject, stateKeyHash } from './state-hash.js';
import { encodeStateProof } from './state-proof.js';
import { TreeEditor } from './tree-edit.js';
import { ChangeSet, EMPTY, isLeaf, TreeNodes } from './tree-nodes.js';

/** Versions before the newest that stay readable for proofs. */
export const KEPT_VERSIONS = 16;

/** Objects put in at once while a tree is built; the nodes made for them are neighbours. */
const BUILD_PORTION = 512;
/** Objects hashed at once while a tree is built. */
const HASH_PORTION = 4_096;

/** What a tree needs to know of a law. */
type TreeLaw = Pick<Law, 'crypto' | 'params' | 'namespaces'>;

/** One version: what led to it from the one before. */
interface Version {
  readonly set: ChangeSet;
  readonly diff: StateDiff;
}

/**
 * The authenticated map over every object of the state (docs/protocol/state.md): a compact sparse Merkle tree. Each
 * applied block makes a new version that shares what did not change; the last ones stay readable for proofs.
 */
export class StateTree {
  private readonly nodes = new TreeNodes();
  private readonly hasher: StateHasher;
  private readonly editor: TreeEditor;
  /** Oldest first; the state before the first of them is the oldest that can be read. */
  private readonly versions: Version[] = [];
  /** Number of the oldest version that can be read; numbers rise by one. */
  private base = 0;
  /** A change set that fell out, to be used again: its arrays have grown to what blocks need. */
  private spare: ChangeSet | undefined;

  private constructor(
    private readonly crypto: CryptoPort,
    private readonly networkId: number,
    private readonly keptVersions: number,
  ) {
    this.hasher = new StateHasher(crypto, networkId);
    this.editor = new TreeEditor(crypto, { nodes: this.nodes, version: 0, set: undefined });
  }

  /** The tree of a whole state, as its only version. */
  static ofState(law: TreeLaw, state: MemoryState, keptVersions = KEPT_VERSIONS): StateTree {
    const tree = new StateTree(law.crypto, law.params.networkId, keptVersions);
    tree.build(hashState(tree.hasher, law, state));
    return tree;
  }

  /** Root of the newest version, 32 bytes, fresh. */
  get root(): Uint8Array {
    return this.rootOf(this.newest);
  }

  /** How many versions before the newest can be read now. */
  get versionsBack(): number {
    return this.versions.length;
  }

  /** Memory of all versions, and how many nodes they have together. */
  get size(): { readonly sizeBytes: number; readonly leafCount: number; readonly innerCount: number } {
    const { sizeBytes, leafCount, innerCount } = this.nodes;
    return { sizeBytes, leafCount, innerCount };
  }

  /** Makes a new version of a block's changes; returns its root. */
  apply(diff: StateDiff): Uint8Array {
    this.advance(diff, 'after');
    if (this.versions.length > this.keptVersions) this.dropOldest();
    return this.root;
  }

  /** Takes the newest block's changes back, whether the version before is still kept or not; returns the root. */
  revert(diff: StateDiff): Uint8Array {
    const last = this.versions.pop();
    if (last !== undefined) {
      this.nodes.undo(last.set);
      this.recycle(last.set);
    } else {
      this.advance(diff, 'before');
      this.dropOldest();
    }
    return this.root;
  }

  /** Root of a kept version, 0 being the newest; undefined where it is no longer kept. */
  rootAt(versionsBack: number): Uint8Array | undefined {
    return versionsBack > this.versions.length ? undefined : this.rootOf(this.newest - versionsBack);
  }

  /**
   * The encoded proof of what a kept version holds under a key, present or absent; undefined where that version is no
   * longer kept.
   */
  prove(space: Namespace<unknown>, key: string, versionsBack = 0): Uint8Array | undefined {
    if (versionsBack > this.versions.length) return undefined;
    const version = this.newest - versionsBack;
    const keyHash = stateKeyHash(this.crypto, this.networkId, space.code, key);
    const siblings: Uint8Array[] = [];
    let [ref] = this.nodes.innerAt(this.nodes.top, version, this.setOf).refs;
    while (ref !== EMPTY && !isLeaf(ref)) {
      const depth = siblings.length;
      const { refs, hashes } = this.nodes.innerAt(ref >>> 1, version, this.setOf);
      const isRight = (((keyHash[depth >>> 3] as number) >>> (7 - (depth & 7))) & 1) === 1;
      siblings.push(isRight ? hashes[0] : hashes[1]);
      ref = isRight ? refs[1] : refs[0];
    }
    if (ref === EMPTY) return encodeStateProof({ siblings, end: { type: 'empty' } });
    const content = this.nodes.leafAt(ref, version, this.setOf);
    const isPresent = equalBytes(content.keyHash, keyHash);
    return encodeStateProof({
      siblings,
      end: isPresent ? { type: 'present' } : { type: 'other', ...content },
    });
  }

  /** What a kept version held under a key, given what the newest holds. */
  valueAt<V>(space: Namespace<V>, key: string, newest: V | undefined, versionsBack: number): V | undefined {
    let value: unknown = newest;
    for (let back = 0; back < versionsBack; back++) {
      const version = this.versions.at(-1 - back);
      assertInvariant(version !== undefined, `version ${versionsBack} back is not kept`);
      const change = version.diff.find((each) => each.space.code === space.code && each.key === key);
      if (change !== undefined) value = change.before;
    }
    return value as V | undefined;
  }

  /** Number of the newest version. */
  private get newest(): number {
    return this.base + this.versions.length;
  }

  private readonly setOf = (version: number): ChangeSet => {
    const found = this.versions[version - this.base - 1];
    assertInvariant(found !== undefined, `version ${version} of the state tree is not kept`);
    return found.set;
  };

  private rootOf(version: number): Uint8Array {
    return this.nodes.innerAt(this.nodes.top, version, this.setOf).hashes[0];
  }

  private advance(diff: StateDiff, side: 'before' | 'after'): void {
    const set = this.spare ?? new ChangeSet();
    this.spare = undefined;
    const objects = diff.map((change) => ({ space: change.space, key: change.key, value: change[side] }));
    this.edit(objects, set);
    this.versions.push({ set, diff });
  }

  private edit(objects: readonly StateObject[], set: ChangeSet): void {
    const contents = this.hasher.hashObjects(objects);
    const isRemoval = Uint8Array.from(objects, ({ value }) => (value === undefined ? 1 : 0));
    this.editor.edit({ nodes: this.nodes, version: this.newest + 1, set }, { contents, isRemoval });
  }

  /**
   * Puts the objects of a whole state in, in the order of their keys: what is near in the tree is then near in memory,
   * and a block's changes, sorted by key, sweep over it instead of jumping about.
   */
  private build(contents: Uint8Array): void {
    const order = orderByKey(contents);
    this.nodes.reserve(order.length);
    for (let from = 0; from < order.length; from += BUILD_PORTION) {
      const portion = order.subarray(from, from + BUILD_PORTION);
      const sorted = new Uint8Array(portion.length * 64);
      for (const [at, object] of portion.entries())
        sorted.set(contents.subarray(object * 64, object * 64 + 64), at * 64);
      const isRemoval = new Uint8Array(portion.length);
      this.editor.edit({ nodes: this.nodes, version: 0, set: undefined }, { contents: sorted, isRemoval });
    }
  }

  private dropOldest(): void {
    const oldest = this.versions.shift() as Version;
    for (const ref of oldest.set.freed) this.nodes.release(ref);
    this.base += 1;
    this.recycle(oldest.set);
  }

  private recycle(set: ChangeSet): void {
    set.clear();
    this.spare = set;
  }
}

/** Key hash and value hash of every object of a state. */
function hashState(hasher: StateHasher, law: TreeLaw, state: MemoryState): Uint8Array {
  const spaces = [...law.namespaces.values()];
  const contents = new Uint8Array(spaces.reduce((sum, space) => sum + state.count(space), 0) * 64);
  let end = 0;
  let portion: StateObject[] = [];
  const flush = (): void => {
    contents.set(hasher.hashObjects(portion), end);
    end += portion.length * 64;
    portion = [];
  };
  for (const space of spaces) {
    for (const [key, value] of state.entries(space)) {
      portion.push({ space, key, value });
      if (portion.length === HASH_PORTION) flush();
    }
  }
  flush();
  return contents;
}

/** Numbers of the objects by the first 16 bits of their key hashes (counting sort); finer order is not needed. */
function orderByKey(contents: Uint8Array): Uint32Array {
  const count = contents.length / 64;
  const prefix = (object: number): number =>
    (contents[object * 64] as number) * 256 + (contents[object * 64 + 1] as number);
  const starts = new Uint32Array(0x1_0001);
  for (let object = 0; object < count; object++) {
    const at = prefix(object) + 1;
    starts[at] = (starts[at] as number) + 1;
  }
  for (let at = 1; at < starts.length; at++) starts[at] = (starts[at] as number) + (starts[at - 1] as number);
  const order = new Uint32Array(count);
  for (let object = 0; object < count; object++) {
    const bucket = prefix(object);
    const to = starts[bucket] as number;
    order[to] = object;
    starts[bucket] = to + 1;
  }
  return order;
}
