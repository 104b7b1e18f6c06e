import { join } from 'node:path';
import { createBatch } from './batch.js';
import { openSqlFile } from './sql-file.js';

const SCHEMA = `
  CREATE TABLE IF NOT EXISTS serial (
    serial TEXT PRIMARY KEY, contract TEXT NOT NULL, moved_bytes INTEGER NOT NULL, expires_at INTEGER NOT NULL
  ) STRICT;
  CREATE TABLE IF NOT EXISTS nonce (nonce TEXT PRIMARY KEY, until_ms INTEGER NOT NULL) STRICT;
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
  /** Takes effect at once in memory, so that two uses at the same moment cannot both fit; resolves when written. */
  spend(spend: TicketSpend): Promise<void>;
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
  const serials = new Map<string, { movedBytes: number; expiresAt: number }>();
  const nonces = new Map<string, number>();
  for (const row of await sql.all('SELECT * FROM serial')) {
    serials.set(String(row['serial']), {
      movedBytes: Number(row['moved_bytes']),
      expiresAt: Number(row['expires_at']),
    });
  }
  for (const row of await sql.all('SELECT * FROM nonce')) {
    nonces.set(String(row['nonce']), Number(row['until_ms']));
  }
  const spends = createBatch<TicketSpend>(async (batch) => {
    // The newest total of each serial is the whole truth about it.
    const totals = batch.map(({ key, contract }) => {
      const { movedBytes = 0, expiresAt = 0 } = serials.get(key) ?? {};
      return [key, contract, movedBytes, expiresAt];
    });
    await sql.run(
      `INSERT INTO serial (serial, contract, moved_bytes, expires_at)
       SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3 FROM json_each(?) WHERE true
       ON CONFLICT (serial) DO UPDATE SET moved_bytes = excluded.moved_bytes`,
      [JSON.stringify(totals)],
    );
    const used = batch.flatMap(({ nonce }) => (nonce === undefined ? [] : [[nonce.value, nonce.untilMs]]));
    await sql.run(
      `INSERT INTO nonce (nonce, until_ms) SELECT value ->> 0, value ->> 1 FROM json_each(?) WHERE true
       ON CONFLICT (nonce) DO NOTHING`,
      [JSON.stringify(used)],
    );
  });
  let sweptAtMs = 0;
  return {
    movedBytes: (key) => serials.get(key)?.movedBytes ?? 0,
    isUsed: (nonce) => nonces.has(nonce),
    spend(spend) {
      const before = serials.get(spend.key)?.movedBytes ?? 0;
      serials.set(spend.key, {
        movedBytes: Math.max(0, before + spend.movedBytes),
        expiresAt: spend.expiresAt,
      });
      if (spend.nonce !== undefined) nonces.set(spend.nonce.value, spend.nonce.untilMs);
      return spends.add(spend);
    },
    async sweep(nowMs) {
      if (nowMs - sweptAtMs < SWEEP_MS) return;
      sweptAtMs = nowMs;
      for (const [nonce, untilMs] of nonces) if (untilMs < nowMs) nonces.delete(nonce);
      for (const [key, { expiresAt }] of serials) if (expiresAt * 1000 < nowMs) serials.delete(key);
      await sql.run('DELETE FROM nonce WHERE until_ms < ?', [nowMs]);
      await sql.run('DELETE FROM serial WHERE expires_at * 1000 < ?', [nowMs]);
    },
    async close() {
      await spends.idle();
      await sql.close();
    },
  };
}
