import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import type { ContractId } from '#chain';
import { fileVoucherBook } from './voucher-book.js';

const contract = 'ab'.repeat(32) as ContractId;
let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cairn-vouchers-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

test('what was promised is found by the next process; a contract never paid for has no entry', async () => {
  expect(await fileVoucherBook(folder).find(contract)).toEqual({ total: 0n, refused: 0 });
  await fileVoucherBook(folder).save(contract, { total: 7n, refused: 1 });
  expect(await fileVoucherBook(folder).find(contract)).toEqual({ total: 7n, refused: 1 });
});

test('a book that cannot be read is not one in which nothing was paid', async () => {
  await mkdir(join(folder, `${contract}.json`));
  await expect(fileVoucherBook(folder).find(contract)).rejects.toMatchObject({ code: 'EISDIR' });
});
