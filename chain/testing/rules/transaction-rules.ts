import { bytesToHex } from '#crypto';
import type { KnownTransaction } from '../../tx/transaction.js';
import { createMemoryChain, type MemoryChain, type SigningOptions } from '../memory-chain.js';
import type { Wallet } from '../wallet.js';
import { overwrite, signBytes, unsignedBytes } from './raw-bytes.js';
import type { RuleVectorFile } from './rule-vector.js';
import { vectorParams } from './rule-vector.js';
import { EASY, VectorBook } from './vector-book.js';

/** Form, signature, lanes and the chain's own kinds. */
export function transactionRules(): RuleVectorFile {
  const book = new VectorBook();
  book.network('easy', EASY);
  book.network('mainnet', { base: 'mainnet', changes: {} });
  forms(book);
  const chain = book.chain('funded', 'easy');
  const alice = chain.wallet('alice');
  const bob = chain.wallet('bob');
  chain.fund(1_000n, alice, bob);
  lanes(book, chain, alice, bob);
  transfers(book, chain, alice, bob);
  endpoints(book, chain, alice);
  anchors(book, chain, alice, bob);
  return book.finish();
}

function forms(book: VectorBook): void {
  const tight = {
    base: 'devnet',
    changes: { ...(EASY.changes as object), limits: { maxTransactionBytes: 200 } },
  } as const;
  book.network('tight', tight);
  const chain = createMemoryChain([], vectorParams(EASY));
  const small = createMemoryChain([], vectorParams(tight));
  const { law } = chain;
  const alice = chain.wallet('alice');
  const bob = chain.wallet('bob');
  const memo = (bytes: number, at: MemoryChain = chain): KnownTransaction =>
    at.sign(alice, 'transfer', { to: bob.account, amount: 1n, memo: new Uint8Array(bytes) });
  const spare = 200 - memo(0).bytes.length;
  book.transaction(
    'tx/too-large',
    'accept',
    '200 bytes where 200 are allowed',
    'tight',
    memo(spare, small).bytes,
  );
  book.transaction(
    'tx/too-large',
    'refuse',
    '201 bytes where 200 are allowed',
    'tight',
    memo(spare + 1).bytes,
  );

  const unsigned = unsignedBytes(memo(0));
  const kind = (code: number): Uint8Array =>
    signBytes(law, alice, overwrite(unsigned, 0, [code & 255, code >> 8]));
  book.transaction('tx/unknown-kind', 'accept', 'kind 1, a transfer', 'easy', kind(1));
  for (const code of [0, 4, 9, 14, 256 + 1, 65_535])
    book.transaction('tx/unknown-kind', 'refuse', `kind ${code}`, 'easy', kind(code));

  const good = memo(0).bytes;
  book.transaction('tx/signature', 'accept', 'the sender’s signature', 'easy', good);
  const flip = (at: number): Uint8Array => overwrite(good, at, [(good.at(at) as number) ^ 1]);
  book.transaction('tx/signature', 'refuse', 'a bit of R is another', 'easy', flip(-64));
  book.transaction('tx/signature', 'refuse', 'a bit of S is another', 'easy', flip(-32));
  book.transaction(
    'tx/signature',
    'refuse',
    'a bit of the amount is another',
    'easy',
    flip(2 + 32 + 2 + 8 + 8 + 20),
  );
  book.transaction('tx/signature', 'refuse', 'a bit of the lane is another', 'easy', flip(2 + 32));
  book.transaction('tx/signature', 'refuse', 'signed for devnet, sent on mainnet', 'mainnet', good);
  const other = signBytes(law, { ...alice, secretKey: bob.secretKey }, unsigned);
  book.transaction('tx/signature', 'refuse', 'somebody else’s signature', 'easy', other);
  const order = 2n ** 252n + 27742317777372353535851937790883648493n;
  const s = BigInt(`0x${bytesToHex(good.slice(-32).reverse())}`) + order;
  const larger = Uint8Array.from({ length: 32 }, (_, at) => Number((s >> BigInt(8 * at)) & 255n));
  book.transaction('tx/signature', 'refuse', 'S + L in place of S', 'easy', overwrite(good, -32, larger));
}

function lanes(book: VectorBook, chain: MemoryChain, alice: Wallet, bob: Wallet): void {
  const at = (lane: number, sequence: bigint): KnownTransaction =>
    chain.transfer(alice, bob.account, 1n, { lane, sequence });
  book.block('tx/sequence-gap', 'accept', 'the first number of a lane is 0', chain, [at(0, 0n)]);
  book.block('tx/sequence-gap', 'refuse', 'number 1 on a fresh lane', chain, [at(0, 1n)]);
  book.block('tx/sequence-gap', 'accept', 'numbers 0 and 1 in one block, and 0 of the last lane', chain, [
    at(0, 0n),
    at(0, 1n),
    at(65_535, 0n),
  ]);
  book.block('tx/sequence-gap', 'refuse', 'numbers 1 and 0 in one block', chain, [at(0, 1n), at(0, 0n)]);
  book.block('tx/sequence-used', 'refuse', 'number 0 twice in one block', chain, [
    at(0, 0n),
    chain.transfer(alice, bob.account, 2n, { sequence: 0n }),
  ]);
  chain.mineBlock([at(0, 0n)]);
  book.block('tx/sequence-used', 'accept', 'number 1 after 0', chain, [at(0, 1n)]);
  book.block('tx/sequence-used', 'refuse', 'number 0 again, in a later block', chain, [at(0, 0n)]);
  book.block('tx/sequence-used', 'accept', 'number 0 of another lane', chain, [at(1, 0n)]);
  book.block('tx/sequence-gap', 'refuse', 'number 2 after 0', chain, [at(0, 2n)]);
  book.block('tx/sequence-gap', 'refuse', 'the greatest number there is', chain, [at(0, (1n << 63n) - 1n)]);
}

function transfers(book: VectorBook, chain: MemoryChain, alice: Wallet, bob: Wallet): void {
  const pay = (amount: bigint, to = bob.account): KnownTransaction => chain.transfer(alice, to, amount);
  book.block('transfer/zero', 'accept', 'one unit', chain, [pay(1n)]);
  book.block('transfer/zero', 'refuse', 'nothing', chain, [pay(0n)]);
  book.block('transfer/to-self', 'accept', 'to another account', chain, [pay(2n)]);
  book.block('transfer/to-self', 'refuse', 'to the sender’s own account', chain, [pay(1n, alice.account)]);
}

function endpoints(book: VectorBook, chain: MemoryChain, alice: Wallet): void {
  const record = (
    ttlBlocks: number,
    addresses: readonly string[] = ['http://127.0.0.1:4000'],
  ): KnownTransaction =>
    chain.sign(alice, 'endpoint', { addresses, owner: 'alice', region: 'north', ttlBlocks });
  book.block('endpoint/ttl', 'accept', 'one block', chain, [record(1)]);
  book.block('endpoint/ttl', 'refuse', 'no block', chain, [record(0)]);
  book.block('endpoint/ttl', 'accept', '1,000,000 blocks', chain, [record(1_000_000)]);
  book.block('endpoint/ttl', 'refuse', '1,000,001 blocks', chain, [record(1_000_001)]);
  book.block('endpoint/empty-address', 'accept', 'no address at all: the record is withdrawn', chain, [
    record(1, []),
  ]);
  book.block('endpoint/empty-address', 'accept', 'an address of one character', chain, [record(1, ['a'])]);
  book.block('endpoint/empty-address', 'refuse', 'an address of none', chain, [record(1, ['a', ''])]);
}

function anchors(book: VectorBook, chain: MemoryChain, alice: Wallet, bob: Wallet): void {
  const move = (slot: string, sequence: bigint, by = alice, options: SigningOptions = {}): KnownTransaction =>
    chain.sign(by, 'anchor', { slot, sequence, pointer: Uint8Array.of(1, 2) }, options);
  book.block('anchor/sequence', 'accept', 'the first is number 1', chain, [move('catalogue', 1n)]);
  book.block('anchor/sequence', 'refuse', 'a first with number 0', chain, [move('catalogue', 0n)]);
  book.block('anchor/sequence', 'refuse', 'a first with number 2', chain, [move('catalogue', 2n)]);
  chain.mineBlock([move('catalogue', 1n)]);
  book.block('anchor/sequence', 'accept', 'number 2 after 1', chain, [move('catalogue', 2n)]);
  book.block('anchor/sequence', 'refuse', 'number 1 again', chain, [move('catalogue', 1n)]);
  book.block('anchor/sequence', 'refuse', 'number 3 after 1', chain, [move('catalogue', 3n)]);
  book.block('anchor/sequence', 'accept', 'each slot counts for itself', chain, [move('stream', 1n)]);
  book.block('anchor/sequence', 'accept', 'each account counts for itself', chain, [
    move('catalogue', 1n, bob),
  ]);
}
