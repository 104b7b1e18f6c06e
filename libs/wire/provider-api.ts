import { z } from 'zod';
import {
  bytes,
  type ContractId,
  encode,
  type FragmentId,
  hexId,
  type NetworkParams,
  struct,
  type TypeOf,
  u32,
  u63,
} from '#chain';
import { type CryptoPort, taggedMessage } from '#crypto';
import { amountText, hexOf, hexUpTo } from './primitives.js';

/**
 * The provider's public HTTP API, version 1 (docs/protocol/provider-api.md).
 *   GET  /v1/info
 *   POST /v1/reservations            room for a contract to come, signed by the client
 *   PUT  /v1/fragments/:id           the bytes; ticket `put`; answers a signed receipt; repeating it is harmless
 *   GET  /v1/fragments/:id           Range allowed; ticket `get`
 *   POST /v1/negotiations            proposes the terms over what was stored (negotiation.ts); answers a signed verdict
 *   GET  /v1/negotiations/:contract  how it stands; POST …/withdrawal gives it up
 *   POST /v1/contracts/:id/audits    storage proof of chosen chunks, now; ticket `audit`
 */
export const PROVIDER_API_VERSION = 'v1';

/** What a client asks a provider to keep room for. */
export const reservationSchema = struct({
  clientKey: bytes(32),
  providerKey: bytes(32),
  nonce: bytes(16),
  ticketKey: bytes(32),
  maxBytes: u63,
  maxFragments: u32,
  epochs: u32,
  /** Seconds since 1970; unformed fragments may be deleted afterwards. */
  expiresAt: u63,
});
export type Reservation = TypeOf<typeof reservationSchema>;

/** What the client signs. */
export const reservationMessage = (
  crypto: CryptoPort,
  params: NetworkParams,
  reservation: Reservation,
): Uint8Array =>
  taggedMessage(crypto, 'cairn/reservation', params.networkId, encode(reservationSchema, reservation));

export const reservationRequest = z
  .object({
    reservation: hexUpTo(512),
    /** The client's; of a replacement, the repairer's. */
    signature: hexOf(64, 'signature'),
    /** The contract whose fragments are to be stored again here; only its repairer may ask. */
    replaces: hexOf(32, 'contract id').optional(),
  })
  .meta({ id: 'ReservationRequest' });
export type ReservationRequest = z.infer<typeof reservationRequest>;
export const reservationAnswer = z
  .object({ contract: hexOf(32, 'contract id'), expiresAt: z.number().int(), offerNumber: z.string() })
  .meta({ id: 'ReservationAnswer' });
export type ReservationAnswer = z.infer<typeof reservationAnswer>;

/** What a provider signs when a fragment is safely on its disk. */
export const receiptSchema = struct({
  contract: hexId<ContractId>(32),
  fragment: hexId<FragmentId>(32),
  lengthBytes: u32,
  /** Seconds since 1970. */
  storedAt: u63,
});
export type Receipt = TypeOf<typeof receiptSchema>;

export const receiptMessage = (crypto: CryptoPort, params: NetworkParams, receipt: Receipt): Uint8Array =>
  taggedMessage(crypto, 'cairn/receipt', params.networkId, encode(receiptSchema, receipt));

export const receiptAnswer = z
  .object({ receipt: hexUpTo(128), signature: hexOf(64, 'signature') })
  .meta({ id: 'ReceiptAnswer' });
export type ReceiptAnswer = z.infer<typeof receiptAnswer>;

/** Chunks to prove now, counted over the contract; chosen by the asker. */
export const auditRequest = z
  .object({
    chunks: z
      .array(z.string().regex(/^[0-9]{1,19}$/))
      .min(1)
      .max(16),
  })
  .meta({ id: 'AuditRequest' });
/** Encoded storage proof (contracts' storageProofSchema), hex: its draws are the chunks asked for. */
export const auditAnswer = z.object({ proof: z.string() }).meta({ id: 'AuditAnswer' });
export type AuditAnswer = z.infer<typeof auditAnswer>;

/** What a provider says of itself. */
export const providerInfo = z
  .object({
    providerKey: hexOf(32, 'public key'),
    address: z.string(),
    network: z.string(),
    protocolVersion: z.number().int(),
    capacityBytes: z.string(),
    usedBytes: z.string(),
    offerNumber: z.string(),
    basePerEpoch: amountText,
    pricePerGiBEpoch: amountText,
    contracts: z.number().int(),
    /** RFC 3339. */
    time: z.string(),
  })
  .meta({ id: 'ProviderInfo' });
export type ProviderInfo = z.infer<typeof providerInfo>;
