import type { LedgerPort } from '#ledger';
import type { PayoutSummaryView } from '#services';
import type { PostingView, StatusView } from '#wire';
import { readAtOneTip } from './at-one-tip.js';
import { PAYOUT_REASONS } from './payout-reasons.js';
import { addPosting, type ReasonSums, sumsToTotals } from './payout-totals.js';

interface ProviderSums {
  readonly sums: ReasonSums;
  readonly contracts: Set<string>;
  proofs: number;
  misses: number;
}

interface Sums {
  /** Everything up to this block is in. */
  readonly height: number;
  readonly blockId: string;
  readonly byProvider: Map<string, ProviderSums>;
}

const NOTHING: Sums = { height: -1, blockId: '', byProvider: new Map() };

/** Blocks this far below the tip are taken as settled; a deeper reorganisation makes the book start over. */
const SETTLED_DEPTH = 20;

/**
 * Sums of every provider's postings, read once: what is deep enough is kept, only the newest blocks are read again.
 * A cache: everything in it can be made again from the ledger.
 */
export class SummaryBook {
  private settled = NOTHING;
  private current = NOTHING;
  private readonly providerOf = new Map<string, { provider: string; address: string }>();
  private readonly addresses = new Map<string, string>();
  private running: Promise<void> | undefined;

  constructor(private readonly ledger: LedgerPort) {}

  /** The tip the sums were made at. */
  get height(): number {
    return Math.max(0, this.current.height);
  }

  /** Brings the sums up to the tip; callers at the same time share one run. */
  refresh(): Promise<void> {
    this.running ??= readAtOneTip(this.ledger, (tip) => this.readUpTo(tip))
      .then(({ settled, current }) => {
        this.settled = settled;
        this.current = current;
      })
      .finally(() => {
        this.running = undefined;
      });
    return this.running;
  }

  /** Of every provider that ever had a contract, by account. */
  summaries(): PayoutSummaryView[] {
    return [...this.current.byProvider]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([provider, { sums, contracts, proofs, misses }]) => ({
        provider,
        address: this.addresses.get(provider) ?? provider,
        contracts: contracts.size,
        proofs,
        misses,
        totals: sumsToTotals(sums),
        asOfHeight: this.height,
      }));
  }

  private async readUpTo(
    tip: StatusView['tip'],
  ): Promise<{ readonly settled: Sums; readonly current: Sums }> {
    const { current } = this;
    if (tip.id === current.blockId) return { settled: this.settled, current };
    const settled = await this.stillSettled();
    const postings = await this.postingsSince(settled.height + 1);
    // What came in while we read belongs to the next run.
    const upToTip = postings.filter(({ height }) => height <= tip.height);
    const settledHeight = Math.max(settled.height, tip.height - SETTLED_DEPTH);
    const settledBlock = settledHeight < 0 ? null : await this.ledger.block({ ref: String(settledHeight) });
    const byProvider = copySums(settled.byProvider);
    await this.addAll(
      byProvider,
      upToTip.filter(({ height }) => height <= settledHeight),
    );
    const deep =
      settledBlock === null
        ? settled
        : { height: settledHeight, blockId: settledBlock.id, byProvider: copySums(byProvider) };
    await this.addAll(
      byProvider,
      upToTip.filter(({ height }) => height > settledHeight),
    );
    return { settled: deep, current: { height: tip.height, blockId: tip.id, byProvider } };
  }

  /** The settled sums, unless a reorganisation went deeper than them. */
  private async stillSettled(): Promise<Sums> {
    if (this.settled.height < 0) return this.settled;
    const block = await this.ledger.block({ ref: String(this.settled.height) });
    return block?.id === this.settled.blockId ? this.settled : NOTHING;
  }

  private async addAll(
    byProvider: Map<string, ProviderSums>,
    postings: readonly PostingView[],
  ): Promise<void> {
    for (const posting of postings) {
      if (PAYOUT_REASONS[posting.reason] === undefined) continue;
      const owner = await this.ownerOf(posting.subject);
      if (owner === undefined) continue;
      let sums = byProvider.get(owner);
      if (sums === undefined) {
        sums = { sums: new Map(), contracts: new Set(), proofs: 0, misses: 0 };
        byProvider.set(owner, sums);
      }
      addPosting(sums.sums, posting);
      sums.contracts.add(posting.subject);
      if (posting.reason === 'tranche') sums.proofs += 1;
      if (posting.reason === 'tranche-returned') sums.misses += 1;
    }
  }

  private async ownerOf(contract: string): Promise<string | undefined> {
    const known = this.providerOf.get(contract);
    if (known !== undefined) return known.provider;
    const view = await this.ledger.contract({ id: contract });
    if (view === null) return undefined;
    this.providerOf.set(contract, { provider: view.provider, address: view.providerAddress });
    this.addresses.set(view.provider, view.providerAddress);
    return view.provider;
  }

  private async postingsSince(height: number): Promise<PostingView[]> {
    const postings: PostingView[] = [];
    let cursor: string | undefined;
    do {
      const page = await this.ledger.postings({ sinceHeight: height, limit: 200, cursor });
      postings.push(...page.items);
      cursor = page.nextCursor ?? undefined;
    } while (cursor !== undefined);
    return postings;
  }
}

function copySums(byProvider: ReadonlyMap<string, ProviderSums>): Map<string, ProviderSums> {
  return new Map(
    [...byProvider].map(([provider, { sums, contracts, proofs, misses }]) => [
      provider,
      { sums: new Map(sums), contracts: new Set(contracts), proofs, misses },
    ]),
  );
}
