import { bitsToWork } from '#chain';
import type { ChainAccess } from '#ledger';
import type { SyncOptions } from '../sync-engine.js';

/**
 * The least work whose headers are kept: a little less than the own tip has, so that branches of today are known and a
 * long chain of easy blocks costs nothing but its transfer. Never below what the operator asks for.
 */
export async function keptWork(
  chain: ChainAccess,
  options: Pick<SyncOptions, 'minimumWork' | 'keptBehindBlocks'>,
): Promise<bigint> {
  const tip = await chain.tip();
  const point = await chain.headerPoint(tip.id);
  const behind =
    tip.totalWork - (point === undefined ? 0n : bitsToWork(point.bits)) * BigInt(options.keptBehindBlocks);
  return behind > options.minimumWork ? behind : options.minimumWork;
}
