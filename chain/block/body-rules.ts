import { bytesToHex, equalBytes } from '#crypto';
import type { Violation } from '#errors';
import type { Law } from '../law/law.js';
import type { KnownBlock } from './block.js';
import { COINBASE_VERSION } from './coinbase.js';
import type { HeaderSupplement } from './header-rules.js';

interface BodyRuleInput {
  readonly law: Law;
  readonly block: KnownBlock;
  readonly supplement: HeaderSupplement;
}

type BodyRule = (input: BodyRuleInput) => Violation | undefined;

function checkMerkleRoot(law: Law, block: KnownBlock): Violation | undefined {
  const expected = law.crypto.sha256d(block.coinbaseBytes);
  return equalBytes(block.header.merkleRoot, expected)
    ? undefined
    : {
        rule: 'block/merkle-root',
        merkleRoot: bytesToHex(block.header.merkleRoot),
        expected: bytesToHex(expected),
      };
}

const coinbaseVersion: BodyRule = ({ block }) =>
  block.coinbase.version === COINBASE_VERSION
    ? undefined
    : { rule: 'coinbase/version', version: block.coinbase.version, expected: COINBASE_VERSION };

const coinbaseHeight: BodyRule = ({ block, supplement }) => {
  const expected = supplement.parent.height + 1;
  return block.coinbase.height === expected
    ? undefined
    : { rule: 'coinbase/height', height: block.coinbase.height, expected };
};

function checkTransactionRoot(block: KnownBlock): Violation | undefined {
  const expected = block.transactionRoot;
  return equalBytes(block.coinbase.transactionRoot, expected)
    ? undefined
    : {
        rule: 'block/transaction-root',
        transactionRoot: bytesToHex(block.coinbase.transactionRoot),
        expected: bytesToHex(expected),
      };
}

const merkleRootField: BodyRule = ({ law, block }) => checkMerkleRoot(law, block);

const transactionRootField: BodyRule = ({ block }) => checkTransactionRoot(block);

const duplicateTransaction: BodyRule = ({ block }) => {
  const seen = new Set<string>();
  for (const known of block.transactions) {
    if (seen.has(known.id)) return { rule: 'block/duplicate-transaction', transaction: known.id };
    seen.add(known.id);
  }
  return undefined;
};

const proofReserve: BodyRule = ({ law, block }) => {
  const { maxBlockBytes } = law.params.limits;
  const max = generalSpaceBytes(law);
  const used = block.transactions
    .filter((known) => law.kindsByName.get(known.transaction.kind)?.reserved !== true)
    .reduce((sum, known) => sum + known.bytes.length, 0);
  return used <= max
    ? undefined
    : { rule: 'block/proof-reserve', usedBytes: used, maxBytes: max, maxBlockBytes };
};

/** Bytes of a block that transactions other than proofs may fill. */
export function generalSpaceBytes(law: Law): number {
  const { maxBlockBytes, proofReserveBps } = law.params.limits;
  return maxBlockBytes - Math.floor((maxBlockBytes * proofReserveBps) / 10_000);
}

/** Every rule about a block's body that needs no state, in the order they are checked. */
export const BODY_RULES: readonly BodyRule[] = [
  merkleRootField,
  coinbaseVersion,
  coinbaseHeight,
  duplicateTransaction,
  transactionRootField,
  proofReserve,
];

/**
 * Whether a body is the one its header commits to. Until that is shown, a fault in the body says nothing about the
 * header: anybody can send another body under a good header.
 */
export function validateCommitments(law: Law, block: KnownBlock): Violation | undefined {
  return checkMerkleRoot(law, block) ?? checkTransactionRoot(block);
}

/** The first rule a body breaks. */
export function validateBody(
  law: Law,
  block: KnownBlock,
  supplement: HeaderSupplement,
): Violation | undefined {
  for (const rule of BODY_RULES) {
    const violation = rule({ law, block, supplement });
    if (violation !== undefined) return violation;
  }
  return undefined;
}
