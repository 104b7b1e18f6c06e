import { assertInvariant, type Violation } from '#errors';
import { transactionRoot } from '../block/block.js';
import { generalSpaceBytes } from '../block/body-rules.js';
import { COINBASE_VERSION, type Coinbase, EXTRANONCE_BYTES, MAX_COINBASE_BYTES } from '../block/coinbase.js';
import { BLOCK_VERSION, blockIdToHash, HEADER_BYTES } from '../block/header.js';
import { expectedBits } from '../block/header-rules.js';
import { earnedFigures, openReward } from '../block/reward.js';
import type { Supplement } from '../block/supplement.js';
import type { AccountId, TxId } from '../primitives/ids.js';
import type { StateReader } from '../state/namespace.js';
import type { KnownTransaction } from '../tx/transaction.js';
import { openBlockView } from './apply-block.js';
import { applyTransaction } from './apply-transaction.js';
import type { Law } from './law.js';

/** A block before its work: everything but time, extranonce and nonce is fixed. */
export interface BlockTemplate {
  readonly version: number;
  readonly previous: Uint8Array;
  readonly bits: number;
  readonly height: number;
  /** The header's time must be at least this. */
  readonly minTimeSeconds: number;
  readonly coinbase: Coinbase;
  readonly transactions: readonly KnownTransaction[];
  /**
   * Candidates that did not apply and why; the mempool drops them. Empty once a candidate was left out for want of
   * space: what comes after it may only fail because of that (its lane has a gap, its coins have not arrived).
   */
  readonly refusals: readonly { readonly id: TxId; readonly violation: Violation }[];
}

/**
 * Builds the next block from candidates in the order given (the mempool's: best fee rate first, an account's lane in
 * sequence). Candidates that break a rule or do not fit are left out, the rest is untouched by them.
 */
export function buildTemplate(
  law: Law,
  state: StateReader,
  supplement: Supplement,
  candidates: Iterable<KnownTransaction>,
  miner: AccountId,
): BlockTemplate {
  const view = openBlockView(law, state, supplement);
  const opened = openReward(view);
  const transactions: KnownTransaction[] = [];
  const refusals: { id: TxId; violation: Violation }[] = [];
  let left = law.params.limits.maxBlockBytes - HEADER_BYTES - MAX_COINBASE_BYTES - 12;
  let generalLeft = generalSpaceBytes(law);
  let isFull = false;
  for (const known of candidates) {
    const kind = law.kindsByName.get(known.transaction.kind);
    assertInvariant(
      kind !== undefined,
      `the mempool holds a transaction of unknown kind ${known.transaction.kind}`,
    );
    const size = known.bytes.length + 4;
    if (size > left || (kind.reserved !== true && known.bytes.length > generalLeft)) {
      isFull = true;
      continue;
    }
    const violation = applyTransaction(law, view, known);
    if (violation !== undefined) {
      if (!isFull) refusals.push({ id: known.id, violation });
      continue;
    }
    transactions.push(known);
    left -= size;
    if (kind.reserved !== true) generalLeft -= known.bytes.length;
  }
  return {
    version: BLOCK_VERSION,
    previous: blockIdToHash(supplement.parent.id),
    bits: expectedBits(law.params, supplement.parent),
    height: view.height,
    minTimeSeconds: supplement.medianTimeSeconds + 1,
    coinbase: {
      version: COINBASE_VERSION,
      height: view.height,
      transactionRoot: transactionRoot(
        law,
        transactions.map((known) => known.id),
      ),
      stateRoot: supplement.stateRoot,
      miner,
      ...opened,
      ...earnedFigures(view),
      extranonce: new Uint8Array(EXTRANONCE_BYTES),
      extra: new Uint8Array(0),
    },
    transactions,
    refusals,
  };
}
