import { beforeEach, describe, expect, test } from '@jest/globals';
import { createMemoryChain, fastDevnet, type MemoryChain } from '../testing/memory-chain.js';
import type { BlockChanges } from '../testing/mine-block.js';
import type { Wallet } from '../testing/wallet.js';
import type { KnownTransaction } from '../tx/transaction.js';
import { decodeBlock, withVerifiedSignatures } from './block.js';
import { generalSpaceBytes } from './body-rules.js';
import { VERSION_ROLLING_MASK } from './header.js';
import { MAX_FUTURE_SECONDS, validateClock } from './header-rules.js';
import { medianTime } from './supplement.js';

let chain: MemoryChain;
let alice: Wallet;
let bob: Wallet;

beforeEach(() => {
  chain = createMemoryChain();
  alice = chain.wallet('alice');
  bob = chain.wallet('bob');
  chain.fund(1_000n, alice, bob);
});

/** What the law says to a block that is right but for the changes; a refused block must leave no trace. */
function verdict(changes: BlockChanges, transactions: readonly KnownTransaction[] = []): string {
  const before = chain.snapshot();
  const added = chain.add(chain.draft(transactions, changes));
  if (added.ok) return 'accepted';
  expect(chain.snapshot()).toEqual(before);
  return added.violation.rule;
}

describe('header rules', () => {
  test('an unchanged block is accepted', () => {
    expect(verdict({}, [chain.transfer(alice, bob.account, 1n, { fee: 1n })])).toBe('accepted');
  });

  test('header/proof-of-work: one bit too little work', () => {
    expect(verdict({ work: 'missing' })).toBe('header/proof-of-work');
  });

  test('header/bits: a target other than the expected one, however hard', () => {
    expect(verdict({ header: { bits: 0x207f_fffe } })).toBe('header/bits');
    expect(verdict({ header: { bits: 0x2000_ffff } })).toBe('header/bits');
  });

  test('header/previous: the child of another block', () => {
    expect(verdict({ header: { previous: new Uint8Array(32) } })).toBe('header/previous');
  });

  test('header/version: only the bits miners roll are free', () => {
    expect(verdict({ header: { version: (0x2000_0000 | VERSION_ROLLING_MASK) >>> 0 } })).toBe('accepted');
    expect(verdict({ header: { version: 1 } })).toBe('header/version');
    expect(verdict({ header: { version: 0x2000_0001 } })).toBe('header/version');
    expect(verdict({ header: { version: 0xa000_0000 } })).toBe('header/version');
  });

  test('header/time-too-old: not later than the median of the last 11', () => {
    chain.mineTo(20);
    const { medianTimeSeconds } = chain.supplement();
    expect(medianTimeSeconds).toBe(chain.tip.block.header.time - 5);
    expect(verdict({ header: { time: medianTimeSeconds } })).toBe('header/time-too-old');
    expect(verdict({ header: { time: 0 } })).toBe('header/time-too-old');
    expect(verdict({ header: { time: medianTimeSeconds + 1 } })).toBe('accepted');
  });

  test('node/time-too-new is the node’s rule, not the law’s', () => {
    const { header } = chain.draft([], { header: { time: 2_000_000_000 } });
    expect(verdict({ header: { time: 2_000_000_000 } })).toBe('accepted');
    expect(validateClock(header, header.time - MAX_FUTURE_SECONDS)).toBeUndefined();
    expect(validateClock(header, header.time - MAX_FUTURE_SECONDS - 1)).toMatchObject({
      rule: 'node/time-too-new',
    });
  });

  test('the median of few and of even numbers of times', () => {
    expect(medianTime([5])).toBe(5);
    expect(medianTime([9, 1])).toBe(9);
    expect(medianTime([3, 1, 2])).toBe(2);
  });

  test('with ASERT the template, the rule and the clock agree block by block', () => {
    const easy = 0x207f_ffff;
    const asert = createMemoryChain([], {
      ...fastDevnet,
      proofOfWork: {
        genesisBits: 0x201f_ffff,
        limitBits: easy,
        blockSeconds: 60,
        adjustment: 'asert',
        halfLifeSeconds: 600,
      },
    });
    const bits = new Set<number>();
    for (const seconds of [60, 1, 1, 1, 1, 1, 600, 600, 600, 600]) {
      const time = asert.tip.block.header.time + seconds;
      const block = asert.draft([], { header: { time } });
      expect(asert.add(asert.draft([], { header: { time, bits: 0x207f_fffe } }))).toMatchObject({
        violation: { rule: 'header/bits' },
      });
      expect(asert.add(block).ok).toBe(true);
      bits.add(block.header.bits);
    }
    expect(bits.size).toBeGreaterThan(5);
    expect(bits).toContain(easy);
  });
});

describe('body rules', () => {
  test.each([
    ['block/merkle-root', { header: { merkleRoot: new Uint8Array(32) } }],
    ['coinbase/version', { coinbase: { version: 2 } }],
    ['coinbase/height', { coinbase: { height: 1 } }],
    ['coinbase/state-root', { coinbase: { stateRoot: new Uint8Array(32).fill(1) } }],
    ['block/transaction-root', { coinbase: { transactionRoot: new Uint8Array(32) } }],
  ] as [string, BlockChanges][])('%s', (rule, changes) => {
    expect(verdict(changes)).toBe(rule);
  });

  test('block/transaction-root: the order of transactions is committed', () => {
    const transactions = [chain.transfer(alice, bob.account, 1n), chain.transfer(bob, alice.account, 2n)];
    const { coinbase } = chain.template(transactions);
    const changes = {
      transactions: [...transactions].reverse(),
      coinbase: { transactionRoot: coinbase.transactionRoot },
    };
    expect(verdict(changes, transactions)).toBe('block/transaction-root');
  });

  test('block/duplicate-transaction', () => {
    const transaction = chain.transfer(alice, bob.account, 1n);
    expect(verdict({ transactions: [transaction, transaction] })).toBe('block/duplicate-transaction');
  });

  test('block/proof-reserve: only proofs fill the second half', () => {
    const big = (sequence: bigint): KnownTransaction =>
      chain.sign(
        alice,
        'endpoint',
        { addresses: new Array(8).fill('x'.repeat(200)), owner: '', region: '', ttlBlocks: 1 },
        { sequence },
      );
    const size = big(0n).bytes.length;
    const fitting = Math.floor(generalSpaceBytes(chain.law) / size);
    const transactions = Array.from({ length: fitting + 1 }, (_, index) => big(BigInt(index)));
    expect(verdict({ transactions })).toBe('block/proof-reserve');
    expect(chain.template(transactions).transactions).toHaveLength(fitting);
    expect(verdict({ transactions: transactions.slice(0, fitting) })).toBe('accepted');
  });

  test('block/too-large and truncated blocks', () => {
    const max = chain.law.params.limits.maxBlockBytes;
    expect(decodeBlock(chain.law, new Uint8Array(max + 1))).toEqual({
      ok: false,
      violation: { rule: 'block/too-large', sizeBytes: max + 1, maxBytes: max },
    });
    const { bytes } = chain.draft([chain.transfer(alice, bob.account, 1n)]);
    for (let length = 0; length < bytes.length; length++)
      expect(decodeBlock(chain.law, bytes.subarray(0, length)).ok).toBe(false);
    expect(decodeBlock(chain.law, Uint8Array.of(...bytes, 0))).toMatchObject({
      violation: { rule: 'codec/trailing-bytes' },
    });
  });

  test('a block whose transaction does not decode says which', () => {
    const draft = chain.draft([chain.transfer(alice, bob.account, 1n)]);
    const bytes = draft.bytes.slice();
    const length = draft.transactions[0]?.bytes.length ?? 0;
    bytes[bytes.length - length] = 99;
    expect(decodeBlock(chain.law, bytes)).toMatchObject({
      violation: { rule: 'tx/unknown-kind', transactionIndex: 0 },
    });
  });
});

describe('money figures of the coinbase', () => {
  const cases = ['subsidy', 'fees', 'proofMint', 'poolDraw'] as const;
  const rules = {
    subsidy: 'coinbase/subsidy',
    fees: 'coinbase/fees',
    proofMint: 'coinbase/proof-mint',
    poolDraw: 'coinbase/pool-draw',
  };

  test.each(cases)('%s: one unit more and one unit less are refused', (figure) => {
    const transactions = [chain.transfer(alice, bob.account, 1n, { fee: 7n })];
    const right = chain.template(transactions).coinbase[figure];
    expect(verdict({ coinbase: { [figure]: right + 1n } }, transactions)).toBe(rules[figure]);
    if (right > 0n) expect(verdict({ coinbase: { [figure]: right - 1n } }, transactions)).toBe(rules[figure]);
  });

  test('a transaction that breaks a rule breaks its block and is named', () => {
    const bad = chain.transfer(alice, bob.account, 1_002n);
    const added = chain.add(chain.draft([], { transactions: [chain.transfer(bob, alice.account, 1n), bad] }));
    expect(added).toMatchObject({
      ok: false,
      violation: { rule: 'coins/too-little', transaction: bad.id, transactionIndex: 1 },
    });
  });

  test('too few verdicts on signatures are no verdicts', () => {
    const block = chain.draft([chain.transfer(alice, bob.account, 1n)]);
    expect(withVerifiedSignatures(chain.law, block, [])).toMatchObject({
      violation: { rule: 'tx/signature' },
    });
  });
});
