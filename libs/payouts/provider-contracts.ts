import type { LedgerPort } from '#ledger';
import type { ContractView } from '#wire';

/** Every contract of a provider's account, newest first. */
export async function contractsOfProvider(
  ledger: Pick<LedgerPort, 'contracts'>,
  account: string,
  status?: ContractView['status'],
): Promise<ContractView[]> {
  const contracts: ContractView[] = [];
  let cursor: string | undefined;
  do {
    const filter = status === undefined ? {} : { status };
    const page = await ledger.contracts({ provider: account, ...filter, limit: 200, cursor });
    contracts.push(...page.items);
    cursor = page.nextCursor ?? undefined;
  } while (cursor !== undefined);
  return contracts;
}
