import { fileURLToPath } from 'node:url';
import { expect, test } from '@jest/globals';
import { simulateDurability } from './durability.js';

test('the committed page is what the code computes, and its simulated losses are the formula’s', async () => {
  const root = fileURLToPath(new URL('../../../../', import.meta.url));
  const said: string[] = [];
  const isRight = await simulateDurability(root, { seed: 1, isCheck: true }, (line) => said.push(line));
  expect(said).toEqual(['docs/durability is what the code computes today']);
  expect(isRight).toBe(true);
});
