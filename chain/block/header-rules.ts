import type { Violation } from '#errors';
import type { Law } from '../law/law.js';
import type { NetworkParams } from '../params/network-params.js';
import { nextAsertBits } from '../pow/asert.js';
import { bitsToTarget, hashToNumber } from '../pow/target.js';
import {
  BLOCK_VERSION,
  type BlockHeader,
  hashToBlockId,
  headerHash,
  VERSION_ROLLING_MASK,
} from './header.js';
import type { Supplement } from './supplement.js';

/** The part of the supplement that is known as soon as the ancestors' headers are. */
export type HeaderSupplement = Pick<Supplement, 'parent' | 'medianTimeSeconds'>;

/** What each header rule sees. */
interface HeaderRuleInput {
  readonly law: Law;
  readonly header: BlockHeader;
  readonly supplement: HeaderSupplement;
}

type HeaderRule = (input: HeaderRuleInput) => Violation | undefined;

/** The compact target the block after `parent` must have. */
export function expectedBits(params: NetworkParams, parent: Supplement['parent']): number {
  const pow = params.proofOfWork;
  if (pow.adjustment === 'constant') return pow.genesisBits;
  return nextAsertBits({
    anchorBits: pow.genesisBits,
    anchorHeight: 0,
    anchorParentTimeSeconds: params.genesis.timeSeconds - pow.blockSeconds,
    height: parent.height,
    timeSeconds: parent.timeSeconds,
    blockSeconds: pow.blockSeconds,
    halfLifeSeconds: pow.halfLifeSeconds,
    limitBits: pow.limitBits,
  });
}

const version: HeaderRule = ({ header }) => {
  const fixed = (header.version & ~VERSION_ROLLING_MASK) >>> 0;
  return fixed === BLOCK_VERSION ? undefined : { rule: 'header/version', version: header.version };
};

const previous: HeaderRule = ({ header, supplement }) => {
  const id = hashToBlockId(header.previous);
  return id === supplement.parent.id
    ? undefined
    : { rule: 'header/previous', previous: id, parent: supplement.parent.id };
};

const bits: HeaderRule = ({ law, header, supplement }) => {
  const expected = expectedBits(law.params, supplement.parent);
  return header.bits === expected ? undefined : { rule: 'header/bits', bits: header.bits, expected };
};

const timestamp: HeaderRule = ({ header, supplement }) =>
  header.time > supplement.medianTimeSeconds
    ? undefined
    : { rule: 'header/time-too-old', time: header.time, medianTime: supplement.medianTimeSeconds };

const proofOfWork: HeaderRule = ({ law, header }) => {
  const target = bitsToTarget(header.bits);
  if (!target.ok) return target.violation;
  const hash = headerHash(law.crypto, header);
  return hashToNumber(hash) <= target.value
    ? undefined
    : { rule: 'header/proof-of-work', block: hashToBlockId(hash), bits: header.bits };
};

/** Every rule about a header, in the order they are checked: cheap ones first. */
export const HEADER_RULES: readonly HeaderRule[] = [version, previous, bits, timestamp, proofOfWork];

/** The first rule a header breaks. */
export function validateHeader(
  law: Law,
  header: BlockHeader,
  supplement: HeaderSupplement,
): Violation | undefined {
  for (const rule of HEADER_RULES) {
    const violation = rule({ law, header, supplement });
    if (violation !== undefined) return violation;
  }
  return undefined;
}

/** A node's own rule, not consensus: a block from the future is not accepted yet. */
export const MAX_FUTURE_SECONDS = 120;

/** Whether a block's time is too far ahead of the local clock. */
export function validateClock(header: BlockHeader, nowSeconds: number): Violation | undefined {
  return header.time <= nowSeconds + MAX_FUTURE_SECONDS
    ? undefined
    : { rule: 'node/time-too-new', time: header.time, now: nowSeconds, maxAheadSeconds: MAX_FUTURE_SECONDS };
}
