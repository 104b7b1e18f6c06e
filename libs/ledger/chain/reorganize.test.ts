import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { DataSource } from 'typeorm';
import { type NetworkParams, potSpace } from '#chain';
import { fastDevnet } from '../../../chain/testing/memory-chain.js';
import { snapshotState } from '../../../chain/testing/state-snapshot.js';
import { forkAt, grow, newChain, submit, submitFrom } from '../testing/forks.js';
import { TestLedger } from '../testing/test-ledger.js';

/** Difficulty per block that reacts to a minute as others do to hours, so that branches differ by chosen shares. */
const nervous: NetworkParams = {
  ...fastDevnet,
  proofOfWork: {
    genesisBits: 0x2000_ffff,
    limitBits: 0x207f_ffff,
    blockSeconds: 60,
    adjustment: 'asert',
    halfLifeSeconds: 120,
  },
};

let test: TestLedger;
afterEach(async () => {
  await test.close();
});

const tipId = () => test.ledger.chain.tip.id;
const state = () => snapshotState(test.law, test.ledger.chain.state);

describe('fork choice with undo data', () => {
  beforeEach(async () => {
    test = await TestLedger.open();
  });

  it('keeps the first of two equal branches and moves to the one that becomes heavier', async () => {
    const a = newChain();
    a.mineTo(3);
    const b = forkAt(a, 2);
    grow(b, [], { coinbase: { miner: b.wallet('other miner').account } });
    await submitFrom(test, a, 1);
    expect(await submitFrom(test, b, 3)).toBe('side');
    expect(tipId()).toBe(a.tip.block.id);
    b.mineBlock();
    expect(await submitFrom(test, b, 4)).toBe('reorganized');
    expect(state()).toEqual(b.snapshot());
    await test.reopen();
    expect(tipId()).toBe(b.tip.block.id);
    expect(state()).toEqual(b.snapshot());
    // And back again, over blocks that were applied before.
    a.mineBlock();
    a.mineBlock();
    expect(await submitFrom(test, a, 4)).toBe('reorganized');
    expect(state()).toEqual(a.snapshot());
    expect((await test.ledger.audit()).differences).toEqual([]);
  });

  it('a block that is sent once more while its branch is found bad is refused like the first', async () => {
    const main = newChain();
    main.mineTo(2);
    await submitFrom(test, main, 1);
    const fork = forkAt(main, 1);
    const bad = fork.draft([], { coinbase: { stateRoot: new Uint8Array(32).fill(1) } });
    const header = { previous: bad.hash, time: bad.header.time + 1 };
    const child = fork.draft([], { header, coinbase: { height: 3 } });
    expect(await submit(test, bad)).toMatchObject({ value: { outcome: 'side' } });
    const [moved, again] = await Promise.all([submit(test, child), submit(test, bad)]);
    expect(moved).toMatchObject({ violation: { rule: 'coinbase/state-root', block: bad.id } });
    expect(again).toMatchObject({ ok: false, violation: { rule: 'block/known-invalid', block: bad.id } });
    expect(tipId()).toBe(main.tip.block.id);
    expect(test.ledger.chain.headers.best.id).toBe(main.tip.block.id);
  });

  it('moves after all when the disk that refused the move takes it again', async () => {
    const a = newChain();
    a.mineTo(2);
    const b = forkAt(a, 1);
    grow(b, [], { coinbase: { miner: b.wallet('other miner').account } });
    b.mineBlock();
    await submitFrom(test, a, 1);
    expect(await submit(test, b.at(2).block)).toMatchObject({ value: { outcome: 'side' } });
    const database = join(test.dataDir, 'ledger', 'chain.sqlite');
    const source = await new DataSource({ type: 'sqlite', database }).initialize();
    await source.query(
      `CREATE TRIGGER full BEFORE UPDATE ON block BEGIN SELECT RAISE(ABORT, 'disk full'); END`,
    );
    await expect(submit(test, b.at(3).block)).rejects.toMatchObject({ code: 'ledger/store-failed' });
    expect(tipId()).toBe(a.tip.block.id);
    expect(state()).toEqual(a.snapshot());
    await source.query('DROP TRIGGER full');
    await source.destroy();
    expect(await submit(test, b.at(3).block)).toMatchObject({ value: { outcome: 'reorganized' } });
    expect(state()).toEqual(b.snapshot());
    expect((await test.ledger.audit()).differences).toEqual([]);
  });

  it('takes the transactions of the abandoned branch back into the pool, in order', async () => {
    const a = newChain();
    a.mineTo(1);
    const b = forkAt(a, 1);
    const faucet = a.faucet();
    const to = a.wallet('somebody').account;
    const first = a.transfer(faucet, to, 10n);
    const second = a.transfer(faucet, to, 20n, { sequence: 1n });
    const third = a.transfer(faucet, to, 30n, { sequence: 2n });
    grow(a, [first, second]);
    grow(a, [third]);
    grow(b, [first]);
    b.mineTo(4);
    await submitFrom(test, a, 1);
    expect(await submitFrom(test, b, 2)).toBe('reorganized');
    const { items } = await test.ledger.mempool({});
    expect(items.map(({ id }) => id)).toEqual([second.id, third.id]);
    await test.mine();
    expect(test.ledger.chain.state.get(potSpace, `account:${to}`)).toBe(60n);
  });

  it('keeps the old tip when a better branch holds a bad block, and never tries that again', async () => {
    const a = newChain();
    a.mineTo(3);
    const b = forkAt(a, 2);
    grow(b, [], { coinbase: { miner: b.wallet('other miner').account } });
    await submitFrom(test, a, 1);
    await submitFrom(test, b, 3);
    const before = state();
    const bad = b.draft([], { coinbase: { subsidy: b.law.params.reward.initialSubsidy + 1n } });
    expect(await submit(test, bad)).toMatchObject({ ok: false, violation: { rule: 'coinbase/subsidy' } });
    const check = async () => {
      expect(tipId()).toBe(a.tip.block.id);
      expect(state()).toEqual(before);
      const again = await submit(test, bad);
      expect(again).toMatchObject({ ok: false, violation: { rule: 'block/known-invalid' } });
      const child = b.draft([], { header: { previous: bad.hash, time: bad.header.time + 1 } });
      const orphan = await submit(test, child);
      expect(orphan).toMatchObject({ ok: false, violation: { rule: 'block/invalid-parent' } });
    };
    await check();
    await test.reopen();
    await check();
    // The good part of that branch is still of use.
    b.mineBlock();
    expect(await submitFrom(test, b, 4)).toBe('reorganized');
  });

  it('completes at the next start the move that a kill cut short', async () => {
    const a = newChain();
    a.mineTo(3);
    const b = forkAt(a, 2);
    grow(b, [], { coinbase: { miner: b.wallet('other miner').account } });
    b.mineBlock();
    await submitFrom(test, a, 1);
    await submitFrom(test, b, 3);
    // What the disk holds between keeping the last block of b and moving to it.
    await test.ledger.close();
    const file = join(test.dataDir, 'ledger', 'chain.sqlite');
    const source = await new DataSource({ type: 'sqlite', database: file }).initialize();
    await source.query('UPDATE block SET is_on_main = 0 WHERE height > 2');
    await source.query('UPDATE block SET is_on_main = 1 WHERE id = ?', [a.tip.block.id]);
    await source.query(`UPDATE meta SET value = ? WHERE name = 'tip'`, [a.tip.block.id]);
    await source.destroy();
    await test.reopen();
    expect(tipId()).toBe(b.tip.block.id);
    expect(state()).toEqual(b.snapshot());
    expect((await test.ledger.audit()).differences).toEqual([]);
  });

  it('goes back over a whole chain, and the audit balances', async () => {
    const a = newChain();
    a.fund(1_000n, a.wallet('x'), a.wallet('y'));
    a.mineTo(30);
    const b = newChain();
    grow(b, [], { coinbase: { miner: b.wallet('other miner').account } });
    b.mineTo(31);
    await submitFrom(test, a, 1);
    expect(await submitFrom(test, b, 1)).toBe('reorganized');
    expect(state()).toEqual(b.snapshot());
    const audit = await test.ledger.audit();
    expect(audit).toMatchObject({ balanced: true, height: 31, blocksReplayed: 32 });
  });
});

describe('the margin against backdated blocks', () => {
  beforeEach(async () => {
    test = await TestLedger.open({ params: nervous });
  });

  /** Two branches of two blocks; the second's first block is backdated, which makes its next one heavier. */
  async function race(backdatedSeconds: number): Promise<{ gain: number; outcome: string | undefined }> {
    const honest = newChain(nervous);
    honest.mineTo(2);
    const sly = newChain(nervous);
    const time = nervous.genesis.timeSeconds + 60 - backdatedSeconds;
    grow(sly, [], { header: { time } });
    grow(sly);
    await submitFrom(test, honest, 1);
    const { totalWork, bits } = test.ledger.chain.tip;
    const outcome = await submitFrom(test, sly, 1);
    const other = test.ledger.chain.tree.get(sly.tip.block.id);
    const tipWork = test.ledger.chain.tree.weight({ ...test.ledger.chain.tip, bits }).tipWork;
    const gain = Number(((other?.totalWork ?? 0n) - totalWork) * 1000n) / Number(tipWork) / 1000;
    return { gain, outcome };
  }

  it('stays where the other branch is heavier by less than a fifth of the tip', async () => {
    const { gain, outcome } = await race(20);
    expect(gain).toBeGreaterThan(0.05);
    expect(gain).toBeLessThan(0.2);
    expect(outcome).toBe('side');
  });

  it('moves where it is heavier by more', async () => {
    const { gain, outcome } = await race(50);
    expect(gain).toBeGreaterThan(0.2);
    expect(gain).toBeLessThan(0.6);
    expect(outcome).toBe('reorganized');
  });
});
