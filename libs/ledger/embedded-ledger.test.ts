import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { decodeBlock } from '#chain';
import { bytesToHex, hexToBytes } from '#crypto';
import { snapshotState } from '../../chain/testing/state-snapshot.js';
import { createContractScenario } from '../../contracts/testing/contract-scenario.js';
import { solveTemplate, TestLedger } from './testing/test-ledger.js';

let test: TestLedger;
beforeEach(async () => {
  test = await TestLedger.open();
});
afterEach(async () => {
  await test.close();
});

describe('an embedded ledger', () => {
  it('mines, pays and answers the same after a restart', async () => {
    const alice = test.wallet('alice');
    await test.fund(1_000_000n, alice);
    const id = await test.transfer(alice, test.wallet('bob'), 1_000n);
    expect(await test.ledger.transaction({ id })).toMatchObject({ status: 'pending', height: null });
    await test.mine();
    const confirmed = await test.ledger.transaction({ id });
    expect(confirmed).toMatchObject({ status: 'confirmed', height: test.height, kind: 'transfer' });
    const before = {
      state: snapshotState(test.law, test.ledger.chain.state),
      status: await test.ledger.status(),
      account: await test.ledger.account({ account: alice.account }),
      supply: await test.ledger.supply(),
    };
    expect(before.status.indexHeight).toBe(test.height);
    await test.reopen();
    expect(snapshotState(test.law, test.ledger.chain.state)).toEqual(before.state);
    // The run of the node is part of the event id, and this is another run.
    const status = await test.ledger.status();
    expect(status).toEqual({ ...before.status, eventId: status.eventId });
    expect(await test.ledger.account({ account: alice.account })).toEqual(before.account);
    expect(await test.ledger.supply()).toEqual(before.supply);
    expect(await test.ledger.transaction({ id })).toEqual(confirmed);
    expect((await test.ledger.audit()).differences).toEqual([]);
  });

  it('says plainly that it is closed, and closes twice without harm', async () => {
    await test.ledger.close();
    await expect(test.ledger.status()).rejects.toMatchObject({ code: 'ledger/closed' });
    await expect(test.ledger.submitBlock({ hex: '00' })).rejects.toMatchObject({ code: 'ledger/closed' });
    await test.ledger.close();
  });

  it('answers a list of blocks at once, however far above the tip its cursor lies', async () => {
    await test.mine(3);
    const { items } = await test.ledger.blocks({ cursor: '9'.repeat(16), limit: 2 });
    expect(items.map(({ height }) => height)).toEqual([3, 2]);
  });

  it('takes the solution of a miner while others ask for blocks in a thousand names', async () => {
    const template = await test.ledger.template({ miner: test.miner.account });
    for (let name = 0; name < 1_000; name++) {
      await test.ledger.template({ miner: name.toString(16).padStart(40, '0') });
    }
    test.clock.seconds += 1;
    await expect(test.ledger.submitSolution(solveTemplate(template))).resolves.toEqual({
      id: expect.any(String),
      height: 1,
    });
    const raw = await test.ledger.rawBlock({ ref: '1' });
    const mined = decodeBlock(test.law, hexToBytes(raw?.hex ?? ''));
    expect(mined.ok && mined.value.coinbase.miner).toBe(test.miner.account);
  });

  it('follows a whole contract made by the law alone, and its audit agrees on every pot', async () => {
    const scenario = createContractScenario({ epochs: 3 });
    scenario.form();
    scenario.proveEpoch(0);
    scenario.proveEpoch(1);
    scenario.missEpoch(2);
    scenario.chain.mineTo(scenario.contract.dueAt);
    for (let height = 1; height <= scenario.chain.height; height++) {
      const { block } = scenario.chain.at(height);
      test.clock.seconds = block.header.time;
      await test.ledger.submitBlock({ hex: bytesToHex(block.bytes) });
    }
    expect(snapshotState(test.law, test.ledger.chain.state)).toEqual(scenario.chain.snapshot());
    const contract = await test.ledger.contract({ id: scenario.id });
    expect(contract).toMatchObject({ status: 'completed', proven: 2, missed: 1, escrow: '0' });
    const timeline = await test.ledger.contractTimeline({ id: scenario.id });
    expect(timeline.map(({ name }) => name)).toEqual([
      'contract/formed',
      'contract/challenged',
      'contract/proved',
      'contract/challenged',
      'contract/proved',
      'contract/challenged',
      'contract/missed',
      'contract/settled',
    ]);
    const audit = await test.ledger.audit();
    expect(audit.differences).toEqual([]);
    expect(audit).toMatchObject({ balanced: true, height: test.height });
    const { minted, burned, total } = await test.ledger.supply();
    expect({ minted, burned, total }).toEqual({
      minted: audit.minted,
      burned: audit.burned,
      total: audit.expectedTotal,
    });
  });
});
