import { BILL_AMOUNTS, type Bill, readBill } from '#market';
import { type BillView, createLocalPort, type HandlersOf, MARKET_CONTRACT, type MarketPort } from '#services';
import type { MarketServiceOptions } from './market-service-options.js';
import { readOrderBook } from './order-book.js';
import { quoteUpload } from './quote-upload.js';

/** The market over a ledger: reads, and prices made of the offers on chain. */
export function createMarketService(options: MarketServiceOptions): MarketPort {
  const { ledger } = options;
  const handlers: HandlersOf<typeof MARKET_CONTRACT> = {
    orderBook: (request) => readOrderBook(options, request),

    quote: (request) => quoteUpload(options, request),

    async bill({ id }) {
      const [{ tip }, bill] = await Promise.all([ledger.status(), readBill(ledger, id)]);
      return bill === null ? null : billToView(bill, tip.height);
    },

    contracts: (request) => ledger.contracts(request),

    async contract({ id }) {
      const contract = await ledger.contract({ id });
      return contract === null ? null : { contract, timeline: await ledger.contractTimeline({ id }) };
    },
  };
  return createLocalPort(MARKET_CONTRACT, handlers);
}

function billToView(bill: Bill, asOfHeight: number): BillView {
  const amounts = Object.fromEntries(BILL_AMOUNTS.map((name) => [name, bill[name].toString()]));
  const { contract, status, provider, address } = bill;
  return { contract, status, provider, address, asOfHeight, ...amounts } as BillView;
}
