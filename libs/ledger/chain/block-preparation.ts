import {
  type BlockId,
  blockSignatures,
  decodeBlock,
  decodeHeader,
  HEADER_BYTES,
  hashToBlockId,
  headerHash,
  type KnownBlock,
  type Law,
  type VerifiedBlock,
  validateCommitments,
  withVerifiedSignatures,
} from '#chain';
import type { SignatureCheck } from '#crypto';
import { accepted, type Result, refused } from '#errors';
import type { BlockNode, BlockTree } from './block-tree.js';
import type { HeaderChain } from './header-chain.js';

/** Verdicts on signatures in order; a worker pool's, or the law's own port made asynchronous. */
export type VerifyBatch = (checks: readonly SignatureCheck[]) => Promise<readonly boolean[]>;

/** A block all of whose rules that need no state of the chain were checked; or one that is here already. */
export type PreparedBlock =
  | { readonly node: BlockNode; readonly block: VerifiedBlock }
  | { readonly node: BlockNode; readonly block?: undefined };

export interface BlockPreparationOptions {
  readonly law: Law;
  readonly tree: BlockTree;
  readonly headers: HeaderChain;
  readonly verifyBatch: VerifyBatch;
}

/** Everything about a block that does not depend on the blocks before it: many are prepared at the same time. */
export class BlockPreparation {
  constructor(private readonly options: BlockPreparationOptions) {}

  /** Cheap checks first, and no work on a body before its header has shown its own. */
  async prepare(bytes: Uint8Array): Promise<Result<PreparedBlock>> {
    const { law, tree, headers } = this.options;
    const id = readBlockId(law, bytes);
    const known = id && tree.get(id);
    if (known && hasBody(known)) return accepted({ node: known });
    if (id === undefined || bytes.length > law.params.limits.maxBlockBytes) {
      const decoded = decodeBlock(law, bytes);
      return decoded.ok ? refused({ rule: 'block/too-large', sizeBytes: bytes.length }) : decoded;
    }
    const header = decodeHeader(bytes.subarray(0, HEADER_BYTES));
    if (!header.ok) return header;
    const accepting = headers.accept(header.value);
    if (!accepting.ok) return accepting;
    const node = accepting.value;
    const decoded = decodeBlock(law, bytes);
    const foreign = decoded.ok ? validateCommitments(law, decoded.value) : decoded.violation;
    if (foreign !== undefined || !decoded.ok) {
      // Whoever sent it lied or it was damaged on the way: the header may be good, and its own body still come.
      if (known === undefined) headers.forget(node);
      return refused(foreign as NonNullable<typeof foreign>);
    }
    const verified = await this.verify(decoded.value);
    if (!verified.ok) {
      headers.condemn(node);
      return verified;
    }
    return accepted({ node, block: verified.value });
  }

  private async verify(block: KnownBlock): Promise<Result<VerifiedBlock>> {
    const { law, verifyBatch } = this.options;
    return withVerifiedSignatures(law, block, await verifyBatch(blockSignatures(law, block)));
  }
}

/** Whether a block is stored with its body. */
export function hasBody({ status }: BlockNode): boolean {
  return status === 'stored' || status === 'applied';
}

/** The id of a block by its first 80 bytes, or undefined where there are no 80. */
export function readBlockId(law: Law, bytes: Uint8Array): BlockId | undefined {
  const header = decodeHeader(bytes.subarray(0, HEADER_BYTES));
  return header.ok ? hashToBlockId(headerHash(law.crypto, header.value)) : undefined;
}
