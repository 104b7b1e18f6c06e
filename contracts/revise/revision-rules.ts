import { type AccountId, type BlockView, MAX_U63, readsPot, reservePot } from '#chain';
import { bytesToHex, equalBytes, frontierLength, frontierRoot } from '#crypto';
import { assertInvariant, type Violation } from '#errors';
import type { StorageContract } from '../lifecycle/contract-object.js';
import { endHeightExclusive, epochsBegun } from '../lifecycle/schedule.js';
import { MAX_LOTS } from '../money/lot.js';
import { offerSpace } from '../offer/offer.js';
import { usageSpace } from '../offer/usage.js';
import { appendToCommitment, entriesToLeaves } from '../terms/leaves.js';
import type { RevisionPrice } from './price-revision.js';
import type { ReviseBody } from './revision.js';

/** Whose revision it is, and of what. */
export function validateParties(
  contract: StorageContract,
  { revision, clientKey, providerKey }: ReviseBody,
  sender: AccountId,
): Violation | undefined {
  const { contract: id } = revision;
  if (sender !== contract.client && sender !== contract.provider) {
    return { rule: 'revise/not-party', contract: id, client: contract.client, provider: contract.provider };
  }
  if (!equalBytes(clientKey, contract.clientKey) || !equalBytes(providerKey, contract.providerKey)) {
    return { rule: 'revise/keys', contract: id, client: contract.client, provider: contract.provider };
  }
  return undefined;
}

/** Whether the contract can still be changed, and by this number now. */
export function validateMoment(
  view: BlockView,
  contract: StorageContract,
  { revision }: ReviseBody,
): Violation | undefined {
  const { contract: id, number } = revision;
  if (contract.status !== 'active') {
    return { rule: 'revise/not-active', contract: id, status: contract.status };
  }
  const endsAt = endHeightExclusive(view.params, contract);
  if (view.height >= endsAt) return { rule: 'revise/over', contract: id, height: view.height, endsAt };
  if (number <= contract.revision) {
    return { rule: 'revise/number', contract: id, number, published: contract.revision };
  }
  const { revisionsPerEpoch } = view.params.contract;
  const epoch = epochsBegun(view.params, contract, view.height);
  if (revisionsInEpoch(contract, epoch) >= revisionsPerEpoch) {
    return { rule: 'revise/too-often', contract: id, epochsBegun: epoch, max: revisionsPerEpoch };
  }
  return undefined;
}

/** Revisions published since the epoch began that is the last of `epoch` begun. */
export function revisionsInEpoch(contract: Pick<StorageContract, 'revised'>, epoch: number): number {
  return contract.revised?.epoch === epoch ? contract.revised.count : 0;
}

/** The term afterwards. */
export function validateTerm(
  view: BlockView,
  contract: StorageContract,
  { revision, appended }: ReviseBody,
): Violation | undefined {
  const { epochs } = revision;
  const { maxEpochs } = view.params.contract;
  if (epochs < contract.epochs || epochs > maxEpochs) {
    return { rule: 'revise/epochs', epochs, allowed: `${contract.epochs} to ${maxEpochs}` };
  }
  const isGrowing = appended.length > 0 || epochs > contract.epochs;
  if (isGrowing && contract.endEpoch < contract.epochs) {
    return { rule: 'revise/ending', contract: revision.contract, endEpoch: contract.endEpoch };
  }
  if (appended.length > 0 && contract.nextEpoch >= epochs) {
    return { rule: 'revise/no-epoch', contract: revision.contract, epochs };
  }
  return undefined;
}

/** The commitment afterwards: the chain appends to the tree as it is and must come to what both signed. */
export function validateCommitment(
  view: BlockView,
  contract: StorageContract,
  { revision, appended, frontier }: ReviseBody,
): Violation | undefined {
  const { maxLeaves } = view.params.contract;
  if (contract.leafCount + appended.length > maxLeaves) {
    return { rule: 'revise/too-many-fragments', count: contract.leafCount + appended.length, max: maxLeaves };
  }
  const leaves = entriesToLeaves(appended, contract.totalChunks);
  if (!leaves.ok) return leaves.violation;
  const isAppending = appended.length > 0;
  const nodes = isAppending ? frontierLength(contract.leafCount) : 0;
  if (
    frontier.length !== nodes ||
    (isAppending && !equalBytes(frontierRoot(view.crypto, frontier), contract.root))
  ) {
    return {
      rule: 'revise/frontier',
      nodes: frontier.length,
      expected: nodes,
      root: bytesToHex(contract.root),
    };
  }
  const after = isAppending ? appendToCommitment(view.crypto, contract, frontier, leaves.value) : contract;
  if (
    after.leafCount !== revision.leafCount ||
    after.totalBytes !== revision.totalBytes ||
    after.totalChunks !== revision.totalChunks
  ) {
    return {
      rule: 'revise/totals',
      leafCount: revision.leafCount,
      totalBytes: revision.totalBytes,
      totalChunks: revision.totalChunks,
      listedBytes: after.totalBytes,
    };
  }
  if (!equalBytes(after.root, revision.root)) {
    return { rule: 'revise/root', root: bytesToHex(revision.root), listed: bytesToHex(after.root) };
  }
  return undefined;
}

/** What it costs and binds. */
export function validatePrice(
  view: BlockView,
  contract: StorageContract,
  { revision }: ReviseBody,
  price: RevisionPrice,
  collateralLeft: bigint,
): Violation | undefined {
  if (price.lots.length > MAX_LOTS) return { rule: 'revise/lots', lots: price.lots.length, max: MAX_LOTS };
  const { contract: id, addReserve, addReadEscrow, addCollateral, maxBurn } = revision;
  if (addReserve > 0n && contract.repair === undefined) {
    return { rule: 'revise/reserve', addReserve, repairer: 'none' };
  }
  const whole =
    price.escrowDue +
    contract.burned +
    price.burn +
    contract.collateral +
    addCollateral +
    view.balance(reservePot(id)) +
    addReserve +
    contract.readsPaid +
    view.balance(readsPot(id)) +
    addReadEscrow;
  if (whole > MAX_U63) return { rule: 'revise/overflow', price: price.escrowDue, burn: price.burn, whole };
  if (price.burn > maxBurn) return { rule: 'revise/burn', burn: price.burn, maxBurn };
  const collateral = collateralLeft + addCollateral;
  const isGrowing = price.bytesAdded > 0n || price.epochsAdded > 0;
  if (isGrowing && collateral < price.minCollateral) {
    return { rule: 'revise/collateral', collateral, min: price.minCollateral };
  }
  return undefined;
}

/** New bytes need room under the provider's offer as it is now, and an offer that holds. */
export function validateRoom(
  view: BlockView,
  contract: StorageContract,
  { bytesAdded }: RevisionPrice,
): Violation | undefined {
  if (bytesAdded === 0n) return undefined;
  const { provider } = contract;
  const offer = view.get(offerSpace, provider);
  assertInvariant(offer !== undefined, `provider ${provider} has a contract and never made an offer`);
  if (offer.expiresAt <= view.height) {
    return { rule: 'revise/offer-expired', provider, expiresAt: offer.expiresAt, height: view.height };
  }
  const used = view.get(usageSpace, provider) ?? 0n;
  if (used + bytesAdded > offer.capacityBytes) {
    return { rule: 'revise/capacity', bytesAdded, usedBytes: used, capacityBytes: offer.capacityBytes };
  }
  return undefined;
}
