import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { withScratchFolder } from '../testing/scratch-folder.js';
import { CHAIN_ENTITIES, metaEntity } from './chain-entities.js';
import { type OpenDatabase, openDatabase } from './data-sources.js';
import { createWriter } from './writer.js';

function withDatabase(use: (database: OpenDatabase) => Promise<void>): Promise<void> {
  return withScratchFolder(async (folder) => {
    const database = await openDatabase(
      { url: `sqlite:${join(folder, 'x.sqlite')}` },
      { entities: CHAIN_ENTITIES, durability: 'NORMAL', whenDamaged: 'look' },
    );
    try {
      await use(database);
    } finally {
      await database.close();
    }
  });
}

describe('the queued writer', () => {
  it('keeps every successful transaction whatever fails beside it', async () => {
    await withDatabase(async (database) => {
      const writer = createWriter(database);
      const results = await Promise.allSettled(
        Array.from({ length: 40 }, (_, index) =>
          writer.run(async (tx) => {
            await tx.insert(metaEntity, { name: `row ${index}`, value: String(index) });
            await new Promise((resolve) => setImmediate(resolve));
            if (index % 3 === 0) throw new Error('no');
          }),
        ),
      );
      const kept = (await database.reading.manager.find(metaEntity)).map(({ value }) => Number(value));
      const reported = results.flatMap(({ status }, index) => (status === 'fulfilled' ? [index] : []));
      expect(kept.sort((a, b) => a - b)).toEqual(reported);
      expect(reported).toHaveLength(26);
    });
  });

  it('is the only way to write: the reader refuses', async () => {
    await withDatabase(async (database) => {
      await expect(database.reading.manager.insert(metaEntity, { name: 'a', value: 'b' })).rejects.toThrow(
        /readonly/,
      );
    });
  });
});
