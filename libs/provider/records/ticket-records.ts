import { join } from 'node:path';
import { createBatch } from './batch.js';
import { openSqlFile } from './sql-file.js';

// Totals of serials and used nonces share a table, so that a use is one statement. A nonce moves nothing.
const SCHEMA = `
  CREATE TABLE IF NOT EXISTS ticket_use (
    key TEXT PRIMARY KEY,
    moved_bytes INTEGER,
    until_ms INTEGER NOT NULL
  ) STRICT;
`;

const SWEEP_MS = 30_000;

/** One use of a ticket, as it is remembered. */
export interface TicketSpend {
  /** Contract and serial: two contracts may draw the same serial. */
  readonly key: string;
  readonly contract: string;
  readonly movedBytes: number;
  /** Seconds since 1970; forgotten afterwards. */
  readonly expiresAt: number;
  /** Nonce of the use, and until when (milliseconds) it must not come again. */
  readonly nonce?: { readonly value: string; readonly untilMs: number };
}

/** Budgets already used and nonces already seen. A use counts once it survives kill -9. */
export interface TicketRecords {
  movedBytes(key: string): number;
  isUsed(nonce: string): boolean;
  /** Whether anything of this serial is remembered. */
  isKnown(key: string): boolean;
  /** Serials of a contract that are remembered. */
  serialCount(contract: string): number;
  /** Takes effect at once in memory, so that two uses at the same moment cannot both fit; resolves when written. */
  spend(spend: TicketSpend): Promise<void>;
  /** Drops the serials of a contract that is gone: whoever asks for it is refused anyway. */
  forget(contract: string): Promise<void>;
  /** Drops what has expired. */
  sweep(nowMs: number): Promise<void>;
  close(): Promise<void>;
}

/** Opens the ticket records in the data folder. */
export async function openTicketRecords(dataDir: string): Promise<TicketRecords> {
  const sql = await openSqlFile({
    file: join(dataDir, 'tickets.sqlite'),
    schema: SCHEMA,
    durability: 'NORMAL',
  });
  const serials = new Map<string, { movedBytes: number; untilMs: number }>();
  const byContract = new Map<string, Set<string>>();
  const remember = (contract: string, key: string, total: { movedBytes: number; untilMs: number }): void => {
    serials.set(key, total);
    const keys = byContract.get(contract);
    if (keys === undefined) byContract.set(contract, new Set([key]));
    else keys.add(key);
  };
  const drop = (key: string): void => {
    serials.delete(key);
    const keys = byContract.get(contractOf(key));
    keys?.delete(key);
    if (keys?.size === 0) byContract.delete(contractOf(key));
  };
  const nonces = new Map<string, number>();
  for (const row of await sql.all('SELECT * FROM ticket_use')) {
    const [key, untilMs] = [String(row['key']), Number(row['until_ms'])];
    if (row['moved_bytes'] === null) nonces.set(key, untilMs);
    else remember(contractOf(key), key, { movedBytes: Number(row['moved_bytes']), untilMs });
  }
  const spends = createBatch<TicketSpend>((batch) => {
    const rows = batch.flatMap(({ key, nonce }) => {
      // The newest total of a serial is the whole truth about it.
      const { movedBytes = 0, untilMs = 0 } = serials.get(key) ?? {};
      const total = [key, movedBytes, untilMs];
      return nonce === undefined ? [total] : [total, [nonce.value, null, nonce.untilMs]];
    });
    return sql.run(
      `INSERT INTO ticket_use (key, moved_bytes, until_ms)
       SELECT value ->> 0, value ->> 1, value ->> 2 FROM json_each(?) WHERE true
       ON CONFLICT (key) DO UPDATE SET moved_bytes = excluded.moved_bytes`,
      [JSON.stringify(rows)],
    );
  });
  let sweptAtMs = 0;
  return {
    movedBytes: (key) => serials.get(key)?.movedBytes ?? 0,
    isUsed: (nonce) => nonces.has(nonce),
    spend(spend) {
      const before = serials.get(spend.key)?.movedBytes ?? 0;
      remember(spend.contract, spend.key, {
        movedBytes: Math.max(0, before + spend.movedBytes),
        untilMs: spend.expiresAt * 1000,
      });
      if (spend.nonce !== undefined) nonces.set(spend.nonce.value, spend.nonce.untilMs);
      return spends.add(spend);
    },
    isKnown: (key) => serials.has(key),
    serialCount: (contract) => byContract.get(contract)?.size ?? 0,
    async forget(contract) {
      for (const key of [...(byContract.get(contract) ?? [])]) drop(key);
      await spends.idle();
      await sql.run('DELETE FROM ticket_use WHERE key >= ? AND key < ?', [`${contract}:`, `${contract};`]);
    },
    async sweep(nowMs) {
      if (nowMs - sweptAtMs < SWEEP_MS) return;
      sweptAtMs = nowMs;
      for (const [nonce, untilMs] of nonces) if (untilMs < nowMs) nonces.delete(nonce);
      for (const [key, { untilMs }] of serials) if (untilMs < nowMs) drop(key);
      await sql.run('DELETE FROM ticket_use WHERE until_ms < ?', [nowMs]);
    },
    async close() {
      await spends.idle();
      await sql.close();
    },
  };
}

/** The contract of a serial's key. */
function contractOf(key: string): string {
  return key.slice(0, key.indexOf(':'));
}
