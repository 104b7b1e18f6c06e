import type { FragmentId } from '#chain';
import { accepted, type Result, refused } from '#errors';
import { type ByteRange, isFragmentId } from '#fragment-store';
import { nowSeconds, type ProviderContext } from '../provider-context.js';
import type { ReadMeter } from '../reads/read-meter.js';
import { isUnformedRenewal } from '../records/contract-record.js';
import type { Admission, TicketGate } from '../tickets/ticket-gate.js';
import { BufferPool } from './buffer-pool.js';

/** A request to read a fragment. */
export interface DownloadRequest {
  readonly id: string;
  readonly ticket: string | undefined;
  readonly use: string | undefined;
  /** The voucher header. */
  readonly voucher: string | undefined;
  /** The Range header. */
  readonly range: string | undefined;
}

/** Bytes that may be sent: they are what the id says. */
export interface Download {
  readonly bytes: Uint8Array;
  readonly lengthBytes: number;
  /** Undefined: the whole fragment was asked for. */
  readonly range: ByteRange | undefined;
  /** Call with the bytes that really went out. */
  finish(sentBytes: number): Promise<void>;
}

/**
 * Gives fragments out. A fragment is at most 4 MiB and hashes in well under a millisecond, so every read is checked
 * whole before its first byte leaves: rot is never passed on, ranges included.
 */
export class Downloads {
  readonly #context: ProviderContext;
  readonly #gate: TicketGate;
  readonly #meter: ReadMeter;
  readonly #buffers = new BufferPool();
  /** Memory of reads under way: readers that do not take what they asked for must not fill it all. */
  #heldBytes = 0;

  constructor(context: ProviderContext, gate: TicketGate, meter: ReadMeter) {
    this.#context = context;
    this.#gate = gate;
    this.#meter = meter;
  }

  async read(request: DownloadRequest): Promise<Result<Download>> {
    const { id } = request;
    if (!isFragmentId(id)) return refused({ rule: 'fragment/id', id: id.slice(0, 100) });
    const admitted = this.#gate.admit({ ...request, method: 'get', fragment: id });
    if (!admitted.ok) return admitted;
    const { contract } = admitted.value;
    // Until a renewal is on chain nobody pays for reading it.
    const lengthBytes = isUnformedRenewal(contract)
      ? undefined
      : await this.#context.records.fragmentLength(contract.id, id);
    if (lengthBytes === undefined) {
      return refused({ rule: 'fragment/not-in-contract', fragment: id, contract: contract.id });
    }
    const range = parseRange(request.range, lengthBytes);
    if (range === 'unsatisfiable') {
      return refused({ rule: 'fragment/range', range: request.range, lengthBytes });
    }
    const { maxOutgoingBytes } = this.#context.limits;
    if (this.#heldBytes + lengthBytes > maxOutgoingBytes) {
      return refused({ rule: 'fragment/busy', heldBytes: this.#heldBytes, maxBytes: maxOutgoingBytes });
    }
    this.#heldBytes += lengthBytes;
    let taken: Result<Download> | undefined;
    try {
      taken = await this.#take(id, lengthBytes, { ...request, range }, admitted.value);
      return taken;
    } finally {
      if (taken?.ok !== true) this.#heldBytes -= lengthBytes;
    }
  }

  async #take(
    id: FragmentId,
    lengthBytes: number,
    { range, voucher }: { readonly range: ByteRange | undefined; readonly voucher: string | undefined },
    admission: Admission,
  ): Promise<Result<Download>> {
    const askedBytes = range === undefined ? lengthBytes : range.endExclusive - range.start;
    const overBudget = await admission.charge(askedBytes);
    if (overBudget !== undefined) return refused(overBudget);
    const paid = await this.#meter.count(admission.contract, askedBytes, voucher);
    if ('violation' in paid) {
      await admission.refund(askedBytes);
      return refused(paid.violation);
    }
    let buffer: Uint8Array | undefined;
    let read: Result<Uint8Array> | undefined;
    try {
      read = await this.#context.store.read(id, (sizeBytes) => {
        buffer = this.#buffers.take(sizeBytes);
        return buffer;
      });
    } finally {
      if (read?.ok !== true) {
        await admission.refund(askedBytes);
        await paid.refund(askedBytes);
      }
    }
    if (read?.ok !== true) {
      await this.#context.records.markCorrupt(id, nowSeconds(this.#context));
      return refused(read?.violation ?? { rule: 'fragment/lost', fragment: id });
    }
    const bytes = range === undefined ? read.value : read.value.subarray(range.start, range.endExclusive);
    return accepted({
      bytes,
      lengthBytes,
      range,
      finish: async (sentBytes) => {
        this.#heldBytes -= lengthBytes;
        // Bytes of a cut connection may still be with the engine: their memory is not used again.
        if (buffer !== undefined && sentBytes === bytes.length) this.#buffers.give(buffer);
        await admission.refund(askedBytes - sentBytes);
        await paid.refund(askedBytes - sentBytes);
      },
    });
  }
}

/** One range of bytes (RFC 9110, 14.1.2). Several ranges, and other units, count as none: the whole is sent. */
function parseRange(text: string | undefined, lengthBytes: number): ByteRange | undefined | 'unsatisfiable' {
  const match = /^bytes=(\d*)-(\d*)$/.exec(text ?? '');
  if (match === null || (match[1] === '' && match[2] === '')) return undefined;
  const [, first = '', last = ''] = match;
  if (first === '') {
    const suffix = Math.min(Number(last), lengthBytes);
    return suffix === 0 ? 'unsatisfiable' : { start: lengthBytes - suffix, endExclusive: lengthBytes };
  }
  const start = Number(first);
  const endExclusive = last === '' ? lengthBytes : Math.min(Number(last) + 1, lengthBytes);
  if (start >= lengthBytes) return 'unsatisfiable';
  return last !== '' && Number(last) < start ? undefined : { start, endExclusive };
}
