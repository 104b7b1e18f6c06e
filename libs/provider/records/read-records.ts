import type { ContractId } from '#chain';
import { createBatch } from './batch.js';
import { recordToText, textToRecord } from './record-text.js';
import type { SqlFile } from './sql-file.js';

export const READ_SCHEMA = `
  CREATE TABLE IF NOT EXISTS read_account (contract TEXT PRIMARY KEY, record TEXT NOT NULL) STRICT;
`;

/** What was read of a contract whose reads cost something, and what was promised for it. Bytes, base units. */
export interface ReadAccount {
  /** The epoch that `epochBytes` counts. */
  readonly epoch: number;
  readonly epochBytes: bigint;
  /** Beyond what was free, of all epochs. */
  readonly paidBytes: bigint;
  /** The best voucher; 0 before the first. */
  readonly total: bigint;
  /** Hex; empty before the first. */
  readonly signature: string;
}

export const NOTHING_READ: ReadAccount = {
  epoch: 0,
  epochBytes: 0n,
  paidBytes: 0n,
  total: 0n,
  signature: '',
};

/** Accounts of paid reads, by contract. */
export interface ReadRecords {
  find(contract: ContractId): ReadAccount | undefined;
  contracts(): readonly ContractId[];
  /** In memory at once, so that two reads at the same moment are both counted; resolves when it survives a power cut. */
  save(contract: ContractId, account: ReadAccount): Promise<void>;
  forget(contract: ContractId): Promise<void>;
  idle(): Promise<void>;
}

/** The table of read accounts. */
export async function openReadRecords(sql: SqlFile): Promise<ReadRecords> {
  const accounts = new Map<ContractId, ReadAccount>();
  for (const row of await sql.all('SELECT * FROM read_account')) {
    accounts.set(row['contract'] as ContractId, textToRecord<ReadAccount>(String(row['record'])));
  }
  const writes = createBatch<ContractId>((contracts) =>
    sql.run(
      `INSERT INTO read_account (contract, record)
       SELECT value ->> 0, value ->> 1 FROM json_each(?) WHERE true
       ON CONFLICT (contract) DO UPDATE SET record = excluded.record`,
      [
        JSON.stringify(
          [...new Set(contracts)].flatMap((contract) => {
            const account = accounts.get(contract);
            return account === undefined ? [] : [[contract, recordToText(account)]];
          }),
        ),
      ],
    ),
  );
  return {
    find: (contract) => accounts.get(contract),
    contracts: () => [...accounts.keys()],
    save(contract, account) {
      accounts.set(contract, account);
      return writes.add(contract);
    },
    async forget(contract) {
      accounts.delete(contract);
      await writes.idle();
      await sql.run('DELETE FROM read_account WHERE contract = ?', [contract]);
    },
    idle: () => writes.idle(),
  };
}
