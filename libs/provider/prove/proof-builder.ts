import type { ContractId, FragmentId } from '#chain';
import {
  assembleStorageProof,
  commitToLeaves,
  type DrawPlan,
  type FragmentEntry,
  type Leaf,
  planStorageProof,
  type StorageProof,
} from '#contracts';
import { blake3ChunkCount, bytesToHex } from '#crypto';
import { accepted, type Result, refused } from '#errors';
import type { LedgerPort } from '#ledger';
import type { ChallengeView } from '#wire';
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
      // Found again: a disk that was away makes every fragment look lost.
      await records.unmarkCorrupt(leaf.id);
      slices.push(slice.value);
    }
    return accepted(assembleStorageProof(crypto, leaves, plan, slices));
  }

  /**
   * The leaves a challenge was drawn from: those on record as far as the list went then, or the list on the chain.
   * Undefined where neither is what was committed to at the challenge block: the node's index may lag.
   */
  async leavesAt(
    contract: ContractId,
    { root, leafCount }: Pick<ChallengeView, 'root' | 'leafCount'>,
  ): Promise<readonly Leaf[] | undefined> {
    const { crypto, records, ledger } = this.#context;
    const isCommitted = (leaves: readonly Leaf[]): boolean =>
      leaves.length === leafCount && bytesToHex(commitToLeaves(crypto, leaves).root) === root;
    const recorded = entriesToList(await records.leaves(contract)).slice(0, leafCount);
    if (isCommitted(recorded)) return recorded;
    const listed = entriesToList(await listOnChain(ledger, contract)).slice(0, leafCount);
    return isCommitted(listed) ? listed : undefined;
  }

  /** The leaves a contract has now, tombstones included; violation `audit/nothing-agreed`. */
  async leaves(contract: ContractId): Promise<Result<readonly Leaf[]>> {
    const entries = await this.#context.records.leaves(contract);
    if (entries.length === 0) return refused({ rule: 'audit/nothing-agreed', contract });
    return accepted(entriesToList(entries));
  }
}

/** Every entry the node lists of a contract now, dropped ones as tombstones. */
async function listOnChain(ledger: LedgerPort, id: string): Promise<FragmentEntry[]> {
  const entries: FragmentEntry[] = [];
  let cursor: string | undefined;
  do {
    const page = await ledger.contractFragments({ id, limit: 200, cursor });
    for (const { id: fragment, lengthBytes } of page.items)
      entries.push({ id: fragment as FragmentId, lengthBytes });
    cursor = page.nextCursor ?? undefined;
  } while (cursor !== undefined);
  return entries;
}

/** What was checked when it was agreed on; tombstones are many of one id. */
function entriesToList(entries: readonly FragmentEntry[]): Leaf[] {
  let endChunk = 0n;
  return entries.map((entry) => {
    endChunk += BigInt(blake3ChunkCount(entry.lengthBytes));
    return { ...entry, endChunk };
  });
}
