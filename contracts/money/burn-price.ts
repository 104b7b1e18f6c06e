import {
  type BlockView,
  height,
  type NetworkParams,
  namespace,
  type StateReader,
  struct,
  type TypeOf,
  u63,
} from '#chain';

/** The price of burning, and since which height it holds. */
const burnPriceSchema = struct({ perGiBEpoch: u63, periodStart: height });
export type BurnPrice = TypeOf<typeof burnPriceSchema>;

/** One object under the key `now`; absent until the price first moved away from the floor. */
export const burnPriceSpace = namespace('burn-price', 14, burnPriceSchema);

/** MiB-epochs registered by the blocks of the period under way (key: place in the period); absent means none. */
export const burnDemandSpace = namespace('burn-demand', 15, u63);

const KEY = 'now';
const MIB = 1n << 20n;
/** The price moves by at most one part in this many (12.5 %). */
export const MAX_STEP_DIVISOR = 8n;
/** No price above the floor times this: amounts stay far below 2^63. */
const MAX_PRICE_FACTOR = 1n << 32n;

/** Base units burned per GiB and epoch at the state's next block. */
export function burnPriceOf(params: NetworkParams, state: StateReader): bigint {
  return state.get(burnPriceSpace, KEY)?.perGiBEpoch ?? params.mint.burnPerGiBEpoch;
}

/** What the blocks of the period under way registered so far, those to come counted as none; the median of them. */
export function medianDemand(params: NetworkParams, state: StateReader): bigint {
  const { burnPeriodBlocks } = params.mint;
  const places = Array.from({ length: burnPeriodBlocks }, (_, place) => String(place));
  return medianOf(places.map((place) => state.get(burnDemandSpace, place) ?? 0n));
}

/** Counts what a block registers, so that the price can follow; a started MiB-epoch in full. */
export function recordDemand(view: BlockView, bytes: bigint, epochs: number): void {
  if (bytes === 0n || epochs === 0) return;
  const key = String(view.height % view.params.mint.burnPeriodBlocks);
  const demand = (bytes * BigInt(epochs) + MIB - 1n) / MIB;
  view.put(burnDemandSpace, key, (view.get(burnDemandSpace, key) ?? 0n) + demand);
}

/**
 * The price after a period whose median block registered `median` MiB-epochs: proportional to how far the median lies
 * from the target, at most an eighth either way (truncated towards the old price), never below the floor.
 */
export function nextBurnPrice(params: NetworkParams, price: bigint, median: bigint): bigint {
  const { burnTargetMiBEpochs: target, burnPerGiBEpoch: floor } = params.mint;
  const away = median >= 2n * target ? target : median - target;
  const moved = price + (price * away) / (target * MAX_STEP_DIVISOR);
  if (moved < floor) return floor;
  return moved > floor * MAX_PRICE_FACTOR ? floor * MAX_PRICE_FACTOR : moved;
}

/** At the last block of a period: moves the price by the median block and begins the count anew. */
export function moveBurnPrice(view: BlockView): void {
  const { burnPeriodBlocks, burnPerGiBEpoch } = view.params.mint;
  if (view.height % burnPeriodBlocks !== burnPeriodBlocks - 1) return;
  const median = medianDemand(view.params, view);
  for (let place = 0; place < burnPeriodBlocks; place++)
    if (view.get(burnDemandSpace, String(place)) !== undefined) view.remove(burnDemandSpace, String(place));
  const price = burnPriceOf(view.params, view);
  const perGiBEpoch = nextBurnPrice(view.params, price, median);
  if (perGiBEpoch === price) return;
  if (perGiBEpoch === burnPerGiBEpoch) view.remove(burnPriceSpace, KEY);
  else view.put(burnPriceSpace, KEY, { perGiBEpoch, periodStart: view.height + 1 });
  view.emit({
    type: 'object',
    name: 'burn-price/moved',
    subject: '',
    data: { perGiBEpoch, before: price, median },
  });
}

function medianOf(amounts: bigint[]): bigint {
  amounts.sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
  return amounts[amounts.length >> 1] ?? 0n;
}
