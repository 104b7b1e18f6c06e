import type { ContractId, FragmentId } from '#chain';
import type { ContractView } from '#wire';
import type { Uploads } from '../fragments/uploads.js';
import { nowSeconds, type ProviderContext } from '../provider-context.js';
import type { ContractRecord, ReadTerms, SignedRevision } from '../records/contract-record.js';
import { findLeaves } from '../terms/leaf-lists.js';
import type { Tip } from './chain-watch.js';

/** Runs a step while nothing is being signed: what is deleted must not be promised at the same moment. */
export type InTurn = <T>(step: () => Promise<T>) => Promise<T>;

/** Keeps the lists of a formed contract in line with the chain, and deletes what no list needs any longer. */
export class ListKeeper {
  readonly #context: ProviderContext;
  readonly #uploads: Uploads;
  readonly #inTurn: InTurn;

  constructor(context: ProviderContext, uploads: Uploads, inTurn: InTurn) {
    this.#context = context;
    this.#uploads = uploads;
    this.#inTurn = inTurn;
  }

  /** Brings the record in line with the contract on chain, then frees what is over. */
  async sync(record: ContractRecord, view: ContractView, tip: Tip): Promise<void> {
    const current = await this.#follow(record, view, tip);
    const { records } = this.#context;
    if (await records.lists.isDue(current.id, tip.height)) {
      await this.#inTurn(async () => {
        const orphans = await records.lists.expire(current.id, tip.height);
        if (orphans.length > 0) await this.#remove(current.id, orphans);
      });
    }
    const { room } = current;
    if (room !== undefined && room.expiresAt > nowSeconds(this.#context)) return;
    if (room !== undefined || (await records.uncommitted(current.id)).length > 0) {
      await this.#inTurn(() => this.#dropUncommitted(records.contract(current.id) ?? current));
    }
  }

  async #follow(record: ContractRecord, view: ContractView, tip: Tip): Promise<ContractRecord> {
    const { records } = this.#context;
    const revisions = this.#revisionsAfter(record, view, tip);
    const reading = readTermsOf(view);
    const isMoved = record.root !== view.root || record.totalBytes !== BigInt(view.totalBytes);
    if (!isMoved && revisions === record.revisions && isSameReading(record.reading, reading)) return record;
    const leaves = isMoved ? await findLeaves(this.#context, record.id, view.root) : undefined;
    // The node's index lags behind its chain: the next tip tells.
    if (isMoved && leaves === undefined) return record;
    if (leaves !== undefined) await records.lists.save(record.id, view.root, leaves);
    // What was asked for up to now may still be asked for.
    const keptUntil = this.#keptUntil(tip);
    const roots = await records.lists.roots(record.id);
    const signed = (records.contract(record.id) ?? record).revisions ?? [];
    const left = this.#revisionsAfter({ ...record, revisions: signed }, view, tip) ?? [];
    const needed = new Set([view.root, ...left.map(({ root }) => root)]);
    for (const { root, keptUntil: until } of roots) {
      if (!needed.has(root) && until === null) await records.lists.keepUntil(record.id, root, keptUntil);
    }
    // Another may have been signed meanwhile.
    const latest = records.contract(record.id) ?? record;
    const still = this.#revisionsAfter(latest, view, tip);
    const { revisions: _, reading: __, ...rest } = latest;
    const after = {
      ...rest,
      ...(reading === undefined ? {} : { reading }),
      ...(still === undefined ? {} : { revisions: still }),
      root: view.root,
      totalBytes: BigInt(view.totalBytes),
    };
    await records.save(after);
    return after;
  }

  /** Those that may still be published: a reorganisation may take back what is on chain. */
  #revisionsAfter(
    { revisions }: ContractRecord,
    view: ContractView,
    tip: Tip,
  ): readonly SignedRevision[] | undefined {
    if (revisions === undefined) return undefined;
    let isChanged = false;
    const left = revisions.flatMap((revision) => {
      const { publishedAt, ...unpublished } = revision;
      const isOld = revision.number <= view.revision;
      if (isOld === (publishedAt !== undefined)) {
        if (publishedAt === undefined) return revision;
        if (tip.height < publishedAt + this.#context.limits.reorgDepthBlocks) return revision;
        isChanged = true;
        return [];
      }
      isChanged = true;
      return isOld ? { ...revision, publishedAt: tip.height } : unpublished;
    });
    if (!isChanged) return revisions;
    return left.length === 0 ? undefined : left;
  }

  /** Last height at which the chain may ask for what a block up to this tip took out of the list. */
  #keptUntil({ height }: Tip): number {
    const { windowBlocks, settleDelayBlocks } = this.#context.params.contract;
    return height + windowBlocks + settleDelayBlocks + this.#context.limits.reorgDepthBlocks;
  }

  /** What was sent but not agreed on takes up room for nobody. */
  async #dropUncommitted(record: ContractRecord): Promise<void> {
    const { records } = this.#context;
    const { room } = record;
    if (room !== undefined && room.expiresAt > nowSeconds(this.#context)) return;
    const left = await records.uncommitted(record.id);
    if (room === undefined && left.length === 0) return;
    const gone: FragmentId[] = [];
    for (const { id } of left) if (await records.removeFragment(record.id, id)) gone.push(id);
    await this.#remove(record.id, gone);
    if (room === undefined) return;
    const { room: _, ...rest } = records.contract(record.id) ?? record;
    await records.save(rest);
  }

  async #remove(contract: ContractId, fragments: readonly FragmentId[]): Promise<void> {
    const { records, store, logger } = this.#context;
    for (const id of fragments) {
      if (this.#uploads.isUnderWay(id) || (await records.isNeeded(id))) continue;
      await store.remove(id);
      await records.unmarkCorrupt(id);
    }
    this.#uploads.forget(contract);
    if (fragments.length > 0)
      logger.info({ contract, fragments: fragments.length }, 'fragments no longer needed');
  }
}

function readTermsOf(view: ContractView): ReadTerms | undefined {
  const pricePerGiBRead = BigInt(view.pricePerGiBRead);
  if (pricePerGiBRead === 0n) return undefined;
  return {
    pricePerGiBRead,
    freeReadBytesPerEpoch: BigInt(view.freeReadBytesPerEpoch),
    startHeight: view.startHeight,
    coveredTotal: BigInt(view.readsPaid) + BigInt(view.reads),
  };
}

function isSameReading(a: ReadTerms | undefined, b: ReadTerms | undefined): boolean {
  return (
    a?.pricePerGiBRead === b?.pricePerGiBRead &&
    a?.coveredTotal === b?.coveredTotal &&
    a?.startHeight === b?.startHeight
  );
}
