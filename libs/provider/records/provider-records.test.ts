import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import type { ContractId, FragmentId } from '#chain';
import { openProviderRecords } from './provider-records.js';

test('the fragments of a later agreement replace those of one that a kill cut short', async () => {
  const dataDir = await mkdtemp(join(tmpdir(), 'cairn-records-'));
  const contract = 'cc'.repeat(32) as ContractId;
  const entry = (byte: string) => ({ id: byte.repeat(32) as FragmentId, lengthBytes: 10 });
  const records = await openProviderRecords(dataDir);
  try {
    await records.setLeaves(contract, [entry('01'), entry('02')]);
    await records.setLeaves(contract, [entry('02'), entry('03')]);
    expect(await records.leaves(contract)).toEqual([entry('02'), entry('03')]);
  } finally {
    await records.close();
    await rm(dataDir, { recursive: true, force: true });
  }
});
