import {
  type AppliedBlock,
  applyBlock,
  type BlockId,
  BURN,
  decodeBlock,
  type KnownBlock,
  type Law,
  MINT,
  type StateTree,
  type Supplement,
  shouldReorganize,
  type VerifiedBlock,
  validateBody,
} from '#chain';
import { accepted, assertInvariant, type Result, refused } from '#errors';
import { closedError } from '../closed-error.js';
import type { ChainStore } from '../storage/chain-store.js';
import type { StateSnapshots } from '../storage/state-snapshots.js';
import { AheadState } from './ahead-state.js';
import {
  BlockPreparation,
  hasBody,
  type PreparedBlock,
  readBlockId,
  type VerifyBatch,
} from './block-preparation.js';
import type { BlockNode, BlockTree } from './block-tree.js';
import { ByteGate } from './byte-gate.js';
import type { ChainChange, ChainListener, ConnectedBlock } from './chain-listener.js';
import { type AheadBlock, GroupWriter } from './group-writer.js';
import { HeaderChain } from './header-chain.js';
import type { LedgerState } from './ledger-state.js';
import { readLeftBlocks } from './left-blocks.js';
import { loadChain } from './load-chain.js';
import { OverlayState } from './overlay-state.js';
import { createSerialQueue } from './serial-queue.js';

export type { VerifyBatch } from './block-preparation.js';

/** Bytes of blocks that are decoded and checked at the same time; decoded they take several times as much. */
const MAX_PREPARED_BYTES = 8 * 1024 * 1024;

export interface ChainManagerOptions {
  readonly law: Law;
  readonly store: ChainStore;
  /** Make a start short, and a fork deeper than undo data is kept. */
  readonly snapshots?: StateSnapshots | undefined;
  readonly verifyBatch: VerifyBatch;
  /** Seconds since 1970. */
  readonly clock: () => number;
}

/** What became of a submitted block. */
export interface SubmittedBlock {
  readonly id: BlockId;
  readonly height: number;
  /** `extended` the main chain, made it `reorganized`, is kept on a `side` branch, or was `known` before. */
  readonly outcome: 'extended' | 'reorganized' | 'side' | 'known';
}

/** Where law meets disk: the state of the main chain in memory, always equal to what is written. */
export class ChainManager {
  /** Every valid header, with or without its body. */
  readonly headers: HeaderChain;
  private readonly preparation: BlockPreparation;
  private readonly gate = new ByteGate(MAX_PREPARED_BYTES);
  private readonly queue = createSerialQueue();
  private readonly writer: GroupWriter;
  /** Of the state that is written. */
  private tipStateRoot: Uint8Array;
  /** The last block applied, written or not, and the state after it. */
  private readonly ahead: { tip: BlockNode; stateRoot: Uint8Array; readonly state: AheadState };
  /** Blocks that were applied and could not be written: those that build on them fail for the same reason. */
  private readonly lost = new Map<BlockNode, unknown>();
  private readonly underWay = new Map<BlockId, Promise<Result<SubmittedBlock>>>();
  private readonly listeners = new Set<ChainListener>();
  private isHalted = false;

  private constructor(
    private readonly options: ChainManagerOptions,
    readonly tree: BlockTree,
    /** After the tip. Readers may keep it; only blocks change it, within one turn of the event loop. */
    readonly state: LedgerState,
    /** Follows what was applied, on whatever branch, written or not: it is read in `readStateTree` only. */
    private readonly stateTree: StateTree,
  ) {
    const { law, verifyBatch, clock } = options;
    this.tipStateRoot = stateTree.root;
    this.ahead = { tip: tree.tip, stateRoot: this.tipStateRoot, state: new AheadState(state) };
    this.headers = new HeaderChain({ law, tree, clock, isUnderWay: (id) => this.underWay.has(id) });
    this.preparation = new BlockPreparation({ law, tree, headers: this.headers, verifyBatch });
    this.writer = new GroupWriter({
      write: (batch) => this.write(batch),
      onBegin: () => this.ahead.state.beginWrite(),
      onWritten: (batch) => this.written(batch),
      onLost: (blocks, cause) => this.takeBack(blocks, cause),
    });
  }

  /** @throws AppError as `loadChain` does */
  static async open(options: ChainManagerOptions): Promise<ChainManager> {
    const { tree, state, stateTree } = await loadChain(options.law, options.store, options.snapshots);
    const manager = new ChainManager(options, tree, state, stateTree);
    await manager.adoptHeaviest();
    return manager;
  }

  get tip(): BlockNode {
    return this.tree.tip;
  }

  /** What the rules need for the block after the tip. */
  tipSupplement(): Supplement {
    return this.tree.supplement(this.tip, this.tipStateRoot);
  }

  /** Reads tip, state and state tree between two blocks, when they agree. */
  readStateTree<T>(read: (stateTree: StateTree) => T): Promise<T> {
    return this.queue.run(async () => {
      await this.writer.idle();
      return read(this.stateTree);
    });
  }

  /** Is told of every move of the main chain; returns how to stop that. */
  onChange(listener: ChainListener): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /**
   * Takes a block in: checks it, writes it, then changes what readers see. Many may be under way: each is prepared by
   * itself, they are applied in the order given, and written together. A refused block changes nothing.
   * @throws AppError `ledger/store-failed`; memory then still equals the disk
   */
  submitBlock(bytes: Uint8Array): Promise<Result<SubmittedBlock>> {
    const plain = new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const id = readBlockId(this.options.law, plain);
    const twin = id && this.underWay.get(id);
    const prepared = this.gate.enter(plain.length).then(async () => {
      // The same block may come from several sides; another body under its header is judged by itself.
      await twin?.catch(() => undefined);
      return this.preparation.prepare(plain);
    });
    // Reported below, in its turn.
    prepared.catch(() => undefined);
    const connected = this.queue.run(async () => {
      try {
        return await this.connect(await prepared);
      } finally {
        this.gate.leave(plain.length);
      }
    });
    const done = connected.then((connection) => connection.done);
    if (id !== undefined) {
      this.underWay.set(id, done);
      const forget = () => {
        if (this.underWay.get(id) === done) this.underWay.delete(id);
      };
      done.then(forget, forget);
    }
    return done;
  }

  /** Blocks whose body is not here, on the way to a known header (the heaviest by default), oldest first. */
  missingBodies(max: number, towards?: BlockId): readonly BlockNode[] {
    const isUnderWay = ({ id }: BlockNode) => this.underWay.has(id);
    const target = towards === undefined ? this.headers.best : this.tree.get(towards);
    if (target === undefined || target.status === 'invalid') return [];
    if (target === this.headers.best) return this.headers.missing(max, isUnderWay);
    return this.tree
      .branchTo(target)
      .filter((node) => node.status === 'header' && !isUnderWay(node))
      .slice(0, max);
  }

  /** A block as it travels, on whatever branch. */
  async blockBytes(id: BlockId): Promise<Uint8Array | undefined> {
    const status = this.tree.get(id)?.status;
    if (status !== 'applied' && status !== 'stored') return undefined;
    return this.options.store.body(id);
  }

  /** Resolves when every block submitted so far is dealt with. */
  async idle(): Promise<void> {
    await this.queue.idle();
    await this.writer.idle();
  }

  /** Blocks that are applied and not written yet. */
  get aheadCount(): number {
    return this.writer.count;
  }

  /** Resolves when no block is under way, or after the time given: work that can wait gives way to blocks. */
  async rest(timeoutMs: number): Promise<void> {
    if (this.underWay.size === 0) return;
    let timer: NodeJS.Timeout | undefined;
    let isLate = false;
    const late = new Promise<void>((resolve) => {
      timer = setTimeout(() => {
        isLate = true;
        resolve();
      }, timeoutMs);
    });
    const resting = (async () => {
      // Nobody waits any more once it is late: while a node syncs there may be no rest for hours.
      while (!isLate && this.underWay.size > 0) await Promise.allSettled([...this.underWay.values()]);
    })();
    await Promise.race([late, resting]);
    clearTimeout(timer);
  }

  /** Writes nothing more: what is in memory can no longer be trusted. */
  halt(): void {
    this.isHalted = true;
    this.writer.halt();
  }

  /** A stored block, decoded. */
  async block(id: BlockId): Promise<KnownBlock | undefined> {
    const stored = await this.options.store.block(id);
    return stored && this.decodeStored(stored.id, stored.bytes);
  }

  /** Blocks of the main chain from a height on, decoded from their stored bytes. */
  async *mainBlocks(fromHeight: number): AsyncGenerator<KnownBlock> {
    for await (const stored of this.options.store.mainBlocks(fromHeight)) {
      yield this.decodeStored(stored.id, stored.bytes);
    }
  }

  /** One block after the other; what is left to wait for is its write, and the next block need not. */
  private async connect(prepared: Result<PreparedBlock>): Promise<Connecting> {
    if (this.isHalted) throw closedError();
    if (!prepared.ok) return settled(prepared);
    const { node, block } = prepared.value;
    const parent = node.parent as BlockNode;
    if (block !== undefined && parent === this.ahead.tip) {
      await this.writer.room();
      if (parent === this.ahead.tip) return this.extend(block, node);
    }
    await this.writer.idle();
    if (block === undefined || hasBody(node)) return settled(await this.again(node));
    if (!hasBody(parent) && this.lost.has(parent)) throw this.lost.get(parent);
    if (!hasBody(parent)) {
      const rule = parent.status === 'invalid' ? 'block/invalid-parent' : 'block/unknown-parent';
      return settled(refused({ rule, block: node.id, parent: parent.id }));
    }
    return parent === this.tip ? this.extend(block, node) : settled(await this.branch(block, node));
  }

  private extend(block: VerifiedBlock, node: BlockNode): Connecting {
    const { law } = this.options;
    const parent = this.ahead.tip;
    const supplement = this.tree.supplement(parent, this.ahead.stateRoot);
    const applied = applyBlock(law, this.ahead.state, block, supplement);
    if (!applied.ok) {
      this.headers.condemn(node);
      return settled(applied);
    }
    const { diff } = applied.value;
    this.ahead.state.apply(diff);
    this.ahead.stateRoot = this.stateTree.apply(diff);
    this.ahead.tip = node;
    Object.assign(node, supplyAfter(parent, applied.value));
    const { id, height } = node;
    const { stateRoot } = this.ahead;
    const done = this.writer
      .add({ node, block, applied: applied.value, stateRoot })
      .then(() => accepted({ id, height, outcome: 'extended' as const }));
    return { done };
  }

  private write(batch: readonly AheadBlock[]): Promise<void> {
    return this.options.store.appendMain(
      batch.map(({ node, block, applied, stateRoot }) => {
        const { totalWork, minted, burned } = node;
        return { block, applied, totalWork, minted, burned, stateRoot };
      }),
    );
  }

  private written(batch: readonly AheadBlock[]): void {
    const fork = this.tip;
    const last = batch.at(-1) as AheadBlock;
    for (const { node, block, applied } of batch) {
      this.state.apply(applied.diff);
      this.keepBody(node, block, 'applied');
      this.lost.delete(node);
    }
    this.ahead.state.endWrite();
    this.tipStateRoot = last.stateRoot;
    this.tree.setTip(last.node);
    this.tell({ fork, left: [], joined: batch });
  }

  /** Memory goes back to what is on disk. */
  private takeBack(blocks: readonly AheadBlock[], cause: unknown): void {
    for (const { applied } of blocks.toReversed()) this.stateTree.revert(applied.diff);
    this.ahead.state.reset();
    this.ahead.tip = this.tip;
    this.ahead.stateRoot = this.tipStateRoot;
    for (const { node } of blocks) this.lost.set(node, cause);
  }

  private async branch(block: VerifiedBlock, node: BlockNode): Promise<Result<SubmittedBlock>> {
    const headerSupplement = this.tree.headerSupplement(node.parent as BlockNode);
    const broken = validateBody(this.options.law, block, headerSupplement);
    if (broken !== undefined) {
      this.headers.condemn(node);
      return refused(broken);
    }
    await this.options.store.appendSide(block, node.totalWork);
    this.keepBody(node, block, 'stored');
    const side = { id: node.id, height: node.height, outcome: 'side' as const };
    if (!shouldReorganize(this.tree.weight(this.tip), this.tree.weight(node))) return accepted(side);
    const moved = await this.reorganize(node, block);
    return moved.ok ? accepted({ ...side, outcome: 'reorganized' as const }) : moved;
  }

  /** A block that is known. Where moving to it failed for want of disk, this is how it is tried again. */
  private async again(node: BlockNode): Promise<Result<SubmittedBlock>> {
    const { id, height } = node;
    // Good when it was looked at, and found bad by a block before it in the queue.
    if (node.status === 'invalid') return refused({ rule: 'block/known-invalid', block: id });
    const isWaiting = !this.tree.isOnMain(node) && node.status === 'stored';
    if (!isWaiting || !shouldReorganize(this.tree.weight(this.tip), this.tree.weight(node))) {
      return accepted({ id, height, outcome: 'known' as const });
    }
    const moved = await this.reorganize(node, (await this.loadSide(id)) as VerifiedBlock);
    return moved.ok ? accepted({ id, height, outcome: 'reorganized' as const }) : moved;
  }

  /**
   * Moves the main chain to a heavier branch. The branch is tried on an overlay, so that readers see the old state
   * until the new one is written, and a bad block among them leaves everything as it was.
   */
  private async reorganize(target: BlockNode, last: VerifiedBlock): Promise<Result<void>> {
    const { law, store, snapshots } = this.options;
    const branch = this.tree.branchTo(target);
    const fork = branch[0]?.parent;
    assertInvariant(fork !== undefined, `branch of ${target.id} does not meet the main chain`);
    const overlay = new OverlayState(this.state);
    const left = (await readLeftBlocks(law, store, this.tree, fork, snapshots)).map(
      ({ node, stored, diff }) => ({ node, block: this.decodeStored(node.id, stored.bytes), diff }),
    );
    for (const { diff } of left.toReversed()) overlay.revert(diff);
    const joined: ConnectedBlock[] = [];
    let isMoved = false;
    for (const { diff } of left.toReversed()) this.stateTree.revert(diff);
    try {
      for (const node of branch) {
        // Its signatures were checked before it was stored.
        const block = node === target ? last : ((await this.loadSide(node.id)) as VerifiedBlock);
        const parent = node.parent as BlockNode;
        const applied = applyBlock(law, overlay, block, this.tree.supplement(parent, this.stateTree.root));
        if (!applied.ok) {
          await this.condemn(node);
          return refused({ ...applied.violation, block: node.id, height: node.height });
        }
        overlay.apply(applied.value.diff);
        this.stateTree.apply(applied.value.diff);
        Object.assign(node, supplyAfter(parent, applied.value));
        joined.push({ node, block, applied: applied.value });
      }
      await store.switchMain(
        left.map(({ block }) => block),
        joined.map(({ node, block, applied }) => {
          const { totalWork, minted, burned } = node;
          return { block, applied, totalWork, minted, burned };
        }),
      );
      isMoved = true;
    } finally {
      if (!isMoved) {
        for (const { applied } of joined.toReversed()) this.stateTree.revert(applied.diff);
        for (const { diff } of left) this.stateTree.apply(diff);
      }
    }
    this.tipStateRoot = this.stateTree.root;
    this.ahead.tip = target;
    this.ahead.stateRoot = this.tipStateRoot;
    for (const { diff } of left.toReversed()) this.state.revert(diff);
    for (const { node, applied } of joined) {
      this.state.apply(applied.diff);
      node.status = 'applied';
    }
    this.tree.setTip(target);
    this.tell({ fork, left, joined });
    return accepted(undefined);
  }

  /** A kill between keeping the block that makes a branch the heavier one and moving to it is made good here. */
  private async adoptHeaviest(): Promise<void> {
    for (;;) {
      const { tip } = this;
      const best = this.tree.heaviest(tip);
      if (best === tip || !shouldReorganize(this.tree.weight(tip), this.tree.weight(best))) return;
      await this.reorganize(best, (await this.loadSide(best.id)) as VerifiedBlock);
    }
  }

  private async condemn(node: BlockNode): Promise<void> {
    const stored = this.tree.withDescendants(node).filter(({ status }) => status !== 'header');
    await this.options.store.markInvalid(stored.map(({ id }) => id));
    this.headers.condemn(node);
  }

  private keepBody(node: BlockNode, block: KnownBlock, status: 'stored' | 'applied'): void {
    this.headers.gotBody(node);
    node.status = status;
    node.transactionCount = block.transactions.length;
  }

  private async loadSide(id: BlockId): Promise<KnownBlock> {
    const stored = await this.options.store.block(id);
    if (stored === undefined) throw this.options.store.damaged(`block ${id} is missing`);
    return this.decodeStored(id, stored.bytes);
  }

  private decodeStored(id: string, bytes: Uint8Array): KnownBlock {
    const { store } = this.options;
    const block = decodeBlock(this.options.law, bytes);
    if (!block.ok) {
      throw store.damaged(`block ${id} does not decode (${block.violation.rule})`);
    }
    if (block.value.id !== id) throw store.damaged(`block ${id} hashes to ${block.value.id}`);
    return block.value;
  }

  private tell(change: ChainChange): void {
    for (const listener of this.listeners) listener(change);
  }
}

/** A block that was dealt with but for its write. */
interface Connecting {
  readonly done: Promise<Result<SubmittedBlock>>;
}

function settled(result: Result<SubmittedBlock>): Connecting {
  return { done: Promise.resolve(result) };
}

function supplyAfter(parent: BlockNode, applied: AppliedBlock): { minted: bigint; burned: bigint } {
  let { minted, burned } = parent;
  for (const event of applied.events) {
    if (event.type !== 'posting') continue;
    if (event.from === MINT) minted += event.amount;
    if (event.to === BURN) burned += event.amount;
  }
  return { minted, burned };
}
