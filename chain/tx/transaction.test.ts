import { beforeEach, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { bytesToHex } from '#crypto';
import { InvariantError } from '#errors';
import { createLaw } from '../law/law.js';
import { testnet } from '../params/networks.js';
import { accountPot } from '../state/pots.js';
import { createMemoryChain, type MemoryChain } from '../testing/memory-chain.js';
import type { Wallet } from '../testing/wallet.js';
import { decodeTransaction, encodeTransaction, transactionSignatures } from './transaction-codec.js';

let chain: MemoryChain;
let alice: Wallet;
let bob: Wallet;

beforeEach(() => {
  chain = createMemoryChain();
  alice = chain.wallet('alice');
  bob = chain.wallet('bob');
  chain.fund(1_000n, alice, bob);
});

function refusalOf(...transactions: Parameters<MemoryChain['draft']>[0][]): unknown {
  const [first] = chain.template(transactions[0]).refusals;
  return first?.violation;
}

describe('transaction encoding', () => {
  test('every truncation, every extra byte and every unknown kind is refused', () => {
    const { bytes } = chain.transfer(alice, bob.account, 5n, { fee: 1n });
    for (let length = 0; length < bytes.length; length++)
      expect(decodeTransaction(chain.law, bytes.subarray(0, length)).ok).toBe(false);
    expect(decodeTransaction(chain.law, Uint8Array.of(...bytes, 0))).toMatchObject({
      violation: { rule: 'codec/trailing-bytes', extraBytes: 1 },
    });
    const unknown = bytes.slice();
    unknown[0] = 99;
    expect(decodeTransaction(chain.law, unknown)).toEqual({
      ok: false,
      violation: { rule: 'tx/unknown-kind', code: 99 },
    });
  });

  test('an amount above 63 bits is refused', () => {
    const { bytes } = chain.transfer(alice, bob.account, 5n);
    const amountAt = 2 + 32 + 2 + 8 + 8 + 20;
    const changed = bytes.slice();
    changed[amountAt + 7] = 0x80;
    expect(decodeTransaction(chain.law, changed)).toMatchObject({
      violation: { rule: 'codec/amount-range' },
    });
  });

  test('a transaction above the size limit is refused before it is read', () => {
    const sizeBytes = chain.law.params.limits.maxTransactionBytes + 1;
    expect(decodeTransaction(chain.law, new Uint8Array(sizeBytes))).toEqual({
      ok: false,
      violation: { rule: 'tx/too-large', sizeBytes, maxBytes: sizeBytes - 1 },
    });
  });

  test('whatever decodes, encodes to the very same bytes', () => {
    const { bytes } = chain.transfer(alice, bob.account, 5n);
    fc.assert(
      fc.property(fc.nat(bytes.length - 1), fc.nat(255), (at, byte) => {
        const changed = bytes.slice();
        changed[at] = byte;
        const known = decodeTransaction(chain.law, changed);
        if (known.ok) expect(encodeTransaction(chain.law, known.value.transaction)).toEqual(changed);
      }),
      { numRuns: 300 },
    );
  });

  test('a kind this law does not have cannot be written', () => {
    const unsigned = { kind: 'wish', sender: alice.publicKey, lane: 0, sequence: 0n, fee: 0n, body: {} };
    expect(() => encodeTransaction(chain.law, { ...unsigned, signature: new Uint8Array(64) })).toThrow(
      InvariantError,
    );
  });
});

describe('signatures', () => {
  test('any changed bit of a transaction breaks its signature or its form', () => {
    const { bytes } = chain.transfer(alice, bob.account, 5n, { fee: 1n });
    for (let bit = 0; bit < bytes.length * 8; bit += 5) {
      const changed = bytes.slice();
      changed[bit >> 3] = (changed[bit >> 3] as number) ^ (1 << (bit & 7));
      const known = decodeTransaction(chain.law, changed);
      if (!known.ok) continue;
      expect(chain.law.crypto.verifyBatch(transactionSignatures(chain.law, known.value))).not.toEqual([true]);
    }
  });

  test('a block with a bad signature is refused and names the transaction', () => {
    const { bytes } = chain.transfer(alice, bob.account, 5n);
    const changed = bytes.slice();
    changed[changed.length - 1] = (changed[changed.length - 1] as number) ^ 1;
    const forged = decodeTransaction(chain.law, changed);
    if (!forged.ok) throw new Error(forged.violation.rule);
    expect(chain.add(chain.draft([forged.value]))).toEqual({
      ok: false,
      violation: { rule: 'tx/signature', transaction: forged.value.id },
    });
  });

  test('a signature of one network is none on another', () => {
    const other = createLaw(testnet, chain.law.crypto, []);
    const known = decodeTransaction(other, chain.transfer(alice, bob.account, 5n).bytes);
    if (!known.ok) throw new Error(known.violation.rule);
    expect(other.crypto.verifyBatch(transactionSignatures(other, known.value))).toEqual([false]);
  });
});

describe('lanes', () => {
  test('numbers of a lane are taken one after the other; lanes do not touch each other', () => {
    chain.mineBlock([
      chain.transfer(alice, bob.account, 1n, { lane: 0 }),
      chain.transfer(alice, bob.account, 1n, { lane: 7 }),
      chain.transfer(alice, bob.account, 1n, { lane: 7, sequence: 1n }),
    ]);
    expect([chain.nextSequence(alice, 0), chain.nextSequence(alice, 7)]).toEqual([1n, 2n]);
  });

  test('tx/sequence-used and tx/sequence-gap', () => {
    chain.mineBlock([chain.transfer(alice, bob.account, 1n)]);
    expect(refusalOf([chain.transfer(alice, bob.account, 1n, { sequence: 0n })])).toEqual({
      rule: 'tx/sequence-used',
      lane: 0,
      sequence: 0n,
      expected: 1n,
    });
    expect(refusalOf([chain.transfer(alice, bob.account, 1n, { sequence: 2n })])).toEqual({
      rule: 'tx/sequence-gap',
      lane: 0,
      sequence: 2n,
      expected: 1n,
    });
  });

  test('a refused transaction takes no number and no coin', () => {
    const tooMuch = chain.transfer(alice, bob.account, 1_001n);
    const fine = chain.transfer(alice, bob.account, 1n, { sequence: 0n });
    const template = chain.template([tooMuch, fine]);
    expect(template.transactions.map(({ id }) => id)).toEqual([fine.id]);
    expect(chain.add(chain.draft([tooMuch, fine])).ok).toBe(true);
    expect(chain.balance(alice)).toBe(999n);
  });
});

describe('transfer', () => {
  test('moves the amount and pays the fee', () => {
    const { events } = chain.mineBlock([chain.transfer(alice, bob.account, 300n, { fee: 20n })]);
    expect([chain.balance(alice), chain.balance(bob)]).toEqual([680n, 1_300n]);
    expect(events).toContainEqual({
      type: 'posting',
      from: accountPot(alice.account),
      to: accountPot(bob.account),
      amount: 300n,
      reason: 'transfer',
      subject: expect.any(String),
    });
  });

  test.each([
    ['transfer/zero', () => chain.transfer(alice, bob.account, 0n)],
    ['transfer/to-self', () => chain.transfer(alice, alice.account, 1n)],
    ['coins/too-little', () => chain.transfer(alice, bob.account, 1_001n)],
    ['coins/too-little', () => chain.transfer(alice, bob.account, 1_000n, { fee: 1n })],
    ['coins/too-little', () => chain.transfer(chain.wallet('nobody'), bob.account, 1n)],
  ])('%s', (rule, make) => {
    const before = chain.snapshot();
    expect(refusalOf([make()])).toMatchObject({ rule });
    expect(chain.snapshot()).toEqual(before);
  });

  test('the last coin can be spent and leaves no entry behind', () => {
    chain.mineBlock([chain.transfer(alice, bob.account, 999n, { fee: 1n })]);
    expect(chain.snapshot().has(`pot/${accountPot(alice.account)}`)).toBe(false);
  });

  test('ids differ for every transaction', () => {
    const ids = [1n, 2n].map((amount) => chain.transfer(alice, bob.account, amount).id);
    expect(new Set(ids).size).toBe(2);
    expect(ids[0]).not.toBe(bytesToHex(new Uint8Array(32)));
  });
});
