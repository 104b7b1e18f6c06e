import { be32dec, doubleSha256, le32dec, meets, swab32, wordsToBytes } from './cpuminer-words.js';

/** The fields of a block template that cpuminer reads. */
export interface GbtTemplate {
  readonly height: number;
  readonly version: number;
  readonly previousblockhash: string;
  readonly curtime: number;
  readonly bits: string;
  readonly transactions: readonly unknown[];
  readonly coinbasetxn: { readonly data: string };
  readonly target: string;
  readonly workid: string;
  readonly longpollid: string;
  readonly mutable: readonly string[];
}

/** Newest version byte that cpuminer takes without being told that it may. */
const KNOWN_VERSION = 4;

/** A getblocktemplate miner that behaves as `minerd -a sha256d` does with a server that sends `coinbasetxn`. */
export class GbtMiner {
  constructor(
    private readonly url: string,
    private readonly user: string,
    private readonly password = 'x',
  ) {}

  /** One call; the whole answer. */
  async call(method: string, params: readonly unknown[]): Promise<{ result: unknown; error: unknown }> {
    const response = await fetch(this.url, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        authorization: `Basic ${Buffer.from(`${this.user}:${this.password}`).toString('base64')}`,
      },
      body: `${JSON.stringify({ method, params, id: 0 })}\r\n`,
    });
    return (await response.json()) as { result: unknown; error: unknown };
  }

  async template(longPollId?: string): Promise<GbtTemplate> {
    const capabilities = ['coinbasetxn', 'coinbasevalue', 'longpoll', 'workid'];
    const request = { capabilities, ...(longPollId === undefined ? {} : { longpollid: longPollId }) };
    const { result, error } = await this.call('getblocktemplate', [request]);
    if (result === null || error !== null) throw new Error(`getblocktemplate: ${JSON.stringify(error)}`);
    return result as GbtTemplate;
  }

  /** Solves a template: the parameters of submitblock. Right for easy targets only. */
  solve(template: GbtTemplate): [hex: string, extra: { workid: string }] {
    if (template.mutable.includes('coinbase/append')) throw new Error('cpuminer would change the coinbase');
    if ((template.version & 0xff) > KNOWN_VERSION)
      throw new Error(`unrecognized block version ${template.version}`);
    const coinbase = Buffer.from(template.coinbasetxn.data, 'hex');
    if (coinbase.length < 60) throw new Error('invalid coinbasetxn: less than 60 bytes');
    if (template.transactions.length > 0) throw new Error('this miner was promised no transactions');
    const previous = Buffer.from(template.previousblockhash, 'hex');
    const root = doubleSha256(coinbase);
    const words = new Uint32Array(20);
    words[0] = swab32(template.version);
    for (let index = 0; index < 8; index++) words[8 - index] = le32dec(previous, index);
    for (let index = 0; index < 8; index++) words[9 + index] = be32dec(root, index);
    words[17] = swab32(template.curtime);
    words[18] = le32dec(Buffer.from(template.bits, 'hex'), 0);
    const targetBytes = Buffer.from(template.target, 'hex');
    const target = new Uint32Array(8);
    for (let index = 0; index < 8; index++) target[7 - index] = be32dec(targetBytes, index);
    const header = wordsToBytes(words);
    for (let nonce = 0; nonce < 2 ** 32; nonce++) {
      header.writeUInt32BE(nonce, 76);
      if (!meets(doubleSha256(header), target)) continue;
      // One transaction: the coinbase.
      return [`${header.toString('hex')}01${coinbase.toString('hex')}`, { workid: template.workid }];
    }
    throw new Error('no nonce meets the target');
  }
}
