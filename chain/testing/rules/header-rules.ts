import { bytesToHex } from '#crypto';
import { BLOCK_VERSION, encodeHeader, VERSION_ROLLING_MASK } from '../../block/header.js';
import { targetToBits } from '../../pow/target.js';
import type { BlockChanges } from '../mine-block.js';
import type { RuleVectorFile } from './rule-vector.js';
import { EASY, VectorBook } from './vector-book.js';

const EASY_ASERT = {
  base: 'devnet',
  changes: {
    proofOfWork: {
      genesisBits: 0x201f_ffff,
      limitBits: 0x207f_ffff,
      blockSeconds: 60,
      adjustment: 'asert',
      halfLifeSeconds: 600,
    },
  },
} as const;

/** Version, parent, target, time and work. */
export function headerRules(): RuleVectorFile {
  const book = new VectorBook();
  book.network('easy', EASY);
  const chain = book.chain('plain', 'easy');
  chain.mineTo(2);

  const version = (value: number): { header: { version: number } } => ({ header: { version: value >>> 0 } });
  book.header(
    'header/version',
    'accept',
    'every bit that miners may roll is set',
    chain,
    version(BLOCK_VERSION | VERSION_ROLLING_MASK),
  );
  book.header('header/version', 'accept', 'none of them is', chain, version(BLOCK_VERSION));
  for (const bit of [0, 12, 30, 31])
    book.header('header/version', 'refuse', `bit ${bit} is set`, chain, version(BLOCK_VERSION | (1 << bit)));
  book.header('header/version', 'refuse', 'bit 29 is not set', chain, version(0));

  book.header('header/previous', 'accept', 'the child of the tip', chain, {});
  book.header('header/previous', 'refuse', 'the child of the tip’s parent', chain, {
    header: { previous: chain.at(1).block.hash },
  });
  book.header('header/previous', 'refuse', 'the tip’s id in the order people read it', chain, {
    header: { previous: chain.tip.block.hash.slice().reverse() },
  });

  book.header('header/bits', 'accept', 'the constant target', chain, {});
  book.header('header/bits', 'refuse', 'a harder target', chain, { header: { bits: 0x207f_fffe } });
  book.header('header/proof-of-work', 'accept', 'a hash at or below the target', chain, {});
  book.header('header/proof-of-work', 'refuse', 'a hash above it, below twice the target', chain, {
    work: 'missing',
  });
  inBlocks(book);
  asertVectors(book);
  timeVectors(book);
  bitsVectors(book);
  const ahead = (why: string, nowBefore: number, verdict: string): void =>
    book.ask('node/time-too-new', verdict, why, {
      subject: 'clock',
      network: 'easy',
      bytes: bytesToHex(encodeHeader(chain.tip.block.header)),
      nowSeconds: chain.tip.block.header.time - nowBefore,
    });
  ahead('120 seconds ahead of the clock', 120, 'accept');
  ahead('121 seconds ahead of the clock', 121, 'node/time-too-new');
  return book.finish();
}

/** The same rules stand before everything else about a whole block. */
function inBlocks(book: VectorBook): void {
  const chain = book.chain('blocks', 'easy');
  chain.mineTo(3);
  const refuse = (rule: string, why: string, changes: BlockChanges): void =>
    book.block(rule, 'refuse', `a block: ${why}`, chain, [], changes);
  refuse('header/version', 'bit 0 of the version is set', { header: { version: BLOCK_VERSION | 1 } });
  refuse('header/previous', 'the child of the tip’s parent', {
    header: { previous: chain.at(2).block.hash },
  });
  refuse('header/bits', 'a harder target', { header: { bits: 0x207f_fffe } });
  const { medianTimeSeconds } = chain.supplement();
  refuse('header/time-too-old', 'the median of the times before', { header: { time: medianTimeSeconds } });
  refuse('header/proof-of-work', 'a hash above the target', { work: 'missing' });
}

function asertVectors(book: VectorBook): void {
  book.network('easy-asert', EASY_ASERT);
  for (const [name, seconds] of [
    ['early', [1, 1, 1]],
    ['late', [120, 120]],
    ['very-late', [5_000]],
  ] as const) {
    const chain = book.chain(`asert-${name}`, 'easy-asert');
    for (const step of seconds)
      chain.add(chain.draft([], { header: { time: chain.tip.block.header.time + step } }));
    const { bits } = chain.template();
    book.header('header/bits', 'accept', `ASERT after blocks that came ${name}`, chain, {});
    const harder = { header: { bits: bits - 1 } };
    book.header(
      'header/bits',
      'refuse',
      `ASERT after blocks that came ${name}, a step harder`,
      chain,
      harder,
    );
    const easier = { header: { bits: bits + 1 > 0x207f_ffff ? 0x2100_ffff : bits + 1 } };
    if (easier.header.bits <= 0x207f_ffff)
      book.header(
        'header/bits',
        'refuse',
        `ASERT after blocks that came ${name}, a step easier`,
        chain,
        easier,
      );
  }
}

function timeVectors(book: VectorBook): void {
  const chain = book.chain('times', 'easy');
  const genesis = chain.tip.block.header.time;
  const at = (why: string, time: number, verdict: 'accept' | 'refuse'): void =>
    book.header('header/time-too-old', verdict, why, chain, { header: { time } });
  at('one second after the genesis block', genesis + 1, 'accept');
  at('the second of the genesis block', genesis, 'refuse');
  const mine = (offset: number): void => {
    const added = chain.add(chain.draft([], { header: { time: genesis + offset } }));
    if (!added.ok) throw new Error(added.violation.rule);
  };
  mine(100);
  at('of two times the later is the median: one second above', genesis + 101, 'accept');
  at('of two times the later is the median: equal', genesis + 100, 'refuse');
  // Times that do not rise: the median of the last 11 is another than the middle one, and than that of 10 or 12.
  for (const offset of [500, 110, 400, 300, 450, 310, 320, 600, 420, 410, 700, 430]) mine(offset);
  const { medianTimeSeconds } = chain.supplement();
  at('one second above the median of the last 11, long before the parent', medianTimeSeconds + 1, 'accept');
  at('the median of the last 11', medianTimeSeconds, 'refuse');
  at('the greatest time there is', 0xffff_ffff, 'accept');
}

function bitsVectors(book: VectorBook): void {
  const bits = (why: string, value: number, verdict = 'accept'): void =>
    book.ask('pow/bits', verdict, why, { subject: 'bits', network: 'easy', bits: value });
  bits('the smallest target, 1', 0x0101_0000);
  bits('the same target written with exponent 3', 0x0300_0001);
  bits('the greatest target whose top bit is 0', 0x207f_ffff);
  bits('the greatest target', targetToBits((1n << 256n) - 1n));
  bits('mantissa 0', 0x2000_0000, 'pow/bits');
  bits('a mantissa shifted out: zero', 0x0000_0001, 'pow/bits');
  bits('a mantissa shifted out with exponent 2', 0x0200_00ff, 'pow/bits');
  bits('the sign bit and mantissa 0', 0x1d80_0000, 'pow/bits');
  bits('the sign bit beside a mantissa', 0x1d80_ffff, 'pow/bits');
  bits('2^256 and above', 0x2200_0100, 'pow/bits');
  bits('2^256 and above, exponent 33', 0x2101_0000, 'pow/bits');
  bits('exponent 255', 0xff00_0001, 'pow/bits');
  bits('2^255 written with exponent 33', 0x2100_8000);
}
