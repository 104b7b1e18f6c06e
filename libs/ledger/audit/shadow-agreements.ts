import { publicKeyToAccountId } from '#chain';
import { type Agreement, contractIdOf } from '#contracts';
import { hexToBytes, readU32le, taggedHash } from '#crypto';
import { shadowPot as pot, type ShadowBook } from './shadow-book.js';
import { type ShadowContract, ShadowPrices, shadowPrice } from './shadow-contract.js';
import { shadowSettle } from './shadow-life.js';
import { ShadowLots } from './shadow-lots.js';

/** What both renewal and replacement carry. */
export interface ShadowSuccession {
  readonly contract: string;
  readonly agreement: Agreement;
}

/** A new contract out of nothing but its agreement: price and deposits locked, the burn burned, a lot opened. */
export function shadowForm(book: ShadowBook, height: number, agreement: Agreement): void {
  const contract = newContract(book, height, agreement, new ShadowLots());
  const burned = payAgreement(book, contract, agreement);
  contract.lots.open(book.params.mint, {
    burned,
    fromEpoch: 0,
    toEpoch: agreement.epochs,
    fromLeaf: 0,
    toLeaf: contract.leafCount,
    bytes: contract.bytes,
  });
  book.add(contract);
}

/** The old contract settles first, so that its coins can pay the new one; what is burned again is never minted. */
export function shadowRenew(book: ShadowBook, height: number, body: ShadowSuccession): void {
  const old = book.find(body.contract, 'renewed');
  if (old !== undefined) shadowSettle(book, old);
  const contract = newContract(book, height, body.agreement, new ShadowLots());
  payAgreement(book, contract, body.agreement);
  book.add(contract);
}

/** Another provider takes over, paid out of the reserve; answers the new contract's id and the most a fee takes out of it. */
export function shadowReplace(
  book: ShadowBook,
  height: number,
  { contract: oldId, agreement }: ShadowSuccession,
): { readonly id: string; readonly maxFee: bigint } | undefined {
  const old = book.find(oldId, 'replaced');
  if (old === undefined) return undefined;
  const { coins } = book;
  // It ends no later than the old one would have: epochs that do not fit any more are lost.
  const { epochBlocks, startDelayBlocks } = book.params.contract;
  const endsAt = old.firstBlock + old.endEpoch * epochBlocks;
  const fitting = Math.max(0, Math.floor((endsAt - height - startDelayBlocks) / epochBlocks));
  const firstEpoch = Math.max(old.nextEpoch, old.endEpoch - fitting);
  const contract = newContract(book, height, agreement, old.lots.inherited(firstEpoch, agreement.epochs));
  const { id } = contract;
  coins.empty(pot.escrow(oldId), pot.reserve(oldId));
  const escrow = contract.prices.sum(0, agreement.epochs);
  coins.pay(pot.reserve(oldId), pot.escrow(id), escrow);
  const promised = (escrow * book.params.contract.bountyBps) / 10_000n;
  const left = coins.balance(pot.reserve(oldId));
  const bounty = promised < left ? promised : left;
  coins.pay(pot.reserve(oldId), pot.bounty(id), bounty);
  const reserve = left - bounty;
  coins.pay(pot.reserve(oldId), pot.reserve(id), reserve);
  coins.empty(pot.reads(oldId), pot.reads(id));
  coins.pay(pot.account(contract.provider), pot.collateral(id), agreement.collateral);
  shadowSettle(book, old);
  book.add(contract);
  return { id, maxFee: bounty < reserve ? bounty : reserve };
}

function payAgreement(book: ShadowBook, contract: ShadowContract, agreement: Agreement): bigint {
  const { coins, burnPrice } = book;
  const { id, bytes } = contract;
  const client = pot.account(contract.client);
  const burned = burnPrice.burnOf(bytes, agreement.epochs);
  burnPrice.register(bytes, agreement.epochs);
  coins.pay(client, pot.escrow(id), contract.prices.sum(0, agreement.epochs));
  coins.burn(client, burned);
  coins.pay(client, pot.reserve(id), agreement.reserve);
  coins.pay(client, pot.reads(id), agreement.readEscrow);
  coins.pay(pot.account(contract.provider), pot.collateral(id), agreement.collateral);
  return burned;
}

function newContract(
  book: ShadowBook,
  height: number,
  agreement: Agreement,
  lots: ShadowLots,
): ShadowContract {
  const { params, crypto } = book;
  const id = contractIdOf(crypto, params, agreement);
  const slotHash = taggedHash(crypto, 'cairn/challenge/slot', params.networkId, hexToBytes(id));
  return {
    id,
    client: publicKeyToAccountId(crypto, params, agreement.clientKey),
    provider: publicKeyToAccountId(crypto, params, agreement.providerKey),
    payout: agreement.payout,
    firstBlock: height + params.contract.startDelayBlocks,
    slot: readU32le(slotHash, 0) % params.contract.epochBlocks,
    basePerEpoch: agreement.basePerEpoch,
    pricePerGiBEpoch: agreement.pricePerGiBEpoch,
    hasRepairer: agreement.repair !== undefined,
    prices: new ShadowPrices(shadowPrice(agreement, agreement.totalBytes)),
    lots,
    bytes: agreement.totalBytes,
    leafCount: agreement.leafCount,
    term: agreement.epochs,
    endEpoch: agreement.epochs,
    nextEpoch: 0,
    missed: 0,
    window: undefined,
    skipped: undefined,
    readsPaid: 0n,
    failedAt: undefined,
  };
}
