import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { type AccountId, decodeCoinbase, decodeHeader } from '#chain';
import { bytesToHex, hexToBytes } from '#crypto';
import { createMiningWork } from '#mining-work';
import { type JobParams, jobToNotify, numberToHex, shareToHeader, swapWords } from './job.js';
import { be32dec, doubleSha256, le32dec, wordsToBytes } from './testing/cpuminer-words.js';

interface Vector {
  readonly template: { readonly headerHex: string; readonly coinbaseHex: string };
  readonly notify: JobParams;
  readonly share: {
    readonly [field in
      | 'extranonce1'
      | 'extranonce2'
      | 'ntime'
      | 'nonce'
      | 'versionMask'
      | 'versionBits']: string;
  };
  readonly coinbase: string;
  readonly merkleRoot: string;
  readonly header: string;
  readonly hash: string;
}

const documented = /```json\n(.*?)\n```/s.exec(readFileSync('docs/protocol/mining.md', 'utf8'))?.[1] ?? '';
const vector = JSON.parse(documented) as Vector;

const workOf = ({ headerHex, coinbaseHex }: Vector['template']) =>
  createMiningWork({
    id: '00'.repeat(16),
    height: 7,
    headerHex,
    coinbaseHex,
    extranonceOffset: 126,
    targetHex: '00'.repeat(32),
    minTimeSeconds: 0,
    transactionCount: 0,
    fees: '0',
  });

describe('the documented vector', () => {
  const work = workOf(vector.template);
  const { share, notify } = vector;

  test('a template becomes this job', () => {
    const time = Number.parseInt(notify[7], 16);
    const job = { id: notify[0], miner: work.coinbase.miner, time, clean: notify[8] };
    expect(jobToNotify(work, job)).toEqual(notify);
  });

  test('a share of it becomes this header', () => {
    const mask = Number.parseInt(share.versionMask, 16);
    const version = ((work.header.version & ~mask) | Number.parseInt(share.versionBits, 16)) >>> 0;
    const made = shareToHeader(work, work.coinbase.miner, {
      extranonce1: hexToBytes(share.extranonce1),
      extranonce2: hexToBytes(share.extranonce2),
      time: Number.parseInt(share.ntime, 16),
      nonce: Number.parseInt(share.nonce, 16),
      version,
    });
    expect(bytesToHex(made.coinbase)).toBe(vector.coinbase);
    expect(bytesToHex(made.header)).toBe(vector.header);
    expect(bytesToHex(made.hash)).toBe(vector.hash);
    expect(vector.header.slice(72, 136)).toBe(vector.merkleRoot);
    expect(decodeCoinbase(hexToBytes(vector.coinbase))).toMatchObject({ ok: true });
    expect(decodeHeader(hexToBytes(vector.header))).toMatchObject({ ok: true, value: { version } });
  });

  test('cpuminer makes the same header of job and share: words little-endian, hashed as big-endian', () => {
    const [, previous, coinbase1, coinbase2, branch, version, bits] = notify;
    expect(branch).toEqual([]);
    const coinbase = Buffer.from(coinbase1 + share.extranonce1 + share.extranonce2 + coinbase2, 'hex');
    const mask = Number.parseInt(share.versionMask, 16);
    const rolled = numberToHex(
      (Number.parseInt(version, 16) & ~mask) | Number.parseInt(share.versionBits, 16),
    );
    const words = new Uint32Array(20);
    words[0] = le32dec(Buffer.from(rolled, 'hex'), 0);
    for (let index = 0; index < 8; index++) words[1 + index] = le32dec(Buffer.from(previous, 'hex'), index);
    for (let index = 0; index < 8; index++) words[9 + index] = be32dec(doubleSha256(coinbase), index);
    words[17] = le32dec(Buffer.from(share.ntime, 'hex'), 0);
    words[18] = le32dec(Buffer.from(bits, 'hex'), 0);
    words[19] = le32dec(Buffer.from(share.nonce, 'hex'), 0);
    expect(wordsToBytes(words).toString('hex')).toBe(vector.header);
  });

  test('cgminer makes the same header: hex in the order of the job, then every word turned', () => {
    const sha = (data: Uint8Array): Buffer => createHash('sha256').update(data).digest();
    const coinbase = Buffer.from(vector.coinbase, 'hex');
    const root = Buffer.from(sha(sha(coinbase))).swap32();
    const mask = Number.parseInt(share.versionMask, 16);
    const version = numberToHex(
      (Number.parseInt(notify[5], 16) & ~mask) | Number.parseInt(share.versionBits, 16),
    );
    const hex = version + notify[1] + root.toString('hex') + share.ntime + notify[6] + share.nonce;
    expect(Buffer.from(hex, 'hex').swap32().toString('hex')).toBe(vector.header);
  });
});

describe('jobs', () => {
  test('turning words twice changes nothing', () => {
    const bytes = fc
      .uint8Array({ minLength: 0, maxLength: 16 })
      .map((array) => Uint8Array.from([...array, ...array, ...array, ...array]));
    fc.assert(fc.property(bytes, (data) => expect(swapWords(swapWords(data))).toEqual(data)));
  });

  test('differ between accounts in the coinbase alone', () => {
    const work = workOf(vector.template);
    const job = { id: 'a', time: 1, clean: false };
    const one = jobToNotify(work, { ...job, miner: '11'.repeat(20) as AccountId });
    const two = jobToNotify(work, { ...job, miner: '22'.repeat(20) as AccountId });
    expect(
      one.map((field, index) => (JSON.stringify(field) === JSON.stringify(two[index]) ? '' : index)).join(''),
    ).toBe('2');
  });
});
