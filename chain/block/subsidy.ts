import type { NetworkParams } from '../params/network-params.js';

/** New coins of the block at a height: halved every `halvingBlocks`, none for the genesis block. */
export function blockSubsidy(params: NetworkParams, height: number): bigint {
  if (height === 0) return 0n;
  const halvings = Math.floor(height / params.reward.halvingBlocks);
  return halvings >= 63 ? 0n : params.reward.initialSubsidy >> BigInt(halvings);
}
