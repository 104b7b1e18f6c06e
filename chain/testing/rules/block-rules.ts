import type { KnownTransaction } from '../../tx/transaction.js';
import type { MemoryChain } from '../memory-chain.js';
import type { Wallet } from '../wallet.js';
import type { RuleVectorFile } from './rule-vector.js';
import { transfersOfSize } from './transfers-of-size.js';
import { VectorBook as Book, EASY, type VectorBook } from './vector-book.js';

const FUNDS = 10_000n;
const easyWork = EASY.changes as object;

interface Setting {
  readonly book: VectorBook;
  readonly chain: MemoryChain;
  readonly alice: Wallet;
  readonly bob: Wallet;
}

function setting(book: VectorBook, network: string): Setting {
  const chain = book.chain(network, network);
  const alice = chain.wallet('alice');
  const bob = chain.wallet('bob');
  chain.fund(FUNDS, alice, bob);
  return { book, chain, alice, bob };
}

/** Sizes, commitments and figures of a block, and coins that are not there. */
export function blockRules(): RuleVectorFile {
  const book = new Book();
  book.network('easy', EASY);
  book.network('small', {
    base: 'devnet',
    changes: { ...easyWork, limits: { maxBlockBytes: 1_000, maxTransactionBytes: 300, proofReserveBps: 0 } },
  });
  book.network('reserved', {
    base: 'devnet',
    // the general half is rounded up: 1,001 - floor(1,001 / 3) = 668
    changes: {
      ...easyWork,
      limits: { maxBlockBytes: 1_001, maxTransactionBytes: 400, proofReserveBps: 3_333 },
    },
  });
  book.network('halving', {
    base: 'devnet',
    changes: { ...easyWork, reward: { initialSubsidy: '7', halvingBlocks: 4, maturityBlocks: 2 } },
  });
  commitments(setting(book, 'easy'));
  sizes(setting(book, 'small'));
  reserve(setting(book, 'reserved'));
  figures(book);
  coins(setting(book, 'halving'));
  return book.finish();
}

function commitments({ book, chain, alice, bob }: Setting): void {
  const transactions = [
    chain.transfer(alice, bob.account, 1n, { fee: 5n }),
    chain.transfer(bob, alice.account, 2n),
    chain.transfer(alice, bob.account, 3n, { sequence: 1n }),
  ];
  const [first, second, third] = transactions as [KnownTransaction, KnownTransaction, KnownTransaction];
  book.block('block/merkle-root', 'accept', 'the double SHA-256 of the coinbase', chain, transactions);
  book.block('block/merkle-root', 'refuse', 'zero', chain, [], {
    header: { merkleRoot: new Uint8Array(32) },
  });
  book.block('block/merkle-root', 'refuse', 'one bit off', chain, [], {
    header: { merkleRoot: flipped(chain.draft().header.merkleRoot) },
  });
  book.block('block/transaction-root', 'accept', 'an odd number of transactions', chain, transactions);
  book.block('block/transaction-root', 'accept', 'none: SHA-256 of nothing', chain);
  const { transactionRoot } = chain.template([first, second]).coinbase;
  const reordered = { coinbase: { transactionRoot, fees: 5n } };
  book.block(
    'block/transaction-root',
    'refuse',
    'the root of another order',
    chain,
    [second, first],
    reordered,
  );
  book.block(
    'block/transaction-root',
    'refuse',
    'the root of fewer transactions',
    chain,
    [first, second, third],
    reordered,
  );
  book.block('block/transaction-root', 'refuse', 'zero where there are none', chain, [], {
    coinbase: { transactionRoot: new Uint8Array(32) },
  });
  const alike = chain.transfer(alice, bob.account, 1n, { fee: 5n, lane: 1 });
  book.block('block/duplicate-transaction', 'accept', 'two that differ in their lane alone', chain, [
    first,
    alike,
  ]);
  book.block('block/duplicate-transaction', 'refuse', 'one twice, one after the other', chain, [
    first,
    first,
  ]);
  book.block('block/duplicate-transaction', 'refuse', 'one twice, another between', chain, [
    first,
    second,
    first,
  ]);
  book.block('coinbase/version', 'accept', 'version 1', chain);
  book.block('coinbase/version', 'refuse', 'version 2', chain, [], { coinbase: { version: 2 } });
  book.block('coinbase/version', 'refuse', 'version 0', chain, [], { coinbase: { version: 0 } });
  book.block('coinbase/height', 'accept', 'the parent’s and one', chain);
  book.block('coinbase/height', 'refuse', 'the parent’s', chain, [], { coinbase: { height: chain.height } });
  book.block('coinbase/height', 'refuse', 'the parent’s and two', chain, [], {
    coinbase: { height: chain.height + 2 },
  });
  const refuseRoot = (why: string, stateRoot: Uint8Array): void =>
    book.block('coinbase/state-root', 'refuse', why, chain, [first], { coinbase: { stateRoot, fees: 5n } });
  book.block('coinbase/state-root', 'accept', 'the root after the parent', chain, [first]);
  refuseRoot('zero', new Uint8Array(32));
  const root = chain.stateTree.root;
  refuseRoot('one bit off', flipped(root));
  chain.mineBlock();
  book.block('coinbase/state-root', 'accept', 'the root after the parent, one block later', chain, [first]);
  refuseRoot('the root before the parent', root);
  chain.mineBlock();
  const own = chain.stateTree.root;
  chain.revertTip();
  refuseRoot('the root after an empty block in its place', own);
  book.block('tx/signature', 'accept', 'three good signatures', chain, transactions);
  const forged = chain.transfer({ ...bob, secretKey: alice.secretKey }, alice.account, 1n);
  book.block('tx/signature', 'refuse', 'the last of three is somebody else’s', chain, [first, third, forged]);
}

function flipped(bytes: Uint8Array): Uint8Array {
  const copy = bytes.slice();
  copy[31] = (copy[31] as number) ^ 0x80;
  return copy;
}

function sizes({ book, chain, alice, bob }: Setting): void {
  const empty = chain.draft().bytes.length;
  const extra = (spareBytes: number): { coinbase: { extra: Uint8Array } } => ({
    coinbase: { extra: new Uint8Array(spareBytes) },
  });
  const transactions = transfersOfSize(chain, alice, bob.account, 1_000 - empty, 4);
  const used = chain.draft([], { transactions }).bytes.length;
  book.block('block/too-large', 'accept', 'a block of 1,000 bytes', chain, transactions, extra(1_000 - used));
  const max = chain.law.params.limits;
  const roomy = { ...chain.law, params: { ...chain.law.params, limits: { ...max, maxBlockBytes: 1_001 } } };
  const larger = book.larger(chain, roomy, transactions, 1_001 - used);
  book.raw('block/too-large', 'refuse', 'a block of 1,001 bytes', chain, larger);
}

function reserve({ book, chain, alice, bob }: Setting): void {
  const full = transfersOfSize(chain, alice, bob.account, 668);
  book.block(
    'block/proof-reserve',
    'accept',
    'transfers of 668 bytes where 668 are free for all',
    chain,
    full,
  );
  const over = transfersOfSize(chain, alice, bob.account, 669);
  book.block('block/proof-reserve', 'refuse', 'transfers of 669 bytes', chain, over);
}

function figures(book: VectorBook): void {
  const chain = book.chain('figures', 'halving');
  chain.mineTo(2);
  const refuse = (rule: string, why: string, coinbase: object): void =>
    book.block(rule, 'refuse', why, chain, [], { coinbase });
  book.block('coinbase/subsidy', 'accept', '7 at height 3, the last before the first halving', chain);
  refuse('coinbase/subsidy', '8 at height 3', { subsidy: 8n });
  refuse('coinbase/subsidy', '6 at height 3', { subsidy: 6n });
  chain.mineBlock();
  book.block('coinbase/subsidy', 'accept', '3 at height 4, half of 7 rounded down', chain);
  refuse('coinbase/subsidy', '7 at height 4', { subsidy: 7n });
  chain.mineTo(11);
  book.block('coinbase/subsidy', 'accept', 'none at height 12, after the last halving', chain);
  refuse('coinbase/subsidy', '1 at height 12', { subsidy: 1n });
  const faucet = chain.faucet();
  const paying = [
    chain.transfer(faucet, chain.miner.account, 1n, { fee: 3n }),
    chain.transfer(faucet, chain.miner.account, 1n, { fee: 4n, sequence: 1n }),
  ];
  book.block('coinbase/fees', 'accept', '7, the sum of two', chain, paying);
  book.block('coinbase/fees', 'refuse', '8 where 7 were paid', chain, paying, { coinbase: { fees: 8n } });
  book.block('coinbase/fees', 'refuse', '6 where 7 were paid', chain, paying, { coinbase: { fees: 6n } });
  book.block('coinbase/proof-mint', 'accept', 'none without proofs', chain, paying);
  refuse('coinbase/proof-mint', '1 without proofs', { proofMint: 1n });
  book.block('coinbase/pool-draw', 'accept', 'none of an empty pool', chain, paying);
  refuse('coinbase/pool-draw', '1 of an empty pool', { poolDraw: 1n });
}

function coins({ book, chain, alice, bob }: Setting): void {
  const all = chain.transfer(alice, bob.account, FUNDS - 1n, { fee: 1n });
  book.block('coins/too-little', 'accept', 'all coins of an account, the last as the fee', chain, [all]);
  const fee = chain.transfer(alice, bob.account, FUNDS, { fee: 1n });
  book.block('coins/too-little', 'refuse', 'all coins, and none left for a fee of 1', chain, [fee]);
  const more = chain.transfer(alice, bob.account, FUNDS + 1n);
  book.block('coins/too-little', 'refuse', 'one more than there are', chain, [more]);
  const passedOn = [
    chain.transfer(alice, bob.account, FUNDS),
    chain.transfer(bob, alice.account, 2n * FUNDS),
  ];
  book.block('coins/too-little', 'accept', 'coins that came earlier in the block', chain, passedOn);
  book.block(
    'coins/too-little',
    'refuse',
    'coins that come later in the block',
    chain,
    [...passedOn].reverse(),
  );
  const other = chain.wallet('carol');
  const unknown = chain.transfer(other, bob.account, 1n);
  book.block('coins/too-little', 'refuse', 'an account that never had any', chain, [unknown]);
  const reward = chain.transfer(chain.miner, bob.account, 7n);
  chain.mineBlock();
  book.block(
    'coins/too-little',
    'refuse',
    'the reward of block 1 in block 3, at whose end it matures',
    chain,
    [reward],
  );
  chain.mineBlock();
  book.block('coins/too-little', 'accept', 'the reward of block 1 in block 4', chain, [reward]);
}
