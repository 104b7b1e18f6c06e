import type { ContractId } from '#chain';
import type { Row, SqlFile } from './sql-file.js';

export const PROOF_SCHEMA = `
  CREATE TABLE IF NOT EXISTS proof (
    contract TEXT NOT NULL,
    epoch INTEGER NOT NULL,
    block_id TEXT NOT NULL,
    transaction_id TEXT NOT NULL,
    submitted_at INTEGER NOT NULL,
    closes_at INTEGER NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('submitted', 'included', 'missed')),
    PRIMARY KEY (contract, epoch)
  ) STRICT;
  CREATE INDEX IF NOT EXISTS proof_state ON proof (state, submitted_at);
`;

/** One answer to one challenge. */
export interface ProofRecord {
  readonly contract: ContractId;
  readonly epoch: number;
  /** The challenge block the answer is for: another branch draws other chunks. */
  readonly blockId: string;
  /** Empty when the window closed before anything could be submitted. */
  readonly transactionId: string;
  /** Height of the tip when it was handed in. */
  readonly submittedAt: number;
  readonly closesAt: number;
  readonly state: 'submitted' | 'included' | 'missed';
}

/** What was proven, by contract and epoch. */
export interface ProofRecords {
  save(proof: ProofRecord): Promise<void>;
  find(contract: ContractId, epoch: number): Promise<ProofRecord | undefined>;
  submitted(): Promise<ProofRecord[]>;
  /** Newest first. */
  latest(limit: number): Promise<ProofRecord[]>;
}

/** The table of proofs. */
export function createProofRecords(sql: SqlFile): ProofRecords {
  return {
    save: (proof) =>
      sql.run(
        `INSERT INTO proof (contract, epoch, block_id, transaction_id, submitted_at, closes_at, state)
         VALUES (?, ?, ?, ?, ?, ?, ?)
         ON CONFLICT (contract, epoch) DO UPDATE SET block_id = excluded.block_id,
           transaction_id = excluded.transaction_id, submitted_at = excluded.submitted_at,
           closes_at = excluded.closes_at, state = excluded.state`,
        [
          proof.contract,
          proof.epoch,
          proof.blockId,
          proof.transactionId,
          proof.submittedAt,
          proof.closesAt,
          proof.state,
        ],
      ),
    async find(contract, epoch) {
      const [row] = await sql.all('SELECT * FROM proof WHERE contract = ? AND epoch = ?', [contract, epoch]);
      return row === undefined ? undefined : rowToProof(row);
    },
    submitted: async () => (await sql.all(`SELECT * FROM proof WHERE state = 'submitted'`)).map(rowToProof),
    latest: async (limit) =>
      (await sql.all('SELECT * FROM proof ORDER BY submitted_at DESC, contract LIMIT ?', [limit])).map(
        rowToProof,
      ),
  };
}

function rowToProof(row: Row): ProofRecord {
  return {
    contract: row['contract'] as ContractId,
    epoch: Number(row['epoch']),
    blockId: String(row['block_id']),
    transactionId: String(row['transaction_id']),
    submittedAt: Number(row['submitted_at']),
    closesAt: Number(row['closes_at']),
    state: row['state'] as ProofRecord['state'],
  };
}
