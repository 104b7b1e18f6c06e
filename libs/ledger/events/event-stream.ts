import { randomBytes } from 'node:crypto';
import type { BlockId } from '#chain';
import { AppError } from '#errors';
import type { LedgerEventView } from '#wire';
import type { BlockNode, BlockTree } from '../chain/block-tree.js';

/** Transaction events that are remembered for readers who are slow or were away; older ones are skipped. */
const REMEMBERED_TRANSACTIONS = 10_000;

type TransactionEvent = Omit<Extract<LedgerEventView, { type: 'transaction' }>, 'id'>;
type ChainEvent = { readonly node: BlockNode; readonly event: WithoutId<LedgerEventView> };
type WithoutId<Event> = Event extends { id: string } ? Omit<Event, 'id'> : never;

/** How far a reader has read: the chain up to a block, and the transaction events up to a number. */
interface Position {
  seen: BlockNode;
  transactions: number;
}

/**
 * What happens on the ledger, as streams that can be resumed. An id is `<height>-<block id>-<run>.<number>`: the block up
 * to which the reader has seen the main chain, and how many transaction events of this run of the node it was told. The
 * last part may be missing: then transactions count from now on. Blocks are not logged: what a reader missed follows
 * from the tree of blocks, a branch it saw and that was abandoned since becomes a reorg event.
 */
export class EventStream {
  private readonly wakers = new Set<() => void>();
  /** Tells this run's numbers from those before a restart. */
  private readonly run = randomBytes(4).toString('hex');
  /** A ring: event number n is at n modulo its length. */
  private readonly transactions: TransactionEvent[] = [];
  private transactionCount = 0;
  private isClosed = false;

  constructor(
    private readonly tree: BlockTree,
    private readonly remembered = REMEMBERED_TRANSACTIONS,
  ) {}

  /** The id after which everything that happens from now on comes. */
  position(): string {
    return this.toId({ seen: this.tree.tip, transactions: this.transactionCount });
  }

  /** Wakes the readers: the main chain has moved. */
  chainChanged(): void {
    for (const wake of this.wakers) wake();
  }

  /** Tells the readers of a transaction that waits for a block. */
  transactionArrived(transactionId: string, kind: string): void {
    this.transactions[this.transactionCount % this.remembered] = { type: 'transaction', transactionId, kind };
    this.transactionCount += 1;
    for (const wake of this.wakers) wake();
  }

  /** Ends all streams. */
  close(): void {
    this.isClosed = true;
    for (const wake of this.wakers) wake();
  }

  /**
   * Everything after an event id, or from now on; ends when the signal aborts or the ledger closes. A reader holds no
   * queue here, so a slow one costs nothing.
   * @throws AppError `ledger/bad-event-id`
   */
  follow(lastEventId: string | undefined, signal: AbortSignal): AsyncIterable<LedgerEventView> {
    const start = lastEventId === undefined ? undefined : parseEventId(lastEventId);
    const seen = start === undefined ? this.tree.tip : this.tree.get(start.blockId);
    const isOurRun = start?.run === this.run && start.transactions <= this.transactionCount;
    const transactions = isOurRun ? start.transactions : this.transactionCount;
    const foreign = seen === undefined ? start?.blockId : undefined;
    return this.read({ seen: seen ?? this.tree.tip, transactions }, foreign, signal);
  }

  private async *read(
    position: Position,
    foreign: BlockId | undefined,
    signal: AbortSignal,
  ): AsyncGenerator<LedgerEventView> {
    let wake: () => void = () => undefined;
    const nextWake = (): Promise<void> =>
      new Promise<void>((resolve) => {
        wake = resolve;
      });
    let changed = nextWake();
    const waker = (): void => wake();
    signal.addEventListener('abort', waker);
    this.wakers.add(waker);
    try {
      if (foreign !== undefined) {
        position.seen = this.tree.tip;
        yield { ...this.foreignBranch(foreign), id: this.toId(position) };
      }
      while (!signal.aborted && !this.isClosed) {
        const next = this.nextChainEvent(position.seen);
        if (next !== undefined) {
          position.seen = next.node;
          yield { ...next.event, id: this.toId(position) } as LedgerEventView;
          continue;
        }
        const transaction = this.nextTransaction(position);
        if (transaction !== undefined) {
          yield { ...transaction, id: this.toId(position) };
          continue;
        }
        await changed;
        changed = nextWake();
      }
    } finally {
      this.wakers.delete(waker);
      signal.removeEventListener('abort', waker);
    }
  }

  /** The next transaction event a reader was not told, and moves it past it; what is forgotten is skipped. */
  private nextTransaction(position: Position): TransactionEvent | undefined {
    const oldest = Math.max(0, this.transactionCount - this.remembered);
    const number = Math.max(position.transactions, oldest);
    if (number >= this.transactionCount) return undefined;
    position.transactions = number + 1;
    return this.transactions[number % this.remembered];
  }

  private toId({ seen, transactions }: Position): string {
    return `${seen.height}-${seen.id}-${this.run}.${transactions}`;
  }

  private nextChainEvent(seen: BlockNode): ChainEvent | undefined {
    if (!this.tree.isOnMain(seen)) return this.reorg(seen);
    const node = this.tree.mainAt(seen.height + 1);
    if (node === undefined) return undefined;
    return {
      node,
      event: {
        type: 'block',
        height: node.height,
        blockId: node.id,
        time: new Date(node.timeSeconds * 1000).toISOString(),
        transactions: node.transactionCount,
      },
    };
  }

  /** The branch the reader was on is no longer the main chain; the blocks of the new one follow as events. */
  private reorg(seen: BlockNode): ChainEvent {
    const abandoned = this.tree.branchTo(seen);
    const fork = abandoned[0]?.parent as BlockNode;
    const { tip } = this.tree;
    const adopted: string[] = [];
    for (let height = fork.height + 1; height <= tip.height; height++) {
      const node = this.tree.mainAt(height);
      if (node !== undefined) adopted.push(node.id);
    }
    return {
      node: fork,
      event: {
        type: 'reorg',
        height: tip.height,
        forkHeight: fork.height,
        abandoned: abandoned.map(({ id }) => id),
        adopted,
      },
    };
  }

  /** This node never had the block the reader saw last (its data was reset): everything has to be read again. */
  private foreignBranch(seen: BlockId): Omit<Extract<LedgerEventView, { type: 'reorg' }>, 'id'> {
    const { tip } = this.tree;
    return {
      type: 'reorg',
      height: tip.height,
      forkHeight: 0,
      abandoned: [seen],
      adopted: [tip.id],
    };
  }
}

interface EventPosition {
  readonly blockId: BlockId;
  readonly run: string | undefined;
  readonly transactions: number;
}

export function parseEventId(text: string): EventPosition {
  const match = /^\d{1,15}-([0-9a-f]{64})(?:-([0-9a-f]{8})\.(\d{1,15}))?$/.exec(text);
  if (match === null) {
    throw new AppError({
      code: 'ledger/bad-event-id',
      message: `'${text.slice(0, 100)}' is no event id (<height>-<block id>, and where it came with one, -<run>.<number>)`,
      next: 'send the id of the last event as it came, or leave Last-Event-ID out to start from now',
      data: { lastEventId: text.slice(0, 100) },
    });
  }
  return { blockId: match[1] as BlockId, run: match[2], transactions: Number(match[3] ?? 0) };
}
