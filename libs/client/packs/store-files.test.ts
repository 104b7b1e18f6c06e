import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { devnet } from '#chain';
import type { CairnClient } from '../client.js';
import { storeFiles } from './store-files.js';
import type { StoredFiles } from './store-pack.js';

const terms = { profile: { k: 2, repairBelow: 3, n: 5 }, epochs: 3, fragmentSize: 65_536 };

test('whoever stops in the middle leaves no contracts behind that nothing names', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'cairn-files-'));
  try {
    // The pack of the first ones is on its way when the empty one is told.
    const sizes = [...new Array<number>(25).fill(50_000), 0];
    const files = [];
    for (const [at, sizeBytes] of sizes.entries()) {
      const path = join(folder, String(at));
      await writeFile(path, randomBytes(sizeBytes));
      files.push({ path, name: String(at), sizeBytes });
    }
    const ended: unknown[] = [];
    const client = {
      context: {
        params: devnet,
        nowMs: () => 5,
        ledger: {
          contract: async () => null,
          status: async () => ({ tip: { height: 1 }, burnPerGiBEpoch: '1' }),
        },
        wallet: {
          submit: async (kind: string, body: unknown) => {
            ended.push([kind, body]);
            return { id: '', hex: '' };
          },
        },
      },
      storePack: async (): Promise<StoredFiles> => ({
        name: '',
        entries: [],
        quote: undefined as never,
        contracts: ['c1'],
      }),
    } as unknown as CairnClient;
    for await (const event of storeFiles(client, files, terms)) {
      if (event.kind === 'failed') throw event.error;
      expect(event.stored.name).toBe('25');
      break;
    }
    expect(ended).toEqual([['end', { contract: 'c1' }]]);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});
