import { beforeEach, describe, expect, test } from '@jest/globals';
import { createMemoryChain, fastDevnet, type MemoryChain } from '../testing/memory-chain.js';
import type { Wallet } from '../testing/wallet.js';
import type { KnownTransaction } from '../tx/transaction.js';

let chain: MemoryChain;
let alice: Wallet;
let bob: Wallet;

beforeEach(() => {
  chain = createMemoryChain([], {
    ...fastDevnet,
    limits: { ...fastDevnet.limits, maxBlockBytes: 4_000 },
  });
  alice = chain.wallet('alice');
  bob = chain.wallet('bob');
  chain.fund(1_000n, alice, bob);
});

const endpoint = (sequence: bigint, addressBytes: number): KnownTransaction =>
  chain.sign(
    alice,
    'endpoint',
    { addresses: new Array(8).fill('x'.repeat(addressBytes)), owner: '', region: '', ttlBlocks: 1 },
    { sequence },
  );

describe('block template', () => {
  test('keeps the order given, leaves out what breaks a rule and says why', () => {
    const candidates = [
      chain.transfer(bob, alice.account, 1n),
      chain.transfer(bob, alice.account, 5_000n, { sequence: 1n }),
      chain.transfer(alice, bob.account, 1_001n),
    ];
    const template = chain.template(candidates);
    expect(template.transactions).toEqual([candidates[0], candidates[2]]);
    expect(template.refusals).toEqual([
      { id: candidates[1]?.id, violation: expect.objectContaining({ rule: 'coins/too-little' }) },
    ]);
    expect(chain.add(chain.draft(candidates)).ok).toBe(true);
  });

  test('a lane whose first transaction does not fit today is not thrown away', () => {
    const filler = endpoint(0n, 180);
    const tooLong = endpoint(1n, 180);
    const behind = endpoint(2n, 1);
    const template = chain.template([filler, tooLong, behind]);
    expect(template.transactions).toEqual([filler]);
    expect(template.refusals).toEqual([]);
    chain.mineBlock([filler]);
    expect(chain.template([tooLong, behind]).transactions).toEqual([tooLong, behind]);
  });

  test('the same candidate twice is taken once', () => {
    const transfer = chain.transfer(alice, bob.account, 1n);
    const template = chain.template([transfer, transfer]);
    expect(template.transactions).toEqual([transfer]);
    expect(chain.add(chain.draft([transfer, transfer])).ok).toBe(true);
  });

  test('does not depend on the miner except for its address', () => {
    const candidates = [chain.transfer(alice, bob.account, 1n, { fee: 2n })];
    const one = chain.template(candidates, alice.account);
    const other = chain.template(candidates, bob.account);
    expect({ ...one, coinbase: { ...one.coinbase, miner: bob.account } }).toEqual(other);
  });
});
