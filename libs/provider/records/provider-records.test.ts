import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import sqlite3 from 'sqlite3';
import type { ContractId, FragmentId } from '#chain';
import { openProviderRecords } from './provider-records.js';

test('a list is kept until its height, and a fragment until no list names it', async () => {
  const dataDir = await mkdtemp(join(tmpdir(), 'cairn-records-'));
  const contract = 'cc'.repeat(32) as ContractId;
  const entry = (byte: string) => ({ id: byte.repeat(32) as FragmentId, lengthBytes: 10 });
  const records = await openProviderRecords(dataDir);
  try {
    const { lists } = records;
    const other = 'dd'.repeat(32) as ContractId;
    const tombstone = entry('00');
    await lists.save(contract, 'before', [entry('01'), entry('02'), entry('03')]);
    await lists.save(contract, 'after', [tombstone, entry('02'), tombstone]);
    await lists.save(other, 'its own', [entry('03')]);
    expect(await lists.find(contract, 'after')).toEqual([tombstone, entry('02'), tombstone]);
    expect((await records.fragments(contract)).map(({ id }) => id.slice(0, 2)).sort()).toEqual([
      '01',
      '02',
      '03',
    ]);
    expect(await records.removeFragment(contract, entry('01').id)).toBe(false);
    await lists.keepUntil(contract, 'before', 10);
    expect(await lists.expire(contract, 10)).toEqual([]);
    expect(await lists.find(contract, 'before')).toHaveLength(3);
    // The other contract still needs the third.
    expect(await lists.expire(contract, 11)).toEqual([entry('01').id]);
    expect(await lists.find(contract, 'before')).toBeUndefined();
    expect(await records.fragments(contract)).toEqual([entry('02')]);
    // Saved again, it is kept until further notice.
    await lists.save(contract, 'after', [tombstone, entry('02'), tombstone]);
    await lists.keepUntil(contract, 'after', 20);
    await lists.save(contract, 'after', [tombstone, entry('02'), tombstone]);
    expect(await lists.expire(contract, 30)).toEqual([]);
    expect(await records.forget(other)).toEqual([entry('03').id]);
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
