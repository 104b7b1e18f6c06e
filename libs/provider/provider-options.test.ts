import { expect, test } from '@jest/globals';
import { devnet, mainnet, testnet } from '#chain';
import { limitsOf } from './provider-options.js';

test('what nobody needs is kept for as many blocks as the law lets coins mature, at least ten', () => {
  expect(limitsOf(mainnet).reorgDepthBlocks).toBe(100);
  expect(limitsOf(testnet).reorgDepthBlocks).toBe(testnet.reward.maturityBlocks);
  expect(devnet.reward.maturityBlocks).toBeLessThan(10);
  expect(limitsOf(devnet).reorgDepthBlocks).toBe(10);
  expect(limitsOf(mainnet, { reorgDepthBlocks: 3 }).reorgDepthBlocks).toBe(3);
});
