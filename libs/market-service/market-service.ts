import { createLocalPort, type HandlersOf, MARKET_CONTRACT, type MarketPort } from '#services';
import type { MarketServiceOptions } from './market-service-options.js';
import { quoteUpload } from './quote-upload.js';

/** The market over a ledger: reads, and prices made of the offers on chain. */
export function createMarketService(options: MarketServiceOptions): MarketPort {
  const { ledger } = options;
  const handlers: HandlersOf<typeof MARKET_CONTRACT> = {
    async orderBook(page) {
      const { items, nextCursor } = await ledger.offers(page);
      const endpoints = await Promise.all(
        items.map(({ provider }) => ledger.endpoint({ principal: provider })),
      );
      return {
        items: items.map((offer, index) => ({ offer, endpoint: endpoints[index] ?? null })),
        nextCursor,
      };
    },

    quote: (request) => quoteUpload(options, request),

    contracts: (request) => ledger.contracts(request),

    async contract({ id }) {
      const contract = await ledger.contract({ id });
      return contract === null ? null : { contract, timeline: await ledger.contractTimeline({ id }) };
    },
  };
  return createLocalPort(MARKET_CONTRACT, handlers);
}
