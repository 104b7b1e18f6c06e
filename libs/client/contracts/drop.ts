import type { FragmentId } from '#chain';
import { dropLeaves, isTombstone, MAX_DROPPED } from '#contracts';
import { blake3ChunkCount } from '#crypto';
import { AppError } from '#errors';
import type { CallOptions, ClientContext } from '../context.js';
import { leavesOf, ownContract } from './own-contract.js';

/** What was given up. */
export interface Dropped {
  readonly fragments: number;
  readonly transactions: readonly string[];
}

/**
 * Gives up fragments of a contract without its provider: what the epochs not begun cost less returns at once. A contract
 * of which less than a quarter would be left is better ended.
 * @throws AppError `contract/drop-too-much`
 */
export async function drop(
  context: ClientContext,
  contract: string,
  fragments: readonly string[],
  options: CallOptions = {},
): Promise<Dropped> {
  const own = await ownContract(context, contract);
  const leaves = await leavesOf(context, own.id, own.view);
  const unwanted = new Set(fragments);
  const indexes = leaves.flatMap((leaf, index) =>
    unwanted.has(leaf.id) && !isTombstone(leaf) ? [index] : [],
  );
  const chunks = indexes.reduce((sum, at) => sum + chunksOf(leaves[at]?.lengthBytes ?? 0), 0n);
  if (4n * (BigInt(own.view.droppedChunks) + chunks) > 3n * BigInt(own.view.totalChunks)) {
    throw tooMuch(own.id, indexes.length, leaves.length);
  }
  const transactions: string[] = [];
  let current = leaves as readonly (typeof leaves)[number][];
  for (let at = 0; at < indexes.length; at += MAX_DROPPED) {
    options.signal?.throwIfAborted();
    const part = dropLeaves(context.crypto, current, indexes.slice(at, at + MAX_DROPPED));
    current = part.leaves;
    const submitted = await context.wallet.submit('drop', { contract: own.id, leaves: part.dropped });
    await context.wallet.confirm(submitted, { ...(options.signal && { signal: options.signal }) });
    transactions.push(submitted.id);
  }
  return { fragments: indexes.length, transactions };
}

/** The fragments of a contract that nobody dropped. */
export async function liveFragments(context: ClientContext, contract: string): Promise<Set<FragmentId>> {
  const own = await ownContract(context, contract);
  const leaves = await leavesOf(context, own.id, own.view);
  return new Set(leaves.filter((leaf) => !isTombstone(leaf)).map(({ id }) => id));
}

const chunksOf = (lengthBytes: number): bigint => BigInt(blake3ChunkCount(lengthBytes));

function tooMuch(contract: string, count: number, total: number): AppError {
  return new AppError({
    code: 'contract/drop-too-much',
    message: `Of contract ${contract} less than a quarter would be left without ${count} of its ${total} fragments.`,
    next: 'End it, and store elsewhere what is to be kept.',
    data: { contract },
  });
}
