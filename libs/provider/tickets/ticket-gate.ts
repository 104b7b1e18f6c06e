import type { ContractId, FragmentId } from '#chain';
import { bytesToHex, hexToBytes } from '#crypto';
import { accepted, type Result, refused, type Violation } from '#errors';
import {
  ANY_FRAGMENT,
  decodeTicket,
  type SignedTicket,
  type Ticket,
  type TicketMethod,
  type TicketUse,
  verifyTicket,
  verifyTicketUse,
} from '#wire';
import { nowSeconds, type ProviderContext } from '../provider-context.js';
import type { ContractRecord } from '../records/contract-record.js';

/** How far the clock of a holder may be from ours; as long a nonce is remembered. */
const TIME_WINDOW_MS = 60_000;
const MAX_HEADER_CHARS = 1_000;
/** Tickets whose signature was checked already. */
const MAX_CHECKED = 20_000;

/** A request that wants to move bytes. */
export interface TicketClaim {
  /** base64url, as the headers carry them. */
  readonly ticket: string | undefined;
  readonly use: string | undefined;
  readonly method: TicketMethod;
  /** `ANY_FRAGMENT` where the request names none. */
  readonly fragment: FragmentId;
  /** Where the request names one. */
  readonly contract?: ContractId;
}

/** A request whose ticket is good. Bytes are charged before they move. */
export interface Admission {
  readonly ticket: Ticket;
  readonly contract: ContractRecord;
  /** Charges the budget and uses up the nonce; resolves when that survives kill -9. Call once, before moving a byte. */
  charge(sizeBytes: number): Promise<Violation | undefined>;
  /** Gives back what was charged but did not move. */
  refund(sizeBytes: number): Promise<void>;
}

/** Checks tickets: who may move which bytes, how many, until when. */
export class TicketGate {
  readonly #context: ProviderContext;
  readonly #checked = new Map<string, SignedTicket>();

  constructor(context: ProviderContext) {
    this.#context = context;
  }

  /** The admission of a request, or the first rule it breaks (docs/protocol/provider-api.md lists them in order). */
  admit(claim: TicketClaim): Result<Admission> {
    if (claim.ticket === undefined || claim.ticket === '') return refused({ rule: 'ticket/missing' });
    if (claim.use === undefined || claim.use === '') return refused({ rule: 'ticket/use-missing' });
    const known = this.#ticketOf(claim.ticket);
    if (!known.ok) return known;
    const { signed, contract } = known.value;
    const violation = this.#validateTicket(signed.ticket, claim);
    if (violation !== undefined) return refused(violation);
    const { crypto, params } = this.#context;
    if (claim.use.length > MAX_HEADER_CHARS) return refused({ rule: 'ticket/use-malformed' });
    const use = verifyTicketUse(crypto, params, signed, fromBase64Url(claim.use));
    if (!use.ok) return use;
    const misuse = this.#validateUse(signed.ticket, use.value, claim);
    return misuse === undefined
      ? accepted(this.#admission(signed.ticket, contract, use.value))
      : refused(misuse);
  }

  #ticketOf(text: string): Result<{ signed: SignedTicket; contract: ContractRecord }> {
    const { crypto, params, providerKey, records } = this.#context;
    const checked = this.#checked.get(text);
    const decoded = checked === undefined ? decodeTicketText(text) : accepted(checked);
    if (!decoded.ok) return decoded;
    const { ticket } = decoded.value;
    const forProvider = bytesToHex(ticket.providerKey);
    if (forProvider !== providerKey) {
      return refused({ rule: 'ticket/other-provider', provider: forProvider, thisProvider: providerKey });
    }
    const contract = records.contract(ticket.contract);
    if (contract === undefined) return refused({ rule: 'contract/unknown', contract: ticket.contract });
    if (checked !== undefined) return accepted({ signed: checked, contract });
    const keys = [contract.ticketKey, ...(contract.repairKey === undefined ? [] : [contract.repairKey])];
    if (!keys.some((key) => verifyTicket(crypto, params, decoded.value, hexToBytes(key)))) {
      return refused({ rule: 'ticket/forged', serial: ticket.serial, contract: ticket.contract });
    }
    if (this.#checked.size >= MAX_CHECKED) this.#checked.clear();
    this.#checked.set(text, decoded.value);
    return accepted({ signed: decoded.value, contract });
  }

  #validateTicket(ticket: Ticket, claim: TicketClaim): Violation | undefined {
    const { serial } = ticket;
    const now = nowSeconds(this.#context);
    if (ticket.expiresAt <= BigInt(now)) {
      return { rule: 'ticket/expired', serial, expiresAt: ticket.expiresAt, now };
    }
    if (ticket.method !== claim.method) {
      return { rule: 'ticket/method', serial, allows: ticket.method, asked: claim.method };
    }
    if (claim.contract !== undefined && claim.contract !== ticket.contract) {
      return { rule: 'ticket/other-contract', serial, allows: ticket.contract, asked: claim.contract };
    }
    if (ticket.fragment !== ANY_FRAGMENT && ticket.fragment !== claim.fragment) {
      return { rule: 'ticket/other-fragment', serial, allows: ticket.fragment, asked: claim.fragment };
    }
    return undefined;
  }

  #validateUse(ticket: Ticket, use: TicketUse, claim: TicketClaim): Violation | undefined {
    const { serial } = ticket;
    if (use.method !== claim.method || use.fragment !== claim.fragment) {
      return { rule: 'ticket/use-other', serial, signed: use.fragment, asked: claim.fragment };
    }
    const now = this.#context.now();
    if (Math.abs(Number(use.time) - now) > TIME_WINDOW_MS) {
      return { rule: 'ticket/use-time', serial, time: use.time, now, windowMs: TIME_WINDOW_MS };
    }
    if (this.#context.tickets.isUsed(nonceKey(ticket, use))) {
      return { rule: 'ticket/replayed', serial, nonce: use.nonce };
    }
    return undefined;
  }

  #admission(ticket: Ticket, contract: ContractRecord, use: TicketUse): Admission {
    const { tickets } = this.#context;
    const key = `${ticket.contract}:${ticket.serial}`;
    const entry = { key, contract: ticket.contract, expiresAt: expiryOf(ticket) };
    return {
      ticket,
      contract,
      charge: async (sizeBytes) => {
        const nonce = { value: nonceKey(ticket, use), untilMs: Number(use.time) + TIME_WINDOW_MS };
        // Asked again: two copies of one request may have been admitted at the same moment.
        if (tickets.isUsed(nonce.value)) {
          return { rule: 'ticket/replayed', serial: ticket.serial, nonce: use.nonce };
        }
        const { maxTicketsPerContract } = this.#context.limits;
        if (!tickets.isKnown(key) && tickets.serialCount(ticket.contract) >= maxTicketsPerContract) {
          return { rule: 'ticket/too-many', contract: ticket.contract, max: maxTicketsPerContract };
        }
        const movedBytes = tickets.movedBytes(key);
        if (BigInt(movedBytes) + BigInt(sizeBytes) > ticket.budgetBytes) {
          return {
            rule: 'ticket/over-budget',
            serial: ticket.serial,
            budgetBytes: ticket.budgetBytes,
            movedBytes,
            askedBytes: sizeBytes,
          };
        }
        await tickets.spend({ ...entry, movedBytes: sizeBytes, nonce });
        return undefined;
      },
      refund: async (sizeBytes) => {
        if (sizeBytes > 0) await tickets.spend({ ...entry, movedBytes: -sizeBytes });
      },
    };
  }
}

/** Seconds; an expiry beyond what a number holds is as good as none. */
const expiryOf = (ticket: Ticket): number =>
  Math.min(Number(ticket.expiresAt), Number.MAX_SAFE_INTEGER / 1000);

const nonceKey = (ticket: Ticket, use: TicketUse): string => `${ticket.serial}:${use.nonce}`;

function decodeTicketText(text: string): Result<SignedTicket> {
  return text.length > MAX_HEADER_CHARS
    ? refused({ rule: 'ticket/malformed', lengthChars: text.length })
    : decodeTicket(fromBase64Url(text));
}

/** Strangers' characters are skipped by the decoder and then fail the signature. */
function fromBase64Url(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text, 'base64url'));
}
