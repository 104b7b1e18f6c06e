import type { BlockView, ContractId, NetworkParams } from '#chain';
import { type CryptoPort, hexToBytes, readU32le, taggedHash } from '#crypto';
import { assertInvariant } from '#errors';
import { contractSpace, type StorageContract } from './contract-object.js';
import { scheduleDue, unscheduleDue } from './due-index.js';

/** What the schedule of a contract follows from. */
export interface ScheduleInput {
  readonly params: NetworkParams;
  readonly crypto: CryptoPort;
}

/** The block of an epoch on which a contract is challenged: spreads contracts evenly over the epoch. */
export function challengeSlot({ params, crypto }: ScheduleInput, id: ContractId): number {
  const hash = taggedHash(crypto, 'cairn/challenge/slot', params.networkId, hexToBytes(id));
  return readU32le(hash, 0) % params.contract.epochBlocks;
}

/** First block of a contract's first epoch. */
export function startHeight(params: NetworkParams, registeredAt: number): number {
  return registeredAt + params.contract.startDelayBlocks;
}

/** Height of the challenge of an epoch: start + epoch * L + slot. */
export function challengeHeight(
  input: ScheduleInput,
  id: ContractId,
  contract: Pick<StorageContract, 'registeredAt'>,
  epoch: number,
): number {
  const { epochBlocks } = input.params.contract;
  return startHeight(input.params, contract.registeredAt) + epoch * epochBlocks + challengeSlot(input, id);
}

/** First height after the last epoch a contract runs. */
export function endHeightExclusive(
  params: NetworkParams,
  contract: Pick<StorageContract, 'registeredAt' | 'endEpoch'>,
): number {
  return startHeight(params, contract.registeredAt) + contract.endEpoch * params.contract.epochBlocks;
}

/** Height at which a contract settles: end + W + delay. */
export function settleHeight(
  params: NetworkParams,
  contract: Pick<StorageContract, 'registeredAt' | 'endEpoch'>,
): number {
  const { windowBlocks, settleDelayBlocks } = params.contract;
  return endHeightExclusive(params, contract) + windowBlocks + settleDelayBlocks;
}

/** Last height at which a proof of an open window is accepted. */
export function windowCloseHeight(params: NetworkParams, challengedAt: number): number {
  return challengedAt + params.contract.windowBlocks;
}

/** First height at which a proof of an open window is accepted. */
export function windowOpenHeight(params: NetworkParams, challengedAt: number): number {
  return challengedAt + params.contract.proofDelayBlocks;
}

/** Epochs that have begun at a height, 0 before the first. */
export function epochsBegun(
  params: NetworkParams,
  contract: Pick<StorageContract, 'registeredAt'>,
  height: number,
): number {
  const since = height - startHeight(params, contract.registeredAt);
  return since < 0 ? 0 : Math.floor(since / params.contract.epochBlocks) + 1;
}

/** Height of a contract's next automatic transition. */
function nextDue(view: BlockView, id: ContractId, contract: StorageContract): number {
  const { params } = view;
  if (contract.window !== undefined) return windowCloseHeight(params, contract.window.challengeHeight);
  return contract.nextEpoch < contract.endEpoch
    ? challengeHeight(view, id, contract, contract.nextEpoch)
    : settleHeight(params, contract);
}

/** Stores an active contract and its place in the schedule. */
export function storeContract(view: BlockView, id: ContractId, contract: StorageContract): void {
  assertInvariant(contract.status === 'active', `contract ${id} is ${contract.status} and not scheduled`);
  storeDue(view, id, contract, nextDue(view, id, contract));
}

/** Stores a contract whose next automatic transition is at `dueAt`. */
export function storeDue(view: BlockView, id: ContractId, contract: StorageContract, dueAt: number): void {
  const previous = view.get(contractSpace, id);
  assertInvariant(
    dueAt >= view.height,
    `contract ${id} would be due at ${dueAt}, before block ${view.height}`,
  );
  if (previous !== undefined && previous.dueAt !== dueAt) unscheduleDue(view, id, previous.dueAt);
  view.put(contractSpace, id, { ...contract, dueAt });
  scheduleDue(view, id, dueAt);
}

/** Stores a contract that is over for good: nothing happens to it by itself any more. */
export function storeOver(view: BlockView, id: ContractId, contract: StorageContract): void {
  const previous = view.get(contractSpace, id);
  if (previous !== undefined) unscheduleDue(view, id, previous.dueAt);
  view.put(contractSpace, id, contract);
}
