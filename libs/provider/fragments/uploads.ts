import { type ContractId, encode, type FragmentId } from '#chain';
import { type FragmentEntry, MAX_FRAGMENT_BYTES } from '#contracts';
import { bytesToHex } from '#crypto';
import { accepted, type Result, refused, type Violation } from '#errors';
import { AlignedMemory, isFragmentId } from '#fragment-store';
import { type Receipt, type ReceiptAnswer, receiptMessage, receiptSchema } from '#wire';
import { nowSeconds, type ProviderContext } from '../provider-context.js';
import { type ContractRecord, isUnformedRenewal } from '../records/contract-record.js';
import type { TicketGate } from '../tickets/ticket-gate.js';
import { BufferPool } from './buffer-pool.js';
import type { IncomingBody } from './incoming-body.js';

/** A request to store a fragment. */
export interface UploadRequest {
  readonly id: string;
  readonly ticket: string | undefined;
  readonly use: string | undefined;
  /** The Content-Length header. */
  readonly contentLength: string | undefined;
}

/** Bodies gathered whole at the same time; beyond that they are taken in parts. */
const MAX_HELD_BYTES = 64 << 20;

/** What a contract's uploads have taken and are about to take of what was reserved and is not agreed on. */
interface Room {
  bytes: bigint;
  count: number;
  /** All of the contract. */
  readonly fragments: Map<FragmentId, number>;
}

/** Takes fragments in and signs receipts for them. */
export class Uploads {
  readonly #context: ProviderContext;
  readonly #gate: TicketGate;
  readonly #rooms = new Map<ContractId, Promise<Room>>();
  readonly #underWay = new Map<FragmentId, number>();
  readonly #buffers = new BufferPool(new AlignedMemory(MAX_HELD_BYTES));
  /** Memory of bodies that are gathered whole: senders that dawdle must not fill it all. */
  #heldBytes = 0;

  constructor(context: ProviderContext, gate: TicketGate) {
    this.#context = context;
    this.#gate = gate;
  }

  /** Fragments that are being written now. */
  isUnderWay(id: FragmentId): boolean {
    return this.#underWay.has(id);
  }

  /** Forgets the room of a contract that is gone. */
  forget(contract: ContractId): void {
    this.#rooms.delete(contract);
  }

  /**
   * Stores a fragment and answers the receipt. Repeating it is harmless. `body` is read only after every check.
   * @throws AppError of the store: full, disk full
   */
  async receive(request: UploadRequest, body: IncomingBody): Promise<Result<ReceiptAnswer>> {
    const { id } = request;
    if (!isFragmentId(id)) return refused({ rule: 'fragment/id', id: id.slice(0, 100) });
    const admitted = this.#gate.admit({ ...request, method: 'put', fragment: id });
    if (!admitted.ok) return admitted;
    const lengthBytes = parseLength(request.contentLength);
    if (typeof lengthBytes !== 'number') return refused(lengthBytes);
    const { contract, charge, refund } = admitted.value;
    const entry = { id, lengthBytes };
    const noRoom = await this.#takeRoom(contract, entry);
    if (noRoom !== undefined) return refused(noRoom);
    const overBudget = await charge(lengthBytes);
    if (overBudget !== undefined) {
      await this.#giveRoomBack(contract.id, id);
      return refused(overBudget);
    }
    const incoming = this.#take(body, lengthBytes);
    this.#underWay.set(id, (this.#underWay.get(id) ?? 0) + 1);
    let isStored = false;
    try {
      // The record may be written while the bytes arrive: it only says whose they are.
      const recorded = this.#context.records.addFragment(contract.id, entry);
      const storing = this.#context.store.put(id, incoming.source, lengthBytes);
      // Both to their ends, also when one fails: the memory of a body that still comes must not be given to another.
      await Promise.allSettled([storing, recorded]);
      const stored = await storing;
      await recorded;
      if (!stored.ok) return stored;
      if (this.#context.records.contract(contract.id) === undefined) {
        return refused(await this.#tooLate(contract, id));
      }
      isStored = true;
      await this.#context.records.unmarkCorrupt(id);
      return accepted(this.#receipt(contract.id, entry));
    } finally {
      const others = (this.#underWay.get(id) ?? 1) - 1;
      if (others === 0) this.#underWay.delete(id);
      else this.#underWay.set(id, others);
      if (!isStored) await this.#giveRoomBack(contract.id, id);
      await refund(lengthBytes - incoming.end());
    }
  }

  /**
   * The bytes of a body for the store, and what of them has come: in one piece, which costs a tenth of what its parts
   * do one by one, or in parts where too much is held already.
   */
  #take(
    body: IncomingBody,
    lengthBytes: number,
  ): { readonly source: AsyncIterable<Uint8Array>; readonly end: () => number } {
    let movedBytes = 0;
    const count = (sizeBytes: number): void => {
      movedBytes += sizeBytes;
    };
    if (this.#heldBytes + lengthBytes > MAX_HELD_BYTES) {
      return { source: counted(body.stream(), count), end: () => movedBytes };
    }
    this.#heldBytes += lengthBytes;
    const buffer = this.#buffers.take(lengthBytes);
    return {
      source: whole(body, buffer.subarray(0, lengthBytes), count),
      end: () => {
        this.#heldBytes -= lengthBytes;
        this.#buffers.give(buffer);
        return movedBytes;
      },
    };
  }

  /** What is wrong with one more fragment of this length; takes the room when nothing is. */
  async #takeRoom(contract: ContractRecord, entry: FragmentEntry): Promise<Violation | undefined> {
    const room = await this.#roomOf(contract.id);
    const before = room.fragments.get(entry.id);
    if (before === entry.lengthBytes) return undefined;
    if (before !== undefined) {
      return { rule: 'fragment/length', expectedLengthBytes: before, lengthBytes: entry.lengthBytes };
    }
    const open = contract.state === 'reserved' ? contract : contract.room;
    // A renewal needs no room, so none was kept for it.
    if (open === undefined || contract.state === 'settled' || isUnformedRenewal(contract)) {
      return { rule: 'contract/closed', contract: contract.id, state: contract.state, fragment: entry.id };
    }
    if (open.expiresAt <= nowSeconds(this.#context)) {
      return { rule: 'reservation/expired', contract: contract.id, expiresAt: open.expiresAt };
    }
    if (room.count >= open.maxFragments) {
      return { rule: 'reservation/over-fragments', maxFragments: open.maxFragments };
    }
    if (room.bytes + BigInt(entry.lengthBytes) > open.maxBytes) {
      return {
        rule: 'reservation/over-bytes',
        lengthBytes: entry.lengthBytes,
        takenBytes: room.bytes,
        maxBytes: open.maxBytes,
      };
    }
    room.count += 1;
    room.bytes += BigInt(entry.lengthBytes);
    room.fragments.set(entry.id, entry.lengthBytes);
    return undefined;
  }

  /** The reservation lapsed while the bytes came: nobody would ever remove them. */
  async #tooLate({ id: contract, expiresAt }: ContractRecord, id: FragmentId): Promise<Violation> {
    const isOrphan = await this.#context.records.removeFragment(contract, id);
    if (isOrphan && this.#underWay.get(id) === 1) await this.#context.store.remove(id);
    return { rule: 'reservation/expired', contract, expiresAt };
  }

  async #giveRoomBack(contract: ContractId, id: FragmentId): Promise<void> {
    if (this.#context.records.contract(contract) === undefined) {
      this.#rooms.delete(contract);
      return;
    }
    if (this.#underWay.has(id) || (await this.#context.store.has(id))) return;
    const room = await this.#roomOf(contract);
    const lengthBytes = room.fragments.get(id);
    if (lengthBytes === undefined) return;
    room.fragments.delete(id);
    room.bytes -= BigInt(lengthBytes);
    room.count -= 1;
    await this.#context.records.removeFragment(contract, id);
  }

  #roomOf(contract: ContractId): Promise<Room> {
    let room = this.#rooms.get(contract);
    if (room === undefined) {
      room = this.#load(contract);
      this.#rooms.set(contract, room);
    }
    return room;
  }

  async #load(contract: ContractId): Promise<Room> {
    const { records } = this.#context;
    const open = await records.uncommitted(contract);
    const all = await records.fragments(contract);
    return {
      bytes: open.reduce((sum, entry) => sum + BigInt(entry.lengthBytes), 0n),
      count: open.length,
      fragments: new Map(all.map((entry) => [entry.id, entry.lengthBytes])),
    };
  }

  #receipt(contract: ContractId, { id, lengthBytes }: FragmentEntry): ReceiptAnswer {
    const { crypto, keys, params } = this.#context;
    const storedAt = BigInt(nowSeconds(this.#context));
    const receipt: Receipt = { contract, fragment: id, lengthBytes, storedAt };
    return {
      receipt: bytesToHex(encode(receiptSchema, receipt)),
      signature: bytesToHex(crypto.sign(keys.secretKey, receiptMessage(crypto, params, receipt))),
    };
  }
}

function parseLength(text: string | undefined): number | Violation {
  if (text === undefined || !/^[0-9]{1,15}$/.test(text)) return { rule: 'fragment/length-required' };
  const lengthBytes = Number(text);
  if (lengthBytes === 0) return { rule: 'fragment/empty' };
  return lengthBytes > MAX_FRAGMENT_BYTES
    ? { rule: 'fragment/too-large', lengthBytes, maxBytes: MAX_FRAGMENT_BYTES }
    : lengthBytes;
}

async function* whole(
  body: IncomingBody,
  buffer: Uint8Array,
  count: (sizeBytes: number) => void,
): AsyncGenerator<Uint8Array> {
  await body.fill(buffer, count);
  yield buffer;
}

async function* counted(
  source: AsyncIterable<Uint8Array>,
  count: (sizeBytes: number) => void,
): AsyncGenerator<Uint8Array> {
  for await (const bytes of source) {
    count(bytes.length);
    yield bytes;
  }
}
