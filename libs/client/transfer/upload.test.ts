import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { ClientStage } from '../testing/index.js';
import { memorySource } from './source.js';

const MiB = 2 ** 20;
const terms = { profile: { k: 2, repairBelow: 3, n: 6 }, epochs: 3, fragmentSize: 65_536 };

let stage: ClientStage;
beforeAll(async () => {
  stage = await ClientStage.open();
  for (let seed = 2; seed <= 8; seed++) await stage.market.addProvider({ seed });
}, 120_000);
afterAll(() => stage.close());

describe('an upload', () => {
  test('goes', async () => {
    const bytes = new Uint8Array(randomBytes(3 * MiB + 17));
    const { client } = stage;
    const t = Date.now();
    const stored = await stage.whileMining(client.storeSource(memorySource(bytes), 'file', terms));
    const parts: Uint8Array[] = [];
    for await (const part of client.read(stored.entry)) parts.push(part);
    expect(Buffer.concat(parts).equals(bytes)).toBe(true);
  }, 60_000);
});
