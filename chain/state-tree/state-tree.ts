import type { CryptoPort } from '#crypto';
import { assertInvariant } from '#errors';
import type { Law } from '../law/law.js';
import type { StateDiff } from '../state/diff.js';
import type { MemoryState } from '../state/memory-state.js';
import type { Namespace } from '../state/namespace.js';
import { StateHasher, type StateObject, stateKeyHash } from './state-hash.js';
import { encodeStateProof } from './state-proof.js';
import { editTree, type TreeEdit } from './tree-edit.js';
import { EMPTY, isLeaf, type Ref, TreeNodes } from './tree-nodes.js';

/** Versions before the newest that stay readable for proofs. */
export const KEPT_VERSIONS = 16;

/** Objects that wait for their hashes while a tree is built. */
const BUILD_PORTION = 4_096;

/** What a tree needs to know of a law. */
type TreeLaw = Pick<Law, 'crypto' | 'params' | 'namespaces'>;

interface Version {
  readonly root: Ref;
  /** Nodes this version does not share with the one before. */
  readonly created: readonly Ref[];
  /** Nodes of the one before that this version does not have. */
  readonly replaced: readonly Ref[];
  /** What led here from the version before. */
  readonly diff: StateDiff;
}

/**
 * The authenticated map over every object of the state (docs/protocol/state.md): a compact sparse Merkle tree. Each
 * applied block makes a new version that shares what did not change; the last ones stay readable for proofs.
 */
export class StateTree {
  private readonly nodes: TreeNodes;
  private readonly hasher: StateHasher;
  /** Oldest first. */
  private versions: Version[] = [];

  private constructor(
    private readonly crypto: CryptoPort,
    private readonly networkId: number,
    private readonly keptVersions: number,
  ) {
    this.nodes = new TreeNodes(crypto);
    this.hasher = new StateHasher(crypto, networkId);
  }

  /** The tree of a whole state, as its only version. */
  static ofState(law: TreeLaw, state: MemoryState, keptVersions = KEPT_VERSIONS): StateTree {
    const tree = new StateTree(law.crypto, law.params.networkId, keptVersions);
    const leaves: Ref[] = [];
    for (const space of law.namespaces.values()) tree.addLeaves(space, state, leaves);
    tree.versions.push(base(editTree(tree.nodes, EMPTY, { leaves, removals: new Set() }).root));
    return tree;
  }

  /** Root of the newest version, 32 bytes, fresh. */
  get root(): Uint8Array {
    return this.nodes.hash(this.newest.root);
  }

  /** How many versions before the newest can be read now. */
  get versionsBack(): number {
    return this.versions.length - 1;
  }

  /** Memory of all versions, and how many nodes they have together. */
  get size(): { readonly sizeBytes: number; readonly leafCount: number; readonly innerCount: number } {
    const { sizeBytes, leafCount, innerCount } = this.nodes;
    return { sizeBytes, leafCount, innerCount };
  }

  /** Makes a new version of a block's changes; returns its root. */
  apply(diff: StateDiff): Uint8Array {
    const edit = this.edit(diff, 'after');
    this.versions.push({ ...edit, diff });
    if (this.versions.length > this.keptVersions + 1) this.dropOldest();
    return this.root;
  }

  /** Takes the newest block's changes back, whether the version before is still kept or not; returns the root. */
  revert(diff: StateDiff): Uint8Array {
    if (this.versionsBack > 0) {
      for (const ref of this.newest.created) this.nodes.release(ref);
      this.versions.pop();
    } else {
      const { root, replaced } = this.edit(diff, 'before');
      for (const ref of replaced) this.nodes.release(ref);
      this.versions = [base(root)];
    }
    return this.root;
  }

  /** Root of a kept version, 0 being the newest; undefined where it is no longer kept. */
  rootAt(versionsBack: number): Uint8Array | undefined {
    const version = this.versions.at(-1 - versionsBack);
    return version && this.nodes.hash(version.root);
  }

  /**
   * The encoded proof of what a kept version holds under a key, present or absent; undefined where that version is no
   * longer kept.
   */
  prove(space: Namespace<unknown>, key: string, versionsBack = 0): Uint8Array | undefined {
    const version = this.versions.at(-1 - versionsBack);
    if (version === undefined) return undefined;
    const keyHash = stateKeyHash(this.crypto, this.networkId, space.code, key);
    const siblings: Uint8Array[] = [];
    let ref = version.root;
    while (ref !== EMPTY && !isLeaf(ref)) {
      const depth = siblings.length;
      const isRight = (((keyHash[depth >>> 3] as number) >>> (7 - (depth & 7))) & 1) === 1;
      siblings.push(this.nodes.hash(isRight ? this.nodes.left(ref) : this.nodes.right(ref)));
      ref = isRight ? this.nodes.right(ref) : this.nodes.left(ref);
    }
    if (ref === EMPTY) return encodeStateProof({ siblings, end: { type: 'empty' } });
    const content = this.nodes.leafContent(ref);
    const isPresent = content.keyHash.every((byte, index) => byte === keyHash[index]);
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

  private get newest(): Version {
    return this.versions.at(-1) as Version;
  }

  private edit(diff: StateDiff, side: 'before' | 'after'): TreeEdit {
    const objects = diff.map((change) => ({ space: change.space, key: change.key, value: change[side] }));
    const leaves: Ref[] = [];
    const removals = new Set<Ref>();
    this.hasher.hashEach(objects, (index, keyHash, valueHash) => {
      const leaf = this.nodes.addLeaf(keyHash, valueHash);
      leaves.push(leaf);
      if (objects[index]?.value === undefined) removals.add(leaf);
    });
    return editTree(this.nodes, this.newest.root, { leaves, removals });
  }

  /** Leaves of all objects of a namespace, a portion at a time. */
  private addLeaves(space: Namespace<unknown>, state: MemoryState, leaves: Ref[]): void {
    let objects: StateObject[] = [];
    const flush = (): void => {
      this.hasher.hashEach(objects, (_, keyHash, valueHash) => {
        leaves.push(this.nodes.addLeaf(keyHash, valueHash));
      });
      objects = [];
    };
    for (const [key, value] of state.entries(space)) {
      objects.push({ space, key, value });
      if (objects.length === BUILD_PORTION) flush();
    }
    flush();
  }

  private dropOldest(): void {
    this.versions.shift();
    const oldest = this.versions[0] as Version;
    for (const ref of oldest.replaced) this.nodes.release(ref);
    this.versions[0] = base(oldest.root);
  }
}

/** A version before which nothing is kept. */
function base(root: Ref): Version {
  return { root, created: [], replaced: [], diff: [] };
}
