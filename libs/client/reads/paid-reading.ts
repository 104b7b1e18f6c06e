import type { ContractId, NetworkParams } from '#chain';
import { type CryptoPort, hexToBytes, type KeyPair } from '#crypto';
import { AppError } from '#errors';
import { openVoucher, priceOfReads, type SignedVoucher, signVoucher } from '#wire';
import type { ReadBudget, VoucherBook } from './voucher-book.js';

/** What a provider says is missing (problem `read/unpaid`). */
export interface Demand {
  readonly askedBytes: number;
  readonly pricePerGiBRead: bigint;
  readonly neededTotal: bigint;
  /** Our last voucher as the provider shows it, hex; empty where it has none. */
  readonly voucher: string;
}

/** The demand in the data of a problem; undefined where it is none. */
export function parseDemand(details: unknown): Demand | undefined {
  const data = (details ?? {}) as Record<string, unknown>;
  const amounts = [data['pricePerGiBRead'], data['neededTotal']].map(String);
  if (!amounts.every((text) => /^[0-9]{1,19}$/.test(text)) || typeof data['askedBytes'] !== 'number') {
    return undefined;
  }
  return {
    askedBytes: data['askedBytes'],
    pricePerGiBRead: BigInt(amounts[0] as string),
    neededTotal: BigInt(amounts[1] as string),
    voucher: typeof data['voucher'] === 'string' ? data['voucher'] : '',
  };
}

/** What pays for the reads of one contract. */
export interface PaidReadingOptions {
  readonly context: { readonly crypto: CryptoPort; readonly params: NetworkParams };
  readonly contract: ContractId;
  /** Of the contract on chain. */
  readonly pricePerGiBRead: bigint;
  /** The contract's. */
  readonly ticketKeys: KeyPair;
  readonly book: VoucherBook;
  readonly budget: ReadBudget;
}

/** Pays for reads of one contract: never more than the bytes asked for cost, on top of what was promised before. */
export class PaidReading {
  /** One voucher at a time: each is for everything before it. */
  private turn: Promise<unknown> = Promise.resolve();

  constructor(private readonly options: PaidReadingOptions) {}

  /**
   * The voucher a provider asks for.
   * @throws AppError `read/too-dear`
   */
  pay(demand: Demand, sizeBytes: number): Promise<SignedVoucher> {
    const paid = this.turn.then(() => this.sign(demand, sizeBytes));
    this.turn = paid.catch(() => undefined);
    return paid;
  }

  /** A read that was paid for and refused all the same. */
  async noteRefused(): Promise<void> {
    const { book, contract } = this.options;
    const entry = await book.find(contract);
    await book.save(contract, { ...entry, refused: entry.refused + 1 });
  }

  private async sign(demand: Demand, sizeBytes: number): Promise<SignedVoucher> {
    const { context, contract, ticketKeys, book, budget, pricePerGiBRead } = this.options;
    const { crypto, params } = context;
    const known = await book.find(contract);
    // Our own signature under a total that this machine forgot, or that another of ours gave.
    const expected = { contract, ticketKey: ticketKeys.publicKey };
    const shown =
      demand.voucher === '' ? undefined : openVoucher(crypto, params, hexToBytes(demand.voucher), expected);
    const shownTotal = shown?.voucher.total ?? 0n;
    const before = shownTotal > known.total ? shownTotal : known.total;
    const cost = demand.neededTotal > before ? demand.neededTotal - before : 0n;
    const most = priceOfReads(pricePerGiBRead, BigInt(sizeBytes));
    if (cost > most) throw tooDear(contract, `${sizeBytes} bytes cost at most ${most}, and it asks ${cost}`);
    if (budget.maxCost !== undefined && budget.spent + cost > budget.maxCost) {
      const { maxCost, spent } = budget;
      throw tooDear(contract, `it asks ${cost}, and of ${maxCost} allowed ${spent} are spent`);
    }
    budget.spent += cost;
    const total = before + cost;
    await book.save(contract, { ...known, total });
    return signVoucher(crypto, params, { contract, total }, ticketKeys.secretKey);
  }
}

function tooDear(contract: ContractId, why: string): AppError {
  return new AppError({
    code: 'read/too-dear',
    message: `Reading contract ${contract} is not paid for: ${why} (base units).`,
    next: 'Other holders are asked; allow a higher cost for reading if none is left.',
    data: { contract },
  });
}
