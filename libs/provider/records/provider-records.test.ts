import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import sqlite3 from 'sqlite3';
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

test('what could not be written is not remembered either', async () => {
  const dataDir = await mkdtemp(join(tmpdir(), 'cairn-records-'));
  const record = {
    id: 'cc'.repeat(32) as ContractId,
    state: 'reserved' as const,
    clientKey: 'aa'.repeat(32),
    ticketKey: 'bb'.repeat(32),
    maxBytes: 10n,
    maxFragments: 1,
    epochs: 3,
    expiresAt: 1,
  };
  const records = await openProviderRecords(dataDir);
  const other = new sqlite3.Database(join(dataDir, 'provider.sqlite'));
  const run = (statement: string) =>
    new Promise<void>((resolve, reject) => {
      other.run(statement, (error) => (error === null ? resolve() : reject(error)));
    });
  try {
    await run('BEGIN IMMEDIATE');
    await expect(records.save(record)).rejects.toMatchObject({ code: 'provider/store-failed' });
    expect(records.contract(record.id)).toBeUndefined();
    await run('COMMIT');
    await records.save(record);
    await run('BEGIN IMMEDIATE');
    await expect(records.save({ ...record, state: 'agreed' })).rejects.toMatchObject({
      code: 'provider/store-failed',
    });
    expect(records.contract(record.id)?.state).toBe('reserved');
    await run('COMMIT');
  } finally {
    await new Promise((resolve) => other.close(resolve));
    await records.close();
    await rm(dataDir, { recursive: true, force: true });
  }
});
