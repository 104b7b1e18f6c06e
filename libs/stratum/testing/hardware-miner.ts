import { createHash } from 'node:crypto';
import { setImmediate as breathe } from 'node:timers/promises';
import { LineClient, type StratumReply } from './line-client.js';

/** A share as it is sent, with the rolled bits of the version. */
export type RolledShareParams = [
  user: string,
  job: string,
  extranonce2: string,
  time: string,
  nonce: string,
  versionBits: string,
];

interface HardwareJob {
  readonly id: string;
  readonly coinbase1: string;
  readonly coinbase2: string;
  readonly previous: string;
  readonly version: number;
  readonly bits: string;
  readonly time: string;
}

const NONCES_PER_VERSION = 256;

/**
 * A Stratum miner that behaves as cgminer does for hardware that rolls versions: mining.configure comes first, the header
 * is put together as hex in the order of the job and then turned around word by word, a difficulty counts at once.
 */
export class HardwareMiner {
  readonly client: LineClient;
  mask = 0;
  accepted = 0;
  rejected: (readonly [number, string, unknown])[] = [];
  /** Every version bits value that was accepted. */
  readonly rolled = new Set<string>();
  private extranonce1 = '';
  private extranonce2Bytes = 0;
  private difficulty = 1;
  private job: HardwareJob | undefined;
  private counter = 0n;
  private isRunning = false;
  private done: Promise<void> = Promise.resolve();

  constructor(
    port: number,
    private readonly user: string,
  ) {
    this.client = new LineClient(port);
    this.client.onPush = ({ method, params }) => {
      if (method === 'mining.set_difficulty') this.difficulty = Number(params[0]);
      if (method !== 'mining.notify') return;
      const [id, previous, coinbase1, coinbase2, , version, bits, time] = params as string[];
      this.job = {
        id: id as string,
        previous: previous as string,
        coinbase1: coinbase1 as string,
        coinbase2: coinbase2 as string,
        version: Number.parseInt(version as string, 16),
        bits: bits as string,
        time: time as string,
      };
    };
  }

  /** Negotiates, subscribes, asks for a difficulty, authorizes. */
  async login(suggestedDifficulty?: number): Promise<void> {
    const { client } = this;
    const options = { 'version-rolling.mask': 'ffffffff', 'version-rolling.min-bit-count': 2 };
    const configured = await client.ask('mining.configure', [
      ['version-rolling', 'subscribe-extranonce', 'unheard-of'],
      options,
    ]);
    const answer = configured.result as Record<string, unknown>;
    if (answer['version-rolling'] !== true) throw new Error('the server does not roll versions');
    this.mask = Number.parseInt(answer['version-rolling.mask'] as string, 16);
    const subscribed = await client.ask('mining.subscribe', ['cgminer/4.12.1']);
    [, this.extranonce1, this.extranonce2Bytes] = subscribed.result as [unknown, string, number];
    await client.ask('mining.extranonce.subscribe', []);
    if (suggestedDifficulty !== undefined)
      await client.ask('mining.suggest_difficulty', [suggestedDifficulty]);
    const authorized = await client.ask('mining.authorize', [this.user, 'x']);
    if (authorized.result !== true) throw new Error(`authorize: ${JSON.stringify(authorized.error)}`);
  }

  start(onShare: (params: RolledShareParams, reply: StratumReply) => void = () => undefined): void {
    this.isRunning = true;
    this.done = this.mine(onShare);
  }

  async stop(): Promise<void> {
    this.isRunning = false;
    await this.done;
    this.client.close();
  }

  private async mine(onShare: (params: RolledShareParams, reply: StratumReply) => void): Promise<void> {
    while (this.isRunning && !this.client.closed) {
      const params = this.search();
      if (params === undefined) {
        await breathe();
        continue;
      }
      const reply = await this.client.ask('mining.submit', params);
      if (reply.result === true) {
        this.accepted += 1;
        this.rolled.add(params[5]);
      } else if (reply.error !== null) this.rejected.push(reply.error);
      onShare(params, reply);
    }
  }

  /** All nonces of a small chip for one rolled version and one extranonce2. */
  private search(): RolledShareParams | undefined {
    const { job } = this;
    if (job === undefined || this.mask === 0) return undefined;
    this.counter += 1n;
    const extranonce2 = Buffer.alloc(this.extranonce2Bytes);
    extranonce2.writeBigUInt64LE(this.counter);
    const coinbase = Buffer.from(
      job.coinbase1 + this.extranonce1 + extranonce2.toString('hex') + job.coinbase2,
      'hex',
    );
    // The counter spread over the bits of the mask: 16 of them, from bit 13 on.
    const rolledBits = ((Number(this.counter & 0xffffn) << 13) & this.mask) >>> 0;
    const version = ((job.version & ~this.mask) | rolledBits) >>> 0;
    const root = turnWords(sha256(sha256(coinbase)));
    const assembled = `${hex32(version)}${job.previous}${root.toString('hex')}${job.time}${job.bits}00000000`;
    const header = turnWords(Buffer.from(assembled, 'hex'));
    const limit = (0xffffn << 208n) * 2n ** 64n;
    const target = limit / BigInt(Math.round(this.difficulty * 2 ** 64));
    for (let nonce = 0; nonce < NONCES_PER_VERSION; nonce++) {
      header.writeUInt32LE(nonce, 76);
      const hash = sha256(sha256(header)).reverse();
      if (BigInt(`0x${hash.toString('hex')}`) > target) continue;
      return [this.user, job.id, extranonce2.toString('hex'), job.time, hex32(nonce), hex32(rolledBits)];
    }
    return undefined;
  }
}

function sha256(data: Uint8Array): Buffer {
  return createHash('sha256').update(data).digest();
}

function turnWords(bytes: Buffer): Buffer {
  return Buffer.from(bytes).swap32();
}

function hex32(value: number): string {
  return value.toString(16).padStart(8, '0');
}
