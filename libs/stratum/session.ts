import { type AccountId, type Coinbase, coinbaseReward, hashToBlockId, VERSION_ROLLING_MASK } from '#chain';
import { bytesToHex } from '#crypto';
import { AppError, violationToText } from '#errors';
import { difficultyToHashes, sha256d, targetToDifficulty } from '#mining-work';
import { EXTRANONCE2_BYTES, jobToNotify } from './job.js';
import type { Job, JobBook } from './job-book.js';
import type { Fault, StratumLimits } from './limits.js';
import {
  answerLine,
  errorLine,
  notificationLine,
  parseMessage,
  type RequestId,
  requestLine,
  STRATUM_ERRORS,
  type StratumErrorCode,
  textParam,
} from './messages.js';
import type { AcceptedShare, FoundBlock, Payee, ShareSink } from './ports.js';
import { checkShare, type GoodShare } from './share-check.js';
import type { VariableDifficulty } from './variable-difficulty.js';

/** What a session needs of its server. */
export interface SessionContext {
  readonly limits: StratumLimits;
  readonly jobs: JobBook;
  readonly payee: Payee;
  readonly sink: ShareSink;
  /** Milliseconds that never go back, and milliseconds since 1970. */
  readonly nowMs: () => number;
  readonly unixMs: () => number;
  send(line: string): void;
  /** A message was refused. */
  faulty(fault: Fault): void;
  /** A share counts. */
  counted(share: AcceptedShare): void;
  /** A share is a block: hands it in. */
  found(block: FoundBlock): void;
}

/** A user of the connection: an address with a name of a machine behind the dot. */
export interface Worker {
  readonly account: AccountId;
  readonly name: string;
}

/** What a handler answers with. */
type Answer = { readonly result: unknown } | { readonly code: StratumErrorCode; readonly message: string };

/** Request id of ours, for the one request we make. */
const VERSION_REQUEST = 1;

/** The conversation with one connection. It knows lines, not sockets. */
export class StratumSession {
  readonly workers = new Map<string, Worker>();
  /** As the miner names itself. */
  userAgent = '';
  private isSubscribed = false;
  private versionMask = 0;
  /** Whom this connection's coinbases pay; fixed by the first user that authorizes. */
  private paidTo: AccountId | undefined;
  /** By the id it was sent under: a job goes out again, under another id, when the difficulty moves. */
  private readonly sent = new Map<string, { readonly job: Job; readonly difficulty: number }>();
  private sentCount = 0;
  /** Header time of the last job sent on this tip. */
  private lastTime = 0;
  private readonly seen = new Set<string>();
  private tipNumber = -1;

  constructor(
    private readonly extranonce1: Uint8Array,
    private readonly difficulty: VariableDifficulty,
    private readonly context: SessionContext,
  ) {}

  get isAuthorized(): boolean {
    return this.workers.size > 0;
  }

  get currentDifficulty(): number {
    return this.difficulty.current;
  }

  /** Deals with one line; resolves when it is answered. Never rejects for what the line says. */
  async handle(line: string): Promise<void> {
    const message = parseMessage(line);
    if (message.kind === 'garbage') {
      this.refuse(message.id, 'garbage', STRATUM_ERRORS.other, message.why);
      return;
    }
    if (message.kind === 'answer') {
      if (message.id === VERSION_REQUEST && typeof message.result === 'string') {
        this.userAgent = printable(message.result);
      }
      return;
    }
    if (message.method === 'mining.submit') {
      await this.submit(message.id, message.params);
      return;
    }
    const answer = this.answer(message.method, message.params);
    if ('code' in answer) this.context.send(errorLine(message.id, answer));
    else this.context.send(answerLine(message.id, answer.result));
    this.greet(message.method);
  }

  /** Sends the latest job where the connection is ready for one. */
  notify(job: Job): void {
    if (!this.isSubscribed || this.paidTo === undefined) return;
    const { jobs, unixMs } = this.context;
    const isNewTip = this.tipNumber !== jobs.tipNumber;
    if (isNewTip) {
      this.tipNumber = jobs.tipNumber;
      this.seen.clear();
      this.lastTime = 0;
    }
    for (const [id, sent] of this.sent) if (jobs.find(sent.job.id) !== sent.job) this.sent.delete(id);
    // A miner starts over with every job: one that differs in nothing would be hashed, and its shares sent, twice.
    this.lastTime = Math.max(job.time, Math.floor(unixMs() / 1_000), this.lastTime + 1);
    this.sentCount += 1;
    const id = `${job.id}-${this.sentCount.toString(16)}`;
    this.sent.set(id, { job, difficulty: this.difficulty.current });
    const terms = { id, miner: this.paidTo, time: this.lastTime, clean: isNewTip || job.clean };
    this.context.send(notificationLine('mining.notify', jobToNotify(job.work, terms)));
  }

  /** Now and then: lowers a difficulty that no share meets. */
  tick(): void {
    if (this.isAuthorized) this.difficultyMoved(this.difficulty.tick(this.context.nowMs()));
  }

  private answer(method: string, params: readonly unknown[]): Answer {
    switch (method) {
      case 'mining.subscribe':
        return this.subscribe(params);
      case 'mining.authorize':
        return this.authorize(params);
      case 'mining.configure':
        return this.configure(params);
      case 'mining.suggest_difficulty':
        return this.suggest(params[0]);
      case 'mining.suggest_target':
        return this.suggest(targetTextToDifficulty(params));
      case 'mining.extranonce.subscribe':
        return { result: true };
      case 'mining.get_transactions':
        return { result: [] };
      case 'mining.ping':
        return { result: 'pong' };
      default:
        this.context.faulty('unknown-method');
        return { code: STRATUM_ERRORS.other, message: `unknown method '${printable(method).slice(0, 60)}'` };
    }
  }

  private subscribe(params: readonly unknown[]): Answer {
    this.userAgent = printable(textParam(params, 0) ?? '');
    this.isSubscribed = true;
    const extranonce1 = bytesToHex(this.extranonce1);
    const subscriptions = [
      ['mining.set_difficulty', extranonce1],
      ['mining.notify', extranonce1],
    ];
    return { result: [subscriptions, extranonce1, EXTRANONCE2_BYTES] };
  }

  private authorize(params: readonly unknown[]): Answer {
    const user = textParam(params, 0);
    const unauthorized = (fault: Fault, message: string): Answer => {
      this.context.faulty(fault);
      return { code: STRATUM_ERRORS.unauthorized, message };
    };
    if (user === undefined) return unauthorized('malformed', 'give the user name as ADDRESS.WORKER');
    if (this.workers.has(user)) return { result: true };
    if (this.workers.size >= this.context.limits.maxWorkers) {
      return unauthorized('malformed', `one connection has at most ${this.context.limits.maxWorkers} users`);
    }
    const dot = user.indexOf('.');
    const address = dot < 0 ? user : user.slice(0, dot);
    const name = dot < 0 ? '' : user.slice(dot + 1);
    const account = this.context.payee.account(address);
    if (!account.ok) {
      const why = violationToText(account.violation);
      return unauthorized('bad-address', `'${printable(address)}' is no address to be paid to: ${why}`);
    }
    if (!/^[\x21-\x7e]{0,64}$/.test(name)) {
      return unauthorized(
        'malformed',
        'the name of the worker has at most 64 printable characters without spaces',
      );
    }
    const paidTo = this.context.payee.paidTo(account.value);
    if (this.paidTo !== undefined && this.paidTo !== paidTo) {
      return unauthorized(
        'bad-address',
        'this connection mines for another address; connect once more for this one',
      );
    }
    this.paidTo = paidTo;
    this.workers.set(user, { account: account.value, name });
    return { result: true };
  }

  /** BIP 310. */
  private configure(params: readonly unknown[]): Answer {
    const extensions = Array.isArray(params[0]) ? (params[0] as unknown[]).slice(0, 16) : undefined;
    if (extensions === undefined) {
      this.context.faulty('malformed');
      return { code: STRATUM_ERRORS.other, message: 'the first parameter is not a list of extensions' };
    }
    const options = (typeof params[1] === 'object' && params[1] !== null ? params[1] : {}) as Record<
      string,
      unknown
    >;
    const result: Record<string, unknown> = {};
    for (const extension of extensions) {
      if (typeof extension !== 'string' || extension.length > 64) continue;
      switch (extension) {
        case 'version-rolling': {
          const asked = options['version-rolling.mask'];
          const wanted = typeof asked === 'string' && /^[0-9a-fA-F]{1,8}$/.test(asked) ? asked : 'ffffffff';
          this.versionMask = (Number.parseInt(wanted, 16) & VERSION_ROLLING_MASK) >>> 0;
          result['version-rolling'] = true;
          result['version-rolling.mask'] = this.versionMask.toString(16).padStart(8, '0');
          break;
        }
        case 'minimum-difficulty': {
          const answer = this.suggest(options['minimum-difficulty.value']);
          result['minimum-difficulty'] = 'result' in answer;
          break;
        }
        case 'subscribe-extranonce':
          result['subscribe-extranonce'] = true;
          break;
        case 'info':
          result['info'] = true;
          break;
        default:
          result[extension] = false;
      }
    }
    return { result };
  }

  private suggest(difficulty: unknown): Answer {
    const value = typeof difficulty === 'string' ? Number(difficulty) : difficulty;
    if (typeof value !== 'number' || !(value > 0) || !Number.isFinite(value)) {
      this.context.faulty('malformed');
      return { code: STRATUM_ERRORS.other, message: 'the difficulty is not a number above 0' };
    }
    this.difficultyMoved(this.difficulty.suggest(value, this.context.nowMs()));
    return { result: true };
  }

  /** What follows the answer that made a connection ready: its difficulty, its first job. */
  private greet(method: string): void {
    const isReady = this.isSubscribed && this.isAuthorized;
    if (!isReady || this.tipNumber !== -1 || !/^mining\.(subscribe|authorize)$/.test(method)) return;
    if (this.userAgent === '') this.context.send(requestLine(VERSION_REQUEST, 'client.get_version', []));
    this.sendDifficulty();
    const job = this.context.jobs.latest();
    if (job !== undefined) this.notify(job);
  }

  private async submit(id: RequestId, params: readonly unknown[]): Promise<void> {
    if (!this.isSubscribed) {
      this.refuse(id, 'not-subscribed', STRATUM_ERRORS.notSubscribed, 'subscribe before submitting');
      return;
    }
    const worker = this.workers.get(textParam(params, 0) ?? '');
    if (worker === undefined || this.paidTo === undefined) {
      const why = 'the share is in the name of a user who has not authorized on this connection';
      this.refuse(id, 'unauthorized', STRATUM_ERRORS.unauthorized, why);
      return;
    }
    const checked = checkShare(params, {
      extranonce1: this.extranonce1,
      versionMask: this.versionMask,
      paidTo: this.paidTo,
      nowSeconds: Math.floor(this.context.unixMs() / 1_000),
      sent: (jobId) => this.sentUnder(jobId),
      seen: this.seen,
    });
    if ('code' in checked) this.refuse(id, checked.fault, checked.code, checked.message);
    else await this.accept(id, worker, this.paidTo, checked);
  }

  /** Where the difficulty was lowered since, shares of the lower one come for older jobs too. */
  private sentUnder(jobId: string): { readonly job: Job; readonly difficulty: number } | undefined {
    const sent = this.sent.get(jobId);
    if (sent === undefined || this.context.jobs.find(sent.job.id) !== sent.job) return undefined;
    return { job: sent.job, difficulty: Math.min(sent.difficulty, this.difficulty.current) };
  }

  private async accept(id: RequestId, worker: Worker, paidTo: AccountId, good: GoodShare): Promise<void> {
    const { work } = good.solution;
    this.seen.add(good.hashHex);
    const share: AcceptedShare = {
      account: worker.account,
      worker: worker.name,
      hashes: difficultyToHashes(good.difficulty),
      height: work.template.height,
      atMs: this.context.unixMs(),
    };
    const block = good.isBlock ? toBlock(share, work.coinbase, paidTo, good) : undefined;
    try {
      if (block === undefined) await this.context.sink.record(share);
      else await this.context.sink.found(block);
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
      // It may be sent again: nothing of it was kept.
      this.seen.delete(good.hashHex);
      this.refuse(id, 'not-kept', STRATUM_ERRORS.other, 'the share could not be written down; send it again');
      return;
    }
    if (block !== undefined) this.context.found(block);
    this.context.counted(share);
    this.context.send(answerLine(id, true));
    this.difficultyMoved(this.difficulty.shareAccepted(this.context.nowMs()));
  }

  private difficultyMoved(to: number | undefined): void {
    if (to === undefined || this.tipNumber === -1) return;
    this.sendDifficulty();
    // Many miners apply a difficulty with the next job only.
    const job = this.context.jobs.latest();
    if (job !== undefined) this.notify(job);
  }

  private sendDifficulty(): void {
    this.context.send(notificationLine('mining.set_difficulty', [this.difficulty.current]));
  }

  private refuse(id: RequestId, fault: Fault, code: StratumErrorCode, message: string): void {
    this.context.send(errorLine(id, { code, message }));
    this.context.faulty(fault);
  }
}

function toBlock(
  share: AcceptedShare,
  coinbase: Coinbase,
  paidTo: AccountId,
  { solution }: GoodShare,
): FoundBlock {
  const blockId = hashToBlockId(sha256d(solution.header));
  return { blockId, height: share.height, share, reward: coinbaseReward(coinbase), paidTo, solution };
}

function targetTextToDifficulty(params: readonly unknown[]): number | undefined {
  const text = textParam(params, 0, 64);
  if (text === undefined || !/^[0-9a-fA-F]{1,64}$/.test(text)) return undefined;
  const target = BigInt(`0x${text}`);
  return target === 0n ? undefined : targetToDifficulty(target);
}

/** Text of a stranger, fit for a log line and an answer. */
function printable(text: string): string {
  return text.replace(/[^\x20-\x7e]/g, '?').slice(0, 100);
}
