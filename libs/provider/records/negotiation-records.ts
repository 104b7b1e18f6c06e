import type { ContractId } from '#chain';
import type { Violation } from '#errors';
import type { NegotiationState, VerdictAnswer } from '#wire';
import { recordToText, textToRecord } from './record-text.js';
import type { SqlFile } from './sql-file.js';

export const NEGOTIATION_SCHEMA = `
  CREATE TABLE IF NOT EXISTS negotiation (
    contract TEXT PRIMARY KEY,
    client_key TEXT NOT NULL,
    ended_at INTEGER NOT NULL,
    record TEXT NOT NULL
  ) STRICT;
`;

/** Prices of a counter-offer: kept up to a height, whatever the provider asks of others by then. */
export interface PromisedPrices {
  readonly basePerEpoch: bigint;
  readonly pricePerGiBEpoch: bigint;
  readonly pricePerGiBRead: bigint;
  readonly freeReadBytesPerEpoch: bigint;
  /** Last height at which they hold. */
  readonly validUntil: number;
}

/** How a negotiation stands, with the answer that says so. */
export interface NegotiationRecord {
  readonly round: number;
  readonly state: NegotiationState;
  /** Hex of `proposalHash`. */
  readonly proposal: string;
  readonly answer: VerdictAnswer;
  /** Why it was declined. */
  readonly violation?: Violation;
  /** Prices of a counter-offer. */
  readonly promised?: PromisedPrices;
}

/** A negotiation whose reservation is gone. */
export interface EndedNegotiation {
  readonly clientKey: string;
  /** Seconds since 1970. */
  readonly endedAt: number;
  readonly negotiation: NegotiationRecord;
}

/** How negotiations ended, for a while: so that a step repeated gets the same answer. */
export interface NegotiationRecords {
  find(contract: ContractId): EndedNegotiation | undefined;
  /** Room for a new one is made by dropping the one that ended first, of this client or of all. */
  save(contract: ContractId, clientKey: string, negotiation: NegotiationRecord, now: number): Promise<void>;
  /** Forgets those that ended up to `endedBy` (seconds since 1970). */
  sweep(endedBy: number): Promise<void>;
  count(): number;
}

/** Most that are remembered of one client and of all. */
export interface NegotiationLimits {
  readonly perClient: number;
  readonly all: number;
}

/** The table of ended negotiations. */
export async function openNegotiationRecords(
  sql: SqlFile,
  limits: NegotiationLimits,
): Promise<NegotiationRecords> {
  // In the order they ended: a Map keeps the order of insertion.
  const ended = new Map<ContractId, EndedNegotiation>();
  for (const row of await sql.all('SELECT * FROM negotiation ORDER BY ended_at, contract')) {
    ended.set(row['contract'] as ContractId, {
      clientKey: String(row['client_key']),
      endedAt: Number(row['ended_at']),
      negotiation: textToRecord<NegotiationRecord>(String(row['record'])),
    });
  }
  const drop = async (contract: ContractId): Promise<void> => {
    ended.delete(contract);
    await sql.run('DELETE FROM negotiation WHERE contract = ?', [contract]);
  };
  const dropFirst = async (clientKey: string | undefined): Promise<void> => {
    for (const [contract, entry] of ended) {
      if (clientKey === undefined || entry.clientKey === clientKey) return drop(contract);
    }
  };
  const countOf = (clientKey: string): number => {
    let count = 0;
    for (const entry of ended.values()) if (entry.clientKey === clientKey) count += 1;
    return count;
  };
  return {
    find: (contract) => ended.get(contract),
    async save(contract, clientKey, negotiation, now) {
      if (!ended.has(contract)) {
        if (countOf(clientKey) >= limits.perClient) await dropFirst(clientKey);
        if (ended.size >= limits.all) await dropFirst(undefined);
      }
      await sql.run(
        `INSERT INTO negotiation (contract, client_key, ended_at, record) VALUES (?, ?, ?, ?)
         ON CONFLICT (contract) DO UPDATE SET record = excluded.record, ended_at = excluded.ended_at`,
        [contract, clientKey, now, recordToText(negotiation)],
      );
      ended.set(contract, { clientKey, endedAt: now, negotiation });
    },
    async sweep(endedBy) {
      for (const [contract, entry] of ended) if (entry.endedAt <= endedBy) await drop(contract);
    },
    count: () => ended.size,
  };
}
