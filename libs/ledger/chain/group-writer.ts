import type { AppliedBlock, KnownBlock } from '#chain';
import type { BlockNode } from './block-tree.js';

/** A block that was applied and is not written yet. */
export interface AheadBlock {
  readonly node: BlockNode;
  readonly block: KnownBlock;
  readonly applied: AppliedBlock;
  /** Of the state after it. */
  readonly stateRoot: Uint8Array;
}

export interface GroupWriterOptions {
  /** Writes all or nothing. */
  write(batch: readonly AheadBlock[]): Promise<void>;
  /** The next batch is on its way. */
  onBegin(): void;
  onWritten(batch: readonly AheadBlock[]): void;
  /** Neither the batch nor what was applied after it is on disk; given oldest first. */
  onLost(blocks: readonly AheadBlock[], cause: unknown): void;
}

/** Applied and unwritten blocks a node holds at most: what a kill loses, and what memory pays for. */
const MAX_AHEAD_BYTES = 16 * 1024 * 1024;
const MAX_AHEAD_BLOCKS = 512;

interface Waiting extends AheadBlock {
  resolve(): void;
  reject(cause: unknown): void;
}

/**
 * Group commit: all blocks applied while the last write was under way share the next transaction, and so one flush to
 * disk. A block counts only once it is written.
 */
export class GroupWriter {
  private waiting: Waiting[] = [];
  private aheadBytes = 0;
  private aheadBlocks = 0;
  private running: Promise<void> | undefined;
  private wakeNext: (() => void)[] = [];
  private isHalted = false;

  constructor(private readonly options: GroupWriterOptions) {}

  /** Blocks applied and not written. */
  get count(): number {
    return this.aheadBlocks;
  }

  /** Takes an applied block; resolves when it is written. @throws AppError what the write threw */
  add(block: AheadBlock): Promise<void> {
    const written = new Promise<void>((resolve, reject) => {
      this.waiting.push({ ...block, resolve, reject });
    });
    this.aheadBlocks += 1;
    this.aheadBytes += block.block.bytes.length;
    // Begins in a turn of its own: blocks that are ready now join the first batch.
    this.running ??= Promise.resolve().then(() => this.run());
    return written;
  }

  /** Resolves when there is room for another block. */
  async room(): Promise<void> {
    while (this.aheadBytes >= MAX_AHEAD_BYTES || this.aheadBlocks >= MAX_AHEAD_BLOCKS) {
      await new Promise<void>((resolve) => this.wakeNext.push(resolve));
    }
  }

  /** Resolves when all blocks are written or lost. */
  async idle(): Promise<void> {
    while (this.running !== undefined) await this.running;
  }

  /** Begins no further write; what waits for one waits for good. */
  halt(): void {
    this.isHalted = true;
  }

  private async run(): Promise<void> {
    try {
      while (this.waiting.length > 0 && !this.isHalted) await this.writeWaiting();
    } finally {
      // In the turn in which nothing was left: a block that is added right after begins a run of its own.
      this.running = undefined;
    }
  }

  private async writeWaiting(): Promise<void> {
    const batch = this.waiting;
    this.waiting = [];
    this.options.onBegin();
    try {
      await this.options.write(batch);
    } catch (cause) {
      const lost = [...batch, ...this.waiting];
      this.waiting = [];
      this.options.onLost(lost, cause);
      this.release(lost);
      for (const { reject } of lost) reject(cause);
      return;
    }
    this.options.onWritten(batch);
    this.release(batch);
    for (const { resolve } of batch) resolve();
  }

  private release(blocks: readonly AheadBlock[]): void {
    this.aheadBlocks -= blocks.length;
    for (const { block } of blocks) this.aheadBytes -= block.bytes.length;
    for (const wake of this.wakeNext.splice(0)) wake();
  }
}
