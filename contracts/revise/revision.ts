import {
  bytes,
  type ContractId,
  encode,
  hexId,
  type NetworkParams,
  struct,
  type TypeOf,
  u32,
  u63,
} from '#chain';
import { type CryptoPort, taggedMessage } from '#crypto';
import { fragmentListSchema, frontierSchema } from '../terms/leaves.js';

/** What both sides sign to change an active contract: what it is afterwards, and what each adds to it. */
export const revisionSchema = struct({
  contract: hexId<ContractId>(32),
  /** Above the contract's; of several signed ones the one published with the highest number stands. */
  number: u32,
  /** The commitment afterwards: the same as before where nothing is appended. */
  leafCount: u32,
  totalBytes: u63,
  totalChunks: u63,
  root: bytes(32),
  /** The whole term afterwards, in epochs; more than before is an extension. */
  epochs: u32,
  /** Added by the client for repair. Base units. */
  addReserve: u63,
  /** Added by the client for paid reads. Base units. */
  addReadEscrow: u63,
  /** Added by the provider. Base units. */
  addCollateral: u63,
  /** The most the client agrees to burn: the burn price may move before the block that publishes this. */
  maxBurn: u63,
});
export type Revision = TypeOf<typeof revisionSchema>;

export const reviseBodySchema = struct({
  revision: revisionSchema,
  /** Fragments appended, in the order of their leaves. */
  appended: fragmentListSchema,
  /** Of the commitment tree before the append, so that the chain computes the new root; empty where nothing is appended. */
  frontier: frontierSchema,
  /** The contract's keys, so that the signatures can be checked without the state. */
  clientKey: bytes(32),
  providerKey: bytes(32),
  clientSignature: bytes(64),
  providerSignature: bytes(64),
});
export type ReviseBody = TypeOf<typeof reviseBodySchema>;

/** What both sides sign. */
export function revisionSigningMessage(
  crypto: CryptoPort,
  params: NetworkParams,
  revision: Revision,
): Uint8Array {
  return taggedMessage(crypto, 'cairn/revision/sign', params.networkId, encode(revisionSchema, revision));
}
