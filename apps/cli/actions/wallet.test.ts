import { describe, expect, test } from '@jest/globals';
import { readFee } from './wallet.js';

const nodeAsking = (feePerByte: string) => {
  const price = { feePerByte, blocks: 1 };
  return { feeEstimate: async () => ({ minFeePerByte: '1', next: price, soon: price, economy: price }) };
};

describe('--fee', () => {
  test.each(['next', 'soon', 'economy'])('%s is what the node says, within reason', async (text) => {
    expect(await readFee(text, nodeAsking('7'))).toBe(7n);
    expect(await readFee(text, nodeAsking('999999999999'))).toBe(1_000n);
    expect(await readFee(text, nodeAsking('0'))).toBe(1n);
  });

  test('a number is the word of who pays; without one the wallet asks; all else is refused', async () => {
    expect(await readFee('5000', nodeAsking('7'))).toBe(5_000n);
    expect(await readFee(undefined, nodeAsking('7'))).toBeUndefined();
    for (const bad of ['0', '-1', '1.5', 'fast', '', true, '9999999999'])
      await expect(readFee(bad, nodeAsking('7'))).rejects.toMatchObject({ code: 'cli/bad-fee' });
  });
});
