import { z } from 'zod';
import { type ContractId, encode, hexId, type NetworkParams, struct, type TypeOf, u32, u63 } from '#chain';
import { type CryptoPort, taggedMessage } from '#crypto';
import { hexOf, hexUpTo } from './primitives.js';

/** Room for fragments that are to be appended to a contract. */
export const roomSchema = struct({
  contract: hexId<ContractId>(32),
  maxBytes: u63,
  maxFragments: u32,
  /** Seconds since 1970; what no revision signed by then holds may be deleted. */
  expiresAt: u63,
});
export type Room = TypeOf<typeof roomSchema>;

/** What the client signs. */
export const roomMessage = (crypto: CryptoPort, params: NetworkParams, room: Room): Uint8Array =>
  taggedMessage(crypto, 'cairn/revision/room', params.networkId, encode(roomSchema, room));

export const roomRequest = z
  .object({ room: hexUpTo(128), signature: hexOf(64, 'signature') })
  .meta({ id: 'RoomRequest' });
export type RoomRequest = z.infer<typeof roomRequest>;
export const roomAnswer = z.object({ expiresAt: z.number().int() }).meta({ id: 'RoomAnswer' });
export type RoomAnswer = z.infer<typeof roomAnswer>;

/** A change of a contract that is on chain, signed by its client. */
export const revisionRequest = z
  .object({
    /** Hex of contracts' revisionSchema. */
    revision: hexUpTo(512),
    /** Fragments appended, in leaf order; stored under the contract before. */
    appended: z
      .array(z.object({ id: hexOf(32, 'fragment id'), lengthBytes: z.number().int().positive() }))
      .max(16_384),
    /** The client's, over contracts' revisionSigningMessage: the same that goes on chain. */
    signature: hexOf(64, 'signature'),
  })
  .meta({ id: 'RevisionRequest' });
export type RevisionRequest = z.infer<typeof revisionRequest>;

/** The provider's signature under the revision. */
export const revisionAnswer = z
  .object({ providerSignature: hexOf(64, 'signature') })
  .meta({ id: 'RevisionAnswer' });
export type RevisionAnswer = z.infer<typeof revisionAnswer>;
