import type { ContractId, FragmentId } from '#chain';
import { type FragmentEntry, isTombstone } from '#contracts';
import type { SqlFile } from './sql-file.js';

export const LIST_SCHEMA = `
  CREATE TABLE IF NOT EXISTS leaf_list (
    contract TEXT NOT NULL,
    root TEXT NOT NULL,
    entries TEXT NOT NULL,
    kept_until INTEGER,
    PRIMARY KEY (contract, root)
  ) STRICT;
`;

/**
 * The lists of fragments of a contract, by the root that commits to them: as it is, as a signed revision will make it, as
 * an open challenge asks for it. A fragment is kept while any list names it.
 */
export interface ListRecords {
  /** Undefined where no such list is known. Tombstones are among the entries. */
  find(contract: ContractId, root: string): Promise<FragmentEntry[] | undefined>;
  /** Keeps a list and what it names until it is said for how long. */
  save(contract: ContractId, root: string, entries: readonly FragmentEntry[]): Promise<void>;
  roots(contract: ContractId): Promise<{ readonly root: string; readonly keptUntil: number | null }[]>;
  /** Keeps a list up to a height; null: until further notice. */
  keepUntil(contract: ContractId, root: string, keptUntil: number | null): Promise<void>;
  /** Whether any list was kept up to a height below this one. */
  isDue(contract: ContractId, height: number): Promise<boolean>;
  /** Forgets the lists kept up to a height below this one; answers the fragments that nothing needs any longer. */
  expire(contract: ContractId, height: number): Promise<FragmentId[]>;
  forget(contract: ContractId): Promise<void>;
}

/** The table of lists; `fragment` says which of them are committed to. */
export function createListRecords(sql: SqlFile): ListRecords {
  return {
    async find(contract, root) {
      const [row] = await sql.all('SELECT entries FROM leaf_list WHERE contract = ? AND root = ?', [
        contract,
        root,
      ]);
      return row === undefined ? undefined : textToEntries(String(row['entries']));
    },
    async save(contract, root, entries) {
      const text = JSON.stringify(entries.map(({ id, lengthBytes }) => [id, lengthBytes]));
      // First what must not be deleted, then the list that says why.
      await sql.run(
        `INSERT INTO fragment (contract, id, length_bytes, committed)
         SELECT ?, value ->> 0, value ->> 1, 1 FROM json_each(?) WHERE true
         ON CONFLICT (contract, id) DO UPDATE SET committed = 1`,
        [contract, JSON.stringify(liveOf(entries).map(({ id, lengthBytes }) => [id, lengthBytes]))],
      );
      await sql.run(
        `INSERT INTO leaf_list (contract, root, entries, kept_until) VALUES (?, ?, ?, NULL)
         ON CONFLICT (contract, root) DO UPDATE SET kept_until = NULL`,
        [contract, root, text],
      );
    },
    roots: async (contract) =>
      (await sql.all('SELECT root, kept_until FROM leaf_list WHERE contract = ?', [contract])).map((row) => ({
        root: String(row['root']),
        keptUntil: row['kept_until'] === null ? null : Number(row['kept_until']),
      })),
    keepUntil: (contract, root, keptUntil) =>
      sql.run('UPDATE leaf_list SET kept_until = ? WHERE contract = ? AND root = ?', [
        keptUntil,
        contract,
        root,
      ]),
    async isDue(contract, height) {
      const due = await sql.all('SELECT 1 FROM leaf_list WHERE contract = ? AND kept_until < ? LIMIT 1', [
        contract,
        height,
      ]);
      return due.length > 0;
    },
    async expire(contract, height) {
      await sql.run('DELETE FROM leaf_list WHERE contract = ? AND kept_until < ?', [contract, height]);
      const named = new Set<string>();
      for (const row of await sql.all('SELECT entries FROM leaf_list WHERE contract = ?', [contract])) {
        for (const { id } of textToEntries(String(row['entries']))) named.add(id);
      }
      const rows = await sql.all('SELECT id FROM fragment WHERE contract = ? AND committed = 1', [contract]);
      const gone = JSON.stringify(rows.map((row) => String(row['id'])).filter((id) => !named.has(id)));
      await sql.run('DELETE FROM fragment WHERE contract = ? AND id IN (SELECT value FROM json_each(?))', [
        contract,
        gone,
      ]);
      const orphans = await sql.all(
        'SELECT value AS id FROM json_each(?) WHERE value NOT IN (SELECT id FROM fragment)',
        [gone],
      );
      return orphans.map((row) => row['id'] as FragmentId);
    },
    forget: (contract) => sql.run('DELETE FROM leaf_list WHERE contract = ?', [contract]),
  };
}

/** The entries that stand for stored fragments. */
export function liveOf(entries: readonly FragmentEntry[]): FragmentEntry[] {
  return entries.filter((entry) => !isTombstone(entry));
}

function textToEntries(text: string): FragmentEntry[] {
  return (JSON.parse(text) as [FragmentId, number][]).map(([id, lengthBytes]) => ({ id, lengthBytes }));
}
