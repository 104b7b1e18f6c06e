import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { createEmbeddedJobQueue } from './index.js';
import { describeJobQueue } from './testing/job-queue-conformance.js';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cairn-jobs-'));
});
afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
});

describeJobQueue('the embedded queue', async () => {
  const store = { file: join(folder, 'new', 'jobs.sqlite') };
  return { store, open: () => createEmbeddedJobQueue({ ...store, pollMs: 50 }), stop: async () => undefined };
});

test('names a damaged file and what to do about it', async () => {
  const file = join(folder, 'damaged.sqlite');
  await writeFile(file, 'this is no database, '.repeat(500));
  await expect(createEmbeddedJobQueue({ file })).rejects.toMatchObject({
    code: 'jobs/store-corrupt',
    message: expect.stringContaining(file),
    next: expect.stringContaining('move it away'),
  });
});

test('names a folder that cannot be made', async () => {
  const file = join(folder, 'damaged.sqlite', 'below', 'jobs.sqlite');
  await expect(createEmbeddedJobQueue({ file })).rejects.toMatchObject({
    code: 'jobs/store-failed',
    message: expect.stringContaining(file),
  });
});
