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
  const { id, nextEpoch, prices, bytes: oldBytes, leafCount: oldLeafCount, endEpoch: oldEnd } = contract;
  const client = pot.account(contract.client);
  const addedBytes = appended.reduce((sum, { lengthBytes }) => sum + BigInt(lengthBytes), 0n);
  const newEnd = oldEnd + revision.epochs - contract.term;
  const before = prices.sum(nextEpoch, oldEnd);
  book.change(contract, () => {
    contract.bytes += addedBytes;
    contract.leafCount += appended.length;
    contract.term = revision.epochs;
    contract.endEpoch = newEnd;
    prices.raiseFrom(nextEpoch, shadowPrice(contract, contract.bytes) - shadowPrice(contract, oldBytes));
  });
  coins.pay(client, pot.escrow(id), prices.sum(nextEpoch, newEnd) - before);
  burnFor(book, contract, {
    bytes: addedBytes,
    fromEpoch: nextEpoch,
    fromLeaf: oldLeafCount,
    leaves: appended.length,
  });
  burnFor(book, contract, { bytes: oldBytes, fromEpoch: oldEnd, fromLeaf: 0, leaves: oldLeafCount });
  coins.pay(client, pot.reserve(id), revision.addReserve);
  coins.pay(client, pot.reads(id), revision.addReadEscrow);
  coins.pay(pot.account(contract.provider), pot.collateral(id), revision.addCollateral);
}

/** What a revision buys room for, up to the new end. */
interface ShadowPurchase {
  readonly bytes: bigint;
  readonly fromEpoch: number;
  readonly fromLeaf: number;
  readonly leaves: number;
}

/** Burns and opens the lot; nothing where there is nothing to store. */
function burnFor(book: ShadowBook, contract: ShadowContract, purchase: ShadowPurchase): void {
  const { bytes, fromEpoch, fromLeaf, leaves } = purchase;
  const { endEpoch: toEpoch, lots, client } = contract;
  if (leaves === 0 || toEpoch <= fromEpoch) return;
  const burned = book.burnPrice.burnOf(bytes, toEpoch - fromEpoch);
  book.burnPrice.register(bytes, toEpoch - fromEpoch);
  book.coins.burn(pot.account(client), burned);
  lots.open(book.params.mint, { burned, fromEpoch, toEpoch, fromLeaf, toLeaf: fromLeaf + leaves, bytes });
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
