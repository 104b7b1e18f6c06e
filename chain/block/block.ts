import { merkleRootOfHashes, type SignatureCheck, writeHex } from '#crypto';
import { accepted, InvariantError, type Result, refused } from '#errors';
import { ByteReader, DecodeError } from '../codec/bytes.js';
import { decode, encode } from '../codec/codec.js';
import { list, struct, varBytes, varView } from '../codec/schema.js';
import type { Law } from '../law/law.js';
import type { BlockId, TxId } from '../primitives/ids.js';
import type { KnownTransaction } from '../tx/transaction.js';
import { countSignatures, decodeTransaction, pushSignatures } from '../tx/transaction-codec.js';
import { type Coinbase, decodeCoinbase, MAX_COINBASE_BYTES } from './coinbase.js';
import { type BlockHeader, HEADER_BYTES, hashToBlockId, headerHash, headerSchema } from './header.js';

/** A block as it travels and is stored. */
export const blockSchema = struct({
  header: headerSchema,
  coinbase: varBytes(MAX_COINBASE_BYTES),
  transactions: list(varView(1_000_000), 100_000),
});

/** A decoded block with its ids. */
export interface KnownBlock {
  readonly id: BlockId;
  /** Double SHA-256 of the header, internal byte order. */
  readonly hash: Uint8Array;
  readonly header: BlockHeader;
  readonly coinbase: Coinbase;
  readonly coinbaseBytes: Uint8Array;
  readonly transactions: readonly KnownTransaction[];
  /** RFC 6962 root over the ids of these transactions: what the coinbase must state. */
  readonly transactionRoot: Uint8Array;
  readonly bytes: Uint8Array;
}

declare const verified: unique symbol;
/** A block all of whose signatures were checked; only `withVerifiedSignatures` makes one. */
export type VerifiedBlock = KnownBlock & { readonly [verified]: true };

/** The bytes of a block. */
export function encodeBlock(
  header: BlockHeader,
  coinbaseBytes: Uint8Array,
  transactions: readonly Uint8Array[],
): Uint8Array {
  return encode(blockSchema, { header, coinbase: coinbaseBytes, transactions });
}

/** A block of its bytes, or why they are none. */
export function decodeBlock(law: Law, bytes: Uint8Array): Result<KnownBlock> {
  const max = law.params.limits.maxBlockBytes;
  if (bytes.length > max) return refused({ rule: 'block/too-large', sizeBytes: bytes.length, maxBytes: max });
  const raw = decode(blockSchema, bytes);
  if (!raw.ok) return raw;
  const coinbase = decodeCoinbase(raw.value.coinbase);
  if (!coinbase.ok) return coinbase;
  const transactions: KnownTransaction[] = [];
  const sources = raw.value.transactions;
  for (let index = 0; index < sources.length; index++) {
    const known = decodeTransaction(law, sources[index] as Uint8Array);
    if (!known.ok) return refused({ ...known.violation, transactionIndex: index });
    transactions.push(known.value);
  }
  const hash = headerHash(law.crypto, raw.value.header);
  return accepted({
    id: hashToBlockId(hash),
    hash,
    header: raw.value.header,
    coinbase: coinbase.value,
    coinbaseBytes: raw.value.coinbase,
    transactions,
    transactionRoot: transactionRoot(
      law,
      transactions.map(({ id }) => id),
    ),
    bytes,
  });
}

/** The coinbase of a block's bytes, without a look at the transactions after it. */
export function readBlockCoinbase(bytes: Uint8Array): Result<Coinbase> {
  const reader = new ByteReader(bytes.subarray(HEADER_BYTES, HEADER_BYTES + 4 + MAX_COINBASE_BYTES));
  try {
    return decodeCoinbase(varBytes(MAX_COINBASE_BYTES).read(reader));
  } catch (error) {
    if (error instanceof DecodeError) return refused(error.toViolation());
    throw error;
  }
}

/** RFC 6962 root over transaction ids. */
export function transactionRoot(law: Law, ids: readonly TxId[]): Uint8Array {
  // Laid out in one place and hashed in one call: a block has thousands.
  const leaves = new Uint8Array(32 * ids.length);
  for (let index = 0; index < ids.length; index++) {
    const id = ids[index] as TxId;
    if (id.length !== 64 || !writeHex(id, leaves, 32 * index)) throw new InvariantError(`'${id}' is no id`);
  }
  return merkleRootOfHashes(law.crypto, law.crypto.hashLeaves(leaves));
}

/** Every signature of a block, for one batch verification outside `applyBlock`. */
export function blockSignatures(law: Law, block: KnownBlock): readonly SignatureCheck[] {
  const checks: SignatureCheck[] = [];
  for (const known of block.transactions) pushSignatures(law, known, checks);
  return checks;
}

/** Joins a block with the verdicts on `blockSignatures(law, block)`. */
export function withVerifiedSignatures(
  law: Law,
  block: KnownBlock,
  verdicts: readonly boolean[],
): Result<VerifiedBlock> {
  let at = 0;
  for (const known of block.transactions) {
    for (const end = at + countSignatures(law, known); at < end; at += 1) {
      if (verdicts[at] !== true) return refused({ rule: 'tx/signature', transaction: known.id });
    }
  }
  return accepted(block as VerifiedBlock);
}

/** Checks all signatures at once with the law's own crypto port. */
export function verifyBlockSignatures(law: Law, block: KnownBlock): Result<VerifiedBlock> {
  return withVerifiedSignatures(law, block, law.crypto.verifyBatch(blockSignatures(law, block)));
}
