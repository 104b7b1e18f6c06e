import { BURN, FEES, MINT, type Pot, PROOF_MINT } from '#chain';
import { type BlockFacts, broken, changedPots } from './block-facts.js';

/**
 * Every coin that a block moves leaves one pot and enters another: what the postings say and what the balances became is
 * the same, nothing is negative, and the sum of all pots changed by what was minted less what was burned.
 */
export function checkCoins(facts: BlockFacts): void {
  const moved = new Map<Pot, bigint>();
  let minted = 0n;
  let burned = 0n;
  for (const { from, to, amount, reason } of facts.postings) {
    if (amount <= 0n || from === to)
      broken(facts, from, `a posting '${reason}' moves nothing`, { to, amount });
    if (from === MINT) minted += amount;
    else moved.set(from, (moved.get(from) ?? 0n) - amount);
    if (to === BURN) burned += amount;
    else moved.set(to, (moved.get(to) ?? 0n) + amount);
  }
  let supply = 0n;
  const pots = changedPots(facts);
  for (const [pot, { before, after }] of pots) {
    if (after < 0n) broken(facts, pot, 'a pot holds less than nothing', { after });
    if (after - before !== (moved.get(pot) ?? 0n))
      broken(facts, pot, 'a pot changed by other than its postings', {
        before,
        after,
        posted: moved.get(pot) ?? 0n,
      });
    supply += after - before;
  }
  for (const [pot, amount] of moved)
    if (amount !== 0n && !pots.has(pot))
      broken(facts, pot, 'postings that changed no pot', { posted: amount });
  if (supply !== minted - burned)
    broken(facts, 'supply', 'the supply changed by other than mint less burn', { supply, minted, burned });
  for (const pot of [FEES, PROOF_MINT])
    if (facts.view.balance(pot) !== 0n)
      broken(facts, pot, 'coins are left between blocks', { held: facts.view.balance(pot) });
}
