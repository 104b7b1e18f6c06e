import { MAX_U63, type NetworkParams } from '#chain';
import {
  type Book,
  ceilDiv,
  chunkCount,
  droppedChunks,
  held,
  listText,
  liveBytes,
  type ModelContract,
  type ModelLeaf,
  type ModelLot,
  need,
  pay,
  payAll,
  usedBytes,
} from './book.js';
import { askedAt, begunAt, demand, dueOf, priceOf, releaseReserve, settle, startOf } from './clockwork.js';
import type { Intent } from './intent.js';

const GIB = 1n << 30n;
const TEN_THOUSAND = 10_000n;

/** What an agreement says, as far as money and states go. */
export type Deal = Extract<Intent, { kind: 'form' }>['deal'];

const burnOf = (book: Book, bytes: bigint, epochs: number): bigint =>
  ceilDiv(book.burnPrice * bytes * BigInt(epochs), GIB);
const trancheOf = (base: bigint, price: bigint, bytes: bigint): bigint => base + ceilDiv(price * bytes, GIB);

function openLot(
  params: NetworkParams,
  lot: Pick<ModelLot, 'burned' | 'firstEpoch' | 'endEpoch' | 'firstLeaf' | 'leafCount' | 'bytes'>,
): ModelLot {
  const inclusion = (lot.burned * params.mint.inclusionBps) / TEN_THOUSAND;
  const later = BigInt(lot.endEpoch - lot.firstEpoch - 1);
  const perEpoch = later === 0n ? 0n : (lot.burned - inclusion) / later;
  return { ...lot, minted: 0n, inclusion, perEpoch, droppedBytes: 0n, isProven: false };
}

/** Does what a transaction asks for, its fee included. @throws Refused */
export function obey(book: Book, params: NetworkParams, intent: Intent): void {
  need(!intent.isForged, 'a signature is bad');
  const payer = act(book, params, intent);
  pay(book, payer ?? intent.by, 'fees', intent.fee);
}

function contractIn(book: Book, id: string): ModelContract {
  const contract = book.contracts.get(id);
  need(contract !== undefined, 'no such contract');
  return contract;
}

/** @returns who pays the fee, if not the sender */
function act(book: Book, params: NetworkParams, intent: Intent): string | undefined {
  const { by } = intent;
  if (intent.lane !== undefined) {
    const lane = `${by}:${intent.lane}`;
    need((book.lanes.get(lane) ?? 0n) === 0n, 'the number is used');
    book.lanes.set(lane, 1n);
  }
  switch (intent.kind) {
    case 'transfer':
      need(intent.amount > 0n && intent.to !== by, 'no transfer');
      pay(book, by, intent.to, intent.amount);
      return undefined;
    case 'offer': {
      const number = (book.offers.get(by)?.number ?? 0n) + 1n;
      need(intent.offer.expiresAt > book.height, 'expired');
      book.offers.set(by, { ...intent.offer, number });
      return undefined;
    }
    case 'form':
      form(book, params, intent);
      return undefined;
    case 'revise':
      revise(book, params, intent);
      return undefined;
    case 'drop':
      drop(book, params, intent);
      return undefined;
    case 'renew':
      renew(book, params, intent);
      return undefined;
    case 'replace':
      return replace(book, params, intent);
    case 'prove':
      return prove(book, params, intent);
    case 'end': {
      const contract = contractIn(book, intent.contract);
      need(by === contract.client, 'not the client');
      if (contract.status === 'failed' && contract.settledAt === undefined) {
        releaseReserve(book, contract);
        return undefined;
      }
      need(contract.status === 'active', 'over');
      const end = Math.max(contract.next, begunAt(params, contract, book.height));
      need(end < contract.end, 'ends then anyway');
      contract.end = end;
      return undefined;
    }
    case 'skip': {
      const contract = contractIn(book, intent.contract);
      need(by === contract.provider && contract.status === 'active', 'not its provider, or over');
      need(contract.skip === undefined && intent.epoch < contract.end, 'twice, or beyond');
      need(book.height < askedAt(params, contract, intent.epoch), 'too late');
      contract.skip = intent.epoch;
      return undefined;
    }
    case 'drain': {
      const contract = contractIn(book, intent.contract);
      need(by === contract.provider && contract.status === 'active', 'not its provider, or over');
      need(contract.drainedAt === undefined, 'twice');
      contract.drainedAt = book.height;
      return undefined;
    }
    case 'redeem': {
      const contract = contractIn(book, intent.contract);
      need(by === contract.provider && contract.status === 'active', 'not its provider, or over');
      need(intent.signer === contract.ticketKey, 'another key');
      need(intent.total > contract.readsPaid, 'nothing new');
      pay(book, `reads:${contract.id}`, contract.payout, intent.total - contract.readsPaid);
      contract.readsPaid = intent.total;
      return undefined;
    }
  }
}

/** What form, renewal and replacement have in common: terms, the offer, the id. */
function agree(book: Book, params: NetworkParams, deal: Deal, burn: bigint, ownBytes: bigint): bigint {
  const { minEpochs, maxEpochs, minCollateralBps } = params.contract;
  const bytes = liveBytes(deal.leaves);
  need(book.height <= deal.formBy, 'late');
  need(deal.epochs >= minEpochs && deal.epochs <= maxEpochs, 'epochs');
  need(deal.client !== deal.provider, 'one party');
  const escrow = trancheOf(deal.base, deal.price, bytes) * BigInt(deal.epochs);
  need(escrow + burn + deal.reserve + deal.readEscrow <= MAX_U63, 'overflow');
  need(deal.reserve === 0n || deal.repair !== undefined, 'a reserve for nobody');
  need(burn <= deal.maxBurn, 'burn');
  need(deal.collateral * TEN_THOUSAND >= escrow * minCollateralBps, 'collateral');
  need(!deal.isListFalse, 'another list');
  const offer = book.offers.get(deal.provider);
  need(offer !== undefined && offer.number === deal.offerNumber, 'no such offer');
  need(offer.expiresAt > book.height, 'offer expired');
  need(deal.epochs >= offer.minEpochs && deal.epochs <= offer.maxEpochs, 'epochs of the offer');
  need(usedBytes(book, deal.provider) - ownBytes + bytes <= offer.capacity, 'full');
  need(!book.contracts.has(deal.id), 'the id is used');
  return escrow;
}

function register(
  book: Book,
  deal: Deal,
  more: Pick<ModelContract, 'lots' | 'burned' | 'isReplacement'>,
): ModelContract {
  const leaves = deal.leaves.map((leaf) => ({ ...leaf }));
  const contract: ModelContract = {
    id: deal.id,
    client: deal.client,
    provider: deal.provider,
    payout: deal.payout,
    ticketKey: deal.ticketKey,
    registeredAt: book.height,
    slot: deal.slot,
    base: deal.base,
    price: deal.price,
    readPrice: deal.readPrice,
    freeReads: deal.freeReads,
    repair: deal.repair,
    status: 'active',
    epochs: deal.epochs,
    end: deal.epochs,
    next: 0,
    tranche: trancheOf(deal.base, deal.price, liveBytes(leaves)),
    begun: undefined,
    leaves,
    window: undefined,
    proven: 0,
    missed: 0,
    lastMissed: undefined,
    locked: deal.collateral,
    minted: 0n,
    readsPaid: 0n,
    revision: 0,
    revised: undefined,
    skip: undefined,
    drainedAt: undefined,
    failedAt: undefined,
    settledAt: undefined,
    successor: undefined,
    ...more,
  };
  book.contracts.set(contract.id, contract);
  return contract;
}

function form(book: Book, params: NetworkParams, { by, deal }: Extract<Intent, { kind: 'form' }>): void {
  need(by === deal.client, 'not the client');
  need(deal.leaves.length > 0, 'empty');
  const bytes = liveBytes(deal.leaves);
  const burned = burnOf(book, bytes, deal.epochs);
  const escrow = agree(book, params, deal, burned, 0n);
  payIn(book, deal, escrow, burned);
  demand(book, params, bytes, deal.epochs);
  const span = { firstEpoch: 0, endEpoch: deal.epochs, firstLeaf: 0, leafCount: deal.leaves.length };
  register(book, deal, { burned, isReplacement: false, lots: [openLot(params, { burned, bytes, ...span })] });
}

function payIn(book: Book, deal: Deal, escrow: bigint, burn: bigint): void {
  pay(book, deal.client, `escrow:${deal.id}`, escrow);
  pay(book, deal.client, 'burn', burn);
  pay(book, deal.client, `reserve:${deal.id}`, deal.reserve);
  pay(book, deal.client, `reads:${deal.id}`, deal.readEscrow);
  pay(book, deal.provider, `collateral:${deal.id}`, deal.collateral);
}

function renew(book: Book, params: NetworkParams, intent: Extract<Intent, { kind: 'renew' }>): void {
  const { by, deal } = intent;
  const old = contractIn(book, intent.contract);
  need(by === old.client && old.status === 'active', 'not the client, or over');
  need(deal.client === old.client && deal.provider === old.provider, 'other parties');
  need(listText(deal.leaves) === listText(old.leaves), 'another list');
  need(old.window === undefined || old.window.isProven, 'an open window');
  const bytes = liveBytes(deal.leaves);
  const burned = burnOf(book, bytes, deal.epochs);
  const escrow = agree(book, params, deal, burned, bytes);
  settle(book, old, 'renewed');
  old.successor = deal.id;
  payIn(book, deal, escrow, burned);
  demand(book, params, bytes, deal.epochs);
  register(book, deal, { burned, lots: [], isReplacement: false });
}

function replace(book: Book, params: NetworkParams, intent: Extract<Intent, { kind: 'replace' }>): string {
  const { by, deal, fee } = intent;
  const old = contractIn(book, intent.contract);
  const { repair, window } = old;
  need(repair !== undefined && repair.repairer === by, 'not the repairer');
  need(old.settledAt === undefined, 'over');
  const isMissed = old.status === 'failed' || old.lastMissed !== undefined;
  const isFresh = old.isReplacement && old.next === 0;
  need(isMissed || (old.drainedAt !== undefined && !isFresh), 'no cause');
  need(isMissed || window === undefined || window.isProven, 'an open window');
  const insiders = [old.client, old.provider, repair.repairer];
  need(!insiders.includes(deal.provider), 'an insider');
  need(!insiders.includes(deal.payout) && deal.payout !== old.payout, 'earnings of an insider');
  need(listText(deal.leaves) === listText(old.leaves), 'another list');
  need(deal.client === old.client && deal.ticketKey === old.ticketKey, 'another client');
  need(
    deal.repair?.repairer === repair.repairer &&
      deal.repair.maxBase === repair.maxBase &&
      deal.repair.maxPrice === repair.maxPrice,
    'other repair terms',
  );
  need(deal.readPrice <= old.readPrice && deal.freeReads >= old.freeReads, 'dearer reads');
  need(deal.base <= repair.maxBase && deal.price <= repair.maxPrice, 'too dear');
  const { epochBlocks, startDelayBlocks } = params.contract;
  let rest = 0;
  const ends = startOf(params, old) + old.end * epochBlocks;
  while (rest < old.end - old.next && book.height + startDelayBlocks + (rest + 1) * epochBlocks <= ends)
    rest += 1;
  need(deal.epochs <= rest, 'too long');
  const from = old.end - rest;
  need(deal.reserve === 0n && deal.readEscrow === 0n && deal.maxBurn === 0n, 'coins of the client');
  const escrow = agree(book, params, deal, 0n, 0n);
  payAll(book, `escrow:${old.id}`, `reserve:${old.id}`);
  pay(book, `reserve:${old.id}`, `escrow:${deal.id}`, escrow);
  pay(book, deal.provider, `collateral:${deal.id}`, deal.collateral);
  const promised = (escrow * params.contract.bountyBps) / TEN_THOUSAND;
  const left = held(book, `reserve:${old.id}`);
  const bounty = promised < left ? promised : left;
  pay(book, `reserve:${old.id}`, `bounty:${deal.id}`, bounty);
  payAll(book, `reserve:${old.id}`, `reserve:${deal.id}`);
  payAll(book, `reads:${old.id}`, `reads:${deal.id}`);
  const lots: ModelLot[] = [];
  for (const lot of old.lots) {
    const firstEpoch = Math.max(lot.firstEpoch - from, 0);
    const endEpoch = Math.min(lot.endEpoch - from, deal.epochs);
    if (firstEpoch < endEpoch) lots.push({ ...lot, firstEpoch, endEpoch });
  }
  if (old.status === 'failed') releaseReserve(book, old);
  else settle(book, old, 'replaced');
  old.successor = deal.id;
  register(book, deal, { burned: 0n, lots, isReplacement: true });
  return fee <= bounty && fee <= left - bounty ? `reserve:${deal.id}` : by;
}

function revise(book: Book, params: NetworkParams, intent: Extract<Intent, { kind: 'revise' }>): void {
  const { by, appended, epochs, number } = intent;
  const contract = contractIn(book, intent.contract);
  const { id, client, provider } = contract;
  need(by === client || by === provider, 'not a party');
  need(contract.status === 'active', 'over');
  need(
    book.height < startOf(params, contract) + contract.end * params.contract.epochBlocks,
    'its term is over',
  );
  need(number > contract.revision, 'an old number');
  const begun = begunAt(params, contract, book.height);
  const count = contract.revised?.begun === begun ? contract.revised.count : 0;
  need(count < params.contract.revisionsPerEpoch, 'too often');
  need(
    epochs === contract.epochs || (epochs > contract.epochs && epochs <= params.contract.maxEpochs),
    'epochs',
  );
  const isGrowing = appended.length > 0 || epochs > contract.epochs;
  need(!isGrowing || contract.end === contract.epochs, 'the client has ended it');
  need(appended.length === 0 || contract.next < epochs, 'no epoch left');
  need(!intent.isListFalse && intent.against === listText(contract.leaves), 'another list');
  const before = dueOf(contract);
  const oldBytes = liveBytes(contract.leaves);
  const newBytes = liveBytes(appended);
  const oldCount = contract.leaves.length;
  const oldEnd = contract.end;
  contract.end += epochs - contract.epochs;
  contract.epochs = epochs;
  const tranche = trancheOf(contract.base, contract.price, oldBytes + newBytes);
  if (contract.begun !== undefined) contract.begun.tranche += tranche - contract.tranche;
  contract.tranche = tranche;
  contract.leaves = [...contract.leaves, ...appended.map((leaf) => ({ ...leaf }))];
  let burn = 0n;
  const open = (firstEpoch: number, firstLeaf: number, leafCount: number, bytes: bigint): void => {
    if (leafCount === 0 || firstEpoch >= contract.end) return;
    const span = contract.end - firstEpoch;
    const burned = burnOf(book, bytes, span);
    burn += burned;
    contract.lots.push(
      openLot(params, { burned, firstEpoch, endEpoch: contract.end, firstLeaf, leafCount, bytes }),
    );
    demand(book, params, bytes, span);
  };
  open(contract.next, oldCount, appended.length, newBytes);
  open(oldEnd, 0, oldCount, oldBytes);
  need(contract.lots.length <= 16, 'too many lots');
  need(intent.addReserve === 0n || contract.repair !== undefined, 'a reserve for nobody');
  need(burn <= intent.maxBurn, 'burn');
  const due = dueOf(contract);
  const locked = held(book, `collateral:${id}`) + intent.addCollateral;
  need(!isGrowing || locked * TEN_THOUSAND >= due * params.contract.minCollateralBps, 'collateral');
  if (newBytes > 0n) {
    const offer = book.offers.get(provider);
    need(offer !== undefined && offer.expiresAt > book.height, 'offer expired');
    need(usedBytes(book, provider) <= offer.capacity, 'full');
  }
  pay(book, client, `escrow:${id}`, due - before);
  pay(book, client, 'burn', burn);
  pay(book, client, `reserve:${id}`, intent.addReserve);
  pay(book, client, `reads:${id}`, intent.addReadEscrow);
  pay(book, provider, `collateral:${id}`, intent.addCollateral);
  contract.locked += intent.addCollateral;
  contract.burned += burn;
  contract.revision = number;
  contract.revised = { begun, count: count + 1 };
}

function drop(book: Book, params: NetworkParams, intent: Extract<Intent, { kind: 'drop' }>): void {
  const contract = contractIn(book, intent.contract);
  const { id, client } = contract;
  need(intent.by === client && contract.status === 'active', 'not the client, or over');
  need(intent.indexes.length > 0 && !intent.isListFalse, 'no leaves');
  need(intent.against === listText(contract.leaves), 'another list');
  const before = dueOf(contract);
  if (contract.next < contract.end && contract.next < begunAt(params, contract, book.height))
    contract.begun = { epoch: contract.next, tranche: priceOf(contract, contract.next) };
  else contract.begun = undefined;
  for (const index of intent.indexes) {
    const leaf = contract.leaves[index] as ModelLeaf | undefined;
    need(leaf !== undefined && !leaf.isDropped, 'no leaf');
    leaf.isDropped = true;
    for (const lot of contract.lots)
      if (index >= lot.firstLeaf && index < lot.firstLeaf + lot.leafCount)
        lot.droppedBytes += BigInt(leaf.lengthBytes);
  }
  need(4n * droppedChunks(contract.leaves) <= 3n * chunkCount(contract.leaves), 'too much');
  contract.tranche = trancheOf(contract.base, contract.price, liveBytes(contract.leaves));
  pay(book, `escrow:${id}`, client, before - dueOf(contract));
}

function prove(
  book: Book,
  params: NetworkParams,
  intent: Extract<Intent, { kind: 'prove' }>,
): string | undefined {
  const contract = contractIn(book, intent.contract);
  const { id, payout, window } = contract;
  need(intent.by === contract.provider, 'not its provider');
  need(window !== undefined && window.epoch === intent.epoch, 'no such window');
  need(book.height >= window.at + params.contract.proofDelayBlocks, 'too early');
  need(!window.isProven, 'proven');
  need(
    intent.shows === `${id} ${window.epoch} ${intent.blockIdAt(window.at)} ${window.list}`,
    'shows something else',
  );
  const vesting = (window.tranche * params.contract.vestingBps) / TEN_THOUSAND;
  const paid = window.tranche - vesting;
  pay(book, `escrow:${id}`, payout, paid);
  pay(book, `escrow:${id}`, `vesting:${id}`, vesting);
  payAll(book, `bounty:${id}`, payout);
  for (const lot of contract.lots) {
    if (window.epoch < lot.firstEpoch || window.epoch >= lot.endEpoch) continue;
    const whole = lot.isProven ? lot.perEpoch : lot.inclusion;
    const amount = (whole * (lot.bytes - lot.droppedBytes)) / lot.bytes;
    pay(book, 'mint', lot.isProven ? 'pool' : 'proof-mint', amount);
    lot.isProven = true;
    lot.minted += amount;
    contract.minted += amount;
  }
  window.isProven = true;
  contract.proven += 1;
  contract.lastMissed = undefined;
  return intent.fee <= paid ? payout : undefined;
}
