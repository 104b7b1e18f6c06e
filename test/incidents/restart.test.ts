import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { potSpace } from '#chain';
import { contractSpace } from '#contracts';
import {
  appended,
  dropped,
  dropTransaction,
  redeemTransaction,
  renewed,
  renewTransaction,
  reviseTransaction,
} from '../../contracts/testing/changes.js';
import { type ContractScenario, scenarioFragment } from '../../contracts/testing/contract-scenario.js';
import { RepairScenario } from '../../contracts/testing/repair-scenario.js';
import { forkAt, submitFrom, TestLedger } from '../../libs/ledger/testing/index.js';

let ledger: TestLedger;
beforeAll(async () => {
  // So often that snapshots, pruning and the reading of old events are in the middle of everything.
  ledger = await TestLedger.open({ upkeep: { snapshotBlocks: 7, undoBlocks: 6 } });
});
afterAll(async () => {
  await ledger.close();
});

/** Every moment of a life at which a node may be stopped, by name and by the height of its block. */
function wholeLife(): { readonly chain: ContractScenario['chain']; readonly moments: [string, number][] } {
  const scenario = new RepairScenario({ epochs: 8, readEscrow: 9_000n, reserve: 20_000_000n });
  const { chain, old: first } = scenario;
  const moments: [string, number][] = [];
  const mark = (what: string): void => {
    moments.push([what, chain.height]);
  };
  mark('formed');
  const more = [scenarioFragment(70, 2_000)];
  chain.mineBlock([reviseTransaction(first, { appended: more })]);
  mark('revised before its first epoch');
  const grown = appended(first, more);
  grown.openWindow(0);
  mark('a window open');
  chain.mineBlock([grown.proveTransaction()]);
  mark('proven, its window still open');
  chain.mineBlock([reviseTransaction(grown, { epochs: 10 })]);
  mark('revised again, inside a window');
  chain.mineBlock([redeemTransaction(grown, 100n)]);
  chain.mineTo(grown.challengeHeight(1) - 1);
  chain.mineBlock([dropTransaction(grown, [1])]);
  const smaller = dropped(grown, [1]);
  mark('dropped in the block of a challenge');
  smaller.missEpoch(1);
  mark('missed');
  chain.mineBlock([chain.sign(first.terms.provider, 'skip', { contract: first.id, epoch: 2 })]);
  mark('a skip declared');
  chain.mineTo(smaller.challengeHeight(2));
  mark('an epoch skipped');
  chain.mineBlock([renewTransaction(smaller, { epochs: 9, reserve: 20_000_000n, collateral: 20_000_000n })]);
  mark('renewed');
  const second = renewed(smaller);
  second.proveEpoch(0);
  for (const epoch of [1, 2, 3]) second.missEpoch(epoch);
  mark('failed, its reserve waiting');
  Object.assign(scenario, { old: second });
  const third = scenario.replace({}, 1n);
  mark('replaced');
  third.proveEpoch(0);
  mark('its bounty paid');
  chain.mineBlock([chain.sign(first.terms.client, 'end', { contract: third.id })]);
  mark('ending');
  while (chain.state.get(contractSpace, third.id)?.status === 'active') chain.mineBlock();
  mark('over');
  return { chain, moments };
}

/** Everything a reader is told about the contracts. */
async function dump(): Promise<unknown> {
  const port = ledger.ledger;
  const { items: contracts } = await port.contracts({ limit: 50 });
  return {
    contracts,
    fragments: await Promise.all(contracts.map(({ id }) => port.contractFragments({ id, limit: 50 }))),
    timelines: await Promise.all(contracts.map(({ id }) => port.contractTimeline({ id }))),
    epochs: await Promise.all(
      contracts.flatMap(({ id, nextEpoch }) =>
        Array.from({ length: nextEpoch }, (_, epoch) => port.epochProof({ id, epoch })),
      ),
    ),
    challenges: await Promise.all(
      [...new Set(contracts.map(({ provider }) => provider))].map((provider) =>
        port.challenges({ provider }),
      ),
    ),
    supply: await port.supply(),
    audit: await port.audit(),
    burnPrice: await port.burnPrice(),
  };
}

test('a node stopped in the middle of any step of a life goes on as if it had not been', async () => {
  const { chain, moments } = wholeLife();
  const seen = new Set<string>();
  for (const [what, height] of moments) {
    await submitFrom(ledger, forkAt(chain, height), ledger.height + 1);
    await ledger.ledger.indexed();
    const before = (await dump()) as { contracts: { status: string }[]; audit: { balanced: boolean } };
    expect([what, before.audit.balanced]).toEqual([what, true]);
    await ledger.reopen();
    await ledger.ledger.indexed();
    expect({ what, ...((await dump()) as object) }).toEqual({ what, ...before });
    for (const { status } of before.contracts) seen.add(status);
  }
  expect([...seen].sort()).toEqual(['active', 'ended', 'failed', 'renewed']);
  const pots = [...ledger.ledger.chain.state.entries(potSpace)].map(([pot]) => pot.split(':')[0]);
  expect(pots.filter((kind) => !['account', 'reward', 'pool'].includes(kind ?? ''))).toEqual([]);
}, 120_000);
