import type { ProviderContext } from '../provider-context.js';
import { boundBytes, type ContractRecord } from '../records/contract-record.js';

/** Bytes that may still be promised: room on the volumes, without what is promised and has not come yet. */
export function freeRoom(
  { store }: Pick<ProviderContext, 'store'>,
  contracts: readonly ContractRecord[],
): bigint {
  const bound = contracts.reduce((sum, record) => sum + boundBytes(record), 0n);
  const coming = bound - BigInt(store.usedBytes());
  const free = BigInt(store.roomBytes()) - (coming < 0n ? 0n : coming);
  return free < 0n ? 0n : free;
}
