import type { ContractId } from '#chain';
import { bytesToHex, hexToBytes } from '#crypto';
import type { Violation } from '#errors';
import { encodeVoucher, openVoucher, priceOfReads, type SignedVoucher } from '#wire';
import type { ChainWatch } from '../chain/chain-watch.js';
import type { ProviderContext } from '../provider-context.js';
import type { ContractRecord, ReadTerms } from '../records/contract-record.js';
import { NOTHING_READ, type ReadAccount } from '../records/read-records.js';

/** A read that may go on. */
export interface PaidRead {
  /** Takes back what was counted and did not leave. */
  refund(sizeBytes: number): Promise<void>;
}

/** A read for which something is missing. */
export interface UnpaidRead {
  readonly violation: Violation;
}

const FREE_OF_CHARGE: PaidRead = { refund: async () => undefined };
const MAX_HEADER_CHARS = 400;

/** Counts what is read of each contract, and takes vouchers for what is not free. */
export class ReadMeter {
  readonly #context: ProviderContext;
  readonly #watch: ChainWatch;

  constructor(context: ProviderContext, watch: ChainWatch) {
    this.#context = context;
    this.#watch = watch;
  }

  /**
   * Counts a read, or says what is missing: `read/unpaid`, `read/uncovered`, `read/voucher`. Resolves once the voucher
   * is on the disk, before a byte leaves.
   */
  async count(
    contract: ContractRecord,
    sizeBytes: number,
    voucherText: string | undefined,
  ): Promise<PaidRead | UnpaidRead> {
    const { reading } = contract;
    if (reading === undefined || reading.pricePerGiBRead === 0n) return FREE_OF_CHARGE;
    const before = this.#accountNow(contract.id, reading);
    const free = reading.freeReadBytesPerEpoch - before.epochBytes;
    const size = BigInt(sizeBytes);
    const billed = size > free ? size - (free > 0n ? free : 0n) : 0n;
    const needed = priceOfReads(reading.pricePerGiBRead, before.paidBytes + billed);
    let best = before;
    if (needed > before.total) {
      const voucher = this.#voucherOf(contract, voucherText);
      if (voucher === 'bad') return { violation: { rule: 'read/voucher', contract: contract.id } };
      const total = voucher?.voucher.total ?? 0n;
      if (voucher === undefined || total < needed) {
        return { violation: this.#unpaid(contract, before, { askedBytes: sizeBytes, free, needed }) };
      }
      if (total > reading.coveredTotal) {
        return {
          violation: { rule: 'read/uncovered', contract: contract.id, total, covered: reading.coveredTotal },
        };
      }
      best = { ...before, total, signature: bytesToHex(voucher.signature) };
    }
    const { reads } = this.#context.records;
    await reads.save(contract.id, {
      ...best,
      epochBytes: best.epochBytes + size,
      paidBytes: best.paidBytes + billed,
    });
    return {
      refund: (unsentBytes) => this.#takeBack(contract.id, before.epoch, BigInt(unsentBytes), billed),
    };
  }

  #accountNow(id: ContractId, { startHeight }: ReadTerms): ReadAccount {
    const account = this.#context.records.reads.find(id) ?? NOTHING_READ;
    const { epochBlocks } = this.#context.params.contract;
    const epoch = Math.max(0, Math.floor(((this.#watch.tip?.height ?? 0) - startHeight) / epochBlocks));
    return account.epoch === epoch ? account : { ...account, epoch, epochBytes: 0n };
  }

  #voucherOf(contract: ContractRecord, text: string | undefined): SignedVoucher | undefined | 'bad' {
    if (text === undefined) return undefined;
    const { crypto, params } = this.#context;
    const source = new Uint8Array(Buffer.from(text.slice(0, MAX_HEADER_CHARS), 'base64url'));
    const ticketKey = hexToBytes(contract.ticketKey);
    return openVoucher(crypto, params, source, { contract: contract.id, ticketKey }) ?? 'bad';
  }

  /** Shows the client its own best voucher: a client that forgot it can check its own signature. */
  #unpaid(
    { id, reading }: ContractRecord,
    { total, signature, epoch }: ReadAccount,
    { askedBytes, free, needed }: { askedBytes: number; free: bigint; needed: bigint },
  ): Violation {
    const voucher = { contract: id, total };
    const shown = encodeVoucher({ voucher, signature: hexToBytes(signature) });
    return {
      rule: 'read/unpaid',
      contract: id,
      epoch,
      askedBytes,
      freeBytesLeft: free > 0n ? free : 0n,
      pricePerGiBRead: reading?.pricePerGiBRead ?? 0n,
      total,
      neededTotal: needed,
      voucher: signature === '' ? '' : bytesToHex(shown),
    };
  }

  async #takeBack(id: ContractId, epoch: number, unsent: bigint, billed: bigint): Promise<void> {
    const account = this.#context.records.reads.find(id);
    if (account === undefined || unsent === 0n) return;
    const unbilled = unsent < billed ? unsent : billed;
    await this.#context.records.reads.save(id, {
      ...account,
      epochBytes: account.epoch === epoch ? account.epochBytes - unsent : account.epochBytes,
      paidBytes: account.paidBytes - unbilled,
    });
  }
}
