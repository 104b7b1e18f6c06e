import type { AccountId } from '#chain';
import { assertInvariant } from '#errors';
import type { AcceptedShare, FoundBlock, ShareSink } from '#stratum';
import { openPoolDatabase, type PoolDatabase, type Row } from './pool-database.js';
import type { RewardSplit } from './reward-split.js';

/** A block the pool found. */
export interface BlockRow {
  readonly blockId: string;
  readonly height: number;
  /** Place in the share log of the share that was the block. */
  readonly shareSeq: number;
  readonly finder: AccountId;
  readonly paidTo: AccountId;
  readonly reward: bigint;
  /** Hashes a block took on average then. */
  readonly work: bigint;
  readonly state: 'found' | 'refused' | 'orphaned' | 'credited' | 'solo';
  readonly fee: bigint;
  readonly dust: bigint;
  readonly foundAtMs: number;
}

/** A payment that was decided on. Its bytes are kept, so that it is handed in again as it is and can happen only once. */
export interface PaymentRow {
  /** In the pool's payout lane; the network takes each number once. */
  readonly sequence: bigint;
  readonly account: AccountId;
  readonly amount: bigint;
  readonly fee: bigint;
  /** Of every version that was ever signed for this sequence number, the latest last. */
  readonly ids: readonly string[];
  readonly hex: string;
  readonly height: number | null;
}

/** Sums over the life of the pool, base units. earned = fees + dust + credited; credited = paid + networkFees + owed. */
export interface PoolTotals {
  readonly earned: bigint;
  readonly fees: bigint;
  readonly dust: bigint;
  readonly credited: bigint;
  readonly paid: bigint;
  readonly networkFees: bigint;
  readonly owed: bigint;
  readonly blocks: Readonly<Record<BlockRow['state'], number>>;
  readonly shares: number;
}

interface Waiting {
  readonly share: AcceptedShare;
  readonly block: { readonly found: FoundBlock; readonly work: bigint } | undefined;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/** Most shares written in one transaction; more wait for the next. */
const MAX_BATCH = 500;

/** Rows of the share log read at once. */
const PAGE = 5_000;

/** Paid blocks whose shares are kept whatever their age: a window of two average blocks seldom holds more than some. */
const KEPT_BLOCKS = 12;

/** Share log, blocks and the journal of payments, in one SQLite file. Survives a kill at any moment. */
export class PoolStore {
  private waiting: Waiting[] = [];
  private isWriting = false;

  private constructor(private readonly database: PoolDatabase) {}

  /** @throws AppError as `openPoolDatabase` does */
  static async open(file: string): Promise<PoolStore> {
    return new PoolStore(await openPoolDatabase(file));
  }

  /** Where a Stratum server puts its shares. `workOf` says how many hashes a block takes on average. */
  sink(workOf: (block: FoundBlock) => bigint): ShareSink {
    return {
      record: (share) => this.add(share, undefined),
      found: (found) => this.add(found.share, { found, work: workOf(found) }),
    };
  }

  /** The node would not have it: it earns nothing. */
  async refused(blockId: string, why: string): Promise<void> {
    await this.database.write((query) =>
      query("UPDATE blocks SET state = 'refused', why = ? WHERE block_id = ? AND state = 'found'", [
        why,
        blockId,
      ]),
    );
  }

  /** Blocks whose fate is open, in the order they were found. */
  async openBlocks(): Promise<BlockRow[]> {
    const rows = await this.database.read(
      "SELECT * FROM blocks WHERE state = 'found' ORDER BY share_seq LIMIT 1000",
    );
    return rows.map(toBlock);
  }

  /** Newest first. */
  async recentBlocks(limit: number): Promise<BlockRow[]> {
    const rows = await this.database.read('SELECT * FROM blocks ORDER BY share_seq DESC LIMIT ?', [limit]);
    return rows.map(toBlock);
  }

  /** Place in the log of the newest block before another that was credited; 0 without one. */
  async lastCreditedBefore(shareSeq: number): Promise<number> {
    const [row] = await this.database.read(
      "SELECT MAX(share_seq) AS seq FROM blocks WHERE state = 'credited' AND share_seq < ?",
      [shareSeq],
    );
    return Number(row?.['seq'] ?? 0);
  }

  /** Shares from `toSeq` down to above `aboveSeq`, newest first, a page at a time. */
  async *sharesDown(
    toSeq: number,
    aboveSeq: number,
  ): AsyncGenerator<readonly { readonly account: AccountId; readonly hashes: bigint }[]> {
    let from = toSeq;
    while (from > aboveSeq) {
      const rows = await this.database.read(
        'SELECT seq, account, hashes FROM shares WHERE seq <= ? AND seq > ? ORDER BY seq DESC LIMIT ?',
        [from, aboveSeq, PAGE],
      );
      if (rows.length === 0) return;
      yield rows.map((row) => ({
        account: row['account'] as AccountId,
        hashes: BigInt(row['hashes'] as string),
      }));
      from = Number(rows.at(-1)?.['seq']) - 1;
    }
  }

  /** A block is lost to another branch, or its coinbase went to the miner itself. */
  async endUnpaid(blockId: string, state: 'orphaned' | 'solo'): Promise<void> {
    await this.database.write((query) =>
      query("UPDATE blocks SET state = ? WHERE block_id = ? AND state = 'found'", [state, blockId]),
    );
  }

  /** Books a block's reward, once: a block that is not open any more is left alone. */
  async credit(blockId: string, split: RewardSplit): Promise<boolean> {
    return this.database.write(async (query) => {
      const [open] = await query("SELECT reward FROM blocks WHERE block_id = ? AND state = 'found'", [
        blockId,
      ]);
      if (open === undefined) return false;
      let sum = split.fee + split.dust;
      for (const [account, amount] of split.credits) {
        sum += amount;
        await query('INSERT INTO credits (block_id, account, amount) VALUES (?, ?, ?)', [
          blockId,
          account,
          amount.toString(),
        ]);
        await book(query, account, { credited: amount, debited: 0n });
      }
      assertInvariant(
        sum === BigInt(open['reward'] as string),
        `the parts of block ${blockId} are not its reward`,
      );
      await query("UPDATE blocks SET state = 'credited', fee = ?, dust = ? WHERE block_id = ?", [
        split.fee.toString(),
        split.dust.toString(),
        blockId,
      ]);
      return true;
    });
  }

  /** What every account is owed, those owed nothing left out. */
  async owed(): Promise<Map<AccountId, bigint>> {
    const rows = await this.database.read(
      'SELECT account, credited, debited FROM balances WHERE credited <> debited',
    );
    return new Map(rows.map((row) => [row['account'] as AccountId, owedOf(row)]));
  }

  /** One account's credits and what was sent of them. */
  async balance(account: AccountId): Promise<{ readonly credited: bigint; readonly owed: bigint }> {
    const [row] = await this.database.read('SELECT credited, debited FROM balances WHERE account = ?', [
      account,
    ]);
    if (row === undefined) return { credited: 0n, owed: 0n };
    return { credited: BigInt(row['credited'] as string), owed: owedOf(row) };
  }

  /** The number after the highest ever used for a payment; undefined before the first. */
  async nextSequence(): Promise<bigint | undefined> {
    const [row] = await this.database.read('SELECT MAX(sequence) AS sequence FROM payments');
    const highest = row?.['sequence'] ?? null;
    return highest === null ? undefined : BigInt(highest) + 1n;
  }

  /** Writes a payment down and takes it off what is owed, before anybody hears of it. */
  async journal(payment: Omit<PaymentRow, 'height'>, atMs: number): Promise<void> {
    const { sequence, account, amount, fee, ids, hex } = payment;
    await this.database.write(async (query) => {
      const [row] = await query('SELECT credited, debited FROM balances WHERE account = ?', [account]);
      assertInvariant(
        row !== undefined && owedOf(row) >= amount + fee,
        `${account} is not owed ${amount + fee}`,
      );
      await query(
        `INSERT INTO payments (sequence, account, amount, fee, ids, hex, state, at_ms)
         VALUES (?, ?, ?, ?, ?, ?, 'journalled', ?)`,
        [Number(sequence), account, amount.toString(), fee.toString(), ids.join(','), hex, atMs],
      );
      await book(query, account, { credited: 0n, debited: amount + fee });
    });
  }

  /** Another version of a payment under the same sequence number: a higher fee, taken out of the amount. */
  async replace(payment: Omit<PaymentRow, 'height'>): Promise<void> {
    const { sequence, amount, fee, ids, hex } = payment;
    await this.database.write(async (query) => {
      const [row] = await query(
        "SELECT amount, fee FROM payments WHERE sequence = ? AND state = 'journalled'",
        [Number(sequence)],
      );
      const before = row && BigInt(row['amount'] as string) + BigInt(row['fee'] as string);
      assertInvariant(before === amount + fee, `payment ${sequence} changed what it costs the account`);
      await query('UPDATE payments SET amount = ?, fee = ?, ids = ?, hex = ? WHERE sequence = ?', [
        amount.toString(),
        fee.toString(),
        ids.join(','),
        hex,
        Number(sequence),
      ]);
    });
  }

  /** Payments that are not buried yet, in the order of their sequence numbers. */
  async openPayments(): Promise<PaymentRow[]> {
    const rows = await this.database.read(
      "SELECT * FROM payments WHERE state = 'journalled' ORDER BY sequence",
    );
    return rows.map(toPayment);
  }

  /** Newest first, of one account or of all. */
  async recentPayments(limit: number, account?: AccountId): Promise<PaymentRow[]> {
    const rows = await this.database.read(
      'SELECT * FROM payments WHERE ? IS NULL OR account = ? ORDER BY sequence DESC LIMIT ?',
      [account ?? null, account ?? null, limit],
    );
    return rows.map(toPayment);
  }

  /** A payment is so deep in the chain that it stays. `id` is the version that got there. */
  async final(sequence: bigint, height: number): Promise<void> {
    await this.database.write((query) =>
      query("UPDATE payments SET state = 'final', height = ? WHERE sequence = ?", [height, Number(sequence)]),
    );
  }

  /**
   * Forgets shares older than a time that no block to be credited can reach back to, and blocks nobody would have. A
   * pool may take months for a block: what counts is not age alone but how many paid blocks have come since, before the
   * first one that is still open.
   */
  async prune(beforeMs: number): Promise<void> {
    await this.database.write(async (query) => {
      await query(
        `DELETE FROM shares WHERE at_ms < ? AND seq <= COALESCE(
           (SELECT share_seq FROM blocks WHERE state IN ('credited', 'solo') AND share_seq <
              COALESCE((SELECT MIN(share_seq) FROM blocks WHERE state = 'found'), ${Number.MAX_SAFE_INTEGER})
            ORDER BY share_seq DESC LIMIT 1 OFFSET ?), 0)`,
        [beforeMs, KEPT_BLOCKS - 1],
      );
      await query("DELETE FROM blocks WHERE state = 'refused' AND found_at_ms < ?", [beforeMs]);
    });
  }

  async totals(): Promise<PoolTotals> {
    const blocks = { found: 0, refused: 0, orphaned: 0, credited: 0, solo: 0 };
    const sums = { earned: 0n, fees: 0n, dust: 0n, credited: 0n, paid: 0n, networkFees: 0n, owed: 0n };
    for (const row of await this.database.read(
      'SELECT state, COUNT(*) AS count FROM blocks GROUP BY state',
    )) {
      blocks[row['state'] as BlockRow['state']] = Number(row['count']);
    }
    for (const row of await this.database.read(
      "SELECT reward, fee, dust FROM blocks WHERE state = 'credited'",
    )) {
      sums.earned += BigInt(row['reward'] as string);
      sums.fees += BigInt(row['fee'] as string);
      sums.dust += BigInt(row['dust'] as string);
    }
    for (const row of await this.database.read('SELECT credited, debited FROM balances')) {
      sums.credited += BigInt(row['credited'] as string);
      sums.owed += owedOf(row);
    }
    for (const row of await this.database.read('SELECT amount, fee FROM payments')) {
      sums.paid += BigInt(row['amount'] as string);
      sums.networkFees += BigInt(row['fee'] as string);
    }
    const [shares] = await this.database.read('SELECT MAX(seq) AS count FROM shares');
    return { ...sums, blocks, shares: Number(shares?.['count'] ?? 0) };
  }

  /** What is under way is written first. */
  async close(): Promise<void> {
    await this.database.close();
  }

  private add(share: AcceptedShare, block: Waiting['block']): Promise<void> {
    return new Promise((resolve, reject) => {
      this.waiting.push({ share, block, resolve, reject });
      if (!this.isWriting) void this.writeWaiting();
    });
  }

  /** Shares that arrive while others are written go into one transaction together: a disk syncs few times a second. */
  private async writeWaiting(): Promise<void> {
    this.isWriting = true;
    while (this.waiting.length > 0) {
      const batch = this.waiting.splice(0, MAX_BATCH);
      try {
        await this.database.write((query) => insertShares(query, batch));
        for (const { resolve } of batch) resolve();
      } catch (error) {
        for (const { reject } of batch) reject(error);
      }
    }
    this.isWriting = false;
  }
}

type Query = (sql: string, values?: readonly unknown[]) => Promise<Row[]>;

async function insertShares(query: Query, batch: readonly Waiting[]): Promise<void> {
  const places = batch.map(() => '(?, ?, ?, ?, ?)').join(', ');
  const values = batch.flatMap(({ share }) => [
    share.atMs,
    share.account,
    share.worker,
    share.hashes.toString(),
    share.height,
  ]);
  const sql = `INSERT INTO shares (at_ms, account, worker, hashes, height) VALUES ${places}`;
  await query(sql, values);
  const [last] = await query('SELECT MAX(seq) AS seq FROM shares');
  const firstSeq = Number(last?.['seq']) - batch.length + 1;
  for (const [index, { share, block }] of batch.entries()) {
    if (block === undefined) continue;
    const { found, work } = block;
    await query(
      `INSERT INTO blocks (block_id, height, share_seq, finder, worker, paid_to, reward, work, state, found_at_ms)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, 'found', ?) ON CONFLICT DO NOTHING`,
      [
        found.blockId,
        found.height,
        firstSeq + index,
        share.account,
        share.worker,
        found.paidTo,
        found.reward.toString(),
        work.toString(),
        share.atMs,
      ],
    );
  }
}

async function book(
  query: Query,
  account: AccountId,
  change: { readonly credited: bigint; readonly debited: bigint },
): Promise<void> {
  const [row] = await query('SELECT credited, debited FROM balances WHERE account = ?', [account]);
  const credited = BigInt((row?.['credited'] as string | undefined) ?? '0') + change.credited;
  const debited = BigInt((row?.['debited'] as string | undefined) ?? '0') + change.debited;
  await query(
    `INSERT INTO balances (account, credited, debited) VALUES (?, ?, ?)
     ON CONFLICT (account) DO UPDATE SET credited = excluded.credited, debited = excluded.debited`,
    [account, credited.toString(), debited.toString()],
  );
}

function owedOf(row: Row): bigint {
  return BigInt(row['credited'] as string) - BigInt(row['debited'] as string);
}

function toBlock(row: Row): BlockRow {
  return {
    blockId: row['block_id'] as string,
    height: row['height'] as number,
    shareSeq: row['share_seq'] as number,
    finder: row['finder'] as AccountId,
    paidTo: row['paid_to'] as AccountId,
    reward: BigInt(row['reward'] as string),
    work: BigInt(row['work'] as string),
    state: row['state'] as BlockRow['state'],
    fee: BigInt(row['fee'] as string),
    dust: BigInt(row['dust'] as string),
    foundAtMs: row['found_at_ms'] as number,
  };
}

function toPayment(row: Row): PaymentRow {
  return {
    sequence: BigInt(row['sequence'] as number),
    account: row['account'] as AccountId,
    amount: BigInt(row['amount'] as string),
    fee: BigInt(row['fee'] as string),
    ids: (row['ids'] as string).split(','),
    hex: row['hex'] as string,
    height: row['height'] as number | null,
  };
}
