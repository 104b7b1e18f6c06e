import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { encodeTransaction, type KnownTransaction, potSpace } from '#chain';
import { contractKeptUntil, droppedKeptUntil } from '#contracts';
import { bytesToHex } from '#crypto';
import { dropped, dropTransaction } from '../../contracts/testing/changes.js';
import {
  ContractScenario,
  challengeProof,
  createContractScenario,
  openChallenge,
} from '../../contracts/testing/contract-scenario.js';
import { forkAt, submitFrom, TestLedger } from '../../libs/ledger/testing/index.js';

let ledger: TestLedger;
beforeEach(async () => {
  ledger = await TestLedger.open();
});
afterEach(async () => {
  expect(await ledger.ledger.audit()).toMatchObject({ balanced: true, differences: [] });
  await ledger.close();
});

/** The same contract on a branch that leaves the chain after a height. */
function branchOf({ chain, terms }: ContractScenario, height: number): ContractScenario {
  return new ContractScenario(forkAt(chain, height), terms);
}

/** Another block than the chain's own, so that what follows is another branch. */
function turn(scenario: ContractScenario): void {
  const { chain, terms } = scenario;
  chain.mineBlock([chain.transfer(chain.faucet(), terms.client.account, 1n)]);
}

/** Gives the node a branch that is heavier than its own. */
async function adopt({ chain }: ContractScenario, fromHeight: number): Promise<void> {
  await submitFrom(ledger, chain, fromHeight);
  expect((await ledger.ledger.status()).tip.id).toBe(chain.tip.block.id);
}

/** What the node says to a transaction that arrives now. */
async function answerTo({ transaction }: KnownTransaction): Promise<string> {
  const hex = bytesToHex(encodeTransaction(ledger.law, transaction));
  return ledger.ledger.submitTransaction({ hex }).then(
    () => 'accepted',
    (error: { data?: { violation?: { rule?: string } } }) => error.data?.violation?.rule ?? String(error),
  );
}

describe('a reorganisation across a challenge', () => {
  test('draws anew: the old proof is refused and forgotten, the new one is accepted and paid', async () => {
    const first = createContractScenario({ epochs: 4, fragmentLengths: [9_000, 5_000, 70_000] });
    first.form();
    const challengedAt = first.challengeHeight(0);
    first.openWindow(0);
    const second = branchOf(first, challengedAt - 1);
    await submitFrom(ledger, first.chain, 1);
    const oldProof = first.proveTransaction({}, 20_000n);
    expect(await answerTo(oldProof)).toBe('accepted');
    expect(await ledger.ledger.epochProof({ id: first.id, epoch: 0 })).toMatchObject({ outcome: 'open' });

    turn(second);
    second.chain.mineTo(first.chain.height + 1);
    await adopt(second, challengedAt);
    const [before, after] = [first, second].map(({ chain }) => [
      ...take(openChallenge(chain, first).draws, 4),
    ]);
    expect(after).not.toEqual(before);
    // It answers draws that nobody makes any more: whatever the pool did with it, no block can hold it.
    const { proof } = oldProof.transaction.body as { proof: ReturnType<typeof challengeProof> };
    const stale = second.proveTransaction({ proof }, 25_000n);
    expect(await answerTo(stale)).toMatch(/^prove\/(missing-leaf|extra-leaf|slice|item-count)$/);
    expect((await ledger.ledger.mempool({})).items).toEqual([]);
    expect(await answerTo(second.proveTransaction({}, 25_000n))).toBe('accepted');
    await ledger.mine();
    const { challenge, ...view } = (await ledger.ledger.epochProof({ id: first.id, epoch: 0 })) ?? {};
    expect(view).toMatchObject({ outcome: 'proven', explanation: { violation: null } });
    expect(challenge?.blockId).toBe(second.chain.at(challengedAt).block.id);
  });

  test('takes a proof back with its pay, its mint and its bounty of time; the epoch can be missed after all', async () => {
    const first = createContractScenario({ epochs: 4 });
    first.form();
    first.openWindow(0);
    const fork = first.chain.height;
    const second = branchOf(first, fork);
    first.chain.mineBlock([first.proveTransaction()]);
    await submitFrom(ledger, first.chain, 1);
    expect(await ledger.ledger.contract({ id: first.id })).toMatchObject({ proven: 1, missed: 0 });
    turn(second);
    second.missEpoch(0);
    await adopt(second, fork + 1);
    expect(await ledger.ledger.contract({ id: first.id })).toMatchObject({
      proven: 0,
      missed: 1,
      vesting: '0',
      minted: '0',
      lastMissed: 0,
      strikesLeft: 2,
    });
    expect(await ledger.ledger.epochProof({ id: first.id, epoch: 0 })).toMatchObject({ outcome: 'missed' });
  });
});

describe('a reorganisation across the end of a contract', () => {
  test('takes the settlement back and settles once on the new branch; nothing freed by then is asked for', async () => {
    const first = createContractScenario({ epochs: 1 });
    first.form();
    first.proveEpoch(0);
    while (first.contract.status === 'active') first.chain.mineBlock();
    const settledAt = first.contract.settledAt ?? 0;
    // A provider frees space when the contract is over.
    expect(contractKeptUntil(ledger.law.params, first.contract)).toBe(settledAt);
    const { settleDelayBlocks } = ledger.law.params.contract;
    await submitFrom(ledger, first.chain, 1);
    expect(await ledger.ledger.contract({ id: first.id })).toMatchObject({ status: 'completed', settledAt });

    const second = branchOf(first, settledAt - settleDelayBlocks);
    turn(second);
    // Nothing is asked for any more on any branch that leaves so late.
    expect(second.contract).toMatchObject({ status: 'active', window: undefined, nextEpoch: 1, endEpoch: 1 });
    second.chain.mineTo(settledAt - 1);
    second.chain.mineBlock();
    second.chain.mineBlock();
    await adopt(second, settledAt - settleDelayBlocks + 1);
    expect(await ledger.ledger.contract({ id: first.id })).toMatchObject({ status: 'completed', settledAt });
    const settled = (await ledger.ledger.contractTimeline({ id: first.id })).filter(
      ({ name }) => name === 'contract/settled',
    );
    expect(settled).toHaveLength(1);
    const left = [...second.chain.state.entries(potSpace)].filter(([pot]) => pot.endsWith(first.id));
    expect(left).toEqual([]);
  });

  test('takes a drop back: what it named is asked for again, and is still kept then', async () => {
    const first = createContractScenario({ epochs: 4, fragmentLengths: [1_024, 3_000] });
    first.form();
    const { chain } = first;
    const fork = chain.height;
    const second = branchOf(first, fork);
    chain.mineBlock([dropTransaction(first, [0])]);
    const droppedAt = chain.height;
    const { settleDelayBlocks } = ledger.law.params.contract;
    expect(droppedKeptUntil(ledger.law.params, first.contract, droppedAt)).toBe(
      droppedAt + settleDelayBlocks,
    );
    await submitFrom(ledger, chain, 1);
    expect((await ledger.ledger.contract({ id: first.id }))?.droppedChunks).toBe('1');
    turn(second);
    second.chain.mineTo(droppedAt + settleDelayBlocks);
    await adopt(second, fork + 1);
    expect(await ledger.ledger.contract({ id: first.id })).toMatchObject({
      droppedChunks: '0',
      totalBytes: '4024',
    });
    // Proven whole on this branch, while the other list no longer leads anywhere.
    second.openWindow(0);
    const small = dropped(second, [0]);
    second.chain.mineBlock([second.proveTransaction()]);
    expect(second.contract.proven).toBe(1);
    expect(small.terms.leaves).not.toEqual(second.terms.leaves);
    await submitFrom(ledger, second.chain, ledger.height + 1);
    expect((await ledger.ledger.contract({ id: first.id }))?.proven).toBe(1);
  });
});

function* take<T>(source: Iterable<T>, count: number): Generator<T> {
  let left = count;
  for (const item of source) {
    if (left-- <= 0) return;
    yield item;
  }
}
