import { setImmediate as breathe } from 'node:timers/promises';
import {
  be32dec,
  difficultyToWords,
  doubleSha256,
  le32dec,
  meets,
  wordsToBytes,
  wordToHex,
} from './cpuminer-words.js';
import { LineClient, type StratumReply } from './line-client.js';

interface CpuJob {
  readonly id: string;
  readonly coinbase: Buffer;
  readonly extranonce2At: number;
  readonly previous: Buffer;
  readonly version: Buffer;
  readonly bits: Buffer;
  readonly time: Buffer;
  /** The difficulty that was told before the job: it counts from this job on. */
  readonly difficulty: number;
}

/** A share as it is sent. */
export type ShareParams = [user: string, job: string, extranonce2: string, time: string, nonce: string];

/** Nonces tried before the event loop gets its turn. */
const SLICE = 1_000;

/**
 * A Stratum miner that behaves as `minerd -a sha256d` does: the coinbase is opaque bytes, a new job starts its extranonce2
 * from zero, a difficulty counts from the next job on, every share is sent under the request id 4.
 */
export class CpuMiner {
  readonly client: LineClient;
  accepted = 0;
  rejected: (readonly [number, string, unknown])[] = [];
  private extranonce1 = Buffer.alloc(0);
  private extranonce2Bytes = 0;
  private job: CpuJob | undefined;
  private nextDifficulty = 1;
  private isRunning = false;
  private done: Promise<void> = Promise.resolve();
  private isBroken = false;

  constructor(
    port: number,
    private readonly user: string,
    localAddress?: string,
  ) {
    this.client = new LineClient(port, localAddress);
    this.client.onPush = ({ method, params }) => {
      if (method === 'mining.set_difficulty') this.nextDifficulty = Number(params[0]);
      if (method === 'mining.notify') this.notified(params);
    };
  }

  /** Subscribes and authorizes; throws what the server says when it refuses. */
  async login(): Promise<void> {
    const subscribed = await this.client.ask('mining.subscribe', ['cpuminer/2.5.1'], 1);
    const result = subscribed.result as [unknown, string, number] | null;
    if (result === null) throw new Error(`subscribe: ${JSON.stringify(subscribed.error)}`);
    this.extranonce1 = Buffer.from(result[1], 'hex');
    this.extranonce2Bytes = result[2];
    const authorized = await this.client.ask('mining.authorize', [this.user, 'x'], 2);
    if (authorized.result !== true) throw new Error(`authorize: ${JSON.stringify(authorized.error)}`);
  }

  /** Mines until `stop`; `onShare` sees each share after the server has answered it. */
  start(onShare: (params: ShareParams, reply: StratumReply) => void = () => undefined): void {
    this.isRunning = true;
    this.done = this.mine(onShare);
  }

  async stop(): Promise<void> {
    this.isRunning = false;
    await this.done;
    this.client.close();
  }

  /** Searches one share of the newest job without sending it. */
  async findShare(): Promise<ShareParams> {
    for (;;) {
      const found = await this.search();
      if (found !== undefined) return found;
      await breathe();
    }
  }

  /** The header a share of the newest job hashes to, for whoever wants to compare. */
  headerOf(params: ShareParams): Buffer {
    if (this.job === undefined) throw new Error('no job yet');
    const coinbase = Buffer.from(this.job.coinbase);
    Buffer.from(params[2], 'hex').copy(coinbase, this.job.extranonce2At);
    const words = this.words(this.job, coinbase);
    words[17] = Buffer.from(params[3], 'hex').readUInt32LE();
    words[19] = Buffer.from(params[4], 'hex').readUInt32LE();
    return wordsToBytes(words);
  }

  private async mine(onShare: (params: ShareParams, reply: StratumReply) => void): Promise<void> {
    while (this.isRunning && !this.client.closed && !this.isBroken) {
      const params = await this.search();
      if (params === undefined) {
        await breathe();
        continue;
      }
      const reply = await this.client.ask('mining.submit', params, 4);
      if (reply.result === true) this.accepted += 1;
      else if (reply.error !== null) this.rejected.push(reply.error);
      onShare(params, reply);
    }
  }

  private cursor = { job: '', extranonce2: 0n, nonce: 0 };

  /** A slice of nonces of the newest job. */
  private async search(): Promise<ShareParams | undefined> {
    const { job } = this;
    if (job === undefined) return undefined;
    if (this.cursor.job !== job.id) this.cursor = { job: job.id, extranonce2: 0n, nonce: 0 };
    const coinbase = Buffer.from(job.coinbase);
    const extranonce2 = Buffer.alloc(this.extranonce2Bytes);
    extranonce2.writeBigUInt64LE(this.cursor.extranonce2);
    extranonce2.copy(coinbase, job.extranonce2At);
    const words = this.words(job, coinbase);
    const header = wordsToBytes(words);
    const target = difficultyToWords(job.difficulty);
    for (let tried = 0; tried < SLICE; tried++) {
      const nonce = this.cursor.nonce++;
      header.writeUInt32BE(nonce, 76);
      if (!meets(doubleSha256(header), target)) continue;
      return [this.user, job.id, extranonce2.toString('hex'), job.time.toString('hex'), wordToHex(nonce)];
    }
    if (this.cursor.nonce > 0x0fff_ffff)
      this.cursor = { ...this.cursor, extranonce2: this.cursor.extranonce2 + 1n, nonce: 0 };
    await breathe();
    return undefined;
  }

  private words(job: CpuJob, coinbase: Buffer): Uint32Array {
    const words = new Uint32Array(20);
    const root = doubleSha256(coinbase);
    words[0] = le32dec(job.version, 0);
    for (let index = 0; index < 8; index++) words[1 + index] = le32dec(job.previous, index);
    for (let index = 0; index < 8; index++) words[9 + index] = be32dec(root, index);
    words[17] = le32dec(job.time, 0);
    words[18] = le32dec(job.bits, 0);
    return words;
  }

  private notified(params: readonly unknown[]): void {
    const [id, previous, coinbase1, coinbase2, branch, version, bits, time] = params as string[];
    const isWellFormed =
      Array.isArray(branch) &&
      previous?.length === 64 &&
      version?.length === 8 &&
      bits?.length === 8 &&
      time?.length === 8;
    if (!isWellFormed || branch.length !== 0) {
      this.isBroken = true;
      throw new Error(`a job that cpuminer refuses: ${JSON.stringify(params)}`);
    }
    const first = Buffer.from(coinbase1 as string, 'hex');
    this.job = {
      id: id as string,
      extranonce2At: first.length + this.extranonce1.length,
      coinbase: Buffer.concat([
        first,
        this.extranonce1,
        Buffer.alloc(this.extranonce2Bytes),
        Buffer.from(coinbase2 as string, 'hex'),
      ]),
      previous: Buffer.from(previous, 'hex'),
      version: Buffer.from(version, 'hex'),
      bits: Buffer.from(bits, 'hex'),
      time: Buffer.from(time, 'hex'),
      difficulty: this.nextDifficulty,
    };
  }
}
