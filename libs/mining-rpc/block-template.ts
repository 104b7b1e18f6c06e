import { type AccountId, coinbaseReward, targetToBytes } from '#chain';
import { bytesToHex } from '#crypto';
import { type MiningWork, workToCoinbase } from '#mining-work';

/** What `getblocktemplate` answers (BIP 22, 23). */
export interface BlockTemplateAnswer {
  readonly [field: string]: unknown;
  readonly coinbasetxn: { readonly data: string; readonly depends: readonly number[]; readonly fee: number };
  readonly workid: string;
  readonly longpollid: string;
}

/**
 * A work in the words of getblocktemplate. The body stays with the server: `transactions` is empty, and the whole block
 * is found again by `workid`, or by the coinbase. `coinbase/append` is not among what may be changed: the coinbase is no
 * Bitcoin transaction, and a miner that put bytes into it would make a block that no node takes.
 */
export function workToBlockTemplate(
  work: MiningWork,
  options: {
    readonly miner: AccountId;
    readonly extranonce: Uint8Array;
    readonly longPollId: string;
    readonly nowSeconds: number;
  },
): BlockTemplateAnswer {
  const { header, template, coinbase } = work;
  const reward = coinbaseReward(coinbase);
  return {
    capabilities: ['coinbasetxn', 'workid', 'longpoll'],
    version: header.version,
    rules: [],
    vbavailable: {},
    vbrequired: 0,
    previousblockhash: work.previousId,
    transactions: [],
    coinbaseaux: {},
    // BIP 22 counts in Bitcoin's 64-bit numbers; a double holds it exactly up to nine million coins.
    coinbasevalue: Number(reward),
    coinbasetxn: {
      data: bytesToHex(workToCoinbase(work, options.miner, options.extranonce)),
      depends: [],
      fee: 0,
    },
    workid: template.id,
    longpollid: options.longPollId,
    target: bytesToHex(targetToBytes(work.target)),
    mintime: template.minTimeSeconds,
    curtime: Math.max(template.minTimeSeconds, options.nowSeconds),
    mutable: ['time', 'time/increment', 'time/decrement', 'submit/coinbase'],
    noncerange: '00000000ffffffff',
    sigoplimit: 0,
    sizelimit: 2_000_000,
    bits: header.bits.toString(16).padStart(8, '0'),
    height: template.height,
    expires: 120,
    submitold: false,
  };
}
