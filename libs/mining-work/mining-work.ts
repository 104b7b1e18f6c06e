import { hash } from 'node:crypto';
import {
  type AccountId,
  type BlockHeader,
  type BlockId,
  bitsToTarget,
  type Coinbase,
  decodeCoinbase,
  decodeHeader,
  encodeCoinbase,
  hashToBlockId,
} from '#chain';
import { tryHexToBytes } from '#crypto';
import { AppError } from '#errors';
import type { TemplateView } from '#wire';

/** A template taken apart, so that coinbases of many miners can be made of it without asking the node for each. */
export interface MiningWork {
  readonly template: TemplateView;
  /** Its merkle root, time and nonce are the miner's to fill. */
  readonly header: BlockHeader;
  /** Its account and extranonce are filled by `workToCoinbase`. */
  readonly coinbase: Coinbase;
  /** What a block's hash must not exceed. */
  readonly target: bigint;
  readonly previousId: BlockId;
}

/**
 * The parts of a template.
 * @throws AppError `mining/bad-template` when the node sent none that can be worked on
 */
export function createMiningWork(template: TemplateView): MiningWork {
  const header = decodeHeader(tryHexToBytes(template.headerHex) ?? new Uint8Array());
  const coinbase = decodeCoinbase(tryHexToBytes(template.coinbaseHex) ?? new Uint8Array());
  if (!header.ok || !coinbase.ok) throw badTemplate(template);
  const target = bitsToTarget(header.value.bits);
  if (!target.ok) throw badTemplate(template);
  return {
    template,
    header: header.value,
    coinbase: coinbase.value,
    target: target.value,
    previousId: hashToBlockId(header.value.previous),
  };
}

/** The bytes of a work's coinbase that pays an account. The body does not depend on who is paid. */
export function workToCoinbase(work: MiningWork, miner: AccountId, extranonce: Uint8Array): Uint8Array {
  return encodeCoinbase({ ...work.coinbase, miner, extranonce });
}

/** Double SHA-256. */
export function sha256d(data: Uint8Array): Uint8Array {
  return Uint8Array.from(hash('sha256', hash('sha256', data, 'buffer'), 'buffer'));
}

function badTemplate(template: TemplateView): AppError {
  return new AppError({
    code: 'mining/bad-template',
    message: `the node sent a template that cannot be worked on: ${template.id}, height ${template.height}`,
    next: 'check that node and mining server are of the same version of Cairn',
    data: { templateId: template.id },
  });
}
