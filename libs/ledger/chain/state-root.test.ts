import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import {
  type AppliedBlock,
  decodeCoinbase,
  encode,
  KEPT_VERSIONS,
  potSpace,
  StateTree,
  validateStateProof,
} from '#chain';
import { bytesToHex, hexToBytes } from '#crypto';
import { fastDevnet } from '../../../chain/testing/memory-chain.js';
import { createMemoryChainStore } from '../storage/memory-chain-store.js';
import { forkAt, grow, newChain, submit, submitFrom } from '../testing/forks.js';
import { TestLedger } from '../testing/test-ledger.js';
import { loadChain } from './load-chain.js';

let test: TestLedger;
beforeEach(async () => {
  test = await TestLedger.open();
});
afterEach(async () => {
  await test.close();
});

const faucetPot = () => `account:${test.faucet.account}`;

/** Root of the state after the tip, computed from nothing but the state. */
const rootFromState = () => bytesToHex(StateTree.ofState(test.law, test.ledger.chain.state).root);
const rootForNextBlock = () => bytesToHex(test.ledger.chain.tipSupplement().stateRoot);

/** The balance a proof shows, checked against the coinbase it came with. */
async function provenBalance(confirmations: number): Promise<string> {
  const answer = await test.ledger.stateProof({ kind: 'account', id: test.faucet.account, confirmations });
  const coinbase = decodeCoinbase(hexToBytes(answer.coinbaseHex));
  if (!coinbase.ok) throw new Error(coinbase.violation.rule);
  const claim = {
    networkId: fastDevnet.networkId,
    root: coinbase.value.stateRoot,
    space: potSpace,
    key: faucetPot(),
    value: hexToBytes(answer.valueHex ?? ''),
  };
  const { crypto } = test.law;
  expect(validateStateProof(crypto, claim, hexToBytes(answer.proofHex))).toBeUndefined();
  return `${answer.height} ${answer.valueHex}`;
}

async function allProvenBalances(): Promise<string[]> {
  const balances: string[] = [];
  for (let confirmations = 1; confirmations <= KEPT_VERSIONS; confirmations++)
    balances.push(await provenBalance(confirmations));
  return balances;
}

describe('the state root of the main chain', () => {
  it('follows every block; the last versions stay provable, across a restart too', async () => {
    await expect(provenBalance(1)).rejects.toMatchObject({ code: 'ledger/proof-unavailable' });
    for (let round = 0; round < KEPT_VERSIONS + 5; round++) {
      await test.fund(BigInt(1 + round), test.wallet(`w${round}`));
      expect(rootForNextBlock()).toBe(rootFromState());
    }
    const before = await allProvenBalances();
    expect(new Set(before).size).toBe(KEPT_VERSIONS);
    const tooOld = { kind: 'account', id: test.faucet.account, confirmations: KEPT_VERSIONS + 1 } as const;
    await expect(test.ledger.stateProof(tooOld)).rejects.toMatchObject({ code: 'ledger/proof-unavailable' });
    await test.reopen();
    expect(rootForNextBlock()).toBe(rootFromState());
    expect(await allProvenBalances()).toEqual(before);
    await test.mine();
  });

  it('is that of the old branch again when a heavier one holds a bad block', async () => {
    const a = newChain();
    a.fund(1_000n, a.wallet('x'));
    a.mineTo(3);
    const b = forkAt(a, 1);
    grow(b, [], { coinbase: { miner: b.wallet('other miner').account } });
    b.mineBlock();
    await submitFrom(test, a, 1);
    await submitFrom(test, b, 2);
    const before = [rootForNextBlock(), await provenBalance(1), await provenBalance(2)];
    const bad = b.draft([], { coinbase: { stateRoot: new Uint8Array(32) } });
    expect(await submit(test, bad)).toMatchObject({ violation: { rule: 'coinbase/state-root' } });
    expect([rootForNextBlock(), await provenBalance(1), await provenBalance(2)]).toEqual(before);
    expect(rootForNextBlock()).toBe(rootFromState());
    a.mineBlock();
    expect(await submitFrom(test, a, 4)).toBe('extended');
    b.mineTo(5);
    expect(await submitFrom(test, b, 4)).toBe('reorganized');
    expect(rootForNextBlock()).toBe(bytesToHex(b.stateTree.root));
    expect(rootForNextBlock()).toBe(rootFromState());
  });

  it('is right after a reorganisation deeper than the versions kept', async () => {
    const a = newChain();
    a.fund(1_000n, a.wallet('x'));
    a.mineTo(KEPT_VERSIONS + 6);
    const b = newChain();
    grow(b, [], { coinbase: { miner: b.wallet('other miner').account } });
    b.mineTo(KEPT_VERSIONS + 7);
    await submitFrom(test, a, 1);
    expect(await submitFrom(test, b, 1)).toBe('reorganized');
    expect(rootForNextBlock()).toBe(rootFromState());
    await provenBalance(KEPT_VERSIONS);
  });

  it('is proven for one moment, whatever blocks come meanwhile', async () => {
    await test.fund(5n, test.wallet('x'));
    const a = newChain();
    a.mineTo(12);
    const proofs: Promise<string>[] = [];
    const submits: Promise<unknown>[] = [];
    for (let height = 1; height <= 12; height++) {
      submits.push(submit(test, a.at(height).block));
      proofs.push(provenBalance(1));
    }
    await Promise.all(submits);
    const shown = await Promise.all(proofs);
    expect(shown.some((text) => text.startsWith('12 '))).toBe(true);
    expect(bytesToHex(encode(potSpace.value, test.ledger.chain.state.get(potSpace, faucetPot()) ?? 0n))).toBe(
      shown.at(-1)?.split(' ')[1],
    );
  });
});

describe('a stored chain whose effects are not those its blocks commit to', () => {
  it.each([1, 20, 30])('is refused at load: a changed effect of block %i of 31', async (wrongHeight) => {
    const { law } = test;
    const chain = newChain();
    const lasting = chain.wallet('x');
    chain.mineTo(wrongHeight - 1);
    chain.fund(5n, lasting);
    chain.mineTo(31);
    const store = createMemoryChainStore('changed file');
    await loadChain(law, store);
    for (let height = 1; height <= chain.height; height++) {
      const { block, diff, events } = chain.at(height);
      const applied: AppliedBlock = {
        events,
        diff: diff.map((change) =>
          change.key === `account:${lasting.account}` ? { ...change, after: 6n } : change,
        ),
      };
      await store.appendMain([{ block, applied, totalWork: 1n, minted: 0n, burned: 0n }], { tip: block.id });
    }
    await expect(loadChain(law, store)).rejects.toMatchObject({
      code: 'ledger/store-corrupt',
      message: expect.stringMatching(/the state before block .* has the root .*, the block says/),
    });
  });
});
