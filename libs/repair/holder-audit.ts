import { randomInt } from 'node:crypto';
import type { FragmentId } from '#chain';
import { allPages, type HolderSessions } from '#client';
import { isTombstone, type Leaf, validateStorageProof } from '#contracts';
import { blake3ChunkCount, type CryptoPort, hexToBytes } from '#crypto';
import { AppError, violationToText } from '#errors';
import type { LedgerPort } from '#ledger';
import { type ContractView, type FragmentEntryView, listedLeaves } from '#wire';
import { lostFragmentOf } from './lost-fragment.js';

/** Visits within which every fragment of a contract is asked for, however many there are. */
export const VISITS_PER_WALK = 32;
/** Fragments of one question: the protocol allows 16 chunks. */
const WALKED = 14;
const RANDOM = 2;
/** A holder reads every fragment whole that it is asked about, and answers within one silence. */
const MAX_ASKED_BYTES = 16 * 2 ** 20;
/** Losses named at one visit; a holder that lost more is asked again soon. */
const MAX_LOST_PER_VISIT = 64;

export interface HolderAuditOptions {
  readonly crypto: CryptoPort;
  readonly ledger: Pick<LedgerPort, 'contractFragments'>;
  readonly sessions: Pick<HolderSessions, 'with'>;
}

/**
 * Has holders prove what they keep: a few fragments at random, which nobody can prepare for, and the next ones of a walk
 * through all of them, so that what rotted in one of thousands is met in bounded time.
 */
export class HolderAudit {
  /** The leaf at which the walk goes on, by contract. */
  private readonly places = new Map<string, number>();

  constructor(private readonly options: HolderAuditOptions) {}

  /** Forgets contracts that nobody watches any more. */
  keepOnly(contracts: ReadonlySet<string>): void {
    for (const id of this.places.keys()) if (!contracts.has(id)) this.places.delete(id);
  }

  /** What the node's list says that a contract holds, checked against its root. @throws AppError `contract/list-lags` */
  async leavesOf(view: ContractView): Promise<readonly Leaf[]> {
    const { ledger, crypto } = this.options;
    const listed = await allPages<FragmentEntryView>((cursor) =>
      ledger.contractFragments({ id: view.id, cursor, limit: 200 }),
    );
    const leaves = listedLeaves(crypto, listed, view.root);
    if (leaves !== undefined) return leaves;
    throw new AppError({
      code: 'contract/list-lags',
      message: `The node's list of contract ${view.id} does not lead to the root ${view.root} on its chain.`,
      next: 'Its index follows the chain; the contract is audited at a later block.',
      data: { contract: view.id },
    });
  }

  /**
   * One visit, `leaves`: what it keeps (`leavesOf`); answers the fragments that the holder was asked for and says it lost.
   * @throws AppError what the session throws, or `audit/proof` for a proof that does not hold
   */
  async visit(view: ContractView, leaves: readonly Leaf[], signal?: AbortSignal): Promise<FragmentId[]> {
    const live = leaves.flatMap((leaf, index) => (isTombstone(leaf) ? [] : [index]));
    if (live.length === 0) return [];
    const from = this.places.get(view.id) ?? randomInt(leaves.length);
    const start = Math.max(
      0,
      live.findIndex((index) => index >= from),
    );
    const order = [...live.slice(start), ...live.slice(0, start)];
    const share = Math.ceil(live.length / VISITS_PER_WALK);
    const lost: FragmentId[] = [];
    for (let walked = 0; walked === 0 || walked < share; ) {
      const next = nextFragments(leaves, order.slice(walked));
      const random = walked === 0 ? Array.from({ length: RANDOM }, () => live[randomInt(live.length)]) : [];
      const asked = new Set([...(random as number[]), ...next]);
      try {
        lost.push(...(await this.ask(view, leaves, [...asked], signal)));
      } catch (error) {
        // What it named already counts, and the next visit goes on here.
        if (lost.length > 0 && error instanceof AppError) break;
        throw error;
      }
      walked += next.length;
      this.places.set(view.id, order[walked % order.length] as number);
      if (lost.length >= MAX_LOST_PER_VISIT) break;
    }
    return [...new Set(lost)];
  }

  /** A proof of one chunk of each of these leaves; a holder names one that it lost at a time, and is asked for the rest. */
  private async ask(
    view: ContractView,
    leaves: readonly Leaf[],
    indexes: readonly number[],
    signal: AbortSignal | undefined,
  ): Promise<FragmentId[]> {
    const lost: FragmentId[] = [];
    for (let open = indexes; open.length > 0; ) {
      try {
        await this.prove(
          view,
          open.map((index) => randomChunkOf(leaves[index] as Leaf)),
          signal,
        );
        break;
      } catch (error) {
        const named = error instanceof AppError ? lostFragmentOf(error) : undefined;
        const rest = open.filter((index) => leaves[index]?.id !== named);
        // Whatever else it names it was not asked for.
        if (rest.length === open.length) throw error;
        lost.push(named as FragmentId);
        open = rest;
      }
    }
    return lost;
  }

  private async prove(
    view: ContractView,
    draws: readonly bigint[],
    signal: AbortSignal | undefined,
  ): Promise<void> {
    const session = await this.options.sessions.with(view);
    const proof = await session.audit(draws, signal);
    const target = { root: hexToBytes(view.root), leafCount: view.leafCount, draws, wanted: draws.length };
    const violation = validateStorageProof(this.options.crypto, target, proof);
    if (violation === undefined) return;
    throw new AppError({
      code: 'audit/proof',
      message: `Provider ${view.providerAddress} answered an audit of contract ${view.id} with a proof that does not hold: ${violationToText(violation)}.`,
      next: 'Its fragments count as lost until it proves them.',
      data: { contract: view.id },
    });
  }
}

/** The first of an order that fit into one question; one at least. */
function nextFragments(leaves: readonly Leaf[], order: readonly number[]): number[] {
  const next: number[] = [];
  let sizeBytes = 0;
  for (const index of order.slice(0, WALKED)) {
    sizeBytes += (leaves[index] as Leaf).lengthBytes;
    if (next.length > 0 && sizeBytes > MAX_ASKED_BYTES) break;
    next.push(index);
  }
  return next;
}

function randomChunkOf({ lengthBytes, endChunk }: Leaf): bigint {
  return endChunk - 1n - BigInt(randomInt(blake3ChunkCount(lengthBytes)));
}
