import {
  bytes,
  type ContractId,
  decode,
  encode,
  type FragmentId,
  hexId,
  type NetworkParams,
  oneOf,
  struct,
  type TypeOf,
  u63,
} from '#chain';
import { type CryptoPort, concatBytes, taggedMessage } from '#crypto';
import { accepted, type Result, refused } from '#errors';

/** What a ticket allows. `audit` asks for storage proofs of chosen chunks. */
export const TICKET_METHODS = ['put', 'get', 'audit'] as const;
export type TicketMethod = (typeof TICKET_METHODS)[number];

/** In place of a fragment id: any fragment of the contract. */
export const ANY_FRAGMENT = '00'.repeat(32) as FragmentId;

/** The right to move bytes of one contract, given by the contract's ticket key to a holder. */
export const ticketSchema = struct({
  providerKey: bytes(32),
  contract: hexId<ContractId>(32),
  /** Whose signature each request must carry: a sniffed ticket is worthless. */
  holderKey: bytes(32),
  fragment: hexId<FragmentId>(32),
  method: oneOf(TICKET_METHODS),
  /** Bytes this ticket may move in all; ranges and repeats count. */
  budgetBytes: u63,
  /** Seconds since 1970. */
  expiresAt: u63,
  serial: hexId<string>(16),
});
export type Ticket = TypeOf<typeof ticketSchema>;

/** A ticket with the signature of the contract's ticket key. */
export interface SignedTicket {
  readonly ticket: Ticket;
  /** ticketSchema bytes followed by the 64-byte signature. */
  readonly bytes: Uint8Array;
}

const SIGNATURE_BYTES = 64;

const ticketMessage = (crypto: CryptoPort, params: NetworkParams, body: Uint8Array): Uint8Array =>
  taggedMessage(crypto, 'cairn/ticket', params.networkId, body);

/** Signs a ticket with the contract's ticket key. */
export function signTicket(
  crypto: CryptoPort,
  params: NetworkParams,
  ticket: Ticket,
  ticketSecretKey: Uint8Array,
): SignedTicket {
  const body = encode(ticketSchema, ticket);
  const signature = crypto.sign(ticketSecretKey, ticketMessage(crypto, params, body));
  return { ticket, bytes: concatBytes(body, signature) };
}

/** A ticket of its bytes; the signature is checked by `verifyTicket` once the contract's ticket key is known. */
export function decodeTicket(source: Uint8Array): Result<SignedTicket> {
  if (source.length <= SIGNATURE_BYTES)
    return refused({ rule: 'ticket/malformed', lengthBytes: source.length });
  const body = decode(ticketSchema, source.subarray(0, source.length - SIGNATURE_BYTES));
  return body.ok
    ? accepted({ ticket: body.value, bytes: source })
    : refused({ rule: 'ticket/malformed', why: body.violation.rule });
}

/** Whether the contract's ticket key signed this ticket. */
export function verifyTicket(
  crypto: CryptoPort,
  params: NetworkParams,
  signed: SignedTicket,
  ticketKey: Uint8Array,
): boolean {
  const cut = signed.bytes.length - SIGNATURE_BYTES;
  return crypto.verify({
    publicKey: ticketKey,
    message: ticketMessage(crypto, params, signed.bytes.subarray(0, cut)),
    signature: signed.bytes.subarray(cut),
  });
}

/** What a holder signs for each request. */
export const ticketUseSchema = struct({
  fragment: hexId<FragmentId>(32),
  method: oneOf(TICKET_METHODS),
  /** Milliseconds since 1970. */
  time: u63,
  nonce: hexId<string>(16),
});
export type TicketUse = TypeOf<typeof ticketUseSchema>;

const useMessage = (
  crypto: CryptoPort,
  params: NetworkParams,
  ticketBytes: Uint8Array,
  body: Uint8Array,
): Uint8Array =>
  taggedMessage(crypto, 'cairn/ticket/use', params.networkId, crypto.sha256(ticketBytes), body);

/** Signs one use of a ticket with the holder's key: ticketUseSchema bytes followed by the signature. */
export function signTicketUse(
  crypto: CryptoPort,
  params: NetworkParams,
  ticketBytes: Uint8Array,
  use: TicketUse,
  holderSecretKey: Uint8Array,
): Uint8Array {
  const body = encode(ticketUseSchema, use);
  return concatBytes(body, crypto.sign(holderSecretKey, useMessage(crypto, params, ticketBytes, body)));
}

/** The use that a holder signed, or why it is none. Time, nonce and budget are the provider's to check. */
export function verifyTicketUse(
  crypto: CryptoPort,
  params: NetworkParams,
  signed: SignedTicket,
  source: Uint8Array,
): Result<TicketUse> {
  if (source.length <= SIGNATURE_BYTES)
    return refused({ rule: 'ticket/use-malformed', lengthBytes: source.length });
  const body = source.subarray(0, source.length - SIGNATURE_BYTES);
  const use = decode(ticketUseSchema, body);
  if (!use.ok) return refused({ rule: 'ticket/use-malformed', why: use.violation.rule });
  const good = crypto.verify({
    publicKey: signed.ticket.holderKey,
    message: useMessage(crypto, params, signed.bytes, body),
    signature: source.subarray(source.length - SIGNATURE_BYTES),
  });
  return good ? accepted(use.value) : refused({ rule: 'ticket/use-signature', serial: signed.ticket.serial });
}

/** HTTP header that carries a ticket, base64url of its bytes. */
export const TICKET_HEADER = 'cairn-ticket';
/** HTTP header that carries the holder's signature of this use, base64url. */
export const TICKET_USE_HEADER = 'cairn-ticket-use';
