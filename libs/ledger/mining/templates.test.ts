import { expect, it } from '@jest/globals';
import { Mempool } from '../mempool/mempool.js';
import { DEFAULT_MEMPOOL_POLICY } from '../mempool/mempool-policy.js';
import { newChain } from '../testing/forks.js';
import { Templates, type TemplatesOptions } from './templates.js';

it('a template that is dear to make stands for a while, but never on an old tip', async () => {
  const law = newChain();
  const [a, b] = [law.wallet('a'), law.wallet('b')];
  law.fund(1_000_000n, a, b);
  const chain = {
    state: law.state,
    get tip() {
      return { id: law.tip.block.id, height: law.height };
    },
    tipSupplement: () => law.supplement(),
  } as unknown as TemplatesOptions['chain'] & { readonly tip: { readonly height: number } };
  const mempool = new Mempool({
    law: law.law,
    chain,
    verifyBatch: async (checks) => checks.map(() => true),
    policy: DEFAULT_MEMPOOL_POLICY,
  });
  let sequence = 0n;
  const submit = async () => {
    const known = law.transfer(a, b.account, 1n, { sequence: sequence++, fee: 200n });
    expect((await mempool.submit(known.bytes)).ok).toBe(true);
  };
  // Each look at the clock is `costMs` after the one before: that is how long making one seems to take.
  let [nowMs, costMs] = [0, 0];
  const nextMs = () => {
    nowMs += costMs;
    return nowMs;
  };
  const templates = new Templates({
    law: law.law,
    chain,
    mempool,
    clock: () => 2_000_000_000,
    nowMs: nextMs,
  });
  const count = () => templates.template(a.account).transactionCount;

  await submit();
  expect(count()).toBe(1);
  await submit();
  expect(count()).toBe(2);
  costMs = 60;
  await submit();
  expect(count()).toBe(3);
  costMs = 0;
  await submit();
  expect(count()).toBe(3);
  nowMs += 1_100;
  expect(count()).toBe(3);
  nowMs += 100;
  expect(count()).toBe(4);
  costMs = 60;
  await submit();
  expect(count()).toBe(5);
  costMs = 0;
  const { height } = templates.template(a.account);
  law.mineBlock();
  expect(templates.template(a.account).height).toBe(height + 1);
});
