import type { ChainAccess } from '#ledger';
import { bitsToWork } from './header-cursor.js';

/** How many blocks of today's difficulty a branch may lie behind the own tip and still be remembered. */
const KEPT_BEHIND_BLOCKS = 144n;

/**
 * The least work whose headers are kept: a little less than the own tip has, so that branches of today are known and a
 * long chain of easy blocks costs nothing but its transfer. Never below what the operator asks for.
 */
export async function keptWork(chain: ChainAccess, minimumWork: bigint): Promise<bigint> {
  const tip = await chain.tip();
  const point = await chain.headerPoint(tip.id);
  const behind = tip.totalWork - bitsToWork(point?.bits ?? 0) * KEPT_BEHIND_BLOCKS;
  return behind > minimumWork ? behind : minimumWork;
}
