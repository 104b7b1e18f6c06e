import type { FragmentEntry, Leaf } from '#contracts';
import { shadowPot as pot, type ShadowBook } from './shadow-book.js';
import { type ShadowContract, shadowBegun, shadowPrice } from './shadow-contract.js';
import { shadowCloseFailed } from './shadow-life.js';

/** A `revise`, as far as coins go. */
export interface ShadowRevision {
  readonly revision: {
    readonly contract: string;
    readonly epochs: number;
    readonly addReserve: bigint;
    readonly addReadEscrow: bigint;
    readonly addCollateral: bigint;
  };
  readonly appended: readonly FragmentEntry[];
}

/** A `drop`, as far as coins go. */
export interface ShadowDrop {
  readonly contract: string;
  readonly leaves: readonly { readonly index: number; readonly leaf: Leaf }[];
}

/** A `redeem`, as far as coins go. */
export interface ShadowRedeem {
  readonly contract: string;
  readonly total: bigint;
}

/** More fragments, more epochs, more deposits: the client pays the difference of all epochs to come, and the burn. */
export function shadowRevise(book: ShadowBook, { revision, appended }: ShadowRevision): void {
  const contract = book.find(revision.contract, 'revised');
  if (contract === undefined) return;
  const { coins } = book;
  const { id, nextEpoch, prices } = contract;
  const client = pot.account(contract.client);
  const addedBytes = appended.reduce((sum, { lengthBytes }) => sum + BigInt(lengthBytes), 0n);
  const oldEnd = contract.endEpoch;
  const newEnd = revision.epochs;
  const before = prices.sum(nextEpoch, oldEnd);
  const oldLeafCount = contract.leafCount;
  book.change(contract, () => {
    contract.bytes += addedBytes;
    contract.leafCount += appended.length;
    contract.endEpoch = newEnd;
    if (addedBytes > 0n) prices.changeFrom(nextEpoch, shadowPrice(contract, contract.bytes));
  });
  coins.pay(client, pot.escrow(id), prices.sum(nextEpoch, newEnd) - before);
  burnFor(book, contract, addedBytes, nextEpoch, oldEnd, oldLeafCount);
  burnFor(book, contract, contract.bytes, oldEnd, newEnd, 0);
  coins.pay(client, pot.reserve(id), revision.addReserve);
  coins.pay(client, pot.reads(id), revision.addReadEscrow);
  coins.pay(pot.account(contract.provider), pot.collateral(id), revision.addCollateral);
}

/** Burns for bytes over some epochs and opens their lot; nothing where there is nothing to store. */
function burnFor(
  book: ShadowBook,
  contract: ShadowContract,
  bytes: bigint,
  fromEpoch: number,
  toEpoch: number,
  fromLeaf: number,
): void {
  if (bytes === 0n || toEpoch <= fromEpoch) return;
  const burned = book.burnPrice.burnOf(bytes, toEpoch - fromEpoch);
  book.burnPrice.register(bytes, toEpoch - fromEpoch);
  book.coins.burn(pot.account(contract.client), burned);
  const { leafCount: toLeaf } = contract;
  contract.lots.open(book.params.mint, { burned, fromEpoch, toEpoch, fromLeaf, toLeaf, bytes });
}

/** Fewer bytes: the price falls from the first epoch that has not begun, and the difference returns. */
export function shadowDrop(book: ShadowBook, height: number, body: ShadowDrop): void {
  const contract = book.find(body.contract, 'made smaller');
  if (contract === undefined) return;
  const { nextEpoch, endEpoch, prices, id } = contract;
  const before = prices.sum(nextEpoch, endEpoch);
  for (const { index, leaf } of body.leaves) {
    contract.bytes -= BigInt(leaf.lengthBytes);
    contract.lots.drop(index, leaf.lengthBytes);
  }
  const from = Math.max(nextEpoch, shadowBegun(book.params, contract, height));
  prices.changeFrom(from, shadowPrice(contract, contract.bytes));
  const returned = before - prices.sum(nextEpoch, endEpoch);
  book.coins.pay(pot.escrow(id), pot.account(contract.client), returned);
}

/** The provider's maintenance skip: money moves at the challenge it is for. */
export function shadowSkip(
  book: ShadowBook,
  { contract: id, epoch }: { contract: string; epoch: number },
): void {
  const contract = book.find(id, 'skipped');
  if (contract !== undefined) contract.skipped = epoch;
}

/** Reads paid up to a total. */
export function shadowRedeem(book: ShadowBook, { contract: id, total }: ShadowRedeem): void {
  const contract = book.find(id, 'read');
  if (contract === undefined) return;
  book.coins.pay(pot.reads(id), pot.account(contract.payout), total - contract.readsPaid);
  contract.readsPaid = total;
}

/** No challenge after the epoch that has begun; of a failed contract the reserve returns. */
export function shadowEnd(book: ShadowBook, height: number, id: string): void {
  const contract = book.find(id, 'ended');
  if (contract === undefined) return;
  if (contract.failedAt !== undefined) {
    shadowCloseFailed(book, contract);
    return;
  }
  const endEpoch = Math.max(contract.nextEpoch, shadowBegun(book.params, contract, height));
  book.change(contract, () => {
    contract.endEpoch = endEpoch;
  });
}
