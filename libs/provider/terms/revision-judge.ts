import type { ContractId } from '#chain';
import {
  collateralFor,
  commitToLeaves,
  entriesToLeaves,
  type FragmentEntry,
  type Leaf,
  MAX_LOTS,
  priceRevision,
  type Revision,
  type RevisionPrice,
} from '#contracts';
import { bytesToHex } from '#crypto';
import { accepted, type Result, refused, type Violation } from '#errors';
import { type ContractView, type OfferView, viewToContractTerms } from '#wire';
import type { ChainWatch } from '../chain/chain-watch.js';
import type { ProviderContext } from '../provider-context.js';
import type { ContractRecord } from '../records/contract-record.js';
import { promisedCollateral } from './agreement-judge.js';
import { validateStored } from './list-checks.js';

/** A revision with what it appends and the leaves it appends to. */
export interface AskedRevision {
  readonly revision: Revision;
  readonly appended: readonly FragmentEntry[];
  readonly leaves: readonly Leaf[];
}

/** Holds a revision against the contract as it is, and against what the provider offers, stores and owns. */
export class RevisionJudge {
  readonly #context: ProviderContext;
  readonly #watch: ChainWatch;

  constructor(context: ProviderContext, watch: ChainWatch) {
    this.#context = context;
    this.#watch = watch;
  }

  /**
   * The list afterwards, or the first rule that is broken.
   * @throws AppError `provider/no-offer`, and the node's errors while it cannot be asked
   */
  async judge(
    record: ContractRecord,
    view: ContractView,
    asked: AskedRevision,
  ): Promise<Result<readonly FragmentEntry[]>> {
    const { tip, burnPerGiBEpoch } = await this.#context.ledger.status();
    const offer = await this.#watch.currentOffer();
    const list = this.#listAfter(asked);
    if (!list.ok) return list;
    const { revision } = asked;
    const price = priceRevision(
      this.#context.params,
      viewToContractTerms(view),
      revision,
      BigInt(burnPerGiBEpoch),
    );
    const violation =
      this.#validateMoment(view, asked, tip.height) ??
      validatePrice(view, offer, asked, price) ??
      (await validateStored(this.#context, record.id, asked.appended)) ??
      validateCapacity(record.id, offer, price) ??
      (await this.#validateFunds(record.id, view, asked, price));
    return violation === undefined ? list : refused(violation);
  }

  /** The list with what is appended; its totals and root must be those of the revision. */
  #listAfter({ revision, appended, leaves }: AskedRevision): Result<readonly FragmentEntry[]> {
    const { crypto, params } = this.#context;
    const added = entriesToLeaves(appended, leaves.at(-1)?.endChunk ?? 0n);
    if (!added.ok) return added;
    const listed = new Set(leaves.map(({ id }) => id));
    const index = appended.findIndex(({ id }) => listed.has(id));
    if (index >= 0) return refused({ rule: 'leaf/twice', index, fragment: appended[index]?.id });
    const after = [...leaves, ...added.value];
    const { maxLeaves } = params.contract;
    if (after.length > maxLeaves) {
      return refused({ rule: 'revision/too-many-fragments', count: after.length, max: maxLeaves });
    }
    const { root, leafCount, totalBytes, totalChunks } = commitToLeaves(crypto, after);
    if (
      leafCount !== revision.leafCount ||
      totalBytes !== revision.totalBytes ||
      totalChunks !== revision.totalChunks
    ) {
      return refused({ rule: 'revision/totals', listed: `${leafCount} fragments, ${totalBytes} bytes` });
    }
    return bytesToHex(root) === bytesToHex(revision.root)
      ? accepted(after)
      : refused({ rule: 'revision/root', root: bytesToHex(revision.root), listed: bytesToHex(root) });
  }

  /** Whether the ledger would take it in the next block. */
  #validateMoment(
    view: ContractView,
    { revision, appended }: AskedRevision,
    tipHeight: number,
  ): Violation | undefined {
    const { epochBlocks, revisionsPerEpoch } = this.#context.params.contract;
    const { id: contract, status, endHeight } = view;
    if (status !== 'active' || tipHeight + 1 >= endHeight) {
      return { rule: 'revision/not-active', contract, state: status, endHeight };
    }
    const since = tipHeight + 1 - view.startHeight;
    const begun = since < 0 ? 0 : Math.floor(since / epochBlocks) + 1;
    if (view.revised?.epoch === begun && view.revised.count >= revisionsPerEpoch) {
      return { rule: 'revision/too-often', contract, epochsBegun: begun, max: revisionsPerEpoch };
    }
    if (revision.epochs < view.epochs) {
      return { rule: 'revision/epochs', epochs: revision.epochs, current: view.epochs };
    }
    const isGrowing = appended.length > 0 || revision.epochs > view.epochs;
    if (isGrowing && (view.endEpoch < view.epochs || view.nextEpoch >= revision.epochs)) {
      return { rule: 'revision/ending', contract, endEpoch: view.endEpoch };
    }
    return undefined;
  }

  async #validateFunds(
    id: ContractId,
    view: ContractView,
    { revision }: AskedRevision,
    price: RevisionPrice,
  ): Promise<Violation | undefined> {
    const { address, ledger, records } = this.#context;
    const { addCollateral, addReserve, addReadEscrow } = revision;
    const balance = BigInt((await ledger.account({ account: address })).balance);
    const promised = promisedCollateral(records.contracts(), id);
    if (promised + addCollateral > balance) {
      return { rule: 'revision/no-collateral', addCollateral, promised, balance };
    }
    // What the client cannot pay would bind our disk and never be published.
    const cost = price.escrowAdded + price.burn + addReserve + addReadEscrow;
    const coins = BigInt((await ledger.account({ account: view.client })).balance);
    return cost > coins ? { rule: 'revision/no-coins', cost, coins } : undefined;
  }
}

/** More of the contract at its own price: only while that is not below what is offered now. */
function validatePrice(
  view: ContractView,
  offer: OfferView,
  { revision }: AskedRevision,
  price: RevisionPrice,
): Violation | undefined {
  const { addCollateral, addReserve, maxBurn } = revision;
  const isGrowing = price.bytesAdded > 0n || price.epochsAdded > 0;
  const isBelow =
    BigInt(view.basePerEpoch) < BigInt(offer.basePerEpoch) ||
    BigInt(view.pricePerGiBEpoch) < BigInt(offer.pricePerGiBEpoch);
  if (isGrowing && isBelow) {
    return {
      rule: 'revision/price',
      basePerEpoch: view.basePerEpoch,
      pricePerGiBEpoch: view.pricePerGiBEpoch,
      offered: `${offer.basePerEpoch} and ${offer.pricePerGiBEpoch}`,
    };
  }
  const epochsLeft = price.endEpoch - view.nextEpoch;
  if (price.epochsAdded > 0 && epochsLeft > offer.maxEpochs) {
    return { rule: 'revision/epochs', epochs: epochsLeft, current: offer.maxEpochs };
  }
  if (price.lots.length > MAX_LOTS) return { rule: 'revision/lots', lots: price.lots.length, max: MAX_LOTS };
  if (price.burn > maxBurn) return { rule: 'revision/burn', burn: price.burn, maxBurn };
  if (addReserve > 0n && view.repair === null) return { rule: 'revision/reserve', addReserve };
  const left = BigInt(view.collateral);
  const least = isGrowing && price.minCollateral > left ? price.minCollateral - left : 0n;
  const offered = collateralFor(price.escrowDue, BigInt(offer.collateralBps)) - left;
  const most = offered > least ? offered : least;
  return addCollateral < least || addCollateral > most
    ? { rule: 'revision/collateral', addCollateral, allowed: `${least} to ${most}` }
    : undefined;
}

function validateCapacity(
  contract: ContractId,
  { usedBytes, capacityBytes }: OfferView,
  { bytesAdded }: RevisionPrice,
): Violation | undefined {
  return BigInt(usedBytes) + bytesAdded > BigInt(capacityBytes) && bytesAdded > 0n
    ? { rule: 'revision/no-room', contract, bytesAdded, usedBytes, capacityBytes }
    : undefined;
}
