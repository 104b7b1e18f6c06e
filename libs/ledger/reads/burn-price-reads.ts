import { burnPeriod, burnPriceOf, burnPriceSpace, medianDemand, nextBurnPrice } from '#contracts';
import type { BurnPriceMoveView } from '#wire';
import type { ObjectEventRow } from '../explorer/explorer-entities.js';
import { numericCursor, pageLimit, toPage } from '../explorer/paging.js';
import { type LedgerParts, whenIndexed } from '../ledger-parts.js';
import type { LedgerPort } from '../port.js';
import { objectEventToView } from '../views/chain-views.js';

type BurnPriceReads = Pick<LedgerPort, 'burnPrice' | 'burnPriceMoves'>;

/** Reads of what storing burns. */
export function createBurnPriceReads(parts: LedgerParts): BurnPriceReads {
  const { law, chain, queries } = parts;
  const { params } = law;

  const toMove = (row: ObjectEventRow): BurnPriceMoveView | undefined => {
    const event = objectEventToView(chain.tree, row);
    if (event === undefined) return undefined;
    const { height, blockId, time, data } = event;
    return {
      height,
      blockId,
      time,
      before: String(data['before']),
      perGiBEpoch: String(data['perGiBEpoch']),
      medianMiBEpochs: String(data['median']),
    };
  };

  return {
    async burnPrice() {
      const price = burnPriceOf(params, chain.state);
      const median = medianDemand(params, chain.state);
      const period = burnPeriod(params, chain.tip.height);
      return {
        perGiBEpoch: price.toString(),
        floorPerGiBEpoch: params.mint.burnPerGiBEpoch.toString(),
        since: chain.state.get(burnPriceSpace, 'now')?.periodStart ?? null,
        periodStart: period.first,
        movesAt: period.last,
        targetMiBEpochs: params.mint.burnTargetMiBEpochs.toString(),
        medianMiBEpochs: median.toString(),
        nextIfQuiet: nextBurnPrice(params, price, median).toString(),
      };
    },

    async burnPriceMoves(request) {
      const limit = pageLimit(request);
      const after = numericCursor(request);
      await whenIndexed(parts);
      const rows = await queries.objectEvents({ name: 'burn-price/moved' }, { after, limit });
      const page = toPage(rows, limit, toMove, (row) => String(row.key));
      return { ...page, items: page.items.filter((move) => move !== undefined) };
    },
  };
}
