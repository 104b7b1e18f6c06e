import { type ContractId, encode, isHexId } from '#chain';
import { proofItemsSchema } from '#contracts';
import { bytesToHex } from '#crypto';
import { accepted, type Result, refused } from '#errors';
import { ANY_FRAGMENT, type AuditAnswer } from '#wire';
import type { ProviderContext } from '../provider-context.js';
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

/** What one item takes at most: a path of 32 hashes and the slice of one chunk. */
const MAX_ITEM_BYTES = 4096;

/** Answers audits: the same proof a challenge asks for, of chunks the asker chose, now. */
export class Audits {
  readonly #context: ProviderContext;
  readonly #gate: TicketGate;
  readonly #builder: ProofBuilder;

  constructor(context: ProviderContext, gate: TicketGate, builder: ProofBuilder) {
    this.#context = context;
    this.#gate = gate;
    this.#builder = builder;
  }

  async answer(claim: AuditClaim): Promise<Result<AuditAnswer>> {
    if (!isHexId(claim.contract, 32)) return refused({ rule: 'contract/unknown', contract: claim.contract });
    const contract = claim.contract as ContractId;
    const admitted = this.#gate.admit({ ...claim, contract, method: 'audit', fragment: ANY_FRAGMENT });
    if (!admitted.ok) return admitted;
    if ((await this.#context.records.leaves(contract)).length === 0) {
      return refused({ rule: 'audit/nothing-agreed', contract });
    }
    // Before the disk is read: reading and hashing is the work, and a use repeated must not make us do it again.
    const { charge, refund } = admitted.value;
    const mostBytes = claim.chunks.length * MAX_ITEM_BYTES;
    const overBudget = await charge(mostBytes);
    if (overBudget !== undefined) return refused(overBudget);
    let movedBytes = 0;
    try {
      const items = await this.#builder.build(contract, claim.chunks.map(BigInt));
      if (!items.ok) return items;
      const bytes = encode(proofItemsSchema, items.value);
      movedBytes = bytes.length;
      return accepted({ items: bytesToHex(bytes) });
    } finally {
      await refund(mostBytes - movedBytes);
    }
  }
}
