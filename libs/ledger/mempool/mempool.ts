import {
  type AccountId,
  applyTransaction,
  type BlockId,
  decodeTransaction,
  type KnownTransaction,
  type Law,
  laneKey,
  laneSpace,
  type Pot,
  potSpace,
  type StateReader,
  type Supplement,
  type TxId,
  transactionSignatures,
} from '#chain';
import { accepted, type Result, refused, type Violation } from '#errors';
import type { FeeEstimateView } from '#wire';
import type { ChainChange } from '../chain/chain-listener.js';
import type { VerifyBatch } from '../chain/chain-manager.js';
import { FeeEstimator } from './fee-estimate.js';
import { orderByFee, queueKey } from './fee-order.js';
import { compareFeeRate, type MempoolPolicy, validatePolicy, validateReplacement } from './mempool-policy.js';
import { objectKey, PoolView } from './pool-view.js';
import { type Entry, WaitingList } from './waiting-list.js';

/** The part of the chain a mempool looks at. */
export interface MempoolChain {
  readonly state: StateReader;
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

/** How full the pool is after it had to make room: a tenth at a time, so that a full pool is not sorted each time. */
const FILL_AFTER_EVICTION = 0.9;

type Waiting = Pick<Entry, 'known' | 'addedAtHeight'>;

/** What those who left had written (undefined where somebody who stays wrote before them) and which pots they touched. */
interface Traces {
  readonly written: Map<string, { readonly value: unknown } | undefined>;
  readonly pots: Set<Pot>;
}

/** How often what failed is tried once more after what came later. */
const MAX_PASSES = 8;

/**
 * Transactions that wait for a block: each valid on the state after the tip and all the others before it. A block costs
 * what it changed: only what hangs on a changed object, a pot that no longer covers all, or the height is asked again.
 */
export class Mempool {
  private readonly list = new WaitingList();
  private readonly view: PoolView;
  /** Of the tip; read again after every change of the chain. */
  private supplement: Supplement | undefined;
  private nextOrder = 0;
  private revisionNumber = 0;
  /** Counted anew with every block. */
  private readonly replacements = new Map<AccountId, number>();
  private readonly estimator: FeeEstimator;
  /** The order of a revision: anybody may ask for it, and sorting a full pool is dear. */
  private ordered:
    | { readonly revision: number; readonly candidates: readonly KnownTransaction[] }
    | undefined;

  constructor(private readonly options: MempoolOptions) {
    this.estimator = new FeeEstimator(options.law, options.policy.minFeePerByte);
    this.view = this.openView();
  }

  get count(): number {
    return this.list.size;
  }

  get sizeBytes(): number {
    return this.list.sizeBytes;
  }

  /** Changes whenever the content does. */
  get revision(): number {
    return this.revisionNumber;
  }

  get(id: TxId): KnownTransaction | undefined {
    return this.list.get(id)?.known;
  }

  /** All waiting transactions in the order in which they apply: that of arrival, but for those that were asked again. */
  *transactions(): IterableIterator<KnownTransaction> {
    for (const entry of this.list.inOrder()) yield entry.known;
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

  /** What a place in the next blocks costs. */
  feeEstimate(): FeeEstimateView {
    return this.estimator.estimate(this.list.fees);
  }

  /** Takes a transaction in, or says which rule of law or policy keeps it out. Known ones are accepted again. */
  async submit(
    bytes: Uint8Array,
  ): Promise<Result<{ readonly known: KnownTransaction; readonly isNew: boolean }>> {
    const plain = new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const decoded = decodeTransaction(this.options.law, plain);
    if (!decoded.ok) return decoded;
    const known = decoded.value;
    if (this.list.has(known.id)) return accepted({ known, isNew: false });
    const early = this.validatePolicy(known);
    if (early !== undefined) return refused(early);
    const verdicts = await this.options.verifyBatch(transactionSignatures(this.options.law, known));
    if (!verdicts.every((verdict) => verdict))
      return refused({ rule: 'tx/signature', transaction: known.id });
    // The pool may have changed meanwhile; from here on nothing waits.
    if (this.list.has(known.id)) return accepted({ known, isNew: false });
    const violation = this.validatePolicy(known) ?? this.place(known);
    return violation === undefined ? accepted({ known, isNew: true }) : refused(violation);
  }

  /** Follows the chain: confirmed transactions leave, those of an abandoned branch come back. */
  chainChanged(change: ChainChange): void {
    for (const { node, block } of change.joined) this.estimator.blockJoined(node.height, block);
    this.replacements.clear();
    this.supplement = undefined;
    this.revisionNumber += 1;
    // While a node syncs nothing waits, and its blocks are many.
    if (this.list.size === 0 && change.left.length === 0) return;
    const confirmed = new Set(change.joined.flatMap(({ block }) => block.transactions.map(({ id }) => id)));
    const { height } = this.options.chain.tip;
    const returning = change.left
      .flatMap(({ block }) => block.transactions)
      .filter(({ id }) => !confirmed.has(id) && !this.list.has(id))
      .map((known) => ({ known, addedAtHeight: height }));
    const left = this.takeConfirmed(confirmed);
    const again = this.affectedBy(change, left);
    const expired = new Set(this.list.addedUpTo(height - this.options.policy.expiryBlocks));
    this.report(this.askAgain(again, expired, returning));
  }

  /** Takes out what is in a block now. Returns what it touched, and the objects of which it explains the value. */
  private takeConfirmed(confirmed: ReadonlySet<TxId>): Traces {
    const leaving = [...confirmed].flatMap((id) => this.list.get(id) ?? []).sort((a, b) => a.order - b.order);
    const traces: Traces = { written: new Map(), pots: new Set() };
    for (const { known, footprint } of leaving) {
      for (const [object, value] of footprint.writes) {
        const isBroken = traces.written.has(object) && traces.written.get(object) === undefined;
        const isFirst = this.view.isFirstWriter(known.id, object);
        traces.written.set(object, isFirst && !isBroken ? { value } : undefined);
      }
      for (const pot of footprint.deltas.keys()) traces.pots.add(pot);
      this.take(known.id);
    }
    return traces;
  }

  /** Who must be asked again: those who hang on what changed otherwise than by those who left. */
  private affectedBy({ left, joined }: ChainChange, { written, pots }: Traces): Set<Entry> {
    const { list, view } = this;
    const affected = new Set<Entry>(list.boundToHeight());
    const askAll = (entries: Iterable<Entry>): void => {
      for (const entry of entries) affected.add(entry);
    };
    const diffs = [...left.map(({ diff }) => diff), ...joined.map(({ applied }) => applied.diff)];
    for (const { space, key } of diffs.flat()) {
      if (space.code === potSpace.code) {
        pots.add(key);
        continue;
      }
      const object = objectKey(space, key);
      const value = written.get(object);
      written.delete(object);
      const isExplained =
        left.length === 0 &&
        value !== undefined &&
        Object.is(value.value, this.options.chain.state.get(space, key));
      for (const entry of list.touching(object))
        if (!isExplained || !entry.footprint.writes.has(object)) affected.add(entry);
    }
    for (const object of written.keys()) askAll(list.touching(object));
    for (const pot of pots) {
      askAll(list.reading(pot));
      if (!view.isAmple(pot)) askAll(list.debiting(pot));
    }
    return affected;
  }

  private validatePolicy(known: KnownTransaction): Violation | undefined {
    const { law, policy } = this.options;
    const holder = this.list.inSlot(this.slotOf(known));
    const replaces = holder?.known.account === known.account ? 1 : 0;
    const broken = validatePolicy(law, policy, known, this.list.countOf(known.account) - replaces);
    if (broken !== undefined || holder === undefined) return broken;
    return validateReplacement(policy, known, holder.known, this.replacements.get(known.account) ?? 0);
  }

  private place(known: KnownTransaction): Violation | undefined {
    const holder = this.list.inSlot(this.slotOf(known));
    if (holder !== undefined) return this.replace(known, holder);
    return this.makeRoom(known) ?? this.add(known, this.options.chain.tip.height);
  }

  /** Puts a transaction in the place of another; those that built on the old one stay if they hold on the new one. */
  private replace(known: KnownTransaction, holder: Entry): Violation | undefined {
    const sizeBytes = this.sizeBytes - holder.known.bytes.length + known.bytes.length;
    if (sizeBytes > this.options.policy.maxSizeBytes) return this.full();
    const affected = this.closure([holder]);
    for (const { known: old } of affected) this.take(old.id);
    const violation = this.add(known, this.options.chain.tip.height);
    const back = violation === undefined ? affected.filter((entry) => entry !== holder) : affected;
    this.addAll(back);
    this.report(affected.filter((entry) => !this.list.has(entry.known.id)));
    if (violation !== undefined) return violation;
    this.replacements.set(known.account, (this.replacements.get(known.account) ?? 0) + 1);
    return undefined;
  }

  private add(known: KnownTransaction, addedAtHeight: number): Violation | undefined {
    if (this.list.inSlot(this.slotOf(known)) !== undefined) {
      return { rule: 'mempool/conflict', pending: this.list.inSlot(this.slotOf(known))?.known.id };
    }
    if (this.sizeBytes + known.bytes.length > this.options.policy.maxSizeBytes) return this.full();
    const footprint = this.view.record(known.id, () => applyTransaction(this.options.law, this.view, known));
    if ('violation' in footprint) return footprint.violation;
    this.list.add({ known, slot: this.slotOf(known), addedAtHeight, order: this.nextOrder++, footprint });
    this.revisionNumber += 1;
    return undefined;
  }

  /** Adds what holds, in the order given; what only held on something later is tried again after it. */
  private addAll(waiting: readonly Waiting[]): void {
    let left = waiting;
    for (let pass = 0; left.length > 0 && pass < MAX_PASSES; pass++) {
      const failed = left.filter(({ known, addedAtHeight }) => this.add(known, addedAtHeight) !== undefined);
      if (failed.length === left.length) return;
      left = failed;
    }
  }

  private take(id: TxId): void {
    const entry = this.list.get(id);
    if (entry === undefined) return;
    this.list.remove(entry);
    this.view.forget(id, entry.footprint);
    this.revisionNumber += 1;
  }

  /**
   * Asks the law again about some and about all that built on them, after those who come back; `dropped` are not asked.
   * Returns who does not wait now.
   */
  private askAgain(
    some: Iterable<Entry>,
    dropped: ReadonlySet<Entry>,
    returning: readonly Waiting[] = [],
  ): Waiting[] {
    const affected = this.closure([...some, ...dropped]);
    for (const { known } of affected) this.take(known.id);
    this.addAll([...returning, ...affected.filter((entry) => !dropped.has(entry))]);
    return [...returning, ...affected].filter(({ known }) => !this.list.has(known.id));
  }

  /** Some and all after them that hang on what they wrote or paid in, in order. */
  private closure(some: readonly Entry[]): Entry[] {
    const found = new Set(some);
    /** From which order on all who hang on an object or pot were found. */
    const seen = new Map<string, number>();
    const isNew = (what: string, order: number): boolean => {
      if ((seen.get(what) ?? Number.POSITIVE_INFINITY) <= order) return false;
      seen.set(what, order);
      return true;
    };
    for (const entry of found) {
      const later = (others: Iterable<Entry>): void => {
        for (const other of others) if (other.order > entry.order) found.add(other);
      };
      for (const object of entry.footprint.writes.keys())
        if (isNew(object, entry.order)) later(this.list.touching(object));
      for (const pot of entry.footprint.deltas.keys()) {
        if (!isNew(pot, entry.order)) continue;
        later(this.list.reading(pot));
        if (!this.view.isAmple(pot)) later(this.list.debiting(pot));
      }
    }
    return [...found].sort((a, b) => a.order - b.order);
  }

  /** Evicts what pays less per byte than a newcomer, the ends of lanes first; refuses the newcomer if that is not enough. */
  private makeRoom(newcomer: KnownTransaction): Violation | undefined {
    const { law, policy } = this.options;
    if (this.sizeBytes + newcomer.bytes.length <= policy.maxSizeBytes) return undefined;
    // A fee that nobody could pay must push nothing out.
    const tried = this.view.tryOut(() => applyTransaction(law, this.view, newcomer));
    if ('violation' in tried) return tried.violation;
    const wanted = Math.max(
      this.sizeBytes + newcomer.bytes.length - policy.maxSizeBytes,
      Math.ceil(this.sizeBytes - policy.maxSizeBytes * FILL_AFTER_EVICTION),
    );
    const ownQueue = queueKey(law, newcomer);
    const evicted = new Set<Entry>();
    let freed = 0;
    // The reverse of the block order is worst first with every lane from its end.
    for (const known of this.candidates().toReversed()) {
      if (freed >= wanted || compareFeeRate(newcomer, known) <= 0) break;
      const entry = this.list.get(known.id);
      if (entry === undefined || queueKey(law, known) === ownQueue) continue;
      evicted.add(entry);
      freed += known.bytes.length;
    }
    if (this.sizeBytes - freed + newcomer.bytes.length > policy.maxSizeBytes) return this.full();
    this.report(this.askAgain([], evicted));
    return undefined;
  }

  private full(): Violation {
    return { rule: 'mempool/full', sizeBytes: this.sizeBytes, maxBytes: this.options.policy.maxSizeBytes };
  }

  private report(dropped: readonly Waiting[]): void {
    if (dropped.length > 0) this.options.onDropped?.(dropped.map(({ known }) => known.id));
  }

  /** What only one transaction can have: its place in its lane, or what its kind says is unique. */
  private slotOf({ id, account, transaction }: KnownTransaction): string {
    const kind = this.options.law.kindsByName.get(transaction.kind);
    if (kind?.replay === 'sequence') return `${laneKey(account, transaction.lane)}#${transaction.sequence}`;
    const unique = kind?.uniqueKey?.(transaction.body);
    return unique === undefined ? id : `${transaction.kind}:${unique}`;
  }

  /** A view that reads height and state as they are at every look. */
  private openView(): PoolView {
    const { law, chain } = this.options;
    const live: StateReader = { get: (space, key) => chain.state.get(space, key) };
    const recentId = (height: number): BlockId | undefined => {
      this.supplement ??= chain.tipSupplement();
      return this.supplement.recentIds.get(height);
    };
    return new PoolView(live, {
      params: law.params,
      crypto: law.crypto,
      get height() {
        return chain.tip.height + 1;
      },
      blockIdAt: recentId,
    });
  }
}
