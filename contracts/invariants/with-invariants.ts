import type { BlockView, LawModule } from '#chain';
import { blockFacts } from './block-facts.js';
import { checkCoins } from './coin-invariants.js';
import { checkContracts } from './contract-invariants.js';
import { checkFlows } from './flow-invariants.js';
import { checkLots } from './lot-invariants.js';
import { checkSchedule, checkUsage } from './schedule-invariants.js';

/**
 * Modules of a law with checks around them: at the end of every block, what it changed is held against what must hold
 * of any block. Costs about as much as the block; for tests, simulations and whoever looks for a fault.
 * @throws InvariantError naming height, contract and figures
 */
export function withInvariants(modules: readonly LawModule[]): readonly LawModule[] {
  const automaticFrom = new WeakMap<BlockView, number>();
  const none = { kinds: [], namespaces: [] } as const;
  return [
    {
      name: 'before-automatic-transitions',
      ...none,
      endBlock: (view) => {
        automaticFrom.set(view, view.events.length);
      },
    },
    ...modules,
    {
      name: 'invariants',
      ...none,
      endBlock: (view) => checkBlock(view, automaticFrom.get(view) ?? view.events.length),
    },
  ];
}

/** Holds a block that is done against everything that must hold; events from `automaticFrom` on happened by themselves. */
export function checkBlock(view: BlockView, automaticFrom: number): void {
  const facts = blockFacts(view, automaticFrom);
  checkCoins(facts);
  checkFlows(facts);
  checkContracts(facts);
  checkLots(facts);
  checkSchedule(facts);
  checkUsage(facts);
}
