import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import {
  appended,
  dropped,
  dropTransaction,
  renewed,
  renewTransaction,
  reviseTransaction,
} from '../../../contracts/testing/changes.js';
import {
  ContractScenario,
  createContractScenario,
  scenarioFragment,
} from '../../../contracts/testing/contract-scenario.js';
import { RepairScenario } from '../../../contracts/testing/repair-scenario.js';
import { forkAt, submitFrom } from '../testing/forks.js';
import { TestLedger } from '../testing/test-ledger.js';

let test: TestLedger;
beforeEach(async () => {
  test = await TestLedger.open();
});
afterEach(async () => {
  await test.close();
});

/** Gives the ledger what the chain has and it lacks; from a height on after a fork. */
async function follow(scenario: ContractScenario, fromHeight = test.height + 1): Promise<void> {
  await submitFrom(test, scenario.chain, fromHeight);
}

/** The fragments that the ledger lists for a contract, in its order. */
async function listed(id: string): Promise<string[]> {
  const { items } = await test.ledger.contractFragments({ id, limit: 200 });
  return items.filter(({ droppedAt }) => droppedAt === null).map((entry) => entry.id);
}

/** Status of each contract that the ledger names for a fragment, newest first. */
async function heldBy(fragment: string | undefined): Promise<[string, string][]> {
  const holders = await test.ledger.holders({ fragment: fragment ?? '' });
  return holders.map(({ contract, contractStatus }) => [contract, contractStatus]);
}

const idsOf = ({ terms }: ContractScenario): string[] => terms.leaves.map(({ id }) => id);

/** The same contract on another chain. */
function on(chain: ContractScenario['chain'], { terms }: ContractScenario): ContractScenario {
  return new ContractScenario(chain, terms);
}

describe('what a contract holds', () => {
  it('grows with an append, shrinks with a drop, goes on in a renewal, and comes back with a reorganisation', async () => {
    const first = createContractScenario({ epochs: 4, fragmentLengths: [2_000, 3_000, 4_000] });
    const { chain } = first;
    first.form();
    const formedAt = chain.height;
    const more = [scenarioFragment(50, 700), scenarioFragment(51, 1_500)];
    chain.mineBlock([reviseTransaction(first, { appended: more })]);
    const grown = appended(first, more);
    const appendedAt = chain.height;
    chain.mineBlock([dropTransaction(grown, [1, 3])]);
    const smaller = dropped(grown, [1, 3]);
    const droppedAt = chain.height;
    await follow(first);
    const live = idsOf(grown).filter((_, index) => index !== 1 && index !== 3);
    expect(await listed(first.id)).toEqual(live);
    expect(await heldBy(idsOf(grown)[1])).toEqual([]);
    expect(await heldBy(idsOf(grown)[4])).toEqual([[first.id, 'active']]);

    chain.mineBlock([renewTransaction(smaller)]);
    const next = renewed(smaller);
    const renewedAt = chain.height;
    chain.mineBlock([dropTransaction(next, [0])]);
    await follow(first);
    expect(await listed(next.id)).toEqual(live.slice(1));
    // What the old one held is what it held when it went on.
    expect(await listed(first.id)).toEqual(live);
    expect(await heldBy(live[0])).toEqual([[first.id, 'renewed']]);
    expect(await heldBy(live[1])).toEqual([
      [next.id, 'active'],
      [first.id, 'renewed'],
    ]);

    let end = chain.height;
    const branches = [
      { at: renewedAt, lists: [live, live] },
      { at: droppedAt, lists: [live, []] },
      { at: appendedAt, lists: [idsOf(grown), []] },
      { at: formedAt, lists: [idsOf(first), []] },
      { at: formedAt - 1, lists: [[], []] },
    ];
    for (const { at, lists } of branches) {
      const branch = forkAt(chain, at);
      branch.mineTo(end + 1);
      end = branch.height;
      await follow(on(branch, first), at + 1);
      expect([await listed(first.id), await listed(next.id)]).toEqual(lists);
    }
    // And the first branch once more, longer than all others.
    chain.mineTo(end + 1);
    await follow(first, formedAt);
    expect(await listed(next.id)).toEqual(live.slice(1));
  });

  it('is what its new holder holds after a replacement, and a failed contract is failed while its reserve waits', async () => {
    const scenario = new RepairScenario({ epochs: 6 });
    const { chain, old } = scenario;
    scenario.fail();
    const failedAt = chain.height;
    await follow(old);
    const status = async (id: string) =>
      (await test.ledger.contracts({ status: 'failed' })).items.some((c) => c.id === id);
    expect(await status(old.id)).toBe(true);
    expect((await test.ledger.contracts({ status: 'active' })).items).toEqual([]);
    const reserve = chain.pot(`reserve:${old.id}`);
    const client = await test.ledger.account({ account: old.terms.client.account });
    expect([client.reserve, reserve > 0n]).toEqual([reserve.toString(), true]);
    const view = await test.ledger.contract({ id: old.id });
    expect(view).toMatchObject({ status: 'failed', settledAt: null, replaceable: 'failed', strikesLeft: 0 });
    expect(view?.refundHeight).toBe(failedAt + chain.law.params.contract.repairBlocks);

    const next = scenario.replace();
    await follow(old);
    expect(await listed(next.id)).toEqual(idsOf(old));
    expect(await heldBy(idsOf(old)[0])).toEqual([
      [next.id, 'active'],
      [old.id, 'failed'],
    ]);
    expect(await test.ledger.contract({ id: old.id })).toMatchObject({
      successor: next.id,
      replaceable: null,
    });
    expect(await test.ledger.contract({ id: next.id })).toMatchObject({
      origin: { kind: 'replacement', contract: old.id },
    });

    // Taken back to the failure, and further back to before it.
    for (const [at, isFailed] of [
      [failedAt, true],
      [failedAt - 1, false],
    ] as const) {
      const branch = forkAt(chain, at);
      branch.mineTo(test.height + (isFailed ? 1 : 0));
      if (!isFailed) {
        // The last window gets its proof on this branch.
        const proving = on(forkAt(chain, old.firstProofHeight(2) - 1), old);
        proving.chain.mineBlock([proving.proveTransaction()]);
        proving.chain.mineTo(test.height + 1);
        await follow(proving, old.firstProofHeight(2));
      } else await follow(on(branch, old), at + 1);
      expect(await status(old.id)).toBe(isFailed);
      expect(await listed(next.id)).toEqual([]);
      expect(await heldBy(idsOf(old)[0])).toEqual([[old.id, isFailed ? 'failed' : 'active']]);
    }
  });
});

describe('the proof of an epoch', () => {
  it('can be checked against the list as it was, long after fragments were appended and dropped', async () => {
    const first = createContractScenario({ epochs: 4, fragmentLengths: [2_000, 3_000, 4_000] });
    const { chain } = first;
    first.form();
    first.openWindow(0);
    const more = [scenarioFragment(50, 700)];
    // Published inside the window: the challenge stays with the list of its own block.
    const proof = first.proveTransaction();
    chain.mineBlock([reviseTransaction(first, { appended: more })]);
    chain.mineBlock([proof]);
    const grown = appended(first, more);
    chain.mineTo(first.lastProofHeight(0) + 1);
    chain.mineBlock([dropTransaction(grown, [0])]);
    const smaller = dropped(grown, [0]);
    smaller.proveEpoch(1);
    smaller.missEpoch(2);
    chain.mineBlock([chain.sign(first.terms.provider, 'skip', { contract: first.id, epoch: 3 })]);
    while (first.contract.status === 'active') chain.mineBlock();
    await follow(first);
    const epochs = await Promise.all(
      [0, 1, 2, 3].map((epoch) => test.ledger.epochProof({ id: first.id, epoch })),
    );
    expect(epochs.map((view) => view?.outcome)).toEqual(['proven', 'proven', 'missed', 'skipped']);
    expect(epochs.map((view) => view?.challenge?.leafCount)).toEqual([3, 4, 4, undefined]);
    expect(epochs.map((view) => view?.explanation?.violation)).toEqual([null, null, undefined, undefined]);
    const verdicts = epochs[1]?.explanation?.draws.map(({ verdict }) => verdict) ?? [];
    expect(verdicts.filter((verdict) => verdict === 'proven')).toHaveLength(
      chain.law.params.contract.challenges,
    );
    expect(epochs[0]?.transaction?.id).toBe(proof.id);
    // The same after a restart, and after the index was built anew.
    await test.reopen();
    expect(await test.ledger.epochProof({ id: first.id, epoch: 1 })).toEqual(epochs[1]);
  });
});
