import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { afterEach, describe, expect, test } from '@jest/globals';
import { nobleCrypto, type SignatureCheck } from '#crypto';
import { generateSignatureCases } from '#crypto/testing';
import { decodeChecks, encodeChecks } from './check-codec.js';
import { nativeCrypto } from './native-crypto.js';
import { createVerifyPool, type VerifyPool } from './verify-pool.js';

const threadsFolder = '/proc/self/task';
const testThreads = existsSync(threadsFolder) ? test : test.skip;

function threadCount(): number {
  return readdirSync(threadsFolder).length;
}

describe('verify pool', () => {
  const pools: VerifyPool[] = [];
  const openPool = (workers: number): VerifyPool => {
    const pool = createVerifyPool({ workers });
    pools.push(pool);
    return pool;
  };
  afterEach(async () => {
    await Promise.all(pools.splice(0).map((pool) => pool.close()));
  });

  const cases = [...generateSignatureCases(new Uint8Array(32).fill(3))];

  test('gives the same verdicts in the same order as the port, several batches at once', async () => {
    const pool = openPool(2);
    const expected = nativeCrypto.verifyBatch(cases);
    expect(expected).toContain(true);
    const parts = [cases, cases.slice(0, 1), cases.slice(0, 17), [], [...cases].reverse()];
    const answers = await Promise.all(parts.map((part) => pool.verifyBatch(part)));
    expect(answers).toEqual([
      expected,
      expected.slice(0, 1),
      expected.slice(0, 17),
      [],
      [...expected].reverse(),
    ]);
  });

  test('leaves the caller’s arrays whole', async () => {
    const pool = openPool(1);
    const seed = new Uint8Array(32).fill(1);
    const message = Uint8Array.of(1, 2, 3);
    const check = {
      publicKey: nobleCrypto.publicKey(seed),
      message,
      signature: nobleCrypto.sign(seed, message),
    };
    expect(await pool.verifyBatch([check])).toEqual([true]);
    expect([check.publicKey.length, check.message.length, check.signature.length]).toEqual([32, 3, 64]);
  });

  test('a message kept in two parts is one message', async () => {
    const pool = openPool(1);
    const whole = cases.find((each) => nativeCrypto.verify(each) && each.message.length > 1);
    const { publicKey, signature, message } = whole as SignatureCheck;
    const parts = { publicKey, signature, prefix: message.subarray(0, 1), message: message.subarray(1) };
    expect(await pool.verifyBatch([parts, { ...parts, prefix: message }])).toEqual([true, false]);
  });

  test('malformed lengths are false and do not disturb their neighbours', async () => {
    const pool = openPool(2);
    const honest = cases[0] as SignatureCheck;
    const short = { ...honest, publicKey: honest.publicKey.slice(1) };
    const long = { ...honest, signature: new Uint8Array(65) };
    expect(await pool.verifyBatch([short, honest, long, honest])).toEqual([false, true, false, true]);
  });

  test('close rejects what is under way and every later call', async () => {
    const pool = openPool(2);
    const underWay = pool.verifyBatch(cases);
    const outcome = expect(underWay).rejects.toMatchObject({ code: 'verify-pool/closed' });
    await pool.close();
    await outcome;
    await expect(pool.verifyBatch(cases)).rejects.toMatchObject({ code: 'verify-pool/closed' });
    await pool.close();
  });

  testThreads('close leaves no thread behind (needs /proc)', async () => {
    // Node starts threads of its own when first asked: let them be there before counting.
    await openPool(1).verifyBatch(cases.slice(0, 32));
    const before = threadCount();
    const pool = createVerifyPool({ workers: 3 });
    await pool.verifyBatch(cases);
    expect(threadCount()).toBeGreaterThanOrEqual(before + 3);
    await pool.close();
    expect(threadCount()).toBe(before);
  });

  test('an idle pool that nobody closed does not keep its process alive', () => {
    const pool = new URL('./verify-pool.js', import.meta.url).href;
    const program = `const { createVerifyPool } = await import('${pool}');
      console.log(await createVerifyPool({ workers: 2 }).verifyBatch([]));`;
    const child = spawnSync(process.execPath, ['--input-type=module', '--eval', program], {
      timeout: 20_000,
    });
    expect([child.status, child.stdout.toString()]).toEqual([0, '[]\n']);
  });

  test('the flat buffer gives back what was packed', () => {
    expect(decodeChecks(encodeChecks([]))).toEqual([]);
    const packed = decodeChecks(encodeChecks(cases));
    expect(packed).toHaveLength(cases.length);
    for (const [i, { publicKey, message, signature }] of cases.entries()) {
      expect(packed[i]).toEqual({ publicKey, message, signature });
    }
  });
});
