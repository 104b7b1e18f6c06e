import {
  type BlockHeader,
  type BlockId,
  type BranchWeight,
  bitsToWork,
  type HeaderSupplement,
  MEDIAN_TIME_SPAN,
  medianTime,
  type Supplement,
  supplementDepth,
} from '#chain';
import { assertInvariant } from '#errors';
import type { BlockStatus } from '../storage/chain-entities.js';

/** How far a block got: `header` is judged and kept in memory only, the rest is stored with its body. */
export type NodeStatus = 'header' | BlockStatus;

/** What a node keeps in memory of every block it knows. */
export interface BlockNode {
  readonly id: BlockId;
  readonly parent: BlockNode | undefined;
  readonly height: number;
  readonly timeSeconds: number;
  readonly bits: number;
  /** Accumulated up to this block. */
  readonly totalWork: bigint;
  /** 0 until the body is here. */
  transactionCount: number;
  status: NodeStatus;
  /** Minted (the genesis allocations apart) and burned up to this block; meaningful once it was applied. */
  minted: bigint;
  burned: bigint;
  /** What the header says besides. */
  readonly seal: HeaderSeal;
  /** Known blocks right after this one. */
  childCount: number;
}

/** The parts of a header that neither rules about children nor fork choice look at. */
export interface HeaderSeal {
  readonly version: number;
  /** Hex: a short text costs less memory than an array of its own. */
  readonly merkleRoot: string;
  readonly nonce: number;
}

/** What a node is made of. */
export interface BlockFacts extends Pick<BlockHeader, 'bits'> {
  readonly id: BlockId;
  readonly timeSeconds: number;
  readonly transactionCount: number;
  readonly seal: HeaderSeal;
}

/** All known blocks as a tree, with one branch chosen as the main chain. */
export class BlockTree {
  private readonly nodes = new Map<BlockId, BlockNode>();
  private readonly main: BlockNode[] = [];
  /** Ids by height of the last blocks of the main chain, so that the common supplement costs nothing. */
  private readonly window = new Map<number, BlockId>();
  /** The same for the last block off the main chain that was asked about. */
  private readonly branch: { end: BlockNode | undefined; ids: Map<number, BlockId> } = {
    end: undefined,
    ids: new Map(),
  };

  constructor(private readonly epochBlocks: number) {}

  get tip(): BlockNode {
    const tip = this.main.at(-1);
    assertInvariant(tip !== undefined, 'the tree has no genesis block');
    return tip;
  }

  get size(): number {
    return this.nodes.size;
  }

  get(id: BlockId): BlockNode | undefined {
    return this.nodes.get(id);
  }

  /** Block of the main chain at a height. */
  mainAt(height: number): BlockNode | undefined {
    return this.main[height];
  }

  isOnMain(node: BlockNode): boolean {
    return this.main[node.height] === node;
  }

  /** Adds a block whose parent is known (the genesis block has none). */
  add(facts: BlockFacts, parent: BlockNode | undefined, status: NodeStatus = 'stored'): BlockNode {
    const { id, timeSeconds, bits, transactionCount, seal } = facts;
    const node: BlockNode = {
      id,
      timeSeconds,
      bits,
      transactionCount,
      parent,
      height: parent === undefined ? 0 : parent.height + 1,
      totalWork: (parent?.totalWork ?? 0n) + bitsToWork(bits),
      status,
      minted: 0n,
      burned: 0n,
      seal,
      childCount: 0,
    };
    if (parent !== undefined) parent.childCount += 1;
    this.nodes.set(node.id, node);
    return node;
  }

  /** Forgets a block after which none is known. */
  remove(node: BlockNode): void {
    assertInvariant(
      node.childCount === 0 && !this.isOnMain(node),
      `block ${node.id} holds others and cannot be forgotten`,
    );
    if (this.nodes.delete(node.id) && node.parent !== undefined) node.parent.childCount -= 1;
  }

  /** Makes a node the tip of the main chain; its branch joins where it leaves the present one. */
  setTip(node: BlockNode): void {
    const joined = this.branchTo(node);
    const forkHeight = node.height - joined.length;
    const extendsTip = forkHeight === this.main.length - 1;
    this.main.length = forkHeight + 1;
    for (const next of joined) this.main.push(next);
    const depth = supplementDepth(this.epochBlocks);
    if (!extendsTip) this.window.clear();
    for (const next of extendsTip ? joined : this.main.slice(-depth)) {
      this.window.set(next.height, next.id);
      this.window.delete(next.height - depth);
    }
  }

  /** Blocks from after the main chain up to a node, oldest first. */
  branchTo(node: BlockNode): BlockNode[] {
    const branch: BlockNode[] = [];
    let at: BlockNode | undefined = node;
    while (at !== undefined && !this.isOnMain(at)) {
      branch.push(at);
      at = at.parent;
    }
    return branch.reverse();
  }

  /** All known blocks, parents before their children. */
  all(): IterableIterator<BlockNode> {
    return this.nodes.values();
  }

  /** The valid block with its body here that has the most work behind it; the one given where none has more. */
  heaviest(than: BlockNode): BlockNode {
    let best = than;
    for (const node of this.nodes.values()) {
      const hasBody = node.status === 'stored' || node.status === 'applied';
      if (hasBody && node.totalWork > best.totalWork) best = node;
    }
    return best;
  }

  /** Every known descendant of a node and the node itself. */
  withDescendants(node: BlockNode): BlockNode[] {
    if (node.childCount === 0) return [node];
    const found = new Set<BlockNode>([node]);
    // Nodes are added after their parents, so one pass finds all.
    for (const candidate of this.nodes.values()) {
      if (candidate.parent !== undefined && found.has(candidate.parent)) found.add(candidate);
    }
    return [...found];
  }

  /** What fork choice compares. */
  weight(node: BlockNode): BranchWeight {
    return { totalWork: node.totalWork, tipWork: bitsToWork(node.bits) };
  }

  /**
   * What the rules need to know of a block's ancestors, given the root of the state after its parent. For the tip's
   * children it is valid until the tip moves.
   */
  supplement(parent: BlockNode, stateRoot: Uint8Array): Supplement {
    return {
      ...this.headerSupplement(parent),
      stateRoot,
      recentIds: parent === this.tip ? this.window : this.idsUpTo(parent),
    };
  }

  /** As `window`, for blocks that are applied one after the other before they are on the main chain. */
  private idsUpTo(node: BlockNode): ReadonlyMap<number, BlockId> {
    const depth = supplementDepth(this.epochBlocks);
    const { branch } = this;
    if (branch.end !== node) {
      if (branch.end === undefined || branch.end !== node.parent) {
        branch.ids = new Map(ancestors(node, depth).map(({ height, id }) => [height, id]));
      } else {
        branch.ids.set(node.height, node.id);
        branch.ids.delete(node.height - depth);
      }
      branch.end = node;
    }
    return branch.ids;
  }

  /** Times of a block and its ancestors that the median is taken over, newest first. */
  recentTimesSeconds(node: BlockNode): number[] {
    return ancestors(node, MEDIAN_TIME_SPAN).map(({ timeSeconds }) => timeSeconds);
  }

  /** The part of the supplement that header rules look at. */
  headerSupplement(parent: BlockNode): HeaderSupplement {
    return {
      parent: { id: parent.id, height: parent.height, timeSeconds: parent.timeSeconds },
      medianTimeSeconds: medianTime(this.recentTimesSeconds(parent)),
    };
  }
}

/** A node and its ancestors, newest first, at most `count` of them. */
function ancestors(node: BlockNode, count: number): BlockNode[] {
  const found: BlockNode[] = [];
  for (let at: BlockNode | undefined = node; at !== undefined && found.length < count; at = at.parent)
    found.push(at);
  return found;
}
