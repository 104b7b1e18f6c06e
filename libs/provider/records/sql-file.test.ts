import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { ContractId, FragmentId } from '#chain';
import type { ContractRecord } from './contract-record.js';
import { openProviderRecords } from './provider-records.js';
import { openSqlFile } from './sql-file.js';
import { openTicketRecords } from './ticket-records.js';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cairn-records-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const id = 'ab'.repeat(32) as ContractId;
const fragment = 'cd'.repeat(32) as FragmentId;
const record: ContractRecord = {
  id,
  state: 'reserved',
  clientKey: 'aa',
  ticketKey: 'bb',
  maxBytes: 2n ** 62n + 1n,
  maxFragments: 3,
  epochs: 5,
  expiresAt: 1_800_000_000,
  root: 'root',
};

describe('the provider’s records', () => {
  test('come back as they were written, amounts above 2^53 included', async () => {
    const records = await openProviderRecords(folder);
    await records.save(record);
    await records.addFragment(id, { id: fragment, lengthBytes: 1_000 });
    await records.lists.save(id, 'root', [{ id: fragment, lengthBytes: 1_000 }]);
    await records.markCorrupt(fragment, 7);
    await records.close();
    const again = await openProviderRecords(folder);
    expect(again.contract(id)).toEqual(record);
    expect(await again.leaves(id)).toEqual([{ id: fragment, lengthBytes: 1_000 }]);
    expect(again.corruptFragments()).toEqual([fragment]);
    expect(await again.forget(id)).toEqual([fragment]);
    expect(again.contracts()).toEqual([]);
    await again.close();
  });

  test.each(['provider.sqlite', 'tickets.sqlite'])('a damaged %s is named, with what to do', async (name) => {
    await (await openProviderRecords(folder)).close();
    await (await openTicketRecords(folder)).close();
    const file = join(folder, name);
    const bytes = await readFile(file);
    await writeFile(file, Buffer.concat([Buffer.from('this is no database, '), bytes.subarray(21)]));
    const opening = name === 'provider.sqlite' ? openProviderRecords(folder) : openTicketRecords(folder);
    await expect(opening).rejects.toMatchObject({ code: 'provider/store-corrupt', data: { file } });
  });

  test('a file of a newer program is refused', async () => {
    const options = { file: join(folder, 'x.sqlite'), schema: '', durability: 'FULL' } as const;
    const sql = await openSqlFile(options);
    await sql.run('PRAGMA user_version = 99');
    await sql.close();
    await expect(openSqlFile(options)).rejects.toMatchObject({ code: 'provider/store-too-new' });
  });
});
