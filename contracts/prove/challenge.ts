import { type BlockId, blockIdToHash, type ContractId, type NetworkParams } from '#chain';
import { type CryptoPort, hexToBytes, readU64le, taggedHash, u32le } from '#crypto';

/** What seeds a challenge. */
export interface ChallengeSeed {
  readonly contract: ContractId;
  readonly epoch: number;
  /** Id of the challenge block: nobody knows it before that block is mined. */
  readonly blockId: BlockId;
  readonly totalChunks: bigint;
}

/**
 * The chunks a provider must show, counted over the whole contract: `params.contract.challenges` draws, each uniform
 * (a 128-bit number modulo the count, so the bias is below 2^-64). Draws may repeat.
 */
export function drawChunks(
  crypto: CryptoPort,
  params: NetworkParams,
  challenge: ChallengeSeed,
): readonly bigint[] {
  const seed = taggedHash(
    crypto,
    'cairn/challenge',
    params.networkId,
    blockIdToHash(challenge.blockId),
    hexToBytes(challenge.contract),
    u32le(challenge.epoch),
  );
  const chunks: bigint[] = [];
  for (let draw = 0; draw < params.contract.challenges; draw++) {
    const hash = taggedHash(crypto, 'cairn/challenge/draw', params.networkId, seed, u32le(draw));
    const number = readU64le(hash, 0) | (readU64le(hash, 8) << 64n);
    chunks.push(number % challenge.totalChunks);
  }
  return chunks;
}
