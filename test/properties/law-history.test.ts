import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { applyGenesis, decodeDiff, encodeDiff, MemoryState, potKind, potSpace } from '#chain';
import { contractSpace, dueKeyHeight, dueSpace, usageSpace } from '#contracts';
import { equalBytes } from '#crypto';
import type { MemoryChain } from '../../chain/testing/memory-chain.js';
import { findDifference, snapshotState } from '../../chain/testing/state-snapshot.js';
import { everyChange, rounds, wholeMarket } from './market-arbitrary.js';
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
  renewed: 0,
  replaced: 0,
  skipped: 0,
};
/** Transactions of each kind that blocks held. */
const kinds = new Map<string, number>();

/** `expect` costs more than the law it would check here. */
function holds(condition: boolean, claim: string): void {
  if (!condition) throw new Error(claim);
}

const ofContracts = ['escrow', 'vesting', 'collateral', 'reserve', 'bounty', 'reads'];
const betweenBlocks = ['account', 'reward', 'pool', ...ofContracts];

function checkCoins(chain: MemoryChain): void {
  const { minted, burned, held } = chain.audit();
  holds(held === minted - burned, `${held} coins are held, ${minted} were minted and ${burned} burned`);
  for (const [pot, amount] of chain.state.entries(potSpace)) {
    holds(amount > 0n, `${pot} holds ${amount}`);
    holds(betweenBlocks.includes(potKind(pot)), `${pot} holds coins between blocks`);
  }
}

function checkSchedule(chain: MemoryChain): void {
  const scheduled = new Map<string, number>();
  for (const [height, ids] of chain.state.entries(dueSpace)) {
    holds(ids.length > 0, `an empty list is due at ${height}`);
    for (const [index, id] of ids.entries()) {
      holds(index === 0 || (ids[index - 1] as string) < id, `${id} is out of order at ${height}`);
      holds(!scheduled.has(id), `${id} is due twice`);
      holds(chain.state.get(contractSpace, id) !== undefined, `${id} is due and no contract`);
      scheduled.set(id, dueKeyHeight(height));
    }
  }
  const used = new Map<string, bigint>();
  for (const [id, contract] of chain.state.entries(contractSpace)) {
    const { status, dueAt, lots, proven, missed, epochs, window, provider, totalBytes } = contract;
    const expected = contract.settledAt === undefined ? dueAt : undefined;
    holds(scheduled.get(id) === expected, `${status} ${id} is due at ${scheduled.get(id)}`);
    for (const { minted, burned } of lots)
      holds(minted <= burned, `a lot of ${id} minted ${minted} of ${burned}`);
    holds(proven + missed <= epochs, `${id} has ${proven} proofs and ${missed} misses in ${epochs} epochs`);
    if (status !== 'active') {
      holds(window === undefined, `${status} ${id} has an open window`);
      continue;
    }
    holds(dueAt > chain.height, `${id} is due at ${dueAt}, which has passed`);
    used.set(provider, (used.get(provider) ?? 0n) + totalBytes);
  }
  const counted = [...chain.state.entries(usageSpace)];
  holds(counted.length === used.size, 'usage is counted for a provider without contracts');
  for (const [provider, bytes] of counted) holds(used.get(provider) === bytes, `${provider} uses ${bytes}`);
}

function checkSettlements(chain: MemoryChain): void {
  const settled = new Map<string, number>();
  for (let height = 0; height <= chain.height; height++) {
    for (const event of chain.at(height).events) {
      if (event.type === 'object' && event.name === 'contract/settled')
        settled.set(event.subject, (settled.get(event.subject) ?? 0) + 1);
    }
  }
  for (const [id, { status, settledAt }] of chain.state.entries(contractSpace))
    holds(
      (settled.get(id) ?? 0) === (settledAt === undefined ? 0 : 1),
      `${status} ${id} settled ${settled.get(id)} times`,
    );
  for (const [pot] of chain.state.entries(potSpace)) {
    const [kind, id] = pot.split(':') as [string, string];
    if (!ofContracts.includes(kind)) continue;
    const contract = chain.state.get(contractSpace, id);
    const isKept = contract?.status === 'active' || (kind === 'reserve' && contract?.settledAt === undefined);
    holds(isKept, `${pot} is left over`);
  }
}

/** The stored form of the tip's diff leads back to the state before it and forward again. */
function checkBlock(chain: MemoryChain, before: ReadonlyMap<string, string>): void {
  const encoded = encodeDiff(chain.tip.diff);
  const stored = decodeDiff(chain.law.namespaces, encoded);
  if (!stored.ok) throw new Error(stored.violation.rule);
  holds(equalBytes(encodeDiff(stored.value), encoded), 'a stored diff changed on the way');
  const after = chain.snapshot();
  chain.state.revert(stored.value);
  holds(findDifference(chain.snapshot(), before) === undefined, 'revert(apply(s, b)) is not s');
  chain.state.apply(stored.value);
  holds(findDifference(chain.snapshot(), after) === undefined, 'a stored diff does not lead forward');
}

function checkAll(chain: MemoryChain, before: ReadonlyMap<string, string>): void {
  checkBlock(chain, before);
  checkCoins(chain);
  checkSchedule(chain);
}

function playRound(history: MarketHistory, round: Round): void {
  const { chain } = history;
  const proposals = history.propose(round);
  const before = chain.snapshot();
  const template = chain.template(proposals);
  holds(findDifference(chain.snapshot(), before) === undefined, 'building a template changed the state');
  // The template of whatever candidates is always a valid block, by the whole law.
  const added = chain.add(chain.draft(proposals));
  if (!added.ok) throw new Error(`template refused: ${added.violation.rule}`);
  seen.accepted += template.transactions.length;
  seen.refused += template.refusals.length;
  checkAll(chain, before);
  for (let idle = 0; idle < round.idleBlocks; idle++) {
    const start = chain.snapshot();
    chain.mineBlock();
    checkAll(chain, start);
  }
  const depth = Math.min(round.reorgDepth, chain.height - 2);
  const tip = chain.snapshot();
  const branch = Array.from({ length: depth }, () => chain.revertTip()).reverse();
  checkCoins(chain);
  checkSchedule(chain);
  for (const block of branch) holds(chain.add(block).ok, 'a block that was taken back does not go on again');
  holds(
    findDifference(chain.snapshot(), tip) === undefined,
    'a reorganisation there and back changed the state',
  );
}

function count(chain: MemoryChain): void {
  seen.blocks += chain.height;
  for (const [, contract] of chain.state.entries(contractSpace)) {
    seen.formed += 1;
    seen.proven += contract.proven;
    seen.missed += contract.missed;
    if (contract.status !== 'active') seen.settled += 1;
    if (contract.status === 'failed') seen.failed += 1;
    if (contract.status === 'ended' || contract.status === 'cancelled') seen.ended += 1;
    if (contract.status === 'renewed') seen.renewed += 1;
    if (contract.status === 'replaced') seen.replaced += 1;
    if (contract.skip !== undefined) seen.skipped += 1;
  }
  for (let height = 1; height <= chain.height; height++)
    for (const { transaction } of chain.at(height).block.transactions)
      kinds.set(transaction.kind, (kinds.get(transaction.kind) ?? 0) + 1);
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
        examples: [[wholeMarket], [everyChange]],
        numRuns: 60,
        interruptAfterTimeLimit: 10_000,
        markInterruptAsFailure: false,
      },
    );
    process.stdout.write(`law-history: ${JSON.stringify({ ...seen, ...Object.fromEntries(kinds) })}\n`);
    const law = new MarketHistory().chain.law;
    const counts = [...law.kindsByName.keys()].map((kind) => [kind, kinds.get(kind) ?? 0] as const);
    for (const [what, number] of [...Object.entries(seen), ...counts]) {
      if (number === 0) throw new Error(`no history had ${what}: the property proves too little`);
    }
  });
});
