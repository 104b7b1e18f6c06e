import type { LedgerPort } from '#ledger';
import {
  createLocalPort,
  type HandlersOf,
  type OverviewView,
  type PlacementPort,
  REGISTRY_CONTRACT,
  type RegistryPort,
} from '#services';
import { emptyRecord, type ProviderRecords, readProviderRecords } from './provider-records.js';

export interface RegistryServiceOptions {
  readonly ledger: LedgerPort;
  readonly placement: PlacementPort;
}

/** Read views of the ledger, with what placement has measured. */
export function createRegistryService({ ledger, placement }: RegistryServiceOptions): RegistryPort {
  let known: { readonly tipId: string; readonly records: Promise<ProviderRecords> } | undefined;

  /** One reading of all records for each tip, however many ask. */
  const records = async (): Promise<ProviderRecords> => {
    const { tip } = await ledger.status();
    if (known?.tipId !== tip.id) {
      const reading = readProviderRecords(ledger, tip.height);
      known = { tipId: tip.id, records: reading };
      reading.catch(() => {
        known = undefined;
      });
    }
    return known.records;
  };

  const handlers: HandlersOf<typeof REGISTRY_CONTRACT> = {
    endpoints: async (page) => {
      const { tip } = await ledger.status();
      const { items, nextCursor } = await ledger.endpoints(page);
      return { items: items.filter(({ expiresAt }) => expiresAt > tip.height), nextCursor };
    },

    endpoint: async ({ principal }) => {
      const [{ tip }, endpoint] = await Promise.all([ledger.status(), ledger.endpoint({ principal })]);
      return endpoint !== null && endpoint.expiresAt > tip.height ? endpoint : null;
    },

    holders: (request) => ledger.holders(request),

    async providers(page) {
      const { items, nextCursor } = await ledger.offers(page);
      const accounts = items.map(({ provider }) => provider);
      const [liveness, { byProvider }, endpoints] = await Promise.all([
        placement.liveness({ providers: accounts }),
        records(),
        Promise.all(accounts.map((principal) => ledger.endpoint({ principal }))),
      ]);
      return {
        nextCursor,
        items: items.map((offer, index) => ({
          provider: offer.provider,
          address: offer.address,
          offer,
          endpoint: endpoints[index] ?? null,
          liveness: liveness.find((view) => view.provider === offer.provider) ?? null,
          record: byProvider.get(offer.provider) ?? emptyRecord(offer.provider, offer.address),
        })),
      };
    },

    async provider({ provider: ref }) {
      const { account, address } = await ledger.account({ account: ref });
      const [offer, endpoint, liveness, { byProvider }] = await Promise.all([
        ledger.offer({ provider: account }),
        ledger.endpoint({ principal: account }),
        placement.liveness({ providers: [account] }),
        records(),
      ]);
      const record = byProvider.get(account);
      if (offer === null && endpoint === null && record === undefined) return null;
      return {
        provider: account,
        address,
        offer,
        endpoint,
        liveness: liveness[0] ?? null,
        record: record ?? emptyRecord(account, address),
      };
    },

    async overview(): Promise<OverviewView> {
      const [{ height, activeContracts, storedBytes }, offers, liveness] = await Promise.all([
        records(),
        allOffers(ledger),
        placement.liveness({}),
      ]);
      const capacity = offers.reduce((sum, { capacityBytes }) => sum + BigInt(capacityBytes), 0n);
      const up = new Set(liveness.filter(({ state }) => state === 'up').map(({ provider }) => provider));
      return {
        height,
        providers: offers.length,
        providersUp: offers.filter(({ provider }) => up.has(provider)).length,
        capacityBytes: capacity.toString(),
        storedBytes: storedBytes.toString(),
        activeContracts,
      };
    },
  };
  return createLocalPort(REGISTRY_CONTRACT, handlers);
}

async function allOffers(ledger: LedgerPort) {
  const offers = [];
  let cursor: string | undefined;
  do {
    const page = await ledger.offers({ limit: 200, cursor });
    offers.push(...page.items);
    cursor = page.nextCursor ?? undefined;
  } while (cursor !== undefined);
  return offers;
}
