import type { ContractId } from '#chain';
import {
  assembleStorageProof,
  type DrawPlan,
  type Leaf,
  planStorageProof,
  type StorageProof,
} from '#contracts';
import { accepted, type Result, refused } from '#errors';
import { type ChallengeView, entriesToList } from '#wire';
import { nowSeconds, type ProviderContext } from '../provider-context.js';
import { findLeaves } from '../terms/leaf-lists.js';
import type { Slicer } from './slicer.js';

/** Makes storage proofs of chosen chunks from what is on the disk. */
export class ProofBuilder {
  readonly #context: ProviderContext;
  readonly #slicer: Slicer;

  constructor(context: ProviderContext, slicer: Slicer) {
    this.#context = context;
    this.#slicer = slicer;
  }

  /** The proof of what a plan asks for; violations `fragment/lost`, `fragment/corrupt`. */
  async build(leaves: readonly Leaf[], asked: DrawPlan): Promise<Result<StorageProof>> {
    const { crypto, records } = this.#context;
    const plan = planStorageProof(leaves, asked);
    const slices: Uint8Array[] = [];
    for (const { leaf, chunks } of plan.slices) {
      const slice = await this.#slicer.slice(leaf.id, chunks);
      if (!slice.ok) {
        await records.markCorrupt(leaf.id, nowSeconds(this.#context));
        return slice;
      }
      // Found again: a disk that was away makes every fragment look lost.
      await records.unmarkCorrupt(leaf.id);
      slices.push(slice.value);
    }
    return accepted(assembleStorageProof(crypto, leaves, plan, slices));
  }

  /**
   * The leaves a challenge was drawn from: on record, or made from the list on the chain. Undefined where neither is what
   * was committed to at the challenge block: the node's index may lag.
   */
  leavesAt(
    contract: ContractId,
    { root }: Pick<ChallengeView, 'root'>,
  ): Promise<readonly Leaf[] | undefined> {
    return findLeaves(this.#context, contract, root);
  }

  /** The leaves a contract has now, tombstones included; violation `audit/nothing-agreed`. */
  async leaves(contract: ContractId): Promise<Result<readonly Leaf[]>> {
    const entries = await this.#context.records.leaves(contract);
    if (entries.length === 0) return refused({ rule: 'audit/nothing-agreed', contract });
    return accepted(entriesToList(entries));
  }
}
