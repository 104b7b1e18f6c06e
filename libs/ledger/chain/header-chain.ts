import {
  type BlockHeader,
  type BlockId,
  blockIdToHash,
  decodeHeader,
  encodeHeader,
  HEADER_BYTES,
  hashToBlockId,
  headerHash,
  type Law,
  validateClock,
  validateHeader,
} from '#chain';
import { bytesToHex, hexToBytes } from '#crypto';
import { accepted, type Result, refused } from '#errors';
import type { BlockNode, BlockTree, HeaderSeal } from './block-tree.js';

export interface HeaderChainOptions {
  readonly law: Law;
  readonly tree: BlockTree;
  /** Seconds since 1970. */
  readonly clock: () => number;
  /** Whether a block's body is being judged or written: its header must not be forgotten meanwhile. */
  readonly isUnderWay: (id: BlockId) => boolean;
}

/**
 * Headers without a body beside the heaviest chain. They cost a peer some work and us some memory; above this many
 * the branches that nobody extends are forgotten, and one that alone is longer without being heavier is refused.
 */
export const MAX_SIDE_HEADERS = 20_000;

/** How far headers may run ahead of the last block whose body is here; more are asked for again later. */
export const MAX_HEADERS_AHEAD = 200_000;

/** Looking for idle branches visits every node: once in so many headers. */
const SWEEP_EVERY = 2_000;

/** Most ids of a locator. */
const MAX_LOCATOR_IDS = 64;
/** Ids one after the other before the gaps of a locator start to double. */
const DENSE_LOCATOR_IDS = 10;

/** The heaviest chain of valid headers, whether their bodies are here or not. */
export class HeaderChain {
  /** By height; shares its beginning with the main chain. */
  private line: BlockNode[] = [];
  private headerOnly = 0;
  private sweepAbove = MAX_SIDE_HEADERS;

  constructor(private readonly options: HeaderChainOptions) {
    this.chooseBest();
  }

  get best(): BlockNode {
    return this.line.at(-1) as BlockNode;
  }

  /**
   * Judges headers in order and keeps the good ones. `last` is the last one kept or known before; nothing after a bad
   * one is looked at, and nothing too far ahead of the bodies.
   */
  acceptAll(headers: Uint8Array): Result<{ readonly added: number; readonly last: BlockNode }> {
    if (headers.length === 0 || headers.length % HEADER_BYTES !== 0) {
      return refused({ rule: 'node/headers-length', sizeBytes: headers.length, headerBytes: HEADER_BYTES });
    }
    let added = 0;
    let last: BlockNode | undefined;
    for (let at = 0; at < headers.length; at += HEADER_BYTES) {
      const header = decodeHeader(headers.subarray(at, at + HEADER_BYTES));
      if (!header.ok) return header;
      const sizeBefore = this.options.tree.size;
      const node = this.accept(header.value);
      if (!node.ok) return refused({ ...node.violation, headerIndex: at / HEADER_BYTES });
      last = node.value;
      if (this.options.tree.size > sizeBefore) added += 1;
      if (last.height - this.options.tree.tip.height >= MAX_HEADERS_AHEAD) break;
    }
    return accepted({ added, last: last as BlockNode });
  }

  /** The node of a header that keeps the header rules and the clock rule, made where it is not known yet. */
  accept(header: BlockHeader): Result<BlockNode> {
    const { law, tree, clock } = this.options;
    const id = hashToBlockId(headerHash(law.crypto, header));
    const known = tree.get(id);
    if (known?.status === 'invalid') return refused({ rule: 'block/known-invalid', block: id });
    if (known !== undefined) return accepted(known);
    const parentId = hashToBlockId(header.previous);
    const parent = tree.get(parentId);
    if (parent === undefined) {
      return refused({ rule: 'block/unknown-parent', block: id, parent: parentId });
    }
    if (parent.status === 'invalid') {
      return refused({ rule: 'block/invalid-parent', block: id, parent: parentId });
    }
    const violation =
      validateHeader(law, header, tree.headerSupplement(parent)) ?? validateClock(header, clock());
    if (violation !== undefined) return refused(violation);
    if (this.isFullFor(parent)) {
      return refused({ rule: 'node/low-work-headers', block: id, maxHeaders: MAX_SIDE_HEADERS });
    }
    const { time: timeSeconds, bits } = header;
    const facts = { id, timeSeconds, bits, transactionCount: 0, seal: headerToSeal(header) };
    const node = tree.add(facts, parent, 'header');
    this.headerOnly += 1;
    if (node.totalWork > this.best.totalWork) this.follow(node);
    return accepted(node);
  }

  /** A header got its body: it costs memory no more than any stored block. */
  gotBody(node: BlockNode): void {
    if (node.status === 'header') this.headerOnly -= 1;
  }

  /** Forgets a header that came with a block which was refused for a fault its header need not have. */
  forget(node: BlockNode): void {
    if (node.status !== 'header' || node.childCount > 0) return;
    this.drop(node);
    if (this.best === node) this.chooseBest();
  }

  /** Marks a block and what follows it for good: its header leads nowhere. */
  condemn(node: BlockNode): readonly BlockNode[] {
    const bad = this.options.tree.withDescendants(node);
    for (const each of bad) {
      this.gotBody(each);
      each.status = 'invalid';
    }
    if (bad.includes(this.best)) this.chooseBest();
    return bad;
  }

  /** Ids of the chain, newest first: dense, then with doubling gaps, genesis last. */
  locator(): BlockId[] {
    const ids: BlockId[] = [];
    let step = 1;
    for (let height = this.best.height; height > 0 && ids.length < MAX_LOCATOR_IDS - 1; height -= step) {
      ids.push((this.line[height] as BlockNode).id);
      if (ids.length >= DENSE_LOCATOR_IDS) step *= 2;
    }
    ids.push((this.line[0] as BlockNode).id);
    return ids;
  }

  /** Blocks of the chain above the main chain whose body is not here, oldest first. */
  missing(max: number, isUnderWay: (node: BlockNode) => boolean): BlockNode[] {
    const found: BlockNode[] = [];
    for (let height = this.forkHeight() + 1; height < this.line.length && found.length < max; height++) {
      const node = this.line[height] as BlockNode;
      if (node.status === 'header' && !isUnderWay(node)) found.push(node);
    }
    return found;
  }

  /** Height of the last block the chain shares with the main chain. */
  private forkHeight(): number {
    const { tree } = this.options;
    // The main chain is behind on the same line, or has parted from it not far back.
    let height = Math.min(tree.tip.height, this.best.height);
    while (tree.mainAt(height) !== this.line[height]) height -= 1;
    return height;
  }

  private follow(node: BlockNode): void {
    const joined: BlockNode[] = [];
    let at: BlockNode | undefined = node;
    while (at !== undefined && this.line[at.height] !== at) {
      joined.push(at);
      at = at.parent;
    }
    this.line.length = node.height + 1 - joined.length;
    for (const next of joined.reverse()) this.line.push(next);
  }

  private chooseBest(): void {
    const { tree } = this.options;
    let best = tree.tip;
    for (const node of tree.all()) {
      if (node.status !== 'invalid' && node.totalWork > best.totalWork) best = node;
    }
    this.follow(best);
  }

  /**
   * Forgets idle side branches where there are too many headers; true where that is not enough. An honest branch that
   * parted long ago may need as many headers as ours has blocks since then before it shows its work.
   */
  private isFullFor(parent: BlockNode): boolean {
    const sideHeaders = () => this.headerOnly - Math.max(0, this.best.height - this.options.tree.tip.height);
    if (parent === this.best || sideHeaders() < this.sweepAbove) return false;
    const { tree, isUnderWay } = this.options;
    const kept = new Set<BlockNode>();
    let root: BlockNode | undefined = parent;
    for (; root?.status === 'header'; root = root.parent) kept.add(root);
    // Children were added after their parents: backwards every leaf comes before what it hangs on.
    for (const node of [...tree.all()].reverse()) {
      const isIdle = this.line[node.height] !== node && !kept.has(node) && !isUnderWay(node.id);
      if (isIdle && node.status === 'header' && node.childCount === 0) this.drop(node);
    }
    const isFull = sideHeaders() >= MAX_SIDE_HEADERS + this.best.height - (root?.height ?? 0);
    // Whoever was refused must not get in by asking once more.
    this.sweepAbove = Math.max(MAX_SIDE_HEADERS, sideHeaders() + (isFull ? 0 : SWEEP_EVERY));
    return isFull;
  }

  private drop(node: BlockNode): void {
    this.options.tree.remove(node);
    this.headerOnly -= 1;
  }
}

/** What a node keeps of a header besides the fields that rules look at. */
export function headerToSeal({ version, merkleRoot, nonce }: BlockHeader): HeaderSeal {
  return { version, merkleRoot: bytesToHex(merkleRoot), nonce };
}

/** The 80 bytes of a node's header. */
export function nodeToHeaderBytes(node: BlockNode): Uint8Array {
  const { seal } = node;
  return encodeHeader({
    version: seal.version,
    previous: node.parent === undefined ? new Uint8Array(32) : blockIdToHash(node.parent.id),
    merkleRoot: hexToBytes(seal.merkleRoot),
    time: node.timeSeconds,
    bits: node.bits,
    nonce: seal.nonce,
  });
}
