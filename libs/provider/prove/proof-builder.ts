import type { ContractId } from '#chain';
import {
  assembleStorageProof,
  type DrawPlan,
  type FragmentEntry,
  type Leaf,
  planStorageProof,
  type StorageProof,
} from '#contracts';
import { blake3ChunkCount } from '#crypto';
import { accepted, type Result, refused } from '#errors';
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
      slices.push(slice.value);
    }
    return accepted(assembleStorageProof(crypto, leaves, plan, slices));
  }

  /** The leaves a contract has now, tombstones included; violation `audit/nothing-agreed`. */
  async leaves(contract: ContractId): Promise<Result<readonly Leaf[]>> {
    const entries = await this.#context.records.leaves(contract);
    if (entries.length === 0) return refused({ rule: 'audit/nothing-agreed', contract });
    return accepted(entriesToList(entries));
  }
}

/** What was checked when it was agreed on; tombstones are many of one id. */
function entriesToList(entries: readonly FragmentEntry[]): Leaf[] {
  let endChunk = 0n;
  return entries.map((entry) => {
    endChunk += BigInt(blake3ChunkCount(entry.lengthBytes));
    return { ...entry, endChunk };
  });
}
