import type { ContractId } from '#chain';
import {
  buildProofItem,
  entriesToLeaves,
  findLeaf,
  type Leaf,
  leafStartChunk,
  type ProofItem,
} from '#contracts';
import { accepted, assertInvariant, type Result, refused } from '#errors';
import { nowSeconds, type ProviderContext } from '../provider-context.js';
import type { Slicer } from './slicer.js';

/** Makes storage proofs of chosen chunks from what is on the disk. */
export class ProofBuilder {
  readonly #context: ProviderContext;
  readonly #slicer: Slicer;

  constructor(context: ProviderContext, slicer: Slicer) {
    this.#context = context;
    this.#slicer = slicer;
  }

  /** One item for each chunk, in order; violations `audit/chunk`, `fragment/lost`, `fragment/corrupt`. */
  async build(contract: ContractId, chunks: readonly bigint[]): Promise<Result<ProofItem[]>> {
    const leaves = entriesToLeaves(await this.#context.records.leaves(contract));
    assertInvariant(leaves.ok, `the recorded leaves of ${contract} are no leaves`);
    const total = leaves.value.at(-1)?.endChunk ?? 0n;
    const items: ProofItem[] = [];
    for (const chunk of chunks) {
      if (chunk >= total) return refused({ rule: 'audit/chunk', contract, chunk, totalChunks: total });
      const item = await this.#item(leaves.value, chunk);
      if (!item.ok) return item;
      items.push(item.value);
    }
    return accepted(items);
  }

  async #item(leaves: readonly Leaf[], chunk: bigint): Promise<Result<ProofItem>> {
    const { crypto, records } = this.#context;
    const leaf = leaves[findLeaf(leaves, chunk)];
    assertInvariant(leaf !== undefined, `no leaf holds chunk ${chunk}`);
    const slice = await this.#slicer.slice(leaf.id, Number(chunk - leafStartChunk(leaf)));
    if (!slice.ok) {
      await records.markCorrupt(leaf.id, nowSeconds(this.#context));
      return slice;
    }
    return accepted(buildProofItem(crypto, leaves, chunk, () => slice.value));
  }
}
