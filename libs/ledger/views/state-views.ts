import {
  type AccountId,
  type AnchorRecord,
  type AnchorSlot,
  accountIdToAddress,
  accountPot,
  bountyPot,
  type ContractId,
  collateralPot,
  type EndpointRecord,
  escrowPot,
  type Law,
  type MemoryState,
  MINT,
  type Pot,
  potKind,
  potSpace,
  readsPot,
  reservePot,
  rewardPot,
  rewardSpace,
  vestingPot,
} from '#chain';
import {
  type BurnLot,
  challengeHeight,
  endHeightExclusive,
  type Offer,
  replacementCause,
  type StorageContract,
  settleHeight,
  startHeight,
  trancheOfNext,
  usageSpace,
  windowCloseHeight,
  windowOpenHeight,
} from '#contracts';
import { bytesToHex } from '#crypto';
import type {
  AccountView,
  AnchorView,
  BurnLotView,
  ChallengeView,
  ContractView,
  EndpointView,
  OfferView,
  SupplyView,
} from '#wire';
import type { BlockNode, BlockTree } from '../chain/block-tree.js';

/** What all views of the state read. */
export interface StateSource {
  readonly law: Law;
  readonly state: MemoryState;
  readonly tree: BlockTree;
}

/** Coins of a pot at the tip. */
export function potBalance(state: MemoryState, pot: Pot): bigint {
  return state.get(potSpace, pot) ?? 0n;
}

/** A storage contract. */
export function contractToView(
  { law, state }: StateSource,
  id: ContractId,
  contract: StorageContract,
): ContractView {
  const { params } = law;
  const { window } = contract;
  const isRunning = contract.status === 'active' && contract.nextEpoch < contract.endEpoch;
  const address = (account: AccountId) => accountIdToAddress(params, account);
  return {
    id,
    status: contract.status,
    client: contract.client,
    clientAddress: address(contract.client),
    provider: contract.provider,
    providerAddress: address(contract.provider),
    clientKey: bytesToHex(contract.clientKey),
    providerKey: bytesToHex(contract.providerKey),
    ticketKey: bytesToHex(contract.ticketKey),
    payoutAddress: address(contract.payout),
    registeredAt: contract.registeredAt,
    startHeight: startHeight(params, contract.registeredAt),
    endHeight: endHeightExclusive(params, contract),
    settleHeight: settleHeight(params, contract),
    settledAt: contract.settledAt ?? null,
    refundHeight: refundHeight(law, id, contract),
    dueAt: contract.settledAt === undefined ? contract.dueAt : null,
    epochs: contract.epochs,
    endEpoch: contract.endEpoch,
    nextEpoch: contract.nextEpoch,
    proven: contract.proven,
    missed: contract.missed,
    strikesLeft: Math.max(0, params.contract.strikes - contract.missed),
    lastMissed: contract.lastMissed ?? null,
    basePerEpoch: contract.basePerEpoch.toString(),
    pricePerGiBEpoch: contract.pricePerGiBEpoch.toString(),
    tranche: contract.tranche.toString(),
    nextTranche: trancheOfNext(contract).toString(),
    begun: contract.begun ? { ...contract.begun, tranche: contract.begun.tranche.toString() } : null,
    root: bytesToHex(contract.root),
    leafCount: contract.leafCount,
    totalBytes: contract.totalBytes.toString(),
    totalChunks: contract.totalChunks.toString(),
    droppedChunks: contract.droppedChunks.toString(),
    escrow: potBalance(state, escrowPot(id)).toString(),
    vesting: potBalance(state, vestingPot(id)).toString(),
    collateral: potBalance(state, collateralPot(id)).toString(),
    reserve: potBalance(state, reservePot(id)).toString(),
    bounty: potBalance(state, bountyPot(id)).toString(),
    reads: potBalance(state, readsPot(id)).toString(),
    collateralLocked: contract.collateral.toString(),
    burned: contract.burned.toString(),
    minted: contract.minted.toString(),
    lots: contract.lots.map(lotToView),
    pricePerGiBRead: contract.pricePerGiBRead.toString(),
    freeReadBytesPerEpoch: contract.freeReadBytesPerEpoch.toString(),
    readsPaid: contract.readsPaid.toString(),
    revision: contract.revision,
    revised: contract.revised ?? null,
    skip: contract.skip ?? null,
    drainedAt: contract.drainedAt ?? null,
    replaceable: contract.repair === undefined ? null : (replacementCause(contract) ?? null),
    repair: repairToView(contract.repair),
    origin: contract.origin ?? null,
    successor: contract.successor ?? null,
    nextChallengeHeight: isRunning ? challengeHeight(law, id, contract, contract.nextEpoch) : null,
    window: window
      ? {
          epoch: window.epoch,
          challengeHeight: window.challengeHeight,
          opensAt: windowOpenHeight(params, window.challengeHeight),
          closesAt: windowCloseHeight(params, window.challengeHeight),
          root: bytesToHex(window.root),
          leafCount: window.leafCount,
          totalChunks: window.totalChunks.toString(),
          tranche: window.tranche.toString(),
          proven: window.proven,
        }
      : null,
  };
}

/** Height at which the last coin has left at the latest, if nobody does anything any more. */
function refundHeight(law: Law, id: ContractId, contract: StorageContract): number {
  const { params } = law;
  if (contract.settledAt !== undefined) return contract.settledAt;
  if (contract.status === 'failed') return contract.dueAt;
  const settled = settleHeight(params, contract);
  if (contract.repair === undefined || contract.endEpoch === 0) return settled;
  const lastWindow = windowCloseHeight(params, challengeHeight(law, id, contract, contract.endEpoch - 1));
  return Math.max(settled, lastWindow + params.contract.repairBlocks);
}

function lotToView(lot: BurnLot): BurnLotView {
  return {
    burned: lot.burned.toString(),
    minted: lot.minted.toString(),
    inclusion: lot.inclusion.toString(),
    perEpoch: lot.perEpoch.toString(),
    firstEpoch: lot.firstEpoch,
    endEpoch: lot.endEpoch,
    firstLeaf: lot.firstLeaf,
    leafCount: lot.leafCount,
    bytes: lot.bytes.toString(),
    droppedBytes: lot.droppedBytes.toString(),
    proven: lot.isProven,
  };
}

function repairToView(repair: StorageContract['repair']): ContractView['repair'] {
  return repair === undefined
    ? null
    : {
        key: bytesToHex(repair.key),
        maxBasePerEpoch: repair.maxBasePerEpoch.toString(),
        maxPricePerGiBEpoch: repair.maxPricePerGiBEpoch.toString(),
      };
}

/** The open challenge of a contract, or undefined. */
export function challengeToView(
  { law, tree }: StateSource,
  id: ContractId,
  contract: StorageContract,
): ChallengeView | undefined {
  const { window } = contract;
  const node = window && tree.mainAt(window.challengeHeight);
  if (window === undefined || node === undefined) return undefined;
  return {
    contract: id,
    epoch: window.epoch,
    challengeHeight: window.challengeHeight,
    blockId: node.id,
    opensAt: windowOpenHeight(law.params, window.challengeHeight),
    closesAt: windowCloseHeight(law.params, window.challengeHeight),
    leafCount: window.leafCount,
    totalChunks: window.totalChunks.toString(),
    root: bytesToHex(window.root),
    proven: window.proven,
  };
}

/** A provider's price sheet. */
export function offerToView({ law, state }: StateSource, provider: AccountId, offer: Offer): OfferView {
  return {
    provider,
    address: accountIdToAddress(law.params, provider),
    publicKey: bytesToHex(offer.publicKey),
    number: offer.number.toString(),
    basePerEpoch: offer.basePerEpoch.toString(),
    pricePerGiBEpoch: offer.pricePerGiBEpoch.toString(),
    pricePerGiBRead: offer.pricePerGiBRead.toString(),
    freeReadBytesPerEpoch: offer.freeReadBytesPerEpoch.toString(),
    collateralBps: offer.collateralBps,
    minEpochs: offer.minEpochs,
    maxEpochs: offer.maxEpochs,
    capacityBytes: offer.capacityBytes.toString(),
    usedBytes: (state.get(usageSpace, provider) ?? 0n).toString(),
    payout: accountIdToAddress(law.params, offer.payout),
    publishedAt: offer.publishedAt,
    expiresAt: offer.expiresAt,
  };
}

/** Where a principal is reached. */
export function endpointToView(law: Law, principal: AccountId, record: EndpointRecord): EndpointView {
  return {
    principal,
    address: accountIdToAddress(law.params, principal),
    publicKey: bytesToHex(record.publicKey),
    addresses: [...record.addresses],
    owner: record.owner,
    region: record.region,
    registeredAt: record.registeredAt,
    expiresAt: record.expiresAt,
  };
}

/** The head of a catalogue, stream or log. */
export function anchorToView(account: AccountId, slot: AnchorSlot, record: AnchorRecord): AnchorView {
  return {
    account,
    slot,
    sequence: record.sequence.toString(),
    pointer: bytesToHex(record.pointer),
    anchoredAt: record.anchoredAt,
  };
}

/** Contracts of an account that hold coins. */
export interface AccountContracts {
  readonly asClient: readonly ContractId[];
  readonly asProvider: readonly ContractId[];
}

/** An account with everything that is its own or locked for it. */
export function accountToView(
  source: StateSource,
  account: AccountId,
  contracts: AccountContracts,
  pendingBalance: bigint,
): AccountView {
  const { law, state } = source;
  const sum = (ids: readonly ContractId[], pot: (id: ContractId) => Pot): string =>
    ids.reduce((total, id) => total + potBalance(state, pot(id)), 0n).toString();
  return {
    account,
    address: accountIdToAddress(law.params, account),
    balance: potBalance(state, accountPot(account)).toString(),
    pendingBalance: pendingBalance.toString(),
    escrow: sum(contracts.asClient, escrowPot),
    reserve: sum(contracts.asClient, reservePot),
    reads: sum(contracts.asClient, readsPot),
    collateral: sum(contracts.asProvider, collateralPot),
    vesting: sum(contracts.asProvider, vestingPot),
    immature: immatureRewards(source, account).toString(),
  };
}

function immatureRewards({ law, state, tree }: StateSource, account: AccountId): bigint {
  let total = 0n;
  const oldest = Math.max(1, tree.tip.height - law.params.reward.maturityBlocks);
  for (let height = oldest; height <= tree.tip.height; height++) {
    if (state.get(rewardSpace, String(height))?.miner === account)
      total += potBalance(state, rewardPot(height));
  }
  return total;
}

/** The coins that exist by kind of pot; minted and burned as the chain counted them. */
export function supplyToView({ law, state }: StateSource, tip: BlockNode): SupplyView {
  const byPot = new Map<string, bigint>();
  let total = 0n;
  for (const [pot, held] of state.entries(potSpace)) {
    const kind = potKind(pot);
    byPot.set(kind, (byPot.get(kind) ?? 0n) + held);
    total += held;
  }
  byPot.delete(MINT);
  const genesis = law.params.genesis.allocations.reduce((sum, { amount }) => sum + amount, 0n);
  return {
    height: tip.height,
    genesis: genesis.toString(),
    minted: tip.minted.toString(),
    burned: tip.burned.toString(),
    total: total.toString(),
    byPot: Object.fromEntries([...byPot].sort().map(([kind, held]) => [kind, held.toString()])),
  };
}
