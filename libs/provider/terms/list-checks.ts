import type { ContractId } from '#chain';
import type { Agreement, FragmentEntry, Leaf } from '#contracts';
import { bytesToHex } from '#crypto';
import type { Violation } from '#errors';
import type { ContractView } from '#wire';
import type { ProviderContext } from '../provider-context.js';
import { liveOf } from '../records/list-records.js';

/** Whether everything a list names is on the disk, as something of a contract. */
export async function validateStored(
  { records, store }: Pick<ProviderContext, 'records' | 'store'>,
  id: ContractId,
  entries: readonly FragmentEntry[],
): Promise<Violation | undefined> {
  const received = new Map((await records.fragments(id)).map((entry) => [entry.id, entry.lengthBytes]));
  for (const entry of liveOf(entries)) {
    const stored = received.has(entry.id) ? await store.stat(entry.id) : undefined;
    if (stored === undefined) return { rule: 'agreement/not-stored', contract: id, fragment: entry.id };
    if (stored.lengthBytes !== entry.lengthBytes) {
      return {
        rule: 'agreement/length',
        fragment: entry.id,
        lengthBytes: entry.lengthBytes,
        stored: stored.lengthBytes,
      };
    }
  }
  return undefined;
}

/** Whether an agreement goes on with exactly what a contract holds now. */
export function validateSameList(
  agreement: Agreement,
  view: ContractView,
  leaves: readonly Leaf[] | undefined,
): Violation | undefined {
  const isSame =
    bytesToHex(agreement.root) === view.root &&
    agreement.leafCount === view.leafCount &&
    String(agreement.totalBytes) === view.totalBytes &&
    String(agreement.totalChunks) === view.totalChunks &&
    leaves?.length === view.leafCount;
  return isSame
    ? undefined
    : {
        rule: 'agreement/other-list',
        contract: view.id,
        root: bytesToHex(agreement.root),
        current: view.root,
        listed: leaves?.length ?? 'none',
      };
}
