import type { FragmentId } from '#chain';
import type { SqlFile } from './sql-file.js';

export const ORPHAN_SCHEMA = `
  CREATE TABLE IF NOT EXISTS orphan (
    id TEXT PRIMARY KEY,
    seen_at INTEGER NOT NULL,
    last_seen_at INTEGER NOT NULL
  ) STRICT;
`;

/** Stored fragments that no contract names, and since when. Times in seconds since 1970. */
export interface OrphanRecords {
  /** Those of some fragments that no contract has. */
  unneeded(ids: readonly FragmentId[]): Promise<FragmentId[]>;
  /** Remembers when they were first seen; answers those that were before a time. */
  see(ids: readonly FragmentId[], at: number, before: number): Promise<FragmentId[]>;
  /** Forgets those that were not seen again at a time. */
  forgetUnseen(at: number): Promise<void>;
}

export function createOrphanRecords(sql: SqlFile): OrphanRecords {
  return {
    unneeded: async (ids) =>
      (
        await sql.all('SELECT value AS id FROM json_each(?) WHERE value NOT IN (SELECT id FROM fragment)', [
          JSON.stringify(ids),
        ])
      ).map((row) => row['id'] as FragmentId),
    async see(ids, at, before) {
      const text = JSON.stringify(ids);
      await sql.run(
        `INSERT INTO orphan (id, seen_at, last_seen_at) SELECT value, ?, ? FROM json_each(?) WHERE true
         ON CONFLICT (id) DO UPDATE SET last_seen_at = excluded.last_seen_at`,
        [at, at, text],
      );
      const due = await sql.all(
        'SELECT id FROM orphan WHERE seen_at <= ? AND id IN (SELECT value FROM json_each(?))',
        [before, text],
      );
      return due.map((row) => row['id'] as FragmentId);
    },
    forgetUnseen: (at) => sql.run('DELETE FROM orphan WHERE last_seen_at < ?', [at]),
  };
}
