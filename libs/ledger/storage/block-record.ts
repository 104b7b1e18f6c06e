import { encodeDiff, HEADER_BYTES, hashToBlockId, type KnownBlock } from '#chain';
import type { CryptoPort } from '#crypto';
import { concatBytes } from '#crypto';
import { type BlockPlace, type Connection, type PendingTransaction, workToText } from './chain-store.js';
import { encodeEvents } from './event-codec.js';

/** The place of a block that is kept on a side branch, or joins the main chain. */
export function blockToPlace(
  block: KnownBlock,
  totalWork: bigint,
  joining: Connection | undefined,
): BlockPlace {
  return {
    id: block.id,
    parentId: hashToBlockId(block.header.previous),
    height: block.coinbase.height,
    header: block.bytes.slice(0, HEADER_BYTES),
    totalWork: workToText(totalWork),
    isOnMain: joining !== undefined,
    status: joining === undefined ? 'stored' : 'applied',
    transactionCount: block.transactions.length,
    sizeBytes: block.bytes.length,
    ...connectionToFigures(joining),
  };
}

/** What becomes known of a block when it joins the main chain. */
export function connectionToFigures(
  joining: Connection | undefined,
): Pick<BlockPlace, 'minted' | 'burned' | 'stateRoot'> {
  return {
    minted: joining?.minted.toString() ?? null,
    burned: joining?.burned.toString() ?? null,
    stateRoot: joining?.stateRoot ?? null,
  };
}

/** What a block did, as it is stored. */
export interface Effect {
  readonly undo: Uint8Array;
  readonly events: Uint8Array;
}

export function connectionToEffect({ applied }: Connection): Effect {
  return { undo: encodeDiff(applied.diff), events: encodeEvents(applied.events) };
}

/** SHA-256 over the hashes of both parts. */
export function effectDigest(crypto: CryptoPort, { undo, events }: Effect): Uint8Array {
  return crypto.sha256(concatBytes(crypto.sha256(undo), crypto.sha256(events)));
}

/** Transactions of blocks that left the main chain which the branch that joined does not hold. */
export function returningTransactions(
  left: readonly KnownBlock[],
  joined: readonly Connection[],
): PendingTransaction[] {
  const confirmed = new Set(joined.flatMap(({ block }) => block.transactions.map(({ id }) => id)));
  return left
    .flatMap(({ transactions }) => transactions)
    .filter(({ id }) => !confirmed.has(id))
    .map(({ id, bytes }) => ({ id, bytes }));
}
