import { describe, expect, test } from '@jest/globals';
import { bytesToHex } from '#crypto';
import { MAX_U63 } from '../codec/schema.js';
import type { AccountId } from '../primitives/ids.js';
import {
  type Coinbase,
  coinbaseReward,
  decodeCoinbase,
  EXTRANONCE_BYTES,
  EXTRANONCE_OFFSET,
  encodeCoinbase,
  MAX_COINBASE_BYTES,
} from './coinbase.js';

const largest: Coinbase = {
  version: 1,
  height: Number.MAX_SAFE_INTEGER,
  transactionRoot: new Uint8Array(32).fill(1),
  stateRoot: new Uint8Array(32),
  miner: 'ab'.repeat(20) as AccountId,
  subsidy: MAX_U63,
  fees: 2n,
  proofMint: 3n,
  poolDraw: 4n,
  extranonce: new Uint8Array(EXTRANONCE_BYTES).fill(0xee),
  extra: new Uint8Array(64).fill(0xff),
};

describe('coinbase', () => {
  test('the hole for the extranonce is where Stratum cuts it out', () => {
    const bytes = encodeCoinbase(largest);
    const hole = bytes.subarray(EXTRANONCE_OFFSET, EXTRANONCE_OFFSET + EXTRANONCE_BYTES);
    expect(bytesToHex(hole)).toBe('ee'.repeat(12));
    const filled = bytes.slice();
    filled.fill(0x11, EXTRANONCE_OFFSET, EXTRANONCE_OFFSET + EXTRANONCE_BYTES);
    expect(decodeCoinbase(filled)).toEqual({
      ok: true,
      value: { ...largest, extranonce: new Uint8Array(12).fill(0x11) },
    });
  });

  test('the largest one fits, a longer one is refused', () => {
    const bytes = encodeCoinbase(largest);
    expect(bytes.length).toBeLessThanOrEqual(MAX_COINBASE_BYTES);
    expect(decodeCoinbase(Uint8Array.of(...bytes, 0))).toMatchObject({
      violation: { rule: 'codec/trailing-bytes' },
    });
  });

  test('the reward is the sum of its four figures', () => {
    expect(coinbaseReward({ ...largest, subsidy: 1n })).toBe(10n);
  });
});
