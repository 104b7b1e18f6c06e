import { type BlockId, blockIdToHash, type ContractId, type NetworkParams } from '#chain';
import { type CryptoPort, hexToBytes, readU64le, taggedHash, u32le } from '#crypto';
import type { DrawPlan } from './draws.js';

/** What seeds a challenge. */
export interface ChallengeSeed {
  readonly contract: ContractId;
  readonly epoch: number;
  /** Id of the challenge block: nobody knows it before that block is mined. */
  readonly blockId: BlockId;
  readonly totalChunks: bigint;
}

/**
 * The draws of a challenge, chunks counted over the whole contract, one after the other without end: each uniform (a
 * 128-bit number modulo the count, so the bias is below 2^-64). They may repeat. A draw on a dropped fragment is made
 * again, so how many are needed only the leaves tell (`answerDraws`).
 */
export function* challengeDraws(
  crypto: CryptoPort,
  params: NetworkParams,
  challenge: ChallengeSeed,
): Generator<bigint, never> {
  const seed = taggedHash(
    crypto,
    'cairn/challenge',
    params.networkId,
    blockIdToHash(challenge.blockId),
    hexToBytes(challenge.contract),
    u32le(challenge.epoch),
  );
  for (let draw = 0; ; draw++) {
    const hash = taggedHash(crypto, 'cairn/challenge/draw', params.networkId, seed, u32le(draw));
    const number = readU64le(hash, 0) | (readU64le(hash, 8) << 64n);
    yield number % challenge.totalChunks;
  }
}

/** What a challenge asks for. */
export function challengePlan(crypto: CryptoPort, params: NetworkParams, challenge: ChallengeSeed): DrawPlan {
  return { draws: challengeDraws(crypto, params, challenge), wanted: params.contract.challenges };
}

/** The chunks asked for where nothing was dropped: the first `params.contract.challenges` draws. */
export function drawChunks(
  crypto: CryptoPort,
  params: NetworkParams,
  challenge: ChallengeSeed,
): readonly bigint[] {
  const draws = challengeDraws(crypto, params, challenge);
  return Array.from({ length: params.contract.challenges }, () => draws.next().value);
}
