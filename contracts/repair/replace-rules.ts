import { type BlockView, type ContractId, publicKeyToAccountId } from '#chain';
import { bytesToHex, equalBytes } from '#crypto';
import type { Violation } from '#errors';
import type { StorageContract } from '../lifecycle/contract-object.js';
import type { Agreement, RepairTerms } from '../terms/agreement.js';
import { replacementCause, restOfTerm } from './replacement.js';

/** What the rules of a replacement look at. */
export interface Replacement {
  readonly id: ContractId;
  readonly contract: StorageContract;
  readonly repair: RepairTerms;
  readonly agreement: Agreement;
}

/** The contract can be replaced now at all. */
export function validateCause({ id, contract }: Pick<Replacement, 'id' | 'contract'>): Violation | undefined {
  if (contract.settledAt !== undefined)
    return { rule: 'replace/over', contract: id, status: contract.status, settledAt: contract.settledAt };
  const cause = replacementCause(contract);
  if (cause === undefined)
    return { rule: 'replace/no-cause', contract: id, expected: 'a miss, a failure or a drain' };
  const { window } = contract;
  // Who wants to leave and missed nothing is still paid for the epoch it is being asked about.
  if (cause === 'drained' && window !== undefined && !window.proven)
    return { rule: 'replace/open-window', contract: id, epoch: window.epoch };
  return undefined;
}

/** The coins must not end with who lost the fragments, with the client or with who chooses. */
export function validateHolder(
  view: BlockView,
  { contract, repair, agreement }: Replacement,
): Violation | undefined {
  const others = { client: contract.clientKey, provider: contract.providerKey, repairer: repair.key };
  const roles = Object.entries(others);
  for (const [role, key] of roles) {
    if (equalBytes(agreement.providerKey, key))
      return { rule: 'replace/holder', provider: bytesToHex(key), is: role };
  }
  const { payout } = agreement;
  for (const [role, key] of roles) {
    if (payout === publicKeyToAccountId(view.crypto, view.params, key))
      return { rule: 'replace/payout', payout, is: role };
  }
  return payout === contract.payout ? { rule: 'replace/payout', payout, is: 'old payout' } : undefined;
}

/** The same fragments for the same client; the client signed nothing new, so nothing gets worse for it. */
export function validateSameTerms({ contract, repair, agreement }: Replacement): Violation | undefined {
  if (!isSameCommitment(contract, agreement)) {
    return {
      rule: 'replace/commitment',
      root: bytesToHex(agreement.root),
      expected: bytesToHex(contract.root),
      leafCount: agreement.leafCount,
      totalBytes: agreement.totalBytes,
      totalChunks: agreement.totalChunks,
    };
  }
  if (!equalBytes(agreement.clientKey, contract.clientKey))
    return { rule: 'replace/client', client: bytesToHex(agreement.clientKey) };
  if (!equalBytes(agreement.ticketKey, contract.ticketKey))
    return { rule: 'replace/ticket-key', ticketKey: bytesToHex(agreement.ticketKey) };
  if (!isSameRepair(repair, agreement.repair)) {
    return { rule: 'replace/repair', repairer: bytesToHex(repair.key) };
  }
  if (
    agreement.pricePerGiBRead > contract.pricePerGiBRead ||
    agreement.freeReadBytesPerEpoch < contract.freeReadBytesPerEpoch
  ) {
    return {
      rule: 'replace/reads',
      pricePerGiBRead: agreement.pricePerGiBRead,
      maxPricePerGiBRead: contract.pricePerGiBRead,
      freeReadBytesPerEpoch: agreement.freeReadBytesPerEpoch,
      minFreeReadBytesPerEpoch: contract.freeReadBytesPerEpoch,
    };
  }
  return undefined;
}

/** Price and term within what the client agreed to, and no coin of the client but those set aside. */
export function validateLimits(
  view: BlockView,
  { contract, repair, agreement }: Replacement,
): Violation | undefined {
  const { basePerEpoch, pricePerGiBEpoch, reserve, readEscrow, maxBurn, epochs } = agreement;
  if (basePerEpoch > repair.maxBasePerEpoch || pricePerGiBEpoch > repair.maxPricePerGiBEpoch) {
    return {
      rule: 'replace/price',
      basePerEpoch,
      maxBasePerEpoch: repair.maxBasePerEpoch,
      pricePerGiBEpoch,
      maxPricePerGiBEpoch: repair.maxPricePerGiBEpoch,
    };
  }
  const rest = restOfTerm(view.params, contract, view.height).epochs;
  if (epochs > rest) return { rule: 'replace/epochs', epochs, rest };
  if (reserve !== 0n || readEscrow !== 0n || maxBurn !== 0n)
    return { rule: 'replace/deposits', reserve, readEscrow, maxBurn, expected: 0 };
  return undefined;
}

function isSameCommitment(contract: StorageContract, agreement: Agreement): boolean {
  return (
    equalBytes(agreement.root, contract.root) &&
    agreement.leafCount === contract.leafCount &&
    agreement.totalBytes === contract.totalBytes &&
    agreement.totalChunks === contract.totalChunks
  );
}

function isSameRepair(before: RepairTerms, after: RepairTerms | undefined): boolean {
  return (
    after !== undefined &&
    equalBytes(before.key, after.key) &&
    before.maxBasePerEpoch === after.maxBasePerEpoch &&
    before.maxPricePerGiBEpoch === after.maxPricePerGiBEpoch
  );
}
