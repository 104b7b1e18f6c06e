import { type ContractId, encode, isHexId } from '#chain';
import { storageProofSchema } from '#contracts';
import { bytesToHex } from '#crypto';
import { accepted, type Result, refused } from '#errors';
import { ANY_FRAGMENT, type AuditAnswer } from '#wire';
import type { TicketGate } from '../tickets/ticket-gate.js';
import type { ProofBuilder } from './proof-builder.js';

/** A request for storage proofs of chosen chunks. */
export interface AuditClaim {
  readonly contract: string;
  readonly ticket: string | undefined;
  readonly use: string | undefined;
  /** Decimal, counted over the contract. */
  readonly chunks: readonly string[];
}

/** What one draw adds to a proof at most: a leaf, a path of 32 hashes and the slice of one chunk. */
const MAX_DRAW_BYTES = 4096;

/** Answers audits: the same proof a challenge asks for, of chunks the asker chose, now. */
export class Audits {
  readonly #gate: TicketGate;
  readonly #builder: ProofBuilder;

  constructor(gate: TicketGate, builder: ProofBuilder) {
    this.#gate = gate;
    this.#builder = builder;
  }

  async answer(claim: AuditClaim): Promise<Result<AuditAnswer>> {
    if (!isHexId(claim.contract, 32)) return refused({ rule: 'contract/unknown', contract: claim.contract });
    const contract = claim.contract as ContractId;
    const admitted = this.#gate.admit({ ...claim, contract, method: 'audit', fragment: ANY_FRAGMENT });
    if (!admitted.ok) return admitted;
    const leaves = await this.#builder.leaves(contract);
    if (!leaves.ok) return leaves;
    const totalChunks = leaves.value.at(-1)?.endChunk ?? 0n;
    const draws = claim.chunks.map(BigInt);
    const beyond = draws.find((chunk) => chunk >= totalChunks);
    if (beyond !== undefined) return refused({ rule: 'audit/chunk', contract, chunk: beyond, totalChunks });
    // Before the disk is read: reading and hashing is the work, and a use repeated must not make us do it again.
    const { charge, refund } = admitted.value;
    const mostBytes = claim.chunks.length * MAX_DRAW_BYTES;
    const overBudget = await charge(mostBytes);
    if (overBudget !== undefined) return refused(overBudget);
    let movedBytes = 0;
    try {
      const proof = await this.#builder.build(leaves.value, { draws, wanted: draws.length });
      if (!proof.ok) return proof;
      const bytes = encode(storageProofSchema, proof.value);
      movedBytes = bytes.length;
      return accepted({ proof: bytesToHex(bytes) });
    } finally {
      await refund(mostBytes - movedBytes);
    }
  }
}
