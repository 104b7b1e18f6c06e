import { join } from 'node:path';
import type { ContractId, FragmentId } from '#chain';
import type { FragmentEntry } from '#contracts';
import { createBatch } from './batch.js';
import type { ContractRecord } from './contract-record.js';
import { createListRecords, LIST_SCHEMA, type ListRecords } from './list-records.js';
import {
  NEGOTIATION_SCHEMA,
  type NegotiationLimits,
  type NegotiationRecords,
  openNegotiationRecords,
} from './negotiation-records.js';
import { createOrphanRecords, ORPHAN_SCHEMA, type OrphanRecords } from './orphan-records.js';
import { createProofRecords, PROOF_SCHEMA, type ProofRecords } from './proof-records.js';
import { openReadRecords, READ_SCHEMA, type ReadRecords } from './read-records.js';
import { recordToText, textToRecord } from './record-text.js';
import { openSqlFile, type Row } from './sql-file.js';

const SCHEMA = `
  CREATE TABLE IF NOT EXISTS contract (id TEXT PRIMARY KEY, record TEXT NOT NULL) STRICT;
  CREATE TABLE IF NOT EXISTS fragment (
    contract TEXT NOT NULL,
    id TEXT NOT NULL,
    length_bytes INTEGER NOT NULL,
    committed INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (contract, id)
  ) STRICT;
  CREATE INDEX IF NOT EXISTS fragment_id ON fragment (id);
  CREATE TABLE IF NOT EXISTS flag (name TEXT PRIMARY KEY) STRICT;
  CREATE TABLE IF NOT EXISTS corrupt (id TEXT PRIMARY KEY, found_at INTEGER NOT NULL) STRICT;
  ${PROOF_SCHEMA}
  ${NEGOTIATION_SCHEMA}
  ${LIST_SCHEMA}
  ${READ_SCHEMA}
  ${ORPHAN_SCHEMA}
`;

/** What the provider must not forget: every write resolves when it would survive a power cut. */
export interface ProviderRecords {
  readonly proofs: ProofRecords;
  readonly negotiations: NegotiationRecords;
  readonly lists: ListRecords;
  readonly reads: ReadRecords;
  readonly orphans: OrphanRecords;
  contract(id: ContractId): ContractRecord | undefined;
  contracts(): readonly ContractRecord[];
  save(record: ContractRecord): Promise<void>;
  /** Forgets a contract; answers the fragments that no other contract needs. */
  forget(id: ContractId): Promise<FragmentId[]>;
  addFragment(contract: ContractId, fragment: FragmentEntry): Promise<void>;
  removeFragment(contract: ContractId, id: FragmentId): Promise<boolean>;
  /** Length of a fragment of a contract in bytes. */
  fragmentLength(contract: ContractId, id: FragmentId): Promise<number | undefined>;
  fragments(contract: ContractId): Promise<FragmentEntry[]>;
  /** Fragments sent for a contract that no list names (yet). */
  uncommitted(contract: ContractId): Promise<FragmentEntry[]>;
  /** The contract's list as it is, tombstones among it; empty until there is one. */
  leaves(contract: ContractId): Promise<FragmentEntry[]>;
  /** Whether any contract has the fragment. */
  isNeeded(id: FragmentId): Promise<boolean>;
  /** Whether the operator wants no new contracts. */
  isDraining(): boolean;
  setDraining(isDraining: boolean): Promise<void>;
  markCorrupt(id: FragmentId, at: number): Promise<void>;
  unmarkCorrupt(id: FragmentId): Promise<void>;
  /** In the order they were found. */
  corruptFragments(): readonly FragmentId[];
  close(): Promise<void>;
}

/** Opens the provider's records in its data folder. */
export async function openProviderRecords(
  dataDir: string,
  limits: NegotiationLimits = { perClient: 256, all: 20_000 },
): Promise<ProviderRecords> {
  const sql = await openSqlFile({
    file: join(dataDir, 'provider.sqlite'),
    schema: SCHEMA,
    durability: 'FULL',
  });
  const contracts = new Map<ContractId, ContractRecord>();
  for (const row of await sql.all('SELECT record FROM contract')) {
    const record = textToRecord<ContractRecord>(String(row['record']));
    contracts.set(record.id, record);
  }
  const corrupt = new Set<FragmentId>();
  for (const row of await sql.all('SELECT id FROM corrupt ORDER BY found_at')) {
    corrupt.add(row['id'] as FragmentId);
  }
  const newFragments = createBatch<readonly [ContractId, FragmentId, number]>((rows) =>
    sql.run(
      `INSERT INTO fragment (contract, id, length_bytes)
       SELECT value ->> 0, value ->> 1, value ->> 2 FROM json_each(?) WHERE true
       ON CONFLICT (contract, id) DO NOTHING`,
      [JSON.stringify(rows)],
    ),
  );
  let isDraining = (await sql.all(`SELECT 1 FROM flag WHERE name = 'draining'`)).length > 0;
  const lists = createListRecords(sql);
  const reads = await openReadRecords(sql);
  return {
    proofs: createProofRecords(sql),
    negotiations: await openNegotiationRecords(sql, limits),
    lists,
    reads,
    orphans: createOrphanRecords(sql),
    contract: (id) => contracts.get(id),
    contracts: () => [...contracts.values()],
    async save(record) {
      const before = contracts.get(record.id);
      contracts.set(record.id, record);
      try {
        await sql.run(
          'INSERT INTO contract (id, record) VALUES (?, ?) ON CONFLICT (id) DO UPDATE SET record = excluded.record',
          [record.id, recordToText(record)],
        );
      } catch (error) {
        // What is not on the disk was not promised: asked again, it must not be answered from memory.
        if (contracts.get(record.id) === record) {
          if (before === undefined) contracts.delete(record.id);
          else contracts.set(record.id, before);
        }
        throw error;
      }
    },
    async forget(id) {
      contracts.delete(id);
      const orphans = await sql.all(
        `SELECT id FROM fragment WHERE contract = ?
         AND id NOT IN (SELECT id FROM fragment WHERE contract <> ?)`,
        [id, id],
      );
      await sql.run('DELETE FROM fragment WHERE contract = ?', [id]);
      await sql.run('DELETE FROM proof WHERE contract = ?', [id]);
      await lists.forget(id);
      await reads.forget(id);
      await sql.run('DELETE FROM contract WHERE id = ?', [id]);
      return orphans.map((row) => row['id'] as FragmentId);
    },
    addFragment: (contract, { id, lengthBytes }) => newFragments.add([contract, id, lengthBytes]),
    async removeFragment(contract, id) {
      await sql.run('DELETE FROM fragment WHERE contract = ? AND id = ? AND committed = 0', [contract, id]);
      const rows = await sql.all('SELECT 1 FROM fragment WHERE id = ? LIMIT 1', [id]);
      return rows.length === 0;
    },
    async fragmentLength(contract, id) {
      const rows = await sql.all('SELECT length_bytes FROM fragment WHERE contract = ? AND id = ?', [
        contract,
        id,
      ]);
      return rows[0] === undefined ? undefined : Number(rows[0]['length_bytes']);
    },
    fragments: async (contract) =>
      (await sql.all('SELECT id, length_bytes FROM fragment WHERE contract = ?', [contract])).map(rowToEntry),
    uncommitted: async (contract) =>
      (
        await sql.all('SELECT id, length_bytes FROM fragment WHERE contract = ? AND committed = 0', [
          contract,
        ])
      ).map(rowToEntry),
    leaves: async (contract) => {
      const root = contracts.get(contract)?.root;
      return (root === undefined ? undefined : await lists.find(contract, root)) ?? [];
    },
    isNeeded: async (id) => (await sql.all('SELECT 1 FROM fragment WHERE id = ? LIMIT 1', [id])).length > 0,
    isDraining: () => isDraining,
    async setDraining(value) {
      await sql.run(
        value
          ? `INSERT INTO flag (name) VALUES ('draining') ON CONFLICT (name) DO NOTHING`
          : `DELETE FROM flag WHERE name = 'draining'`,
      );
      isDraining = value;
    },
    async markCorrupt(id, at) {
      if (corrupt.has(id)) return;
      corrupt.add(id);
      await sql.run('INSERT INTO corrupt (id, found_at) VALUES (?, ?) ON CONFLICT (id) DO NOTHING', [id, at]);
    },
    async unmarkCorrupt(id) {
      if (corrupt.delete(id)) await sql.run('DELETE FROM corrupt WHERE id = ?', [id]);
    },
    corruptFragments: () => [...corrupt],
    async close() {
      await newFragments.idle();
      await reads.idle();
      await sql.close();
    },
  };
}

function rowToEntry(row: Row): FragmentEntry {
  return { id: row['id'] as FragmentId, lengthBytes: Number(row['length_bytes']) };
}
