import type { LedgerPort } from '#ledger';
import type { ProviderRecordView } from '#wire';

/** A provider without contracts. */
export function emptyRecord(provider: string, address: string): ProviderRecordView {
  return {
    provider,
    address,
    active: 0,
    completed: 0,
    ended: 0,
    cancelled: 0,
    renewed: 0,
    replaced: 0,
    failed: 0,
    drained: 0,
    proven: 0,
    missed: 0,
    storedBytes: '0',
  };
}

/** What all contracts at a height say about their providers. */
export interface ProviderRecords {
  readonly height: number;
  readonly byProvider: ReadonlyMap<string, ProviderRecordView>;
  readonly activeContracts: number;
  /** Of active contracts. */
  readonly storedBytes: bigint;
}

/** Reads the record of every provider once. */
export async function readProviderRecords(ledger: LedgerPort, height: number): Promise<ProviderRecords> {
  const byProvider = new Map<string, ProviderRecordView>();
  let activeContracts = 0;
  let storedBytes = 0n;
  let cursor: string | undefined;
  do {
    const page = await ledger.providerRecords({ limit: 200, cursor });
    for (const record of page.items) {
      byProvider.set(record.provider, record);
      activeContracts += record.active;
      storedBytes += BigInt(record.storedBytes);
    }
    cursor = page.nextCursor ?? undefined;
  } while (cursor !== undefined);
  return { height, byProvider, activeContracts, storedBytes };
}
