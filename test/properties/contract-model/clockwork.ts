import type { NetworkParams } from '#chain';
import { type Book, ceilDiv, held, listText, type ModelContract, pay, payAll } from './book.js';

const TEN_THOUSAND = 10_000n;

/** First block of the first epoch. */
export function startOf(params: NetworkParams, contract: Pick<ModelContract, 'registeredAt'>): number {
  return contract.registeredAt + params.contract.startDelayBlocks;
}

/** How many epochs have begun at a height. */
export function begunAt(params: NetworkParams, contract: ModelContract, height: number): number {
  let count = 0;
  while (startOf(params, contract) + count * params.contract.epochBlocks <= height) count++;
  return count;
}

/** Height at which an epoch is asked for. */
export function askedAt(params: NetworkParams, contract: ModelContract, epoch: number): number {
  return startOf(params, contract) + epoch * params.contract.epochBlocks + contract.slot;
}

/** The price of an epoch that was not asked for yet. */
export function priceOf(contract: ModelContract, epoch: number): bigint {
  return contract.begun?.epoch === epoch ? contract.begun.tranche : contract.tranche;
}

/** What the escrow must hold. */
export function dueOf(contract: ModelContract): bigint {
  let due = contract.window === undefined || contract.window.isProven ? 0n : contract.window.tranche;
  for (let epoch = contract.next; epoch < contract.end; epoch++) due += priceOf(contract, epoch);
  return due;
}

/** The whole of a block's beginning: subsidy and pool. */
export function beginBlock(book: Book, params: NetworkParams): void {
  book.height += 1;
  const draw = held(book, 'pool') / params.reward.poolDrawDivisor;
  const reward = `reward:${book.height}`;
  pay(book, 'mint', reward, params.reward.initialSubsidy);
  pay(book, 'pool', reward, draw);
}

/** The end of a block: its miner's, what matures, and what happens to contracts by itself. */
export function endBlock(book: Book, params: NetworkParams, miner: string): void {
  const reward = `reward:${book.height}`;
  payAll(book, 'fees', reward);
  payAll(book, 'proof-mint', reward);
  book.miners.set(book.height, miner);
  const mature = book.height - params.reward.maturityBlocks;
  if (mature >= 1) payAll(book, `reward:${mature}`, book.miners.get(mature) as string);
  book.miners.delete(mature);
  for (const id of [...book.contracts.keys()].sort())
    tick(book, params, book.contracts.get(id) as ModelContract);
  moveBurnPrice(book, params);
}

function tick(book: Book, params: NetworkParams, contract: ModelContract): void {
  const { height } = book;
  const { epochBlocks, windowBlocks, settleDelayBlocks, repairBlocks } = params.contract;
  if (contract.settledAt !== undefined) return;
  if (contract.status === 'failed') {
    if (height === (contract.failedAt as number) + repairBlocks) releaseReserve(book, contract);
  } else if (contract.window !== undefined) {
    if (height === contract.window.at + windowBlocks) closeWindow(book, params, contract);
  } else if (contract.next < contract.end) {
    if (height === askedAt(params, contract, contract.next)) ask(book, contract);
  } else if (
    height ===
    startOf(params, contract) + contract.end * epochBlocks + windowBlocks + settleDelayBlocks
  ) {
    const early = contract.next === 0 ? 'cancelled' : 'ended';
    settle(book, contract, contract.end === contract.epochs ? 'completed' : early);
  }
}

/** Everything goes back to whose it is. */
export function settle(book: Book, contract: ModelContract, status: string): void {
  const { id, client, payout, provider } = contract;
  payAll(book, `escrow:${id}`, client);
  payAll(book, `vesting:${id}`, payout);
  payAll(book, `collateral:${id}`, provider);
  payAll(book, `reads:${id}`, client);
  payAll(book, `bounty:${id}`, client);
  payAll(book, `reserve:${id}`, client);
  contract.status = status;
  contract.window = undefined;
  contract.settledAt = book.height;
}

/** A failed contract's reserve is the client's again. */
export function releaseReserve(book: Book, contract: ModelContract): void {
  payAll(book, `reserve:${contract.id}`, contract.client);
  contract.settledAt = book.height;
}

function ask(book: Book, contract: ModelContract): void {
  const epoch = contract.next;
  const tranche = priceOf(contract, epoch);
  contract.next += 1;
  contract.begun = undefined;
  contract.lots = contract.lots.filter(({ endEpoch }) => endEpoch > epoch);
  if (contract.skip === epoch) pay(book, `escrow:${contract.id}`, contract.client, tranche);
  else
    contract.window = { epoch, at: book.height, list: listText(contract.leaves), tranche, isProven: false };
}

function closeWindow(book: Book, params: NetworkParams, contract: ModelContract): void {
  const { id, client, window } = contract;
  contract.window = undefined;
  if (window === undefined || window.isProven) return;
  const { missSlashBps, slashBurnBps, strikes } = params.contract;
  contract.missed += 1;
  contract.lastMissed = window.epoch;
  pay(book, `escrow:${id}`, client, window.tranche);
  const slash = ceilDiv(held(book, `collateral:${id}`) * missSlashBps, TEN_THOUSAND);
  const burned = ceilDiv(slash * slashBurnBps, TEN_THOUSAND);
  pay(book, `collateral:${id}`, 'burn', burned);
  pay(book, `collateral:${id}`, client, slash - burned);
  if (contract.missed < strikes) return;
  contract.status = 'failed';
  contract.failedAt = book.height;
  payAll(book, `vesting:${id}`, client);
  const heir = contract.repair === undefined ? client : `reserve:${id}`;
  const left = held(book, `collateral:${id}`);
  pay(book, `collateral:${id}`, 'burn', ceilDiv(left * slashBurnBps, TEN_THOUSAND));
  payAll(book, `collateral:${id}`, heir);
  payAll(book, `escrow:${id}`, heir);
  payAll(book, `reads:${id}`, client);
  payAll(book, `bounty:${id}`, client);
  if (held(book, `reserve:${id}`) === 0n) contract.settledAt = book.height;
}

/** The burn price follows the median of the blocks of a period. */
function moveBurnPrice(book: Book, params: NetworkParams): void {
  const { burnPeriodBlocks: period, burnTargetMiBEpochs: target, burnPerGiBEpoch: floor } = params.mint;
  if (book.height % period !== period - 1) return;
  const sorted = Array.from({ length: period }, (_, place) => book.demand[place] ?? 0n).sort((a, b) =>
    a < b ? -1 : a > b ? 1 : 0,
  );
  book.demand = [];
  const median = sorted[Math.floor(period / 2)] as bigint;
  const above = (median < 2n * target ? median : 2n * target) - target;
  const moved = book.burnPrice + (book.burnPrice * above) / (8n * target);
  book.burnPrice = moved < floor ? floor : moved;
}

/** A block registers storage. */
export function demand(book: Book, params: NetworkParams, bytes: bigint, epochs: number): void {
  const place = book.height % params.mint.burnPeriodBlocks;
  book.demand[place] = (book.demand[place] ?? 0n) + ceilDiv(bytes * BigInt(epochs), 1n << 20n);
}
