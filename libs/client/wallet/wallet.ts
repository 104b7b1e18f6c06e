import { randomInt } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import {
  type AccountId,
  encodeTransaction,
  type Law,
  publicKeyToAccountId,
  signTransaction,
  type UnsignedTransaction,
} from '#chain';
import { bytesToHex, type KeyPair } from '#crypto';
import { AppError } from '#errors';
import type { LedgerPort } from '#ledger';
import { boundFeePerByte } from '#market';
import type { TransactionView } from '#wire';
import { isRefusal, refusedRule } from '../refusal.js';

/** What a wallet needs. */
export interface WalletOptions {
  readonly ledger: LedgerPort;
  readonly law: Law;
  readonly key: KeyPair;
  /** Sequence lane of this process; drawn at random where it is not given, so that processes never block each other. */
  readonly lane?: number;
}

/** A transaction on its way. */
export interface Submitted {
  readonly id: string;
  readonly hex: string;
}

/** How a transaction is paid for. */
export interface SubmitOptions {
  /** Base units per byte; the node's estimate for a few blocks where it is not given. */
  readonly feePerByte?: bigint;
}

const ESTIMATE_LIVES_MS = 10_000;

/** Times a transaction may vanish (a reorganisation, a restarted node) before we give up on it. */
const MAX_RESUBMISSIONS = 20;
const POLL_MS = 200;

/** Signs, submits and follows one account's transactions. */
export class Wallet {
  readonly account: AccountId;
  private readonly lane: number;
  private next: bigint | undefined;
  private estimate: { readonly feePerByte: bigint; readonly untilMs: number } | undefined;
  private queue: Promise<unknown> = Promise.resolve();

  constructor(private readonly options: WalletOptions) {
    this.account = publicKeyToAccountId(options.law.crypto, options.law.params, options.key.publicKey);
    this.lane = options.lane ?? randomInt(1, 65_536);
  }

  /** Coins spendable once everything pending is in, base units. */
  async balance(): Promise<bigint> {
    const view = await this.options.ledger.account({ account: this.account });
    return BigInt(view.pendingBalance);
  }

  /** Submits one transaction with the next sequence number of this wallet's lane. */
  submit(kind: string, body: unknown, options: SubmitOptions = {}): Promise<Submitted> {
    const run = this.queue.then(() => this.submitNow(kind, body, options));
    this.queue = run.catch(() => undefined);
    return run;
  }

  /** Waits until a transaction is in a block; submits it again if it vanished. */
  async confirm(
    submitted: Submitted,
    options: { signal?: AbortSignal; timeoutMs?: number } = {},
  ): Promise<TransactionView> {
    const deadline = Date.now() + (options.timeoutMs ?? 120_000);
    let resubmissions = 0;
    for (;;) {
      options.signal?.throwIfAborted();
      const view = await this.options.ledger.transaction({ id: submitted.id });
      if (view?.status === 'confirmed') return view;
      if (view === null) {
        resubmissions += 1;
        if (resubmissions > MAX_RESUBMISSIONS) throw dropped(submitted.id);
        await this.handInAgain(submitted);
      }
      if (Date.now() > deadline) throw notConfirmed(submitted.id);
      await delay(POLL_MS, undefined, { signal: options.signal });
    }
  }

  /** A refusal because it is in a block by now is none: the next look finds it there. */
  private async handInAgain({ id, hex }: Submitted): Promise<void> {
    try {
      await this.options.ledger.submitTransaction({ hex });
    } catch (error) {
      if (!isRefusal(error)) throw error;
      if ((await this.options.ledger.transaction({ id })) === null) throw error;
    }
  }

  private async submitNow(kind: string, body: unknown, options: SubmitOptions): Promise<Submitted> {
    const feePerByte = options.feePerByte ?? (await this.estimatedFee());
    try {
      return await this.submitWith(kind, body, feePerByte);
    } catch (error) {
      if (!isSequenceRefusal(error)) throw error;
      // Another process used our lane, or a reorganisation took numbers back: ask the node once more.
      this.next = undefined;
      return this.submitWith(kind, body, feePerByte);
    }
  }

  /** What the node thinks a place in a few blocks costs, within reason. */
  private async estimatedFee(): Promise<bigint> {
    if (this.estimate === undefined || this.estimate.untilMs < Date.now()) {
      const { soon } = await this.options.ledger.feeEstimate();
      const feePerByte = boundFeePerByte(BigInt(soon.feePerByte));
      this.estimate = { feePerByte, untilMs: Date.now() + ESTIMATE_LIVES_MS };
    }
    return this.estimate.feePerByte;
  }

  private async submitWith(kind: string, body: unknown, feePerByte: bigint): Promise<Submitted> {
    const { ledger, law, key } = this.options;
    // A revision is one of its kind by its number: nothing else waits for it.
    const isNumbered = law.kindsByName.get(kind)?.replay !== 'unique';
    if (isNumbered && this.next === undefined) {
      const answer = await ledger.nextSequence({ account: this.account, lane: this.lane });
      this.next = BigInt(answer.sequence);
    }
    const draft: UnsignedTransaction = {
      kind,
      sender: key.publicKey,
      lane: isNumbered ? this.lane : 0,
      sequence: isNumbered ? (this.next ?? 0n) : 0n,
      fee: 0n,
      body,
    };
    const sizeBytes = encodeTransaction(law, { ...draft, signature: new Uint8Array(64) }).length;
    const signed = signTransaction(law, { ...draft, fee: BigInt(sizeBytes) * feePerByte }, key.secretKey);
    const hex = bytesToHex(encodeTransaction(law, signed));
    const { id } = await ledger.submitTransaction({ hex });
    if (isNumbered && this.next !== undefined) this.next += 1n;
    return { id, hex };
  }
}

function isSequenceRefusal(error: unknown): boolean {
  const rule = refusedRule(error);
  // What waits at our number is another process's: it keeps its place, and we take the next.
  return rule === 'tx/sequence-used' || rule === 'tx/sequence-gap' || rule === 'mempool/replacement-fee';
}

function dropped(id: string): AppError {
  return new AppError({
    code: 'wallet/dropped',
    message: `The node keeps dropping transaction ${id}.`,
    next: 'See the node’s log; the transaction may conflict with another one of this account.',
  });
}

function notConfirmed(id: string): AppError {
  return new AppError({
    code: 'wallet/not-confirmed',
    message: `Transaction ${id} is not in a block yet.`,
    next: 'Is anybody mining? See `cairn status`; the transaction stays valid and may still be included.',
  });
}
