import {
  type AccountId,
  applyTransaction,
  type BlockView,
  decodeTransaction,
  type KnownTransaction,
  type Law,
  laneKey,
  laneSpace,
  type MemoryState,
  openBlockView,
  type Pot,
  type Supplement,
  type TxId,
  transactionSignatures,
} from '#chain';
import { accepted, type Result, refused, type Violation } from '#errors';
import type { ChainChange } from '../chain/chain-listener.js';
import type { VerifyBatch } from '../chain/chain-manager.js';
import { orderByFee, queueKey } from './fee-order.js';
import { compareFeeRate, type MempoolPolicy, validatePolicy } from './mempool-policy.js';

/** The part of the chain a mempool looks at. */
export interface MempoolChain {
  readonly state: MemoryState;
  readonly tip: { readonly height: number };
  tipSupplement(): Supplement;
}

export interface MempoolOptions {
  readonly law: Law;
  readonly chain: MempoolChain;
  readonly verifyBatch: VerifyBatch;
  readonly policy: MempoolPolicy;
  /** Told when a transaction leaves without having been confirmed. */
  readonly onDropped?: (ids: readonly TxId[]) => void;
}

interface Entry {
  readonly known: KnownTransaction;
  readonly uniqueKey: string | undefined;
  readonly addedAtHeight: number;
}

/** How full the pool is after it had to make room: evicting one by one would rebuild the view each time. */
const FILL_AFTER_EVICTION = 0.9;

/** Transactions that wait for a block: each valid on the state after the tip and all the others before it. */
export class Mempool {
  /** In order of arrival, in which they apply. */
  private entries = new Map<TxId, Entry>();
  private readonly byUniqueKey = new Map<string, TxId>();
  private readonly perAccount = new Map<AccountId, number>();
  private usedBytes = 0;
  private revisionNumber = 0;
  /** The order of a revision: anybody may ask for it, and sorting a full pool is dear. */
  private ordered:
    | { readonly revision: number; readonly candidates: readonly KnownTransaction[] }
    | undefined;
  private view: BlockView;

  constructor(private readonly options: MempoolOptions) {
    this.view = this.freshView();
  }

  get count(): number {
    return this.entries.size;
  }

  get sizeBytes(): number {
    return this.usedBytes;
  }

  /** Changes whenever the content does. */
  get revision(): number {
    return this.revisionNumber;
  }

  get(id: TxId): KnownTransaction | undefined {
    return this.entries.get(id)?.known;
  }

  /** All waiting transactions in order of arrival. */
  *transactions(): IterableIterator<KnownTransaction> {
    for (const entry of this.entries.values()) yield entry.known;
  }

  /** All waiting transactions as a template takes them. */
  candidates(): readonly KnownTransaction[] {
    if (this.ordered?.revision !== this.revisionNumber) {
      const candidates = orderByFee(this.options.law, this.transactions());
      this.ordered = { revision: this.revisionNumber, candidates };
    }
    return this.ordered.candidates;
  }

  /** Next sequence number of a lane, waiting transactions counted. */
  nextSequence(account: AccountId, lane: number): bigint {
    return this.view.get(laneSpace, laneKey(account, lane)) ?? 0n;
  }

  /** What a pot will hold once everything that waits is in a block. */
  pendingBalance(pot: Pot): bigint {
    return this.view.balance(pot);
  }

  /** Takes a transaction in, or says which rule of law or policy keeps it out. Known ones are accepted again. */
  async submit(
    bytes: Uint8Array,
  ): Promise<Result<{ readonly known: KnownTransaction; readonly isNew: boolean }>> {
    const plain = new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const decoded = decodeTransaction(this.options.law, plain);
    if (!decoded.ok) return decoded;
    const known = decoded.value;
    if (this.entries.has(known.id)) return accepted({ known, isNew: false });
    const early = this.validatePolicy(known);
    if (early !== undefined) return refused(early);
    const verdicts = await this.options.verifyBatch(transactionSignatures(this.options.law, known));
    if (!verdicts.every((verdict) => verdict))
      return refused({ rule: 'tx/signature', transaction: known.id });
    // The pool may have changed meanwhile; from here on nothing waits.
    if (this.entries.has(known.id)) return accepted({ known, isNew: false });
    const violation =
      this.validatePolicy(known) ?? this.makeRoom(known) ?? this.add(known, this.options.chain.tip.height);
    return violation === undefined ? accepted({ known, isNew: true }) : refused(violation);
  }

  /** Follows the chain: confirmed transactions leave, those of an abandoned branch come back. */
  chainChanged(change: ChainChange): void {
    const confirmed = new Set(change.joined.flatMap(({ block }) => block.transactions.map(({ id }) => id)));
    const returning = change.left.flatMap(({ block }) => block.transactions);
    const height = this.options.chain.tip.height;
    const before = [...this.entries.values()];
    const again = [
      ...returning.map((known) => ({ known, addedAtHeight: height })),
      ...before.filter(({ addedAtHeight }) => height - addedAtHeight < this.options.policy.expiryBlocks),
    ].filter(({ known }) => !confirmed.has(known.id));
    this.rebuild(again);
    this.reportDropped(before.filter(({ known }) => !confirmed.has(known.id)));
  }

  private validatePolicy(known: KnownTransaction): Violation | undefined {
    const pending = this.perAccount.get(known.account) ?? 0;
    return validatePolicy(this.options.law, this.options.policy, known, pending);
  }

  private add(known: KnownTransaction, addedAtHeight: number): Violation | undefined {
    const kind = this.options.law.kindsByName.get(known.transaction.kind);
    const unique = kind?.uniqueKey?.(known.transaction.body);
    const uniqueKey = unique === undefined ? undefined : `${known.transaction.kind}:${unique}`;
    const holder = uniqueKey === undefined ? undefined : this.byUniqueKey.get(uniqueKey);
    if (holder !== undefined) return { rule: 'mempool/conflict', uniqueKey, pending: holder };
    if (this.usedBytes + known.bytes.length > this.options.policy.maxSizeBytes) return this.full();
    const violation = applyTransaction(this.options.law, this.view, known);
    if (violation !== undefined) return violation;
    this.entries.set(known.id, { known, uniqueKey, addedAtHeight });
    if (uniqueKey !== undefined) this.byUniqueKey.set(uniqueKey, known.id);
    this.perAccount.set(known.account, (this.perAccount.get(known.account) ?? 0) + 1);
    this.usedBytes += known.bytes.length;
    this.revisionNumber += 1;
    return undefined;
  }

  /** Evicts what pays less per byte than a newcomer, the ends of lanes first; refuses the newcomer if that is not enough. */
  private makeRoom(newcomer: KnownTransaction): Violation | undefined {
    const { law, policy } = this.options;
    if (this.usedBytes + newcomer.bytes.length <= policy.maxSizeBytes) return undefined;
    // A fee that nobody could pay must push nothing out.
    const untenable = this.tryOut(newcomer);
    if (untenable !== undefined) return untenable;
    const wanted = Math.max(
      this.usedBytes + newcomer.bytes.length - policy.maxSizeBytes,
      Math.ceil(this.usedBytes - policy.maxSizeBytes * FILL_AFTER_EVICTION),
    );
    const ownQueue = queueKey(law, newcomer);
    const evicted = new Set<TxId>();
    let freed = 0;
    // The reverse of the block order is worst first with every lane from its end.
    for (const known of this.candidates().toReversed()) {
      if (freed >= wanted || compareFeeRate(newcomer, known) <= 0) break;
      if (queueKey(law, known) === ownQueue) continue;
      evicted.add(known.id);
      freed += known.bytes.length;
    }
    if (this.usedBytes - freed + newcomer.bytes.length > policy.maxSizeBytes) {
      return this.full();
    }
    const before = [...this.entries.values()];
    this.rebuild(before.filter(({ known }) => !evicted.has(known.id)));
    this.reportDropped(before);
    return undefined;
  }

  /** What keeps a transaction out by itself; leaves no trace. */
  private tryOut(known: KnownTransaction): Violation | undefined {
    let violation: Violation | undefined;
    this.view.attempt(() => {
      violation = applyTransaction(this.options.law, this.view, known);
      return { rule: 'mempool/tried-out' };
    });
    return violation;
  }

  private full(): Violation {
    return { rule: 'mempool/full', sizeBytes: this.usedBytes, maxBytes: this.options.policy.maxSizeBytes };
  }

  /** Applies transactions anew on the tip; those that no longer hold are left out. */
  private rebuild(waiting: readonly Pick<Entry, 'known' | 'addedAtHeight'>[]): void {
    this.entries = new Map();
    this.byUniqueKey.clear();
    this.perAccount.clear();
    this.usedBytes = 0;
    this.revisionNumber += 1;
    this.view = this.freshView();
    for (const { known, addedAtHeight } of waiting) {
      if (!this.entries.has(known.id)) this.add(known, addedAtHeight);
    }
  }

  private reportDropped(before: readonly Entry[]): void {
    const dropped = before.filter(({ known }) => !this.entries.has(known.id)).map(({ known }) => known.id);
    if (dropped.length > 0) this.options.onDropped?.(dropped);
  }

  private freshView(): BlockView {
    const { law, chain } = this.options;
    return openBlockView(law, chain.state, chain.tipSupplement());
  }
}
