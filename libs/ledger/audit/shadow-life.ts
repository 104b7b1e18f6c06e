import { roundUp } from './round-up.js';
import { shadowPot as pot, type ShadowBook } from './shadow-book.js';
import type { ShadowContract } from './shadow-contract.js';

/** What happens to contracts by itself at the end of a block. */
export function shadowCloseBlock(book: ShadowBook, height: number): void {
  for (const contract of book.takeDue(height)) {
    const { window, failedAt, nextEpoch, endEpoch } = contract;
    if (failedAt !== undefined) shadowCloseFailed(book, contract);
    else if (window !== undefined) closeWindow(book, contract, height, window.isProven);
    else if (nextEpoch < endEpoch) challenge(book, contract);
    else shadowSettle(book, contract);
  }
  book.burnPrice.closeBlock();
}

/** Every coin of a contract goes to whom it belongs, and the contract is over. */
export function shadowSettle(book: ShadowBook, contract: ShadowContract): void {
  const { coins } = book;
  const { id, client, provider, payout } = contract;
  coins.empty(pot.vesting(id), pot.account(payout));
  coins.empty(pot.collateral(id), pot.account(provider));
  for (const held of [pot.escrow(id), pot.reads(id), pot.bounty(id), pot.reserve(id)])
    coins.empty(held, pot.account(client));
  book.remove(contract);
}

/** The reserve of a failed contract returns, and the contract is over. */
export function shadowCloseFailed(book: ShadowBook, contract: ShadowContract): void {
  book.coins.empty(pot.reserve(contract.id), pot.account(contract.client));
  book.remove(contract);
}

function challenge(book: ShadowBook, contract: ShadowContract): void {
  const epoch = contract.nextEpoch;
  const price = contract.prices.of(epoch);
  const isSkipped = contract.skipped === epoch;
  if (isSkipped) book.coins.pay(pot.escrow(contract.id), pot.account(contract.client), price);
  book.change(contract, () => {
    contract.nextEpoch = epoch + 1;
    if (!isSkipped) contract.window = { epoch, price, isProven: false };
  });
}

function closeWindow(book: ShadowBook, contract: ShadowContract, height: number, isProven: boolean): void {
  const price = contract.window?.price ?? 0n;
  const { missSlashBps, strikes } = book.params.contract;
  const { id, client } = contract;
  if (!isProven) {
    contract.missed += 1;
    book.coins.pay(pot.escrow(id), pot.account(client), price);
    const slashed = roundUp(book.coins.balance(pot.collateral(id)) * missSlashBps, 10_000n);
    slash(book, contract, slashed, pot.account(client));
  }
  book.change(contract, () => {
    contract.window = undefined;
  });
  if (!isProven && contract.missed >= strikes) fail(book, contract, height);
}

function slash(book: ShadowBook, { id }: ShadowContract, amount: bigint, to: string): void {
  const burned = roundUp(amount * book.params.contract.slashBurnBps, 10_000n);
  book.coins.burn(pot.collateral(id), burned);
  book.coins.pay(pot.collateral(id), to, amount - burned);
}

function fail(book: ShadowBook, contract: ShadowContract, height: number): void {
  const { coins } = book;
  const { id } = contract;
  const client = pot.account(contract.client);
  const rest = contract.hasRepairer ? pot.reserve(id) : client;
  coins.empty(pot.vesting(id), client);
  slash(book, contract, coins.balance(pot.collateral(id)), rest);
  coins.empty(pot.escrow(id), rest);
  coins.empty(pot.reads(id), client);
  coins.empty(pot.bounty(id), client);
  if (coins.balance(pot.reserve(id)) === 0n) {
    book.remove(contract);
    return;
  }
  book.change(contract, () => {
    contract.failedAt = height;
  });
}
