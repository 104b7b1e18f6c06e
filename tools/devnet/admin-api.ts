import { AppError } from '#errors';
import type {
  AccountView,
  AuditView,
  ContractView,
  ObjectEventView,
  Page,
  PostingView,
  StatusView,
  SupplyView,
} from '#wire';

/** What the main job reads of the admin API; every number it shows comes from here. */
export interface AdminApi {
  status(): Promise<StatusView>;
  contract(id: string): Promise<ContractView>;
  timeline(id: string): Promise<ObjectEventView[]>;
  contractPostings(id: string): Promise<PostingView[]>;
  account(address: string): Promise<AccountView>;
  supply(): Promise<SupplyView>;
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
        cause,
      });
    });
    if (answer.ok) return (await answer.json()) as T;
    throw new AppError({
      code: 'admin-api/refused',
      message: `The admin API answered ${answer.status} to ${url}: ${(await answer.text()).slice(0, 300)}`,
    });
  };
  const all = async <T>(path: string): Promise<T[]> => {
    const items: T[] = [];
    let cursor: string | null = null;
    do {
      const page: Page<T> = await get(
        `${path}?limit=200${cursor === null ? '' : `&cursor=${encodeURIComponent(cursor)}`}`,
      );
      items.push(...page.items);
      cursor = page.nextCursor;
    } while (cursor !== null);
    return items;
  };
  return {
    status: () => get('/status'),
    contract: (id) => get(`/contracts/${id}`),
    timeline: async (id) => (await get<{ items: ObjectEventView[] }>(`/contracts/${id}/timeline`)).items,
    contractPostings: (id) => all(`/contracts/${id}/postings`),
    account: (address) => get(`/accounts/${address}`),
    supply: () => get('/supply'),
    audit: () => get('/supply/audit'),
  };
}
