import type { BlockId } from '#chain';
import { AppError } from '#errors';
import type { LedgerEventView } from '#wire';
import type { BlockNode, BlockTree } from '../chain/block-tree.js';

/** Unread transaction events a slow reader may have waiting; older ones are dropped, blocks never are. */
const MAX_WAITING_TRANSACTIONS = 1_000;

interface Subscriber {
  readonly transactions: LedgerEventView[];
  wake: () => void;
}

/**
 * What happens on the ledger, as streams that can be resumed. An id is `<height>-<block id>`: the block up to which the
 * reader has seen the main chain. Nothing is logged: what a reader missed follows from the tree of blocks, a branch it
 * saw and that was abandoned since becomes a reorg event.
 */
export class EventStream {
  private readonly subscribers = new Set<Subscriber>();
  private isClosed = false;

  constructor(private readonly tree: BlockTree) {}

  /** Wakes the readers: the main chain has moved. */
  chainChanged(): void {
    for (const subscriber of this.subscribers) subscriber.wake();
  }

  /** Tells the readers of a transaction that waits for a block. */
  transactionArrived(transactionId: string, kind: string): void {
    const event: LedgerEventView = { type: 'transaction', id: eventId(this.tree.tip), transactionId, kind };
    for (const subscriber of this.subscribers) {
      subscriber.transactions.push(event);
      if (subscriber.transactions.length > MAX_WAITING_TRANSACTIONS) subscriber.transactions.shift();
      subscriber.wake();
    }
  }

  /** Ends all streams. */
  close(): void {
    this.isClosed = true;
    for (const subscriber of this.subscribers) subscriber.wake();
  }

  /**
   * Everything after an event id, or from now on; ends when the signal aborts or the ledger closes.
   * @throws AppError `ledger/bad-event-id`
   */
  follow(lastEventId: string | undefined, signal: AbortSignal): AsyncIterable<LedgerEventView> {
    const start = lastEventId === undefined ? undefined : parseEventId(lastEventId);
    const from = start === undefined ? this.tree.tip : this.tree.get(start.blockId);
    return this.run(from, start, signal);
  }

  private async *run(
    from: BlockNode | undefined,
    start: { readonly blockId: BlockId } | undefined,
    signal: AbortSignal,
  ): AsyncGenerator<LedgerEventView> {
    let wake: () => void = () => undefined;
    let changed = new Promise<void>((resolve) => {
      wake = resolve;
    });
    const subscriber: Subscriber = { transactions: [], wake: () => wake() };
    signal.addEventListener('abort', subscriber.wake);
    this.subscribers.add(subscriber);
    try {
      let seen = from ?? this.tree.tip;
      if (from === undefined && start !== undefined) yield this.foreignBranch(start.blockId);
      while (!signal.aborted && !this.isClosed) {
        const next = this.nextChainEvent(seen) ?? subscriber.transactions.shift();
        if (next === undefined) {
          await changed;
          changed = new Promise<void>((resolve) => {
            wake = resolve;
          });
          continue;
        }
        if ('node' in next) {
          seen = next.node;
          yield next.event;
        } else yield next;
      }
    } finally {
      this.subscribers.delete(subscriber);
      signal.removeEventListener('abort', subscriber.wake);
    }
  }

  private nextChainEvent(seen: BlockNode): { node: BlockNode; event: LedgerEventView } | undefined {
    if (!this.tree.isOnMain(seen)) return this.reorg(seen);
    const node = this.tree.mainAt(seen.height + 1);
    if (node === undefined) return undefined;
    return {
      node,
      event: {
        type: 'block',
        id: eventId(node),
        height: node.height,
        blockId: node.id,
        time: new Date(node.timeSeconds * 1000).toISOString(),
        transactions: node.transactionCount,
      },
    };
  }

  /** The branch the reader was on is no longer the main chain; the blocks of the new one follow as events. */
  private reorg(seen: BlockNode): { node: BlockNode; event: LedgerEventView } {
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
        id: eventId(fork),
        height: tip.height,
        forkHeight: fork.height,
        abandoned: abandoned.map(({ id }) => id),
        adopted,
      },
    };
  }

  /** This node never had the block the reader saw last (its data was reset): everything has to be read again. */
  private foreignBranch(seen: BlockId): LedgerEventView {
    const { tip } = this.tree;
    return {
      type: 'reorg',
      id: eventId(tip),
      height: tip.height,
      forkHeight: 0,
      abandoned: [seen],
      adopted: [tip.id],
    };
  }
}

function eventId(node: BlockNode): string {
  return `${node.height}-${node.id}`;
}

function parseEventId(text: string): { readonly blockId: BlockId } {
  const match = /^\d{1,15}-([0-9a-f]{64})$/.exec(text);
  if (match === null) {
    throw new AppError({
      code: 'ledger/bad-event-id',
      message: `'${text.slice(0, 100)}' is no event id (<height>-<block id>)`,
      next: 'send the id of the last event as it came, or leave Last-Event-ID out to start from now',
      data: { lastEventId: text.slice(0, 100) },
    });
  }
  return { blockId: match[1] as BlockId };
}
