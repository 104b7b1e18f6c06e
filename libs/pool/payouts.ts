import {
  type AccountId,
  encodeTransaction,
  type Law,
  publicKeyToAccountId,
  signTransaction,
  type TransferBody,
  transactionId,
  type UnsignedTransaction,
} from '#chain';
import { bytesToHex, type KeyPair } from '#crypto';
import { AppError, type Violation } from '#errors';
import type { LedgerPort } from '#ledger';
import type { Logger } from '#logging';
import { MIN_FEE_PER_BYTE } from '#market';
import type { PaymentRow, PoolStore } from './pool-store.js';

/**
 * The lane of the pool's account that payments use, and nothing else may: its numbers are what makes a payment happen
 * once ("PO").
 */
export const PAYOUT_LANE = 0x504f;

export interface PayoutsOptions {
  readonly ledger: LedgerPort;
  readonly law: Law;
  readonly store: PoolStore;
  /** The pool's wallet, which the coinbases pay. */
  readonly key: KeyPair;
  /** Less than this is kept for the account until it is more. */
  readonly minPayout: bigint;
  readonly logger?: Pick<Logger, 'info' | 'warn' | 'debug'>;
}

/** Most payments signed in one round; the rest waits for the next block. */
const MAX_PAYMENTS = 100;

/**
 * Pays out what accounts are owed, exactly once. A payment is written down, with its sequence number and its signed bytes, before anybody sees it; from then
 * on the very same bytes are handed in until they are as deep as a coinbase must be to be spent. The network takes a number of the lane once, so
 * no crash and no reorganisation in between can pay twice or lose the payment.
 */
export class Payouts {
  readonly account: AccountId;
  /** Sequence numbers about which the operator has been told. */
  private readonly reported = new Set<bigint>();

  constructor(private readonly options: PayoutsOptions) {
    const { law, key } = options;
    this.account = publicKeyToAccountId(law.crypto, law.params, key.publicKey);
  }

  /**
   * One round: hands open payments in again, signs new ones. Doing it twice does nothing twice.
   * @throws AppError of the ledger and of the store; what was done until then stands
   */
  async run(nowMs: number): Promise<void> {
    const { height } = (await this.options.ledger.status()).tip;
    // What the node does not know is not in its count of what is pending either: first things first.
    if (await this.followPayments(height)) await this.signPayments(nowMs);
  }

  /** Every payment that is not buried yet is on its way, or is put on its way again; false where one could not be. */
  private async followPayments(tipHeight: number): Promise<boolean> {
    const { store, law } = this.options;
    for (const payment of await store.openPayments()) {
      const height = await this.confirmedAt(payment);
      if (height === undefined && !(await this.handIn(payment))) return false;
      if (height !== undefined && height + law.params.reward.maturityBlocks <= tipHeight)
        await store.final(payment.sequence, height);
    }
    return true;
  }

  /** Height of the block that holds a payment, infinite while it waits for one; undefined: the node does not know it. */
  private async confirmedAt(payment: PaymentRow): Promise<number | undefined> {
    for (const id of payment.ids) {
      const view = await this.options.ledger.transaction({ id });
      if (view !== null) return view.height ?? Number.POSITIVE_INFINITY;
    }
    return undefined;
  }

  private async handIn(payment: PaymentRow): Promise<boolean> {
    const { ledger, logger } = this.options;
    try {
      await ledger.submitTransaction({ hex: payment.hex });
      return true;
    } catch (error) {
      if (!(error instanceof AppError) || error.code !== 'ledger/refused') throw error;
      const violation = error.data['violation'] as Violation | undefined;
      if (violation?.rule === 'mempool/fee-too-low' && (await this.raiseFee(payment, violation))) return true;
      // It may have been put into a block between our question and our attempt.
      if ((await this.confirmedAt(payment)) !== undefined) return true;
      if (this.reported.has(payment.sequence)) return false;
      this.reported.add(payment.sequence);
      logger?.warn(
        { sequence: payment.sequence.toString(), account: payment.account, violation },
        'pool: a payment is refused and stays open; does anybody else use this wallet?',
      );
      return false;
    }
  }

  /** Signs the payment again under the same number, so that still only one of the versions can happen. */
  private async raiseFee(payment: PaymentRow, violation: Violation): Promise<boolean> {
    const asked = violation['minFee'];
    const least = typeof asked === 'string' && /^\d{1,19}$/.test(asked) ? BigInt(asked) : 0n;
    const cost = payment.amount + payment.fee;
    if (least <= payment.fee || least * 2n > cost) return false;
    const { id, hex } = this.sign(payment.account, cost - least, least, payment.sequence);
    const raised = { ...payment, amount: cost - least, fee: least, ids: [...payment.ids, id], hex };
    await this.options.store.replace(raised);
    await this.options.ledger.submitTransaction({ hex });
    return true;
  }

  private async signPayments(nowMs: number): Promise<void> {
    const { ledger, store, minPayout, logger } = this.options;
    const owed = [...(await store.owed())].filter(
      ([account, amount]) => amount >= minPayout && account !== this.account,
    );
    if (owed.length === 0) return;
    let spendable = BigInt((await ledger.account({ account: this.account })).pendingBalance);
    const answer = await ledger.nextSequence({ account: this.account, lane: PAYOUT_LANE });
    let sequence = maxOf(BigInt(answer.sequence), (await store.nextSequence()) ?? 0n);
    for (const [account, cost] of owed.slice(0, MAX_PAYMENTS)) {
      const fee = this.leastFee(account, cost, sequence);
      // What was decided but is not with the node yet is not in its count of what is pending: then it is not enough.
      if (cost <= fee || cost > spendable) continue;
      const amount = cost - fee;
      const { id, hex } = this.sign(account, amount, fee, sequence);
      const payment = { sequence, account, amount, fee, ids: [id], hex };
      await store.journal(payment, nowMs);
      spendable -= cost;
      sequence += 1n;
      if (!(await this.handIn({ ...payment, height: null }))) return;
      logger?.info({ account, amount: amount.toString(), id }, 'pool: a payment is on its way');
    }
  }

  private leastFee(to: AccountId, amount: bigint, sequence: bigint): bigint {
    const { law } = this.options;
    const transaction = { ...this.draft(to, amount, 0n, sequence), signature: new Uint8Array(64) };
    return BigInt(encodeTransaction(law, transaction).length) * MIN_FEE_PER_BYTE;
  }

  private sign(to: AccountId, amount: bigint, fee: bigint, sequence: bigint): { id: string; hex: string } {
    const { law, key } = this.options;
    const signed = signTransaction(law, this.draft(to, amount, fee, sequence), key.secretKey);
    const bytes = encodeTransaction(law, signed);
    return { id: transactionId(law, bytes), hex: bytesToHex(bytes) };
  }

  private draft(
    to: AccountId,
    amount: bigint,
    fee: bigint,
    sequence: bigint,
  ): UnsignedTransaction<'transfer', TransferBody> {
    const body = { to, amount, memo: new Uint8Array(0) };
    return { kind: 'transfer', sender: this.options.key.publicKey, lane: PAYOUT_LANE, sequence, fee, body };
  }
}

function maxOf(a: bigint, b: bigint): bigint {
  return a > b ? a : b;
}
