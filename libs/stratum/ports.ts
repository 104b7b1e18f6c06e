import type { AccountId } from '#chain';
import type { Result } from '#errors';
import type { MinedSolution } from '#mining-work';

/** A share that met its difficulty. */
export interface AcceptedShare {
  /** Who did the work. */
  readonly account: AccountId;
  /** The part of the user name after the dot; empty without one. */
  readonly worker: string;
  /** Hashes it stands for: 2^32 times the difficulty it had to meet. */
  readonly hashes: bigint;
  /** Of the block that was worked on. */
  readonly height: number;
  /** Milliseconds since 1970. */
  readonly atMs: number;
}

/** A share that is a block. */
export interface FoundBlock {
  readonly blockId: string;
  readonly height: number;
  readonly share: AcceptedShare;
  /** What its coinbase pays, in base units, and whom. */
  readonly reward: bigint;
  readonly paidTo: AccountId;
  readonly solution: MinedSolution;
}

/** Where shares go. */
export interface ShareSink {
  /** Resolves when the share would survive a kill of the process. Only then the miner is told that it counts. */
  record(share: AcceptedShare): Promise<void>;
  /** A share that is a block: kept before the block is handed in, so that no kill in between loses who earned it. */
  found(block: FoundBlock): Promise<void>;
}

/** Decides who a coinbase pays: the pool, or the miner that authorized. */
export interface Payee {
  /** The account of an address, or why it is none. */
  account(address: string): Result<AccountId>;
  /** The coinbase's account for a connection whose miner is this account. */
  paidTo(account: AccountId): AccountId;
}

/** One worker's last while. */
export interface WorkerStatistics {
  readonly account: AccountId;
  readonly worker: string;
  readonly hashRate: number;
  readonly difficulty: number;
  readonly lastShareAtMs: number | null;
}

/** How the server does. */
export interface StratumStatistics {
  readonly connections: number;
  readonly authorized: number;
  readonly bannedAddresses: number;
  /** Hashes a second by accepted shares of the last ten minutes. */
  readonly hashRate: number;
  readonly accepted: number;
  /** Refused shares and messages by verdict. */
  readonly refused: Readonly<Record<string, number>>;
  readonly workers: readonly WorkerStatistics[];
}
