import { type TxId, transactionId } from '#chain';
import {
  MAX_TRANSACTION_BYTES,
  MAX_TRANSACTION_IDS,
  MAX_WAITING_IDS,
  TRANSACTIONS_ANSWER_BYTES,
} from '../messages/limits.js';
import { decodeMessageOf, encodeMessage } from '../messages/messages.js';
import type { Peer, PeerSet } from '../peers/peer.js';
import type { GossipVerdict } from '../ports.js';
import type { SyncContext } from '../sync-context.js';
import { RecentIds } from './recent-ids.js';

/** Ids remembered so that nothing is fetched twice. */
const REMEMBERED_IDS = 100_000;
/** Transactions fetched and not judged yet. */
const MAX_UNDER_WAY = 20_000;
/** Peers asked for a transaction that the first one did not give. */
const MAX_SOURCES = 3;
const ID_BYTES = 32;

/** What fetching ids came to. */
interface Fetched {
  readonly taken: readonly TxId[];
  readonly isPeerAtFault: boolean;
}

/** Transactions by id: told in batches, fetched once, passed on only when the pool took them. */
export class TransactionGossip {
  /** In the pool, in a block, or being fetched. */
  private readonly seen = new RecentIds<TxId>(REMEMBERED_IDS);
  /** Refused on this tip; another may come to terms with them. */
  private readonly refusedHere = new RecentIds<TxId>(REMEMBERED_IDS);
  private underWay = 0;
  private readonly toTell = new Set<TxId>();
  private isTelling = false;

  constructor(
    private readonly context: SyncContext,
    private readonly peers: PeerSet,
    /** While far behind nobody can judge a transaction. */
    private readonly isBehind: () => boolean,
  ) {}

  /** Judges an announcement of ids. */
  async receive(peer: Peer, bytes: Uint8Array): Promise<GossipVerdict> {
    const decoded = decodeMessageOf('transactionIds', bytes);
    const { context } = this;
    if (!decoded.ok) {
      context.refuse(peer.ref, 'message', decoded.violation);
      return 'reject';
    }
    const { ids } = decoded.value;
    if (ids.length === 0 || new Set(ids).size !== ids.length) {
      context.refuse(peer.ref, 'message', ids.length === 0 ? 'sync/empty-request' : 'sync/duplicate-ids');
      return 'reject';
    }
    if (this.isBehind()) return 'ignore';
    const wanted = this.unknown(ids);
    if (wanted.length === 0) return 'ignore';
    const { taken, isPeerAtFault } = await this.fetch(peer, wanted);
    if (!isPeerAtFault && taken.length === ids.length) return 'accept';
    // The batch is not passed on as it is, the good part of it is.
    for (const id of taken) this.tellSoon(id);
    return isPeerAtFault ? 'reject' : 'ignore';
  }

  /** Asks a peer what waits with it: after an absence nobody would tell it again. */
  async catchUp(peer: Peer): Promise<void> {
    if (this.isBehind()) return;
    const answer = await this.context.ask(
      peer,
      { name: 'getWaiting', body: {} },
      { name: 'waiting', maxBytes: MAX_WAITING_IDS * ID_BYTES },
    );
    if (answer.kind !== 'answer') return;
    const wanted = this.unknown(answer.body.ids);
    for (let at = 0; at < wanted.length; at += MAX_TRANSACTION_IDS) {
      const { taken } = await this.fetch(peer, wanted.slice(at, at + MAX_TRANSACTION_IDS));
      for (const id of taken) this.tellSoon(id);
    }
  }

  /** The pool took a transaction in; it is told unless it came by gossip. */
  arrived(id: TxId): void {
    if (this.seen.has(id)) return;
    this.seen.add(id);
    this.tellSoon(id);
  }

  /** On another tip what was refused may be good. */
  tipMoved(): void {
    this.refusedHere.clear();
  }

  private unknown(ids: readonly TxId[]): TxId[] {
    const room = Math.max(0, MAX_UNDER_WAY - this.underWay);
    return ids.filter((id) => !this.seen.has(id) && !this.refusedHere.has(id)).slice(0, room);
  }

  private tellSoon(id: TxId): void {
    this.toTell.add(id);
    if (this.isTelling) return;
    this.isTelling = true;
    this.context.after(this.context.options.announceDelayMs, () => {
      this.isTelling = false;
      const ids = [...this.toTell];
      this.toTell.clear();
      for (let at = 0; at < ids.length; at += MAX_TRANSACTION_IDS) {
        const body = { ids: ids.slice(at, at + MAX_TRANSACTION_IDS) };
        this.context.transport.publish('transactions', encodeMessage('transactionIds', body));
      }
    });
  }

  private async fetch(peer: Peer, ids: readonly TxId[]): Promise<Fetched> {
    for (const id of ids) this.seen.add(id);
    this.underWay += ids.length;
    const taken: TxId[] = [];
    let isPeerAtFault = false;
    let left = ids;
    try {
      for (const source of this.sources(peer)) {
        const outcome = await this.fetchFrom(source, left);
        taken.push(...outcome.taken);
        if (source === peer) isPeerAtFault = outcome.isPeerAtFault;
        left = outcome.left;
        if (left.length === 0 || this.context.isStopped) break;
      }
    } finally {
      this.underWay -= ids.length;
      for (const id of left) this.seen.delete(id);
    }
    return { taken, isPeerAtFault };
  }

  /** The peer that told, then some others in random order. */
  private sources(peer: Peer): readonly Peer[] {
    const { clock } = this.context;
    const others = this.peers
      .ready()
      .filter((other) => other !== peer)
      .map((other) => ({ other, order: clock.random() }))
      .sort((a, b) => a.order - b.order)
      .slice(0, MAX_SOURCES - 1);
    return [peer, ...others.map(({ other }) => other)];
  }

  /** Asks one peer until it has no more of them. */
  private async fetchFrom(
    source: Peer,
    ids: readonly TxId[],
  ): Promise<Fetched & { readonly left: readonly TxId[] }> {
    const taken: TxId[] = [];
    const lacking: TxId[] = [];
    let isPeerAtFault = false;
    let left = ids;
    while (left.length > 0 && !isPeerAtFault) {
      const answer = await this.context.ask(
        source,
        { name: 'getTransactions', body: { ids: left } },
        { name: 'transactions', maxBytes: TRANSACTIONS_ANSWER_BYTES + MAX_TRANSACTION_BYTES },
      );
      if (answer.kind !== 'answer' || answer.body.transactions.length === 0) break;
      const { transactions } = answer.body;
      if (transactions.length > left.length) {
        this.context.refuse(source.ref, 'answer', 'sync/too-many-answers');
        isPeerAtFault = true;
        break;
      }
      const judged = await this.judge(source, left, transactions);
      taken.push(...judged.taken);
      lacking.push(...judged.lacking);
      isPeerAtFault = judged.isPeerAtFault;
      left = left.slice(transactions.length);
    }
    return { taken, isPeerAtFault, left: [...lacking, ...left] };
  }

  private async judge(
    source: Peer,
    ids: readonly TxId[],
    transactions: readonly Uint8Array[],
  ): Promise<Fetched & { readonly lacking: readonly TxId[] }> {
    const { chain, law, counters } = this.context;
    const taken: TxId[] = [];
    const lacking: TxId[] = [];
    let isPeerAtFault = false;
    const verdicts = transactions.map(async (bytes, index) => {
      const id = ids[index] as TxId;
      if (bytes.length === 0) return { id, kind: 'lacking' } as const;
      if (transactionId(law, bytes) !== id) return { id, kind: 'wrong' } as const;
      counters.transactionsFetched += 1;
      return { id, kind: 'judged', result: await chain.submitTransaction(bytes) } as const;
    });
    for (const verdict of await Promise.all(verdicts)) {
      if (verdict.kind === 'lacking') lacking.push(verdict.id);
      else if (verdict.kind === 'wrong') {
        lacking.push(verdict.id);
        this.context.refuse(source.ref, 'transaction', 'sync/wrong-transaction');
        isPeerAtFault = true;
      } else if (verdict.result.ok) taken.push(verdict.id);
      else {
        this.seen.delete(verdict.id);
        this.refusedHere.add(verdict.id);
        const weight = this.context.refuse(source.ref, 'transaction', verdict.result.violation);
        if (weight > 0) isPeerAtFault = true;
      }
    }
    return { taken, lacking, isPeerAtFault };
  }
}
