import { AppError } from '#errors';
import type { AccountView, AuditView, ContractView, StatusView } from '#wire';

/** What the admin API says of the coins that moved about one contract, base units. */
export interface ContractTotals {
  /** Paid to the provider. */
  readonly earned: string;
  /** Earned and kept back until the end. */
  readonly held: string;
  /** Taken from the provider for missed proofs. */
  readonly lost: string;
}

/** What the main job reads of the admin API; every number it shows comes from here. */
export interface AdminApi {
  status(): Promise<StatusView>;
  contract(id: string): Promise<ContractView>;
  contractTotals(id: string): Promise<ContractTotals>;
  account(address: string): Promise<AccountView>;
  audit(): Promise<AuditView>;
}

/** The admin API at a base address. */
export function createAdminApi(baseUrl: string): AdminApi {
  const get = async <T>(path: string): Promise<T> => {
    const url = `${baseUrl}/api/v1${path}`;
    const answer = await fetch(url).catch((cause: unknown) => {
      throw new AppError({
        code: 'admin-api/unreachable',
        message: `The admin API at ${url} does not answer.`,
        next: 'See the site’s log in the network’s data folder.',
        cause,
      });
    });
    if (answer.ok) return (await answer.json()) as T;
    throw new AppError({
      code: 'admin-api/refused',
      message: `The admin API answered ${answer.status} to ${url}: ${(await answer.text()).slice(0, 300)}`,
      next: 'See the site’s log in the network’s data folder.',
    });
  };
  return {
    status: () => get('/status'),
    contract: async (id) => (await get<{ contract: ContractView }>(`/contracts/${id}`)).contract,
    contractTotals: async (id) =>
      (await get<{ totals: ContractTotals }>(`/payouts/statement?contract=${id}&limit=1`)).totals,
    account: (address) => get(`/accounts/${address}`),
    audit: () => get('/supply/audit'),
  };
}
