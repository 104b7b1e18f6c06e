import type { LedgerPort } from '#ledger';
import type { ProviderRecordView } from '#services';

/** A provider without contracts. */
export const EMPTY_RECORD: ProviderRecordView = {
  active: 0,
  completed: 0,
  ended: 0,
  cancelled: 0,
  renewed: 0,
  replaced: 0,
  failed: 0,
  proven: 0,
  missed: 0,
};

/** What all contracts at a height say about their providers. */
export interface ProviderRecords {
  readonly height: number;
  readonly byProvider: ReadonlyMap<string, ProviderRecordView>;
  readonly activeContracts: number;
  /** Of active contracts. */
  readonly storedBytes: bigint;
}

/** Reads every contract once. */
export async function readProviderRecords(ledger: LedgerPort, height: number): Promise<ProviderRecords> {
  const byProvider = new Map<string, ProviderRecordView>();
  let activeContracts = 0;
  let storedBytes = 0n;
  let cursor: string | undefined;
  do {
    const page = await ledger.contracts({ limit: 200, cursor });
    for (const { provider, status, proven, missed, totalBytes } of page.items) {
      const record = byProvider.get(provider) ?? EMPTY_RECORD;
      byProvider.set(provider, {
        ...record,
        [status]: record[status] + 1,
        proven: record.proven + proven,
        missed: record.missed + missed,
      });
      if (status !== 'active') continue;
      activeContracts += 1;
      storedBytes += BigInt(totalBytes);
    }
    cursor = page.nextCursor ?? undefined;
  } while (cursor !== undefined);
  return { height, byProvider, activeContracts, storedBytes };
}
