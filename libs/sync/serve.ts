import { type BlockId, blockSchema, decode } from '#chain';
import type { ChainAccess } from '#ledger';
import {
  BLOCKS_ANSWER_BYTES,
  MAX_HEADERS,
  MAX_WAITING_IDS,
  TRANSACTIONS_ANSWER_BYTES,
} from './messages/limits.js';
import { encodeMessage, type MessageBody } from './messages/messages.js';
import type { Peer } from './peers/peer.js';
import type { SyncContext } from './sync-context.js';

const NO = new Uint8Array(0);

/** Blocks whose transactions were asked for one by one lately. */
const KEPT_SPLIT_BLOCKS = 2;

/** Answers what peers ask. Every answer is bounded in bytes; what is not here is left empty. */
export class Server {
  private readonly split = new Map<BlockId, readonly Uint8Array[]>();

  constructor(private readonly context: SyncContext) {}

  async headers({ locator }: MessageBody<'getHeaders'>): Promise<Uint8Array> {
    const headers = await this.chain.headersAfter({ locator, max: MAX_HEADERS });
    return encodeMessage('headers', { tip: (await this.chain.tip()).id, headers });
  }

  async blocks(peer: Peer, { ids }: MessageBody<'getBlocks'>): Promise<Uint8Array> {
    if (this.isAskedForNothing(peer, ids)) return NO;
    const blocks = await upTo(BLOCKS_ANSWER_BYTES, ids, (id) => this.chain.blockBytes(id));
    return encodeMessage('blocks', { blocks });
  }

  async blockTransactions(peer: Peer, ask: MessageBody<'getBlockTransactions'>): Promise<Uint8Array> {
    if (this.isAskedForNothing(peer, ask.indexes)) return NO;
    const all = await this.transactionsOf(ask.block);
    if (all === undefined) return encodeMessage('blockTransactions', { transactions: [] });
    let last = -1;
    const transactions: Uint8Array[] = [];
    for (const index of ask.indexes) {
      const transaction = all[index];
      if (index <= last || transaction === undefined) {
        this.context.refuse(peer.ref, 'message', 'sync/indexes');
        return NO;
      }
      transactions.push(transaction);
      last = index;
    }
    return encodeMessage('blockTransactions', { transactions });
  }

  async transactions(peer: Peer, { ids }: MessageBody<'getTransactions'>): Promise<Uint8Array> {
    if (this.isAskedForNothing(peer, ids)) return NO;
    const waiting = await this.chain.waitingTransactions(ids);
    const places = ids.map((_, place) => place);
    const transactions = await upTo(TRANSACTIONS_ANSWER_BYTES, places, async (place) => waiting[place]);
    return encodeMessage('transactions', { transactions });
  }

  async waiting(): Promise<Uint8Array> {
    const ids = await this.chain.waitingIds();
    return encodeMessage('waiting', { ids: ids.slice(0, MAX_WAITING_IDS) });
  }

  private get chain(): ChainAccess {
    return this.context.chain;
  }

  /** True where a request names nothing, or one thing twice: no honest node asks like that. */
  private isAskedForNothing(peer: Peer, names: readonly (string | number)[]): boolean {
    const rule =
      names.length === 0
        ? 'sync/empty-request'
        : new Set(names).size < names.length
          ? 'sync/duplicate-ids'
          : undefined;
    if (rule === undefined) return false;
    this.context.refuse(peer.ref, 'message', rule);
    return true;
  }

  private async transactionsOf(id: BlockId): Promise<readonly Uint8Array[] | undefined> {
    const kept = this.split.get(id);
    if (kept !== undefined) return kept;
    const bytes = await this.chain.blockBytes(id);
    const block = bytes && decode(blockSchema, bytes);
    if (!block?.ok) return undefined;
    this.split.set(id, block.value.transactions);
    for (const oldest of this.split.keys()) {
      if (this.split.size <= KEPT_SPLIT_BLOCKS) break;
      this.split.delete(oldest);
    }
    return block.value.transactions;
  }
}

/** Reads one after the other until the answer is longer than it should be; empty where there is nothing. */
async function upTo<K>(
  maxBytes: number,
  keys: readonly K[],
  read: (key: K) => Promise<Uint8Array | undefined>,
): Promise<Uint8Array[]> {
  const found: Uint8Array[] = [];
  let total = 0;
  for (const key of keys) {
    const bytes = (await read(key)) ?? NO;
    found.push(bytes);
    total += bytes.length;
    if (total >= maxBytes) break;
  }
  return found;
}
