import type { ContractId } from '#chain';
import type { Agreement } from '#contracts';
import { bytesToHex } from '#crypto';
import { accepted, type Result, refused } from '#errors';
import type { ProposalOrigin } from '#wire';
import { nowSeconds, type ProviderContext } from '../provider-context.js';
import type { ContractRecord } from '../records/contract-record.js';

/** How long a renewal is negotiated about, in seconds. */
const RENEWAL_SECONDS = 3_600;
/** Renewals of one contract that may be negotiated about at once: a client that forgot one may begin another. */
const MAX_RENEWALS = 4;

/** Makes room for renewals: none on the disk, the fragments are there. */
export class Renewals {
  readonly #context: ProviderContext;

  constructor(context: ProviderContext) {
    this.#context = context;
  }

  /** The record of a renewal to be agreed on; it lapses like a reservation. */
  async open(id: ContractId, agreement: Agreement, origin: ProposalOrigin): Promise<Result<ContractRecord>> {
    const { records } = this.#context;
    const old = records.contract(origin.contract);
    if (old === undefined) return refused({ rule: 'contract/unknown', contract: origin.contract });
    if (old.clientKey !== bytesToHex(agreement.clientKey)) {
      return refused({ rule: 'renewal/not-client', contract: old.id, client: old.clientKey });
    }
    if (old.state !== 'formed') {
      return refused({ rule: 'renewal/not-active', contract: old.id, state: old.state });
    }
    const open = records
      .contracts()
      .filter(
        ({ origin, state }) => origin?.contract === old.id && (state === 'reserved' || state === 'agreed'),
      );
    if (open.length >= MAX_RENEWALS) {
      return refused({ rule: 'renewal/too-many', contract: old.id, open: open.length, max: MAX_RENEWALS });
    }
    const record: ContractRecord = {
      id,
      state: 'reserved',
      clientKey: old.clientKey,
      ticketKey: bytesToHex(agreement.ticketKey),
      origin,
      maxBytes: agreement.totalBytes,
      maxFragments: agreement.leafCount,
      epochs: agreement.epochs,
      expiresAt: nowSeconds(this.#context) + RENEWAL_SECONDS,
    };
    await records.save(record);
    return accepted(record);
  }
}
