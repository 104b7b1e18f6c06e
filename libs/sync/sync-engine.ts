import type { Law } from '#chain';
import type { AppError } from '#errors';
import type { ChainAccess } from '#ledger';
import type { PeerRef, SyncClock, SyncTransport } from './ports.js';

/** What an engine is made of. */
export interface SyncEngineParts {
  readonly chain: ChainAccess;
  readonly transport: SyncTransport;
  readonly clock: SyncClock;
  /** The network's law as a value: its parameters and its crypto port. The state lives behind `chain`. */
  readonly law: Law;
  readonly options?: Partial<SyncOptions>;
  /** Is told of every refusal, for logs. */
  readonly onRefusal?: (refusal: SyncRefusal) => void;
  /** Is told of the world's faults (a full disk) that kept something from being done; it is tried again. */
  readonly onFault?: (fault: AppError) => void;
}

/** What an operator or a test may choose. */
export interface SyncOptions {
  /** Name and version as others see them, at most 64 bytes. */
  readonly agent: string;
  /** A chain with less work than this is never kept, however little this node has. */
  readonly minimumWork: bigint;
  /** A branch is remembered if it has at least the own tip's work less so many blocks of it. */
  readonly keptBehindBlocks: number;
  /** Bodies downloaded or asked for and not yet connected, in bytes. */
  readonly maxBodyBytes: number;
  /** How long one request may take. */
  readonly requestTimeoutMs: number;
  /** How often some peer is asked for headers although nothing new was heard. */
  readonly pollMs: number;
  /** How long ids of new transactions are collected before they are told. */
  readonly announceDelayMs: number;
  /** Peers asked for headers at the same time. */
  readonly headerSessions: number;
  /** How long a peer has to introduce itself. */
  readonly helloTimeoutMs: number;
}

export const DEFAULT_SYNC_OPTIONS: SyncOptions = {
  agent: 'cairn',
  minimumWork: 0n,
  keptBehindBlocks: 144,
  maxBodyBytes: 32 * 1024 * 1024,
  requestTimeoutMs: 8_000,
  pollMs: 15_000,
  announceDelayMs: 100,
  headerSessions: 2,
  helloTimeoutMs: 10_000,
};

/** A message, header, block or transaction that was not taken. */
export interface SyncRefusal {
  readonly rule: string;
  readonly peer: PeerRef;
  readonly weight: number;
  readonly detail?: string;
}

/** A peer that introduced itself. */
export interface SyncPeerStatus {
  readonly peer: PeerRef;
  readonly isOutbound: boolean;
  readonly agent: string;
  readonly height: number;
  /** Measured while it sent bodies; 0 before. */
  readonly bytesPerSecond: number;
}

/** How far the engine is. */
export interface SyncStatus {
  readonly peers: readonly SyncPeerStatus[];
  /** Height of the best header chain some peer showed, or of the own tip. */
  readonly targetHeight: number;
  /** True while headers or bodies of a heavier chain are on their way. */
  readonly isSyncing: boolean;
  /** Bodies asked for or waiting to be connected. */
  readonly bodyBytes: number;
  readonly orphans: number;
  /** Refusals since the start, by rule. */
  readonly refusals: Readonly<Record<string, number>>;
  readonly counters: SyncCounters;
}

/** What happened since the start. */
export interface SyncCounters {
  readonly headersReceived: number;
  readonly bodiesReceived: number;
  readonly announcementsRebuilt: number;
  readonly announcementsFetched: number;
  readonly transactionsFetched: number;
  readonly requestsServed: number;
}

/** A node's part in the network: it keeps the chain equal to the heaviest one its peers can show. */
export interface SyncEngine {
  /** Attaches to the transport and begins. */
  start(): Promise<void>;
  /** Stops asking and answering; nothing of the engine runs afterwards. May be called again. */
  stop(): Promise<void>;
  status(): SyncStatus;
}
