import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { applyGenesis, decodeDiff, encodeDiff, MemoryState, potKind, potSpace } from '#chain';
import { contractSpace, dueSpace, usageSpace } from '#contracts';
import type { MemoryChain } from '../../chain/testing/memory-chain.js';
import { findDifference, snapshotState } from '../../chain/testing/state-snapshot.js';
import { rounds, wholeMarket } from './market-arbitrary.js';
import { MarketHistory, type Round } from './market-history.js';

/** Drawn anew in every run and printed; put the printed number here to repeat a history. */
const seed = Math.floor(Math.random() * 2 ** 31);
process.stdout.write(`law-history: fast-check seed ${seed}\n`);

/** What happened in all histories together: a property over histories in which nothing happens proves nothing. */
const seen = {
  blocks: 0,
  accepted: 0,
  refused: 0,
  formed: 0,
  proven: 0,
  missed: 0,
  settled: 0,
  failed: 0,
  ended: 0,
};

function checkCoins(chain: MemoryChain): void {
  const { minted, burned, held } = chain.audit();
  expect(held).toBe(minted - burned);
  for (const [pot, amount] of chain.state.entries(potSpace)) {
    expect(amount).toBeGreaterThan(0n);
    expect(['account', 'reward', 'escrow', 'vesting', 'collateral', 'pool']).toContain(potKind(pot));
  }
}

function checkSchedule(chain: MemoryChain): void {
  const scheduled = new Map<string, number>();
  for (const [height, ids] of chain.state.entries(dueSpace)) {
    expect(ids.length).toBeGreaterThan(0);
    expect([...ids].sort()).toEqual(ids);
    for (const id of ids) {
      expect(scheduled.has(id)).toBe(false);
      scheduled.set(id, Number(height));
    }
  }
  const used = new Map<string, bigint>();
  for (const [id, contract] of chain.state.entries(contractSpace)) {
    const isActive = contract.status === 'active';
    expect(scheduled.get(id)).toBe(isActive ? contract.dueAt : undefined);
    expect(contract.lot.minted).toBeLessThanOrEqual(contract.lot.burned);
    expect(contract.proven + contract.missed).toBeLessThanOrEqual(contract.epochs);
    if (!isActive) {
      expect(contract.window).toBeUndefined();
      continue;
    }
    expect(contract.dueAt).toBeGreaterThan(chain.height);
    used.set(contract.provider, (used.get(contract.provider) ?? 0n) + contract.totalBytes);
  }
  expect(new Map(chain.state.entries(usageSpace))).toEqual(used);
  for (const id of scheduled.keys()) expect(chain.state.get(contractSpace, id)).toBeDefined();
}

function checkSettlements(chain: MemoryChain): void {
  const settled = new Map<string, number>();
  for (let height = 0; height <= chain.height; height++) {
    for (const event of chain.at(height).events) {
      if (event.type === 'object' && event.name === 'contract/settled')
        settled.set(event.subject, (settled.get(event.subject) ?? 0) + 1);
    }
  }
  for (const [id, { status }] of chain.state.entries(contractSpace))
    expect(settled.get(id) ?? 0).toBe(status === 'active' ? 0 : 1);
  for (const [pot] of chain.state.entries(potSpace)) {
    const [, id] = pot.split(':');
    if (['escrow', 'vesting', 'collateral'].includes(potKind(pot)))
      expect(chain.state.get(contractSpace, id as string)?.status).toBe('active');
  }
}

function checkBlock(chain: MemoryChain, before: ReadonlyMap<string, string>): void {
  const { diff } = chain.tip;
  const stored = decodeDiff(chain.law.namespaces, encodeDiff(diff));
  if (!stored.ok) throw new Error(stored.violation.rule);
  expect(encodeDiff(stored.value)).toEqual(encodeDiff(diff));
  const after = chain.snapshot();
  chain.state.revert(stored.value);
  expect(findDifference(chain.snapshot(), before)).toBeUndefined();
  chain.state.apply(stored.value);
  expect(findDifference(chain.snapshot(), after)).toBeUndefined();
}

function playRound(history: MarketHistory, round: Round): void {
  const { chain } = history;
  const proposals = history.propose(round);
  const before = chain.snapshot();
  const template = chain.template(proposals);
  expect(findDifference(chain.snapshot(), before)).toBeUndefined();
  // The template of whatever candidates is always a valid block, by the whole law.
  const added = chain.add(chain.draft(proposals));
  if (!added.ok) throw new Error(`template refused: ${added.violation.rule}`);
  seen.accepted += template.transactions.length;
  seen.refused += template.refusals.length;
  checkBlock(chain, before);
  checkCoins(chain);
  checkSchedule(chain);
  for (let idle = 0; idle < round.idleBlocks; idle++) {
    const start = chain.snapshot();
    chain.mineBlock();
    checkBlock(chain, start);
    checkCoins(chain);
    checkSchedule(chain);
  }
  const depth = Math.min(round.reorgDepth, chain.height - 2);
  const tip = chain.snapshot();
  const branch = Array.from({ length: depth }, () => chain.revertTip()).reverse();
  checkCoins(chain);
  checkSchedule(chain);
  for (const block of branch) expect(chain.add(block).ok).toBe(true);
  expect(findDifference(chain.snapshot(), tip)).toBeUndefined();
}

function count(chain: MemoryChain): void {
  seen.blocks += chain.height;
  for (const [, contract] of chain.state.entries(contractSpace)) {
    seen.formed += 1;
    seen.proven += contract.proven;
    seen.missed += contract.missed;
    if (contract.status !== 'active') seen.settled += 1;
    if (contract.status === 'failed') seen.failed += 1;
    if (contract.status === 'ended') seen.ended += 1;
  }
}

describe('random histories of a market', () => {
  test('coins, schedule, settlement, templates, stored diffs and the way back', () => {
    fc.assert(
      fc.property(rounds, (history) => {
        const market = new MarketHistory();
        const { chain } = market;
        for (const round of history) playRound(market, round);
        checkSettlements(chain);
        count(chain);
        while (chain.height > 0) chain.revertTip();
        const genesis = new MemoryState();
        genesis.apply(applyGenesis(chain.law).diff);
        expect(findDifference(chain.snapshot(), snapshotState(chain.law, genesis))).toBeUndefined();
        expect(chain.audit().held).toBe(chain.law.params.genesis.allocations[0]?.amount);
      }),
      {
        seed,
        examples: [[wholeMarket]],
        numRuns: 60,
        interruptAfterTimeLimit: 10_000,
        markInterruptAsFailure: false,
      },
    );
    process.stdout.write(`law-history: ${JSON.stringify(seen)}\n`);
    for (const [what, number] of Object.entries(seen)) {
      if (number === 0) throw new Error(`no history had ${what}: the property proves too little`);
    }
  });
});
