import { bytesToHex, concatBytes } from '#crypto';
import { createMemoryChain } from '../memory-chain.js';
import { insert, overwrite, signBytes, unsignedBytes } from './raw-bytes.js';
import type { RuleVectorFile } from './rule-vector.js';
import { vectorParams } from './rule-vector.js';
import { EASY, VectorBook } from './vector-book.js';

/** Offsets in a transfer: kind, sender, lane, sequence, fee, to, amount, length of the memo. */
const AMOUNT_AT = 2 + 32 + 2 + 8 + 8 + 20;
const MEMO_AT = AMOUNT_AT + 8;
const BODY_AT = 2 + 32 + 2 + 8 + 8;
const MAX_U63 = (1n << 63n) - 1n;

/** Blocks that are cut, go on, or hold what is no transaction. */
function blockForms(book: VectorBook): void {
  const chain = book.chain('blocks', 'easy');
  const pay = chain.transfer(chain.faucet(), chain.miner.account, 1n);
  const { bytes } = chain.draft([pay]);
  book.raw('codec/truncated', 'accept', 'a block, whole', chain, bytes);
  book.raw('codec/truncated', 'refuse', 'a block without its last byte', chain, bytes.subarray(0, -1));
  book.raw('codec/truncated', 'refuse', 'a block that ends inside its header', chain, bytes.subarray(0, 79));
  book.raw(
    'codec/trailing-bytes',
    'refuse',
    'a block and a byte',
    chain,
    concatBytes(bytes, Uint8Array.of(0)),
  );
  const start = bytes.length - pay.bytes.length;
  book.raw(
    'tx/unknown-kind',
    'refuse',
    'a block with a transaction of kind 99',
    chain,
    overwrite(bytes, start, [99]),
  );
  const counted = (low: number): Uint8Array => overwrite(bytes, start - 8, [low, 0x86, 1, 0]);
  book.raw('codec/length', 'refuse', 'a block with 100,001 transactions', chain, counted(0xa1));
  book.raw(
    'codec/truncated',
    'refuse',
    'a block with 100,000 transactions, of which one is there',
    chain,
    counted(0xa0),
  );
}

/** The canonical encoding, by transactions and, where those hold no such type, by stored diffs. */
export function codecRules(): RuleVectorFile {
  const book = new VectorBook();
  const chain = createMemoryChain([], vectorParams(EASY));
  book.network('easy', EASY);
  const { law } = chain;
  const alice = chain.wallet('alice');
  const bob = chain.wallet('bob');
  const transfer = (amount: bigint, memoBytes = 0): Uint8Array =>
    unsignedBytes(
      chain.sign(alice, 'transfer', { to: bob.account, amount, memo: new Uint8Array(memoBytes) }),
    );
  const ask = (rule: string, verdict: 'accept' | 'refuse', why: string, unsigned: Uint8Array): void =>
    book.transaction(rule, verdict, why, 'easy', signBytes(law, alice, unsigned));

  const whole = signBytes(law, alice, transfer(1n));
  const bytes = (rule: string, verdict: 'accept' | 'refuse', why: string, source: Uint8Array): void =>
    book.transaction(rule, verdict, why, 'easy', source);
  bytes('codec/truncated', 'accept', 'a transfer, whole', whole);
  bytes('codec/truncated', 'refuse', 'its last byte is missing', whole.subarray(0, -1));
  bytes('codec/truncated', 'refuse', 'it ends inside its kind', whole.subarray(0, 1));
  bytes('codec/truncated', 'refuse', 'nothing at all', new Uint8Array(0));
  bytes(
    'codec/trailing-bytes',
    'accept',
    'a transfer that ends with its signature',
    signBytes(law, alice, transfer(2n)),
  );
  bytes(
    'codec/trailing-bytes',
    'refuse',
    'one zero after the signature',
    concatBytes(whole, Uint8Array.of(0)),
  );

  ask('codec/amount-range', 'accept', 'an amount of 2^63 - 1', transfer(MAX_U63));
  const above = overwrite(transfer(1n), AMOUNT_AT, [0, 0, 0, 0, 0, 0, 0, 0x80]);
  ask('codec/amount-range', 'refuse', 'an amount of 2^63', above);

  ask('codec/length', 'accept', 'a memo of 64 bytes', transfer(1n, 64));
  const long = insert(overwrite(transfer(1n, 64), MEMO_AT, [65]), MEMO_AT + 4, [0]);
  ask('codec/length', 'refuse', 'a memo of 65 bytes', long);
  ask(
    'codec/length',
    'refuse',
    'a length of 2^32 - 1',
    overwrite(transfer(1n, 64), MEMO_AT, [255, 255, 255, 255]),
  );
  const listed = (count: number): Uint8Array =>
    unsignedBytes(
      chain.sign(alice, 'endpoint', {
        addresses: new Array(count).fill('a'),
        owner: '',
        region: '',
        ttlBlocks: 1,
      }),
    );
  ask('codec/length', 'accept', 'a list of 8 addresses', listed(8));
  const nine = insert(overwrite(listed(8), BODY_AT, [9]), BODY_AT + 4, [1, 0, 0, 0, 0x61]);
  ask('codec/length', 'refuse', 'a list of 9 addresses', nine);

  const anchor = unsignedBytes(
    chain.sign(alice, 'anchor', { slot: 'log', sequence: 1n, pointer: new Uint8Array(0) }),
  );
  ask('codec/name', 'accept', 'the last of the three slots', anchor);
  ask('codec/name', 'refuse', 'a fourth slot', overwrite(anchor, BODY_AT, [3]));

  const named = (text: readonly number[]): Uint8Array => {
    const endpoint = unsignedBytes(
      chain.sign(alice, 'endpoint', {
        addresses: ['x'.repeat(text.length)],
        owner: '',
        region: '',
        ttlBlocks: 1,
      }),
    );
    return overwrite(endpoint, BODY_AT + 8, text);
  };
  for (const [why, text] of [
    ['U+0000', [0x00]],
    ['U+007F', [0x7f]],
    ['U+0080, the first of two bytes', [0xc2, 0x80]],
    ['U+0800, the first of three bytes', [0xe0, 0xa0, 0x80]],
    ['U+D7FF, the last before the surrogates', [0xed, 0x9f, 0xbf]],
    ['U+E000, the first after the surrogates', [0xee, 0x80, 0x80]],
    ['U+10000, the first of four bytes', [0xf0, 0x90, 0x80, 0x80]],
    ['U+10FFFF, the last there is', [0xf4, 0x8f, 0xbf, 0xbf]],
  ] as const)
    ask('codec/utf8', 'accept', why, named(text));
  for (const [why, text] of [
    ['a continuation without a beginning', [0x80]],
    ['a beginning without its continuation', [0xc2]],
    ['a beginning followed by another character', [0xc2, 0x41]],
    ['U+0000 in two bytes', [0xc0, 0x80]],
    ['U+007F in two bytes', [0xc1, 0xbf]],
    ['U+07FF in three bytes', [0xe0, 0x9f, 0xbf]],
    ['U+FFFF in four bytes', [0xf0, 0x8f, 0xbf, 0xbf]],
    ['U+D800, the first surrogate', [0xed, 0xa0, 0x80]],
    ['U+DFFF, the last surrogate', [0xed, 0xbf, 0xbf]],
    ['U+110000, beyond the last', [0xf4, 0x90, 0x80, 0x80]],
    ['a beginning of five bytes', [0xf8, 0x88, 0x80, 0x80, 0x80]],
    ['a last character cut short', [0x41, 0xe2, 0x82]],
  ] as const)
    ask('codec/utf8', 'refuse', why, named(text));

  const diff = (
    rule: string,
    verdict: 'accept' | 'refuse',
    why: string,
    code: number,
    present: number,
  ): void =>
    book.ask(rule, verdict === 'accept' ? 'accept' : rule, why, {
      subject: 'diff',
      network: 'easy',
      // one change: namespace, key 'x', absent before, 7 after
      bytes: bytesToHex(
        Uint8Array.of(1, 0, 0, 0, code, 0, 1, 0, 0, 0, 0x78, 0, present, 7, 0, 0, 0, 0, 0, 0, 0),
      ),
    });
  diff('codec/bool', 'accept', 'a value that is there: 1', 1, 1);
  diff('codec/bool', 'refuse', 'a value that is there: 2', 1, 2);
  diff('codec/namespace', 'accept', 'namespace 2, lanes', 2, 1);
  diff('codec/namespace', 'refuse', 'namespace 9, which no law has', 9, 1);
  book.ask('codec/trailing-bytes', 'codec/trailing-bytes', 'a diff without changes, and a byte', {
    subject: 'diff',
    network: 'easy',
    bytes: '0000000000',
  });
  blockForms(book);
  return book.finish();
}
