import { type SignatureCheck, taggedHashHex, taggedMessage, taggedPrefix } from '#crypto';
import { accepted, assertInvariant, type Result, refused } from '#errors';
import { publicKeyToAccountId } from '../account/address.js';
import { ByteReader, ByteWriter, DecodeError } from '../codec/bytes.js';
import type { Law } from '../law/law.js';
import type { TxId } from '../primitives/ids.js';
import type { KnownTransaction, Transaction, UnsignedTransaction } from './transaction.js';

/** Bytes of an Ed25519 signature at the end of every transaction. */
const SIGNATURE_BYTES = 64;

/** Domain of what a sender signs. */
const SIGNING_TAG = 'cairn/transaction/sign';

const NO_CHECKS: readonly SignatureCheck[] = [];

function writeUnsigned(law: Law, transaction: UnsignedTransaction): ByteWriter {
  const kind = law.kindsByName.get(transaction.kind);
  assertInvariant(kind !== undefined, `this law has no kind '${transaction.kind}'`);
  const writer = new ByteWriter();
  writer.u16(kind.code);
  writer.raw(transaction.sender, 32);
  if (kind.replay === 'sequence') {
    writer.u16(transaction.lane);
    writer.u63(transaction.sequence);
  }
  writer.u63(transaction.fee);
  kind.body.write(writer, transaction.body);
  return writer;
}

/** Canonical bytes: kind u16, sender 32, [lane u16, sequence u63,] fee u63, body, signature 64. */
export function encodeTransaction(law: Law, transaction: Transaction): Uint8Array {
  const writer = writeUnsigned(law, transaction);
  writer.raw(transaction.signature, SIGNATURE_BYTES);
  return writer.finish();
}

/** What the sender signs: everything but the signature, under a domain tag and the network id. */
export function transactionSigningMessage(law: Law, transaction: UnsignedTransaction): Uint8Array {
  return taggedMessage(
    law.crypto,
    SIGNING_TAG,
    law.params.networkId,
    writeUnsigned(law, transaction).finish(),
  );
}

/** Signs with the sender's secret key. */
export function signTransaction<T extends UnsignedTransaction>(
  law: Law,
  unsigned: T,
  secretKey: Uint8Array,
): T & { readonly signature: Uint8Array } {
  return { ...unsigned, signature: law.crypto.sign(secretKey, transactionSigningMessage(law, unsigned)) };
}

/** A transaction of its bytes, or why they are none. Only the one canonical form is accepted. */
export function decodeTransaction(law: Law, bytes: Uint8Array): Result<KnownTransaction> {
  const max = law.params.limits.maxTransactionBytes;
  if (bytes.length > max) return refused({ rule: 'tx/too-large', sizeBytes: bytes.length, maxBytes: max });
  const reader = new ByteReader(bytes);
  try {
    const code = reader.u16();
    const kind = law.kindsByCode.get(code);
    if (kind === undefined) return refused({ rule: 'tx/unknown-kind', code });
    const sender = reader.shared(32);
    const lane = kind.replay === 'sequence' ? reader.u16() : 0;
    const sequence = kind.replay === 'sequence' ? reader.u63() : 0n;
    const fee = reader.u63();
    const body = kind.body.read(reader);
    const signature = reader.shared(SIGNATURE_BYTES);
    if (reader.remaining > 0) return refused({ rule: 'codec/trailing-bytes', extraBytes: reader.remaining });
    const transaction = { kind: kind.name, sender, lane, sequence, fee, body, signature };
    return accepted({
      id: transactionId(law, bytes),
      bytes,
      account: publicKeyToAccountId(law.crypto, law.params, sender),
      transaction,
    });
  } catch (error) {
    if (error instanceof DecodeError) return refused(error.toViolation());
    throw error;
  }
}

/** Tagged hash of the whole encoding, signature included. */
export function transactionId(law: Law, bytes: Uint8Array): TxId {
  return taggedHashHex(law.crypto, 'cairn/transaction', law.params.networkId, bytes) as TxId;
}

/** Every signature a transaction carries: the sender's first, then those inside its body. */
export function transactionSignatures(law: Law, known: KnownTransaction): readonly SignatureCheck[] {
  return [senderSignature(law, known), ...innerSignatures(law, known)];
}

/** As `transactionSignatures`, at the end of a list: most carry one, and a block has thousands. */
export function pushSignatures(law: Law, known: KnownTransaction, into: SignatureCheck[]): void {
  into.push(senderSignature(law, known));
  for (const inner of innerSignatures(law, known)) into.push(inner);
}

function senderSignature(law: Law, { transaction, bytes }: KnownTransaction): SignatureCheck {
  return {
    publicKey: transaction.sender,
    prefix: taggedPrefix(law.crypto, SIGNING_TAG, law.params.networkId),
    message: bytes.subarray(0, bytes.length - SIGNATURE_BYTES),
    signature: transaction.signature,
  };
}

/** How many signatures `transactionSignatures` gives. */
export function countSignatures(law: Law, known: KnownTransaction): number {
  return 1 + innerSignatures(law, known).length;
}

function innerSignatures(law: Law, { transaction }: KnownTransaction): readonly SignatureCheck[] {
  return law.kindsByName.get(transaction.kind)?.signatures?.(transaction.body, law) ?? NO_CHECKS;
}
