import type { ContractId } from '#chain';
import { hexToBytes } from '#crypto';
import { AppError, type Violation, violationToText } from '#errors';
import type { ContractView } from '#wire';
import type { ChainWatch, Tip } from '../chain/chain-watch.js';
import { signOwn } from '../chain/submit.js';
import type { ProviderContext } from '../provider-context.js';

/** A voucher is cashed once it is worth so many times the fee, */
const WORTHWHILE_FEES = 20n;
/** or, where the contract is about to be over, a little more than the fee itself. */
const LAST_FEES = 2n;
/** Blocks after which a voucher that is not on chain is handed in again. */
const PATIENCE_BLOCKS = 5;

/** Cashes read vouchers: when it is worth the fee, before a contract is over, and before it is renewed or left. */
export class Redeemer {
  readonly #context: ProviderContext;
  readonly #watch: ChainWatch;
  readonly #views: () => readonly ContractView[];
  /** Totals handed in, by contract: not again until the chain shows another. */
  readonly #pending = new Map<string, { readonly total: bigint; readonly atHeight: number }>();

  constructor(context: ProviderContext, watch: ChainWatch, views: () => readonly ContractView[]) {
    this.#context = context;
    this.#watch = watch;
    this.#views = views;
  }

  async sync(tip: Tip): Promise<void> {
    const { records, params } = this.#context;
    const open = new Set<string>(records.reads.contracts());
    if (open.size === 0) return;
    for (const view of this.#views()) {
      if (!open.has(view.id) || view.status !== 'active') continue;
      const isLast =
        tip.height >= view.endHeight - params.contract.windowBlocks ||
        view.drainedAt !== null ||
        view.strikesLeft === 1;
      await this.redeem(view, isLast ? LAST_FEES : WORTHWHILE_FEES);
    }
  }

  /** What the best voucher of a contract is worth above what was paid, where the ledger would pay it. */
  worth(view: ContractView): bigint {
    const account = this.#context.records.reads.find(view.id as ContractId);
    const worth = (account?.total ?? 0n) - BigInt(view.readsPaid);
    return worth > 0n && worth <= BigInt(view.reads) ? worth : 0n;
  }

  /** Cashes the best voucher where it is worth so many fees; answers whether one is open that is. */
  async redeem(view: ContractView, fees = LAST_FEES): Promise<boolean> {
    const { ledger, logger, records } = this.#context;
    const id = view.id as ContractId;
    const account = records.reads.find(id);
    const worth = this.worth(view);
    if (account === undefined || worth === 0n) return false;
    const body = {
      contract: id,
      total: account.total,
      ticketKey: hexToBytes(view.ticketKey),
      signature: hexToBytes(account.signature),
    };
    const { hex, sizeBytes } = signOwn(this.#context, 'redeem', body, { lane: 0, sequence: 0n });
    if (worth < BigInt(sizeBytes) * fees) return false;
    const pending = this.#pending.get(id);
    const height = this.#watch.tip?.height ?? 0;
    if (pending?.total === account.total && height < pending.atHeight + PATIENCE_BLOCKS) return true;
    this.#pending.set(id, { total: account.total, atHeight: height });
    try {
      const { id: transaction } = await ledger.submitTransaction({ hex });
      logger.info({ contract: id, worth, transaction }, 'read voucher handed in');
    } catch (error) {
      if (!(error instanceof AppError) || error.code !== 'ledger/refused') throw error;
      const violation = error.data['violation'] as Violation | undefined;
      const why = violation === undefined ? error.message : violationToText(violation);
      logger.warn({ contract: id, worth }, `read voucher not taken: ${why}`);
    }
    return true;
  }
}
