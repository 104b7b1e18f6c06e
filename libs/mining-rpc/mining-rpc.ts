import { randomInt } from 'node:crypto';
import {
  type AccountId,
  addressToAccountId,
  bitsToTarget,
  EXTRANONCE_BYTES,
  hashToNumber,
  NETWORKS,
  type NetworkParams,
  targetToWork,
} from '#chain';
import { AppError, violationToText } from '#errors';
import type { LedgerPort } from '#ledger';
import { type MiningWork, sha256d, targetToDifficulty, type WorkSource } from '#mining-work';
import { workToBlockTemplate } from './block-template.js';
import { type RpcCall, toBody, toCall } from './call.js';
import { LONG_POLL_MS, MAX_BATCH, MAX_LONG_POLLS } from './limits.js';
import { RPC_ERRORS, type RpcAnswer, rpcError } from './rpc-error.js';
import { decodeSubmittedBlock, findWorkOf, ruleToRejection } from './submitted-block.js';

export interface MiningRpcOptions {
  readonly ledger: LedgerPort;
  readonly params: NetworkParams;
  readonly work: WorkSource;
  /** Who is paid where the caller's user name is no address; undefined: such callers are refused. */
  readonly defaultAccount: AccountId | undefined;
}

/** Who calls, as far as it matters. */
export interface Caller {
  /** The user name of Basic authentication: ADDRESS or ADDRESS.WORKER. */
  readonly user: string | undefined;
  /** Aborts when the connection is gone. */
  readonly signal: AbortSignal;
}

/** An answer for HTTP: no body for notifications alone. */
export interface HttpAnswer {
  readonly status: number;
  readonly body: unknown;
}

/** What happened since the start. */
export interface MiningRpcStatistics {
  readonly calls: Readonly<Record<string, number>>;
  /** Submitted blocks: `accepted`, or the reject word. */
  readonly blocks: Readonly<Record<string, number>>;
  readonly longPolls: number;
}

/** JSON-RPC for miners; it knows bodies, not sockets. */
export interface MiningRpc {
  /** Answers one body: a call or a batch. Never rejects for what the body says. */
  handle(body: string, caller: Caller): Promise<HttpAnswer>;
  statistics(): MiningRpcStatistics;
  /** Ends the long polls. */
  close(): void;
}

export function createMiningRpc(options: MiningRpcOptions): MiningRpc {
  return new MiningMethods(options);
}

/** Blocks over which `getnetworkhashps` averages unless told otherwise. */
const HASH_RATE_BLOCKS = 120;
/** Ids of submitted blocks that are remembered, to name a repetition. */
const MAX_SUBMITTED = 1_000;

type Method = (params: readonly unknown[], caller: Caller) => Promise<RpcAnswer> | RpcAnswer;

class MiningMethods implements MiningRpc {
  private readonly methods: ReadonlyMap<string, Method> = new Map<string, Method>([
    ['getblocktemplate', (params, caller) => this.getBlockTemplate(params, caller)],
    ['submitblock', (params) => this.submitBlock(params)],
    ['getmininginfo', () => this.getMiningInfo()],
    ['getblockcount', async () => ({ result: (await this.options.ledger.status()).tip.height })],
    ['getbestblockhash', async () => ({ result: (await this.options.ledger.status()).tip.id })],
    ['getblockhash', (params) => this.getBlockHash(params)],
    ['getdifficulty', async () => ({ result: await this.difficulty() })],
    ['getnetworkhashps', async (params) => ({ result: await this.networkHashRate(params[0]) })],
    ['validateaddress', (params) => this.validateAddress(params)],
  ]);
  private readonly closing = new AbortController();
  private readonly calls: Record<string, number> = {};
  private readonly blocks: Record<string, number> = {};
  private readonly submitted = new Set<string>();
  private longPolls = 0;
  /** Every template is handed out with another extranonce, so that no two miners of one address try the same headers. */
  private extranonce = BigInt(randomInt(2 ** 32)) << 64n;

  constructor(private readonly options: MiningRpcOptions) {}

  async handle(body: string, caller: Caller): Promise<HttpAnswer> {
    let parsed: unknown;
    try {
      parsed = JSON.parse(body);
    } catch {
      return { status: 400, body: toBody(undefined, rpcError('parse', 'the body is not JSON')) };
    }
    if (!Array.isArray(parsed)) return this.one(parsed, caller);
    if (parsed.length === 0 || parsed.length > MAX_BATCH) {
      const why = `a batch has 1 to ${MAX_BATCH} calls, this one ${parsed.length}`;
      return { status: 400, body: toBody(undefined, rpcError('invalidRequest', why)) };
    }
    const answers: unknown[] = [];
    for (const value of parsed) {
      const { body: answer } = await this.one(value, caller);
      if (answer !== undefined) answers.push(answer);
    }
    return answers.length === 0 ? { status: 204, body: undefined } : { status: 200, body: answers };
  }

  statistics(): MiningRpcStatistics {
    return { calls: { ...this.calls }, blocks: { ...this.blocks }, longPolls: this.longPolls };
  }

  close(): void {
    this.closing.abort();
  }

  private async one(value: unknown, caller: Caller): Promise<HttpAnswer> {
    const call = toCall(value);
    if ('refused' in call) return { status: 400, body: toBody(undefined, call.refused) };
    const answer = await this.call(call, caller);
    if (call.isNotification) return { status: 204, body: undefined };
    const isUnknown = 'error' in answer && answer.error.code === RPC_ERRORS.methodNotFound;
    // Miners find out by the status whether a node knows getblocktemplate at all.
    return { status: isUnknown && !call.isVersion2 ? 404 : 200, body: toBody(call, answer) };
  }

  private async call({ method, params }: RpcCall, caller: Caller): Promise<RpcAnswer> {
    const handler = this.methods.get(method);
    const name = handler === undefined ? 'unknown' : method;
    this.calls[name] = (this.calls[name] ?? 0) + 1;
    if (handler === undefined) {
      const known = [...this.methods.keys()].join(', ');
      return rpcError('methodNotFound', `method '${method.slice(0, 60)}' is not known here; known: ${known}`);
    }
    try {
      return await handler(params, caller);
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
      return rpcError('internal', `${error.message} [${error.code}]`);
    }
  }

  private async getBlockTemplate(params: readonly unknown[], caller: Caller): Promise<RpcAnswer> {
    const request = params[0] ?? {};
    if (typeof request !== 'object' || request === null || Array.isArray(request)) {
      return rpcError('invalidParams', 'the first parameter is an object with capabilities');
    }
    const { mode = 'template', longpollid } = request as Record<string, unknown>;
    if (mode !== 'template') return rpcError('badParameter', 'only mode "template" is supported');
    const miner = this.paidAccount(caller.user);
    if (typeof miner !== 'string') return miner;
    if (typeof longpollid === 'string' && longpollid === this.longPollId())
      await this.untilChange(caller.signal);
    const work = this.options.work.current();
    if (work === undefined || !this.options.work.isFresh()) {
      return rpcError('notReady', 'the chain node does not answer; there is nothing to mine now');
    }
    const extranonce = this.nextExtranonce();
    const nowSeconds = Math.floor(Date.now() / 1_000);
    const longPollId = this.longPollId();
    return { result: workToBlockTemplate(work, { miner, extranonce, longPollId, nowSeconds }) };
  }

  private paidAccount(user: string | undefined): AccountId | RpcAnswer {
    const { params, defaultAccount } = this.options;
    const address = user?.split('.')[0] ?? '';
    const account = addressToAccountId(params, address);
    if (account.ok) return account.value;
    // A mistyped address, or one of another network, must not mine for somebody else.
    const isMeant = Object.values(NETWORKS).some(({ addressPrefix }) =>
      address.toLowerCase().startsWith(`${addressPrefix}1`),
    );
    if (defaultAccount !== undefined && !isMeant) return defaultAccount;
    const why = isMeant ? `: ${violationToText(account.violation)}` : '';
    return rpcError(
      'badAddress',
      `the user name '${address.slice(0, 100)}' is no address of ${params.name}${why}; give your address as user name`,
    );
  }

  private async submitBlock(params: readonly unknown[]): Promise<RpcAnswer> {
    const [hex, extra] = params;
    if (typeof hex !== 'string') return rpcError('invalidParams', 'the first parameter is the block as hex');
    const decoded = decodeSubmittedBlock(hex);
    if (!decoded.ok)
      return rpcError('notDecodable', `Block decode failed: ${violationToText(decoded.violation)}`);
    const verdict = await this.takeBlock(decoded.value, extra);
    this.blocks[verdict ?? 'accepted'] = (this.blocks[verdict ?? 'accepted'] ?? 0) + 1;
    return { result: verdict };
  }

  /** Null, or the reject word of BIP 22. */
  private async takeBlock(block: Parameters<typeof findWorkOf>[1], extra: unknown): Promise<string | null> {
    const { work: source } = this.options;
    const workId = (extra as { workid?: unknown } | null | undefined)?.workid;
    const named = typeof workId === 'string' ? source.find(workId) : undefined;
    const work = named ?? findWorkOf(source.all(), block);
    const hash = sha256d(block.header);
    const id = Buffer.from(hash).toString('hex');
    if (this.submitted.has(id)) return 'duplicate';
    if (work === undefined) {
      const current = source.current();
      return current !== undefined && current.previousId !== block.previousId
        ? 'stale-prevblk'
        : 'stale-work';
    }
    if (hashToNumber(hash) > work.target) return 'high-hash';
    this.remember(id);
    const outcome = await source.submit({ work, header: block.header, coinbase: block.coinbaseBytes });
    switch (outcome.kind) {
      case 'accepted':
        return null;
      case 'superseded':
        return 'stale-prevblk';
      case 'lost':
        this.submitted.delete(id);
        throw outcome.error;
      case 'refused':
        return ruleToRejection(outcome.violation.rule);
    }
  }

  private async getMiningInfo(): Promise<RpcAnswer> {
    const { ledger, params } = this.options;
    const { tip, mempool } = await ledger.status();
    const work = this.options.work.current();
    return {
      result: {
        blocks: tip.height,
        difficulty: await this.difficulty(),
        networkhashps: await this.networkHashRate(undefined),
        pooledtx: mempool.count,
        chain: params.name,
        ...(work === undefined ? {} : { bits: work.header.bits.toString(16).padStart(8, '0') }),
        errors: '',
        warnings: '',
      },
    };
  }

  private async getBlockHash(params: readonly unknown[]): Promise<RpcAnswer> {
    const [height] = params;
    if (typeof height !== 'number' || !Number.isInteger(height) || height < 0) {
      return rpcError('invalidParams', 'the first parameter is a height');
    }
    const block = await this.options.ledger.block({ ref: String(height) });
    return block === null
      ? rpcError('badParameter', `the main chain has no block at height ${height}`)
      : { result: block.id };
  }

  private validateAddress(params: readonly unknown[]): RpcAnswer {
    const [address] = params;
    if (typeof address !== 'string') return rpcError('invalidParams', 'the first parameter is an address');
    const account = addressToAccountId(this.options.params, address.slice(0, 200));
    return { result: account.ok ? { isvalid: true, address, account: account.value } : { isvalid: false } };
  }

  private async difficulty(): Promise<number> {
    const work = this.options.work.current() ?? (await this.tipWork());
    return targetToDifficulty(work.target);
  }

  private async tipWork(): Promise<Pick<MiningWork, 'target'>> {
    const tip = await this.options.ledger.block({ ref: (await this.options.ledger.status()).tip.id });
    const target = bitsToTarget(tip?.bits ?? this.options.params.proofOfWork.genesisBits);
    return { target: target.ok ? target.value : 1n };
  }

  /** Hashes a second by the work and the times of the last blocks. */
  private async networkHashRate(asked: unknown): Promise<number> {
    const { ledger } = this.options;
    const { tip } = await ledger.status();
    const wanted =
      typeof asked === 'number' && Number.isInteger(asked) && asked > 0 ? asked : HASH_RATE_BLOCKS;
    const count = Math.min(wanted, tip.height, 10_000);
    if (count === 0) return 0;
    const first = await ledger.block({ ref: String(tip.height - count) });
    if (first === null) return 0;
    const { target } = await this.tipWork();
    const seconds = Math.max(1, (Date.parse(tip.time) - Date.parse(first.time)) / 1_000);
    return (Number(targetToWork(target)) * count) / seconds;
  }

  private longPollId(): string {
    const work = this.options.work.current();
    return work === undefined ? 'none' : `${work.previousId}${work.template.id}`;
  }

  /** Until there is other work, or the template's time is worth renewing. */
  private untilChange(gone: AbortSignal): Promise<void> {
    const { signal: closing } = this.closing;
    if (this.longPolls >= MAX_LONG_POLLS || gone.aborted || closing.aborted) return Promise.resolve();
    this.longPolls += 1;
    return new Promise((resolve) => {
      const end = (): void => {
        clearTimeout(timer);
        unsubscribe();
        gone.removeEventListener('abort', end);
        closing.removeEventListener('abort', end);
        this.longPolls -= 1;
        resolve();
      };
      const timer = setTimeout(end, LONG_POLL_MS);
      const unsubscribe = this.options.work.onChange(end);
      gone.addEventListener('abort', end);
      closing.addEventListener('abort', end);
    });
  }

  private nextExtranonce(): Uint8Array {
    this.extranonce = (this.extranonce + 1n) % (1n << 96n);
    const bytes = new Uint8Array(EXTRANONCE_BYTES);
    const view = new DataView(bytes.buffer);
    view.setUint32(0, Number(this.extranonce >> 64n));
    view.setBigUint64(4, this.extranonce & 0xffff_ffff_ffff_ffffn);
    return bytes;
  }

  private remember(id: string): void {
    this.submitted.add(id);
    for (const oldest of this.submitted) {
      if (this.submitted.size <= MAX_SUBMITTED) return;
      this.submitted.delete(oldest);
    }
  }
}
