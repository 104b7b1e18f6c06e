import { accountIdToAddress, type KnownBlock, type KnownTransaction, type Law } from '#chain';
import { bytesToHex, reverseBytes } from '#crypto';
import type { BlockSummaryView, ObjectEventView, PostingView, TransactionView } from '#wire';
import type { BlockTree } from '../chain/block-tree.js';
import { keyToPlace } from '../explorer/block-to-rows.js';
import type { ObjectEventRow, PostingRow } from '../explorer/explorer-entities.js';
import { bodyToView } from './body-view.js';

/** Seconds since 1970 as RFC 3339. */
export function secondsToTime(seconds: number): string {
  return new Date(seconds * 1000).toISOString();
}

/** A block without its transactions' bodies. */
export function blockToView(law: Law, block: KnownBlock, onMainChain: boolean): BlockSummaryView {
  const { header, coinbase } = block;
  return {
    id: block.id,
    height: coinbase.height,
    previous: bytesToHex(reverseBytes(header.previous)),
    time: secondsToTime(header.time),
    bits: header.bits,
    nonce: header.nonce,
    sizeBytes: block.bytes.length,
    miner: accountIdToAddress(law.params, coinbase.miner),
    subsidy: coinbase.subsidy.toString(),
    fees: coinbase.fees.toString(),
    proofMint: coinbase.proofMint.toString(),
    poolDraw: coinbase.poolDraw.toString(),
    transactionIds: block.transactions.map(({ id }) => id),
    onMainChain,
  };
}

/** A transaction, with its place where it is in a block of the main chain. */
export function transactionToView(
  law: Law,
  known: KnownTransaction,
  place?: { readonly blockId: string; readonly height: number; readonly position: number },
): TransactionView {
  const { transaction } = known;
  return {
    id: known.id,
    kind: transaction.kind,
    status: place === undefined ? 'pending' : 'confirmed',
    blockId: place?.blockId ?? null,
    height: place?.height ?? null,
    position: place?.position ?? null,
    sender: accountIdToAddress(law.params, known.account),
    lane: transaction.lane,
    sequence: transaction.sequence.toString(),
    fee: transaction.fee.toString(),
    sizeBytes: known.bytes.length,
    body: bodyToView(transaction.body),
    hex: bytesToHex(known.bytes),
  };
}

/** A posting of the index; undefined where its block has just left the main chain. */
export function postingToView(tree: BlockTree, row: PostingRow): PostingView | undefined {
  const place = placeOf(tree, row.key);
  if (place === undefined) return undefined;
  const { from, to, amount, reason, subject } = row;
  return { ...place, from, to, amount, reason, subject };
}

/** An object event of the index; undefined where its block has just left the main chain. */
export function objectEventToView(tree: BlockTree, row: ObjectEventRow): ObjectEventView | undefined {
  const place = placeOf(tree, row.key);
  if (place === undefined) return undefined;
  const data = JSON.parse(row.data) as ObjectEventView['data'];
  return { ...place, name: row.name, subject: row.subject, data };
}

function placeOf(tree: BlockTree, key: number) {
  const { height, position } = keyToPlace(key);
  const node = tree.mainAt(height);
  return node && { height, blockId: node.id as string, time: secondsToTime(node.timeSeconds), position };
}
