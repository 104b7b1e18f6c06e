import type { ContractId } from '#chain';
import type { ContractView } from '#wire';
import type { Uploads } from '../fragments/uploads.js';
import { nowSeconds, type ProviderContext } from '../provider-context.js';
import type { ContractRecord } from '../records/contract-record.js';
import { findLeaves } from '../terms/leaf-lists.js';
import type { Tip } from './chain-watch.js';
import { type InTurn, ListKeeper } from './list-keeper.js';

/** The whole list of contracts is asked for this often, in blocks; between, only what may have changed. */
const FULL_SYNC_BLOCKS = 5;
const PAGE_LIMIT = 200;

/** Brings what the provider remembers of its contracts in line with the chain, and frees what is over. */
export class ContractFollower {
  readonly #context: ProviderContext;
  readonly #uploads: Uploads;
  readonly #onForget: (record: ContractRecord) => Promise<void>;
  readonly #lists: ListKeeper;
  #views = new Map<ContractId, ContractView>();
  #fullSyncAt = Number.NEGATIVE_INFINITY;
  /** Contracts on the chain whose fragments are not known yet; undefined before the first look. */
  #unmet: number | undefined;

  /** `onForget` is told what a record says before it is dropped; `inTurn` keeps deleting and signing apart. */
  constructor(
    context: ProviderContext,
    uploads: Uploads,
    onForget: (record: ContractRecord) => Promise<void> = async () => undefined,
    inTurn: InTurn = (step) => step(),
  ) {
    this.#context = context;
    this.#uploads = uploads;
    this.#onForget = onForget;
    this.#lists = new ListKeeper(context, uploads, inTurn);
  }

  /** The provider's contracts as the chain last showed them. */
  views(): readonly ContractView[] {
    return [...this.#views.values()];
  }

  async sync(tip: Tip, isReorg: boolean): Promise<void> {
    const isFull =
      isReorg || tip.height >= this.#fullSyncAt + FULL_SYNC_BLOCKS || tip.height < this.#fullSyncAt;
    if (isFull) {
      this.#views = await this.#allContracts();
      let unmet = 0;
      for (const [id, view] of this.#views) if (!(await this.#meet(id, view))) unmet += 1;
      this.#unmet = unmet;
      this.#fullSyncAt = tip.height;
    }
    for (const record of this.#context.records.contracts()) await this.#advance(record, tip, isFull);
  }

  /** Whether every contract on the chain is on record: only then may a fragment be nobody's. */
  get isComplete(): boolean {
    return this.#unmet === 0;
  }

  /** Drops reservations that lapsed; needs no node. */
  async dropLapsed(): Promise<void> {
    const now = nowSeconds(this.#context);
    for (const record of this.#context.records.contracts()) {
      if (record.state === 'reserved' && record.expiresAt <= now) await this.free(record.id, 'lapsed');
    }
  }

  async #allContracts(): Promise<Map<ContractId, ContractView>> {
    const { address, ledger } = this.#context;
    const views = new Map<ContractId, ContractView>();
    let cursor: string | undefined;
    do {
      const page = await ledger.contracts({ provider: address, limit: PAGE_LIMIT, cursor });
      for (const view of page.items) views.set(view.id as ContractId, view);
      cursor = page.nextCursor ?? undefined;
    } while (cursor !== undefined);
    return views;
  }

  /** A contract of ours on chain of which nothing is remembered: its list of fragments is on chain too. */
  async #meet(id: ContractId, view: ContractView): Promise<boolean> {
    const { records, logger } = this.#context;
    if (records.contract(id) !== undefined || view.status !== 'active') return true;
    const leaves = await findLeaves(this.#context, id, view.root);
    // The node's index lags behind its chain: the next full look tells.
    if (leaves === undefined) return false;
    await records.lists.save(id, view.root, leaves);
    await records.save(viewToRecord(id, view));
    logger.warn({ contract: id, fragments: leaves.length }, 'contract found again on the chain');
    return true;
  }

  async #advance(record: ContractRecord, tip: Tip, isFull: boolean): Promise<void> {
    const { records } = this.#context;
    if (record.state === 'reserved') return;
    // Not in the list is not yet gone: the node's index may lag, and what is given up here is deleted.
    const isChanging = record.state === 'agreed' || record.revisions !== undefined;
    const listed = isChanging && !isFull ? undefined : this.#views.get(record.id);
    const view = listed ?? (await this.#context.ledger.contract({ id: record.id }));
    if (view !== null) this.#views.set(record.id, view);
    if (view === null) await this.#advanceMissing(record, tip);
    else if (view.settledAt === null) {
      const formed = record.state === 'formed' ? record : await this.#form(record, view);
      await this.#lists.sync(formed, view, tip);
    } else if (record.state !== 'settled') {
      const { reading, ...rest } = record;
      await records.save({
        ...rest,
        state: 'settled',
        settledAt: view.settledAt,
        // What was locked for reads has gone back: no voucher is paid any more.
        ...(reading === undefined ? {} : { reading: { ...reading, coveredTotal: BigInt(view.readsPaid) } }),
      });
    } else if (tip.height >= view.settledAt + this.#context.limits.reorgDepthBlocks) {
      await this.free(record.id, 'settled');
    }
  }

  async #form(record: ContractRecord, view: ContractView): Promise<ContractRecord> {
    const { settledAt: _, ...rest } = record;
    const formed: ContractRecord = { ...rest, state: 'formed' };
    await this.#context.records.save(formed);
    this.#context.logger.info({ contract: record.id, totalBytes: view.totalBytes }, 'contract formed');
    return formed;
  }

  /** Not on chain: not yet, never, or not any more. */
  async #advanceMissing({ id }: ContractRecord, tip: Tip): Promise<void> {
    const { limits, records } = this.#context;
    // As it is now: it may have been signed anew while the node was asked.
    const record = records.contract(id);
    if (record === undefined) return;
    const formBy = record.agreement?.formBy ?? 0;
    if (record.state === 'agreed') {
      if (tip.height > formBy + limits.reorgDepthBlocks) await this.free(record.id, 'never formed');
    } else if (record.agreement !== undefined) {
      this.#context.logger.warn({ contract: record.id }, 'contract left the chain in a reorganisation');
      await records.save({ ...record, state: 'agreed' });
    }
  }

  /** Forgets a contract and deletes the fragments that no other contract needs. */
  async free(id: ContractId, why: string): Promise<void> {
    const record = this.#context.records.contract(id);
    if (record !== undefined) {
      await this.#onForget(record);
      // Signed meanwhile: it must be kept.
      if (this.#context.records.contract(id) !== record) return;
    }
    const orphans = await this.#context.records.forget(id);
    await this.#context.tickets.forget(id);
    this.#uploads.forget(id);
    this.#views.delete(id);
    for (const fragment of orphans) {
      // Asked for each: deleting many takes a while, and another contract may have got it meanwhile.
      if (this.#uploads.isUnderWay(fragment) || (await this.#context.records.isNeeded(fragment))) continue;
      await this.#context.store.remove(fragment);
      await this.#context.records.unmarkCorrupt(fragment);
    }
    this.#context.logger.info(
      { contract: id, fragments: orphans.length },
      `contract ${why}; its room is free`,
    );
  }
}

function viewToRecord(id: ContractId, view: ContractView): ContractRecord {
  return {
    id,
    state: 'formed',
    clientKey: view.clientKey,
    ticketKey: view.ticketKey,
    maxBytes: BigInt(view.totalBytes),
    maxFragments: view.leafCount,
    epochs: view.epochs,
    expiresAt: 0,
    root: view.root,
    totalBytes: BigInt(view.totalBytes),
    ...(view.repair === null ? {} : { repairKey: view.repair.key }),
  };
}
