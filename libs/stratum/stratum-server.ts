import { randomInt } from 'node:crypto';
import { createServer, type Server, type Socket } from 'node:net';
import { listenOrExplain } from '#lifecycle';
import type { Logger } from '#logging';
import { MIN_DIFFICULTY, targetToDifficulty, type WorkSource } from '#mining-work';
import { EXTRANONCE1_BYTES } from './job.js';
import { JobBook } from './job-book.js';
import {
  DEFAULT_STRATUM_LIMITS,
  FAULT_POINTS,
  type Fault,
  type StratumLimits,
  TokenBucket,
} from './limits.js';
import { createLineReader } from './line-reader.js';
import { errorLine, notificationLine, STRATUM_ERRORS } from './messages.js';
import { PeerAddresses } from './peer-addresses.js';
import type { AcceptedShare, FoundBlock, Payee, ShareSink, StratumStatistics } from './ports.js';
import { type SessionContext, StratumSession } from './session.js';
import { ShareRates } from './share-rates.js';
import { createVariableDifficulty, type DifficultyRange } from './variable-difficulty.js';

export interface StratumOptions {
  readonly host: string;
  /** 0: any free port. */
  readonly port: number;
  readonly work: WorkSource;
  readonly payee: Payee;
  readonly sink: ShareSink;
  /** A share is a block; it was kept already. What comes of it is the owner's to follow. */
  readonly onBlock: (block: FoundBlock) => void;
  /** Difficulty of a new connection's shares. */
  readonly startDifficulty: number;
  readonly sharesPerMinute: number;
  /** Whether shares may be harder than blocks: on a network whose miners pace themselves a block is found in no time. */
  readonly mayExceedNetwork: boolean;
  readonly limits?: Partial<StratumLimits>;
  readonly logger?: Pick<Logger, 'info' | 'warn' | 'debug'>;
  /** A failure that is nobody's but ours; it must end the process. Default: thrown as an unhandled rejection. */
  readonly onFailure?: (error: unknown) => void;
}

/** A server that miners point at. */
export interface StratumServer {
  /** @throws AppError `listen/port-taken` and its kin */
  start(): Promise<{ readonly port: number }>;
  /** Tells every miner to come back, ends all connections, lets shares under way be kept. Idempotent. */
  stop(): Promise<void>;
  statistics(): StratumStatistics;
}

export function createStratumServer(options: StratumOptions): StratumServer {
  return new TcpStratumServer(options);
}

interface Connection {
  readonly socket: Socket;
  readonly address: string;
  readonly session: StratumSession;
  readonly bucket: TokenBucket;
  readonly extranonce1: number;
  readonly openedAtMs: number;
  heardAtMs: number;
  toldOfFloodAtMs: number;
}

/** How often connections are looked at. */
const ROUND_MS = 1_000;
/** A job's time is renewed this often, for miners that do not count it up themselves. */
const RENEW_JOB_MS = 30_000;
/** How long a connection may take to end once it was told to. */
const GRACE_MS = 500;

class TcpStratumServer implements StratumServer {
  private readonly limits: StratumLimits;
  private readonly server: Server;
  private readonly connections = new Set<Connection>();
  private readonly extranonces = new Set<number>();
  private readonly peers: PeerAddresses;
  private readonly jobs = new JobBook();
  private readonly rates = new ShareRates(Date.now());
  private readonly underWay = new Set<Promise<void>>();
  private readonly refused: Record<string, number> = {};
  private accepted = 0;
  /** Where connections start to count: two servers for one address must not give out the same work. */
  private extranonce1 = randomInt(0, 2 ** 32);
  private jobSentAtMs = 0;
  private round: NodeJS.Timeout | undefined;
  private unsubscribe: () => void = () => undefined;
  private stopped: Promise<void> | undefined;

  constructor(private readonly options: StratumOptions) {
    this.limits = { ...DEFAULT_STRATUM_LIMITS, ...options.limits };
    this.peers = new PeerAddresses(this.limits);
    this.server = createServer({ noDelay: true, keepAlive: true }, (socket) => this.connected(socket));
    this.server.maxConnections = this.limits.maxConnections;
    this.server.on('drop', () => this.count('too-many-connections'));
  }

  async start(): Promise<{ readonly port: number }> {
    const { work, host, port } = this.options;
    this.unsubscribe = work.onChange((mined, change) => {
      this.jobs.add(mined, change, nowSeconds());
      this.sendJob();
    });
    const current = work.current();
    if (current !== undefined) this.jobs.add(current, 'tip', nowSeconds());
    this.round = setInterval(() => this.everyRound(), ROUND_MS);
    try {
      const listening = await listenOrExplain(this.server, { host, port, setting: 'CAIRN_STRATUM_PORT' });
      // What fails after it listens (an aborted accept) concerns one connection.
      this.server.on('error', (error) =>
        this.options.logger?.warn({ err: error }, 'stratum: a connection failed'),
      );
      return { port: listening };
    } catch (error) {
      this.unsubscribe();
      clearInterval(this.round);
      throw error;
    }
  }

  stop(): Promise<void> {
    this.stopped ??= this.end();
    return this.stopped;
  }

  statistics(): StratumStatistics {
    const workers = this.rates.read(Date.now());
    let authorized = 0;
    for (const { session } of this.connections) if (session.isAuthorized) authorized += 1;
    return {
      connections: this.connections.size,
      authorized,
      bannedAddresses: this.peers.bannedCount(performance.now()),
      hashRate: workers.reduce((sum, { hashRate }) => sum + hashRate, 0),
      accepted: this.accepted,
      refused: { ...this.refused },
      workers,
    };
  }

  private async end(): Promise<void> {
    clearInterval(this.round);
    this.unsubscribe();
    const closed = new Promise<void>((resolve) => this.server.close(() => resolve()));
    for (const { socket } of this.connections) {
      socket.end(notificationLine('client.reconnect', []));
      socket.setTimeout(GRACE_MS, () => socket.destroy());
    }
    const cut = setTimeout(() => {
      for (const { socket } of this.connections) socket.destroy();
    }, GRACE_MS);
    await Promise.all(this.underWay);
    await closed;
    clearTimeout(cut);
  }

  private connected(socket: Socket): void {
    const nowMs = performance.now();
    const address = addressOf(socket);
    socket.on('error', () => socket.destroy());
    const rejection = this.stopped === undefined ? this.peers.joined(address, nowMs) : 'banned';
    if (rejection !== undefined) {
      this.count(rejection);
      socket.destroy();
      return;
    }
    const extranonce1 = this.nextExtranonce();
    const bytes = new Uint8Array(EXTRANONCE1_BYTES);
    new DataView(bytes.buffer).setUint32(0, extranonce1);
    const { sharesPerMinute, startDifficulty } = this.options;
    const difficulty = createVariableDifficulty({
      start: startDifficulty,
      sharesPerMinute,
      range: () => this.difficultyRange(),
      nowMs,
    });
    const connection: Connection = {
      socket,
      address,
      session: new StratumSession(
        bytes,
        difficulty,
        this.contextOf(socket, () => connection),
      ),
      bucket: new TokenBucket(this.limits.messagesPerSecond, this.limits.messageBurst, nowMs),
      extranonce1,
      openedAtMs: nowMs,
      heardAtMs: nowMs,
      toldOfFloodAtMs: 0,
    };
    this.connections.add(connection);
    const reader = createLineReader(this.limits.maxLineBytes);
    socket.on('data', (chunk: Uint8Array) => {
      const lines = reader.push(chunk);
      for (const line of lines ?? []) this.heard(connection, line);
      if (lines === undefined) this.tooLong(connection);
    });
    socket.on('close', () => {
      this.connections.delete(connection);
      this.extranonces.delete(extranonce1);
      this.peers.left(address);
    });
  }

  private heard(connection: Connection, line: string): void {
    if (connection.socket.destroyed) return;
    const nowMs = performance.now();
    connection.heardAtMs = nowMs;
    if (!connection.bucket.take(nowMs)) {
      this.flooded(connection, nowMs);
      return;
    }
    const handled = connection.session.handle(line);
    this.underWay.add(handled);
    handled.then(
      () => this.underWay.delete(handled),
      (error: unknown) => {
        this.underWay.delete(handled);
        if (this.options.onFailure === undefined) throw error;
        this.options.onFailure(error);
      },
    );
  }

  private flooded(connection: Connection, nowMs: number): void {
    if (nowMs - connection.toldOfFloodAtMs >= 1_000) {
      connection.toldOfFloodAtMs = nowMs;
      const message = `more than ${this.limits.messagesPerSecond} messages a second`;
      this.send(connection.socket, errorLine(null, { code: STRATUM_ERRORS.other, message }));
    }
    this.fault(connection, 'flood');
  }

  private tooLong(connection: Connection): void {
    const message = `a line is longer than ${this.limits.maxLineBytes} bytes`;
    connection.socket.end(errorLine(null, { code: STRATUM_ERRORS.other, message }));
    this.fault(connection, 'oversized-line');
    connection.socket.destroySoon();
  }

  private contextOf(socket: Socket, connection: () => Connection): SessionContext {
    const { payee, sink } = this.options;
    return {
      limits: this.limits,
      jobs: this.jobs,
      payee,
      sink,
      nowMs: () => performance.now(),
      unixMs: () => Date.now(),
      send: (line) => this.send(socket, line),
      faulty: (fault) => this.fault(connection(), fault),
      counted: (share) => this.shareCounted(connection(), share),
      found: (block) => this.options.onBlock(block),
    };
  }

  private send(socket: Socket, line: string): void {
    if (!socket.writable) return;
    socket.write(line);
    if (socket.writableLength <= this.limits.maxUnreadBytes) return;
    this.count('slow-reader');
    socket.destroy();
  }

  private shareCounted(connection: Connection, share: AcceptedShare): void {
    this.accepted += 1;
    this.rates.add(share);
    connection.bucket.giveBack();
    this.peers.charge(connection.address, -1, performance.now());
  }

  private fault(connection: Connection, fault: Fault): void {
    this.count(fault);
    const { address, socket } = connection;
    if (!this.peers.charge(address, FAULT_POINTS[fault], performance.now())) return;
    this.count('banned-address');
    this.options.logger?.warn({ address, fault }, 'stratum: an address is banned for a while');
    for (const other of this.connections)
      if (other.address === address && other !== connection) other.socket.destroy();
    socket.end();
    socket.destroySoon();
  }

  private everyRound(): void {
    const nowMs = performance.now();
    for (const connection of this.connections) {
      const { socket, session, openedAtMs, heardAtMs } = connection;
      const isIdle = session.isAuthorized
        ? nowMs - heardAtMs > this.limits.silentMs
        : nowMs - openedAtMs > this.limits.unauthorizedMs;
      if (isIdle) {
        this.count(session.isAuthorized ? 'silent' : 'never-authorized');
        socket.destroy();
      } else session.tick();
    }
    this.peers.prune(nowMs);
    const work = this.options.work.current();
    if (work === undefined || nowMs - this.jobSentAtMs < RENEW_JOB_MS) return;
    this.jobs.add(work, 'body', nowSeconds());
    this.sendJob();
  }

  private sendJob(): void {
    const job = this.jobs.latest();
    this.jobSentAtMs = performance.now();
    if (job !== undefined) for (const { session } of this.connections) session.notify(job);
  }

  private difficultyRange(): DifficultyRange {
    const work = this.options.work.current();
    const network = work === undefined ? undefined : targetToDifficulty(work.target);
    if (network === undefined || this.options.mayExceedNetwork) {
      return { min: Math.max(MIN_DIFFICULTY, (network ?? MIN_DIFFICULTY) / 2), max: Number.MAX_VALUE };
    }
    return { min: MIN_DIFFICULTY * 2 ** 12, max: network };
  }

  private nextExtranonce(): number {
    do this.extranonce1 = (this.extranonce1 + 1) >>> 0;
    while (this.extranonces.has(this.extranonce1));
    this.extranonces.add(this.extranonce1);
    return this.extranonce1;
  }

  private count(what: string): void {
    this.refused[what] = (this.refused[what] ?? 0) + 1;
  }
}

/** An IPv4 address inside IPv6 is the same machine. */
function addressOf(socket: Socket): string {
  return (socket.remoteAddress ?? 'unknown').replace(/^::ffff:/, '');
}

function nowSeconds(): number {
  return Math.floor(Date.now() / 1_000);
}
