import { type ContractId, decode } from '#chain';
import { contractIdOf } from '#contracts';
import { bytesToHex, equalBytes, hexToBytes } from '#crypto';
import { accepted, type Result, refused, type Violation } from '#errors';
import {
  type Reservation,
  type ReservationAnswer,
  type ReservationRequest,
  reservationMessage,
  reservationSchema,
} from '#wire';
import type { ChainWatch } from '../chain/chain-watch.js';
import { nowSeconds, type ProviderContext } from '../provider-context.js';
import { type ContractRecord, partnerOf } from '../records/contract-record.js';
import { freeRoom } from './free-room.js';

/** Room kept for contracts to come. */
export class Reservations {
  readonly #context: ProviderContext;
  readonly #watch: ChainWatch;

  constructor(context: ProviderContext, watch: ChainWatch) {
    this.#context = context;
    this.#watch = watch;
  }

  /**
   * Keeps room for a client; the same reservation again gets the same answer.
   * @throws AppError `provider/no-offer` while the provider's offer is not on chain
   */
  async reserve(request: ReservationRequest): Promise<Result<ReservationAnswer>> {
    const { crypto, params, records } = this.#context;
    const decoded = decode(reservationSchema, hexToBytes(request.reservation));
    if (!decoded.ok) return refused({ rule: 'reservation/malformed', why: decoded.violation.rule });
    const reservation = decoded.value;
    const replaced = await this.#replacedBy(reservation, request.replaces);
    if (!replaced.ok) return replaced;
    const isSigned = crypto.verify({
      publicKey: replaced.value === undefined ? reservation.clientKey : hexToBytes(replaced.value.repairKey),
      message: reservationMessage(crypto, params, reservation),
      signature: hexToBytes(request.signature),
    });
    const client = replaced.value?.repairKey ?? bytesToHex(reservation.clientKey);
    if (!isSigned) return refused({ rule: 'reservation/signature', client });
    const contract = contractIdOf(crypto, params, reservation);
    const offer = await this.#watch.currentOffer();
    const offerNumber = offer.number;
    const ended = records.negotiations.find(contract)?.negotiation.state;
    if (ended !== undefined) return refused({ rule: 'reservation/taken', contract, state: ended });
    const existing = records.contract(contract);
    if (existing !== undefined) {
      return existing.state === 'reserved' &&
        isSame(existing, reservation) &&
        existing.origin?.contract === request.replaces
        ? accepted({ contract, expiresAt: existing.expiresAt, offerNumber })
        : refused({ rule: 'reservation/taken', contract, state: existing.state });
    }
    const violation = this.#validateTerms(reservation, offer) ?? this.#validateRoom(reservation, client);
    if (violation !== undefined) return refused(violation);
    await records.save({ ...reservationToRecord(contract, reservation), ...replaced.value });
    return accepted({ contract, expiresAt: Number(reservation.expiresAt), offerNumber });
  }

  /** What a replacement adds to its reservation: only the repairer of a contract that may be replaced now asks for it. */
  async #replacedBy(
    reservation: Reservation,
    replaces: string | undefined,
  ): Promise<Result<Required<Pick<ContractRecord, 'origin' | 'repairKey'>> | undefined>> {
    if (replaces === undefined) return accepted(undefined);
    const view = await this.#context.ledger.contract({ id: replaces });
    if (view === null) return refused({ rule: 'contract/unknown', contract: replaces });
    if (view.repair === null) return refused({ rule: 'reservation/not-repairer', contract: replaces });
    if (view.replaceable === null) return refused({ rule: 'reservation/no-cause', contract: replaces });
    const isSame =
      view.clientKey === bytesToHex(reservation.clientKey) &&
      view.ticketKey === bytesToHex(reservation.ticketKey) &&
      view.providerKey !== this.#context.providerKey;
    if (!isSame) return refused({ rule: 'reservation/other-contract', contract: replaces });
    const origin = { kind: 'replacement', contract: replaces as ContractId } as const;
    return accepted({ origin, repairKey: view.repair.key });
  }

  #validateTerms(
    reservation: Reservation,
    offer: { readonly minEpochs: number; readonly maxEpochs: number },
  ): Violation | undefined {
    const { keys, limits, params } = this.#context;
    const { epochs, maxFragments, maxBytes } = reservation;
    if (!equalBytes(reservation.providerKey, keys.publicKey)) {
      return { rule: 'reservation/other-provider', provider: bytesToHex(reservation.providerKey) };
    }
    const now = nowSeconds(this.#context);
    const latest = now + limits.maxReservationSeconds;
    if (reservation.expiresAt <= BigInt(now) || reservation.expiresAt > BigInt(latest)) {
      return { rule: 'reservation/expiry', expiresAt: reservation.expiresAt, now, latest };
    }
    if (epochs < offer.minEpochs || epochs > offer.maxEpochs) {
      return { rule: 'reservation/epochs', epochs, offered: `${offer.minEpochs} to ${offer.maxEpochs}` };
    }
    const { maxLeaves } = params.contract;
    if (maxFragments === 0 || maxFragments > maxLeaves) {
      return { rule: 'reservation/fragments', maxFragments, allowed: `1 to ${maxLeaves}` };
    }
    return maxBytes === 0n ? { rule: 'reservation/empty' } : undefined;
  }

  #validateRoom(reservation: Reservation, client: string): Violation | undefined {
    const { limits, records } = this.#context;
    const all = records.contracts();
    const freeBytes = freeRoom(this.#context, all);
    if (reservation.maxBytes > freeBytes) {
      return { rule: 'reservation/no-room', maxBytes: reservation.maxBytes, freeBytes };
    }
    const reserved = all.filter((record) => record.state === 'reserved');
    if (reserved.length >= limits.maxReservations) {
      return { rule: 'reservation/too-many', open: reserved.length, max: limits.maxReservations };
    }
    const open = reserved.filter((record) => partnerOf(record) === client).length;
    return open >= limits.maxReservationsPerClient
      ? { rule: 'reservation/too-many', open, max: limits.maxReservationsPerClient }
      : undefined;
  }
}

function reservationToRecord(id: ContractId, reservation: Reservation): ContractRecord {
  return {
    id,
    state: 'reserved',
    clientKey: bytesToHex(reservation.clientKey),
    ticketKey: bytesToHex(reservation.ticketKey),
    maxBytes: reservation.maxBytes,
    maxFragments: reservation.maxFragments,
    epochs: reservation.epochs,
    expiresAt: Number(reservation.expiresAt),
  };
}

function isSame(record: ContractRecord, reservation: Reservation): boolean {
  const again = reservationToRecord(record.id, reservation);
  return (
    record.ticketKey === again.ticketKey &&
    record.maxBytes === again.maxBytes &&
    record.maxFragments === again.maxFragments &&
    record.epochs === again.epochs &&
    record.expiresAt === again.expiresAt
  );
}
