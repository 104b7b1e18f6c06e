import { type AccountId, type BlockView, type ContractId, publicKeyToAccountId } from '#chain';
import type { StorageContract } from '../lifecycle/contract-object.js';
import { storeContract } from '../lifecycle/schedule.js';
import { emitContract } from '../lifecycle/settle.js';
import type { BurnLot } from '../money/lot.js';
import { takeCapacity } from '../offer/usage.js';
import type { Agreement } from '../terms/agreement.js';
import type { AgreementCost } from '../terms/agreement-rules.js';

/** What a new contract has besides its agreement. */
export interface Registration {
  readonly id: ContractId;
  readonly client: AccountId;
  readonly agreement: Agreement;
  readonly cost: AgreementCost;
  readonly lots: readonly BurnLot[];
  readonly droppedChunks?: bigint;
  readonly repair?: StorageContract['repair'];
  readonly origin?: StorageContract['origin'];
  /** Id of the transaction. */
  readonly transaction: string;
}

/** Puts a contract whose coins are in their pots into the state and the schedule. */
export function registerContract(view: BlockView, registration: Registration): void {
  const { id, client, agreement, cost, lots, origin, transaction } = registration;
  const provider = publicKeyToAccountId(view.crypto, view.params, agreement.providerKey);
  takeCapacity(view, provider, agreement.totalBytes);
  const contract: StorageContract = {
    client,
    provider,
    clientKey: agreement.clientKey,
    providerKey: agreement.providerKey,
    ticketKey: agreement.ticketKey,
    payout: agreement.payout,
    registeredAt: view.height,
    epochs: agreement.epochs,
    basePerEpoch: agreement.basePerEpoch,
    pricePerGiBEpoch: agreement.pricePerGiBEpoch,
    tranche: cost.tranche,
    begun: undefined,
    collateral: agreement.collateral,
    root: agreement.root,
    leafCount: agreement.leafCount,
    totalBytes: agreement.totalBytes,
    totalChunks: agreement.totalChunks,
    droppedChunks: registration.droppedChunks ?? 0n,
    status: 'active',
    nextEpoch: 0,
    endEpoch: agreement.epochs,
    proven: 0,
    missed: 0,
    lastMissed: undefined,
    burned: cost.burn,
    minted: 0n,
    lots,
    window: undefined,
    revision: 0,
    revised: undefined,
    skip: undefined,
    drainedAt: undefined,
    pricePerGiBRead: agreement.pricePerGiBRead,
    freeReadBytesPerEpoch: agreement.freeReadBytesPerEpoch,
    readsPaid: 0n,
    repair: registration.repair ?? agreement.repair,
    origin,
    successor: undefined,
    dueAt: 0,
    settledAt: undefined,
  };
  storeContract(view, id, contract);
  emitContract(view, 'contract/formed', id, {
    client,
    provider,
    totalBytes: agreement.totalBytes,
    epochs: agreement.epochs,
    tranche: cost.tranche,
    burned: cost.burn,
    collateral: agreement.collateral,
    transaction,
    ...(origin === undefined ? {} : { origin: origin.kind, from: origin.contract }),
  });
}
