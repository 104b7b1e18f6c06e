import { accepted, assertInvariant, type Result } from '#errors';
import { decodeBlock, encodeBlock, type KnownBlock, transactionRoot } from '../block/block.js';
import { type Coinbase, encodeCoinbase } from '../block/coinbase.js';
import { type BlockHeader, headerHash } from '../block/header.js';
import type { Law } from '../law/law.js';
import type { BlockTemplate } from '../law/template.js';
import { bitsToTarget, hashToNumber } from '../pow/target.js';
import type { KnownTransaction } from '../tx/transaction.js';

/** How a block differs from its template; everything else stays right, so that one rule alone is broken. */
export interface BlockChanges {
  readonly header?: Partial<BlockHeader>;
  readonly coinbase?: Partial<Coinbase>;
  readonly transactions?: readonly KnownTransaction[];
  /** `enough` (default) searches a nonce that meets the target, `missing` one that just does not. */
  readonly work?: 'enough' | 'missing';
}

/** The block of a template with real proof of work, or one changed on purpose. */
export function mineTemplate(
  law: Law,
  template: BlockTemplate,
  timeSeconds: number,
  changes: BlockChanges = {},
): Result<KnownBlock> {
  const transactions = changes.transactions ?? template.transactions;
  const coinbase = encodeCoinbase({
    ...template.coinbase,
    transactionRoot: transactionRoot(
      law,
      transactions.map((known) => known.id),
    ),
    ...changes.coinbase,
  });
  const header: BlockHeader = {
    version: template.version,
    previous: template.previous,
    merkleRoot: law.crypto.sha256d(coinbase),
    time: timeSeconds,
    bits: template.bits,
    nonce: 0,
    ...changes.header,
  };
  const mined = searchNonce(law, header, changes.work ?? 'enough');
  const bytes = encodeBlock(
    mined,
    coinbase,
    transactions.map((known) => known.bytes),
  );
  const block = decodeBlock(law, bytes);
  return block.ok ? accepted(block.value) : block;
}

function searchNonce(law: Law, header: BlockHeader, work: 'enough' | 'missing'): BlockHeader {
  const target = bitsToTarget(header.bits);
  assertInvariant(target.ok, `no target in bits ${header.bits}`);
  for (let nonce = 0; nonce <= 0xffff_ffff; nonce++) {
    const candidate = { ...header, nonce };
    const number = hashToNumber(headerHash(law.crypto, candidate));
    if (work === 'enough' ? number <= target.value : number > target.value && number <= target.value * 2n)
      return candidate;
  }
  throw new Error('no nonce does it');
}
