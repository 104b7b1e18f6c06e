import type { BlockView, ContractId, NetworkParams } from '#chain';
import { type CryptoPort, hexToBytes, readU32le, taggedHash } from '#crypto';
import { assertInvariant } from '#errors';
import { contractSpace, dueSpace, type StorageContract } from './contract-object.js';

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
export function epochsBegun(params: NetworkParams, contract: StorageContract, height: number): number {
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

/** Stores a contract and its place in the schedule; terminal contracts leave the schedule. */
export function storeContract(view: BlockView, id: ContractId, contract: StorageContract): void {
  const previous = view.get(contractSpace, id);
  if (contract.status !== 'active') {
    if (previous !== undefined) unschedule(view, id, previous.dueAt);
    view.put(contractSpace, id, contract);
    return;
  }
  const dueAt = nextDue(view, id, contract);
  assertInvariant(
    dueAt >= view.height,
    `contract ${id} would be due at ${dueAt}, before block ${view.height}`,
  );
  if (previous !== undefined && previous.dueAt !== dueAt) unschedule(view, id, previous.dueAt);
  view.put(contractSpace, id, { ...contract, dueAt });
  schedule(view, id, dueAt);
}

/** Takes the contracts due at the view's height out of the schedule, in ascending id order. */
export function takeDue(view: BlockView): readonly ContractId[] {
  const key = String(view.height);
  const due = view.get(dueSpace, key);
  if (due === undefined) return [];
  view.remove(dueSpace, key);
  return due;
}

/** Puts a contract among those due at a height, unless it is there. */
function schedule(view: BlockView, id: ContractId, dueAt: number): void {
  const key = String(dueAt);
  const due = view.get(dueSpace, key) ?? [];
  const at = placeOf(due, id);
  if (due[at] !== id) view.put(dueSpace, key, due.toSpliced(at, 0, id));
}

/** A contract taken by `takeDue` in this block is in the schedule no more. */
function unschedule(view: BlockView, id: ContractId, dueAt: number): void {
  const key = String(dueAt);
  const due = view.get(dueSpace, key);
  if (due === undefined) return;
  const at = placeOf(due, id);
  if (due[at] !== id) return;
  if (due.length === 1) view.remove(dueSpace, key);
  else view.put(dueSpace, key, due.toSpliced(at, 1));
}

/** Where an id is, or would be, in an ascending list. */
function placeOf(due: readonly ContractId[], id: ContractId): number {
  let low = 0;
  let high = due.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((due[middle] as ContractId) < id) low = middle + 1;
    else high = middle;
  }
  return low;
}
