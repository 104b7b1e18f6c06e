import { type AccountId, hashToNumber, MAX_FUTURE_SECONDS, VERSION_ROLLING_MASK } from '#chain';
import { bytesToHex, hexToBytes } from '#crypto';
import { difficultyToTarget, floorDifficulty, type MinedSolution, targetToDifficulty } from '#mining-work';
import { EXTRANONCE2_BYTES, shareToHeader } from './job.js';
import type { Job } from './job-book.js';
import type { Fault } from './limits.js';
import { hexParam, STRATUM_ERRORS, type StratumErrorCode, textParam } from './messages.js';

/** A refusal of a share: the code miners know, the name metrics know, words for people. */
export interface ShareRefusal {
  readonly code: StratumErrorCode;
  readonly fault: Fault;
  readonly message: string;
}

/** What a connection brings to the check of its shares. */
export interface ShareContext {
  readonly extranonce1: Uint8Array;
  /** Negotiated by mining.configure; 0: the version is not rolled. */
  readonly versionMask: number;
  /** Whom the coinbase of this connection's jobs pays. */
  readonly paidTo: AccountId;
  readonly nowSeconds: number;
  /** What was sent under a job's id and still takes shares, with the difficulty a share of it must meet. */
  sent(jobId: string): { readonly job: Job; readonly difficulty: number } | undefined;
  /** Hashes of shares counted already. */
  readonly seen: ReadonlySet<string>;
}

/** A share that is good. */
export interface GoodShare {
  readonly solution: MinedSolution;
  readonly hashHex: string;
  /** What it meets and is credited for. */
  readonly difficulty: number;
  readonly isBlock: boolean;
}

/** Leaves room for clocks that differ a little: the node has the last word about blocks from the future. */
const MAX_AHEAD_SECONDS = MAX_FUTURE_SECONDS - 10;

/** Checks the parameters of mining.submit: user, job, extranonce2, time, nonce and, where rolled, version bits. */
export function checkShare(params: readonly unknown[], context: ShareContext): GoodShare | ShareRefusal {
  const jobId = printableParam(params, 1);
  const extranonce2 = hexParam(params, 2, EXTRANONCE2_BYTES);
  const time = hexParam(params, 3, 4);
  const nonce = hexParam(params, 4, 4);
  if (jobId === undefined || extranonce2 === undefined || time === undefined || nonce === undefined) {
    const form = `[user, job, ${EXTRANONCE2_BYTES * 2} hex digits of extranonce2, 8 of ntime, 8 of nonce]`;
    return refusal('other', 'malformed', `the parameters are not ${form}`);
  }
  const sent = context.sent(jobId);
  if (sent === undefined)
    return refusal('stale', 'stale', `job '${jobId}' is not known, or of an older block`);
  const { job, difficulty } = sent;
  const version = rolledVersion(job.work.header.version, params[5], context.versionMask);
  if (version === undefined) {
    const mask = context.versionMask.toString(16).padStart(8, '0');
    return refusal(
      'other',
      'bad-version',
      `the version bits are outside the mask ${mask} of this connection`,
    );
  }
  const timeNumber = Number.parseInt(time, 16);
  const { minTimeSeconds } = job.work.template;
  if (timeNumber < minTimeSeconds || timeNumber > context.nowSeconds + MAX_AHEAD_SECONDS) {
    const range = `${minTimeSeconds} to ${context.nowSeconds + MAX_AHEAD_SECONDS}`;
    return refusal('other', 'bad-time', `ntime is ${timeNumber}, allowed now: ${range}`);
  }
  const { header, coinbase, hash } = shareToHeader(job.work, context.paidTo, {
    extranonce1: context.extranonce1,
    extranonce2: hexToBytes(extranonce2),
    time: timeNumber,
    nonce: Number.parseInt(nonce, 16),
    version,
  });
  const hashHex = bytesToHex(hash);
  if (context.seen.has(hashHex)) return refusal('duplicate', 'duplicate', 'this share was counted already');
  const value = hashToNumber(hash);
  const isBlock = value <= job.work.target;
  const isMet = value <= difficultyToTarget(difficulty);
  if (!isMet && !isBlock) {
    return refusal('lowDifficulty', 'low-difficulty', `the share does not meet difficulty ${difficulty}`);
  }
  // A block that misses the difficulty stands for the hashes of a block, not for those a miner wished to be asked for.
  const met = isMet ? difficulty : floorDifficulty(targetToDifficulty(job.work.target));
  return { solution: { work: job.work, header, coinbase }, hashHex, difficulty: met, isBlock };
}

/** A job's id: it comes back in an answer, so only what we could have given out is taken. */
function printableParam(params: readonly unknown[], index: number): string | undefined {
  const text = textParam(params, index, 24);
  return text !== undefined && /^[\w-]*$/.test(text) ? text : undefined;
}

/** BIP 310: the job's version with the bits of the mask from the miner; undefined when it rolled others. */
function rolledVersion(version: number, bits: unknown, mask: number): number | undefined {
  if (bits === undefined || bits === null) return version;
  if (typeof bits !== 'string' || !/^[0-9a-fA-F]{1,8}$/.test(bits)) return undefined;
  const rolled = Number.parseInt(bits, 16) >>> 0;
  if ((rolled & ~(mask & VERSION_ROLLING_MASK)) !== 0) return undefined;
  return mask === 0 ? version : ((version & ~mask) | rolled) >>> 0;
}

function refusal(code: keyof typeof STRATUM_ERRORS, fault: Fault, message: string): ShareRefusal {
  return { code: STRATUM_ERRORS[code], fault, message };
}
