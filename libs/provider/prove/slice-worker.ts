import { parentPort } from 'node:worker_threads';
import { type Blake3Tree, baoSetSlice, blake3Tree, bytesToHex } from '#crypto';
import { nativeCrypto } from '#crypto-native';
import { assertInvariant } from '#errors';

/** One slice to cut. The fragment's bytes come along unless its tree is known. */
export interface SliceOrder {
  readonly order: number;
  readonly fragment: string;
  /** Ascending, none twice. */
  readonly chunks: readonly number[];
  readonly bytes: Uint8Array;
}

/** The slice, or undefined where the bytes are not the fragment's any more. */
export interface SliceAnswer {
  readonly order: number;
  readonly slice: Uint8Array | undefined;
}

/** Trees of the fragments asked about last: 64 KiB for each MiB. */
const MAX_TREES = 64;
const trees = new Map<string, Blake3Tree>();

function treeOf(fragment: string, bytes: Uint8Array): Blake3Tree | undefined {
  const known = trees.get(fragment);
  if (known !== undefined) return known;
  const tree = blake3Tree(bytes, nativeCrypto);
  if (bytesToHex(tree.root) !== fragment) return undefined;
  const oldest = trees.keys().next().value;
  if (trees.size >= MAX_TREES && oldest !== undefined) trees.delete(oldest);
  trees.set(fragment, tree);
  return tree;
}

assertInvariant(parentPort !== null, 'slice-worker runs as a worker thread only');
const port = parentPort;
port.on('message', ({ order, fragment, chunks, bytes }: SliceOrder) => {
  const tree = treeOf(fragment, bytes);
  const slice = tree === undefined ? undefined : baoSetSlice(tree, bytes, chunks);
  port.postMessage({ order, slice } satisfies SliceAnswer);
});
