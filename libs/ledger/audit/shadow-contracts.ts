import type { NetworkParams } from '#chain';
import type { EndBody, FormBody, ProveBody } from '#contracts';
import type { CryptoPort } from '#crypto';
import { type ShadowSuccession, shadowForm, shadowRenew, shadowReplace } from './shadow-agreements.js';
import { shadowPot as pot, ShadowBook } from './shadow-book.js';
import { ShadowBurnPrice } from './shadow-burn-price.js';
import {
  type ShadowDrop,
  type ShadowRedeem,
  type ShadowRevision,
  shadowDrop,
  shadowEnd,
  shadowRedeem,
  shadowRevise,
  shadowSkip,
} from './shadow-changes.js';
import type { ShadowCoins } from './shadow-coins.js';
import { shadowCloseBlock } from './shadow-life.js';

/** A transaction as the audit needs it. */
export interface ShadowTransaction {
  readonly kind: string;
  readonly body: unknown;
  /** Account of who signed it. */
  readonly sender: string;
  readonly fee: bigint;
}

/**
 * The money of storage contracts as docs/protocol/contracts.md and economy.md tell it, written a second time: what
 * agreements lock and burn, what proofs pay and mint, what misses cost, where the coins of every end go. It shares no
 * arithmetic with contracts/.
 */
export class ShadowContracts {
  private readonly book: ShadowBook;

  constructor(params: NetworkParams, crypto: CryptoPort, coins: ShadowCoins) {
    this.book = new ShadowBook(params, crypto, coins, new ShadowBurnPrice(params.mint));
  }

  /** Base units per GiB and epoch that the next block burns. */
  get burnPerGiBEpoch(): bigint {
    return this.book.burnPrice.price;
  }

  /**
   * Moves what a transaction moves. Answers whose pot pays its fee; undefined where that is the sender's own, false
   * where the kind is none of the contracts'.
   */
  transact(height: number, transaction: ShadowTransaction): string | undefined | false {
    const { book } = this;
    const { kind, body, fee } = transaction;
    switch (kind) {
      case 'form':
        shadowForm(book, height, (body as FormBody).agreement);
        return undefined;
      case 'renew':
        shadowRenew(book, height, body as ShadowSuccession);
        return undefined;
      case 'replace': {
        const made = shadowReplace(book, height, body as ShadowSuccession);
        return made !== undefined && fee <= made.maxFee ? pot.reserve(made.id) : undefined;
      }
      case 'prove':
        return this.prove(body as ProveBody, fee);
      case 'end':
        shadowEnd(book, height, (body as EndBody).contract);
        return undefined;
      case 'revise':
        shadowRevise(book, body as ShadowRevision);
        return undefined;
      case 'drop':
        shadowDrop(book, height, body as ShadowDrop);
        return undefined;
      case 'skip':
        shadowSkip(book, body as { contract: string; epoch: number });
        return undefined;
      case 'redeem':
        shadowRedeem(book, body as ShadowRedeem);
        return undefined;
      case 'offer':
      case 'drain':
        return undefined;
      default:
        return false;
    }
  }

  closeBlock(height: number): void {
    shadowCloseBlock(this.book, height);
  }

  /** The genesis block registers nothing, and is a block of the first period all the same. */
  closeGenesis(): void {
    this.book.burnPrice.closeBlock();
  }

  private prove({ contract: id, epoch }: ProveBody, fee: bigint): string | undefined {
    const { params, coins } = this.book;
    const contract = this.book.find(id, 'proven');
    const window = contract?.window;
    if (contract === undefined || window === undefined || window.isProven || window.epoch !== epoch) {
      coins.complain(`a proof of epoch ${epoch} of ${id} was paid without its open challenge`);
      return undefined;
    }
    const kept = (window.price * params.contract.vestingBps) / 10_000n;
    const paid = window.price - kept;
    const payout = pot.account(contract.payout);
    coins.pay(pot.escrow(id), payout, paid);
    coins.pay(pot.escrow(id), pot.vesting(id), kept);
    coins.empty(pot.bounty(id), payout);
    const { toMiner, toPool } = contract.lots.prove(epoch, (text) => coins.complain(`${id}: ${text}`));
    coins.mint('proof-mint', toMiner);
    coins.mint('pool', toPool);
    window.isProven = true;
    return fee <= paid ? payout : undefined;
  }
}
