import { hash } from 'node:crypto';
import { type BlockId, decodeHeader, EXTRANONCE_BYTES, encodeHeader, hashToBlockId } from '#chain';
import { bytesToHex, hexToBytes } from '#crypto';
import { AppError } from '#errors';
import type { TemplateView } from '#wire';
import { NONCE_OFFSET } from './nonce-search.js';

/** Bytes of the extranonce that tell one miner from another; the rest counts. */
export const EXTRANONCE_PREFIX_BYTES = 4;

/** Values of the version bits that consensus leaves to miners (BIP 320): 16 bits from bit 13 on. */
const ROLLED_VERSIONS = 2 ** 16;
const ROLLED_SHIFT = 13;

/**
 * A template made ready to search: headers by variant, and the solution of a found one. Variants count through the
 * version bits first and then through the extranonce: neighbours differ in the version only, which the search makes
 * use of (docs/adr/0014-wasm-simd-kernels.md).
 */
export interface Work {
  readonly template: TemplateView;
  readonly target: Uint8Array;
  /** The 80 bytes of a variant; every variant has all nonces to itself. */
  headerOf(variant: number): Uint8Array;
  solution(variant: number, nonce: number): Solution;
}

/** What goes back to the node, and the id the block will have. */
export interface Solution {
  readonly blockId: BlockId;
  readonly request: { readonly templateId: string; readonly headerHex: string; readonly coinbaseHex: string };
}

/**
 * Work of a template at a time (seconds since 1970). `prefix`: 4 bytes of this miner's own, so that two miners paid to
 * one address never try the same headers.
 * @throws AppError `mining/bad-template` when the node sent none that can be worked on
 */
export function createWork(template: TemplateView, timeSeconds: number, prefix: Uint8Array): Work {
  const decoded = decodeHeader(hexToBytes(template.headerHex));
  const coinbase = hexToBytes(template.coinbaseHex);
  if (!decoded.ok || template.extranonceOffset + EXTRANONCE_BYTES > coinbase.length) {
    throw new AppError({
      code: 'mining/bad-template',
      message: `the node sent a template that cannot be worked on: ${template.id}, height ${template.height}`,
      next: 'check that node and miner are of the same version of Cairn',
      data: { templateId: template.id },
    });
  }
  const time = Math.max(template.minTimeSeconds, timeSeconds);
  const coinbaseOf = (extranonce: number): Uint8Array => {
    const filled = Uint8Array.from(coinbase);
    filled.set(prefix.subarray(0, EXTRANONCE_PREFIX_BYTES), template.extranonceOffset);
    const counter = new DataView(filled.buffer, template.extranonceOffset + EXTRANONCE_PREFIX_BYTES, 8);
    counter.setBigUint64(0, BigInt(extranonce), false);
    return filled;
  };
  let root: { readonly extranonce: number; readonly hash: Uint8Array } | undefined;
  const headerOf = (variant: number): Uint8Array => {
    const extranonce = Math.floor(variant / ROLLED_VERSIONS);
    if (root?.extranonce !== extranonce) root = { extranonce, hash: sha256d(coinbaseOf(extranonce)) };
    const version = decoded.value.version | ((variant % ROLLED_VERSIONS) << ROLLED_SHIFT);
    return encodeHeader({ ...decoded.value, version, time, merkleRoot: root.hash, nonce: 0 });
  };
  return {
    template,
    target: hexToBytes(template.targetHex),
    headerOf,
    solution(variant, nonce) {
      const header = headerOf(variant);
      new DataView(header.buffer, header.byteOffset).setUint32(NONCE_OFFSET, nonce, true);
      return {
        blockId: hashToBlockId(sha256d(header)),
        request: {
          templateId: template.id,
          headerHex: bytesToHex(header),
          coinbaseHex: bytesToHex(coinbaseOf(Math.floor(variant / ROLLED_VERSIONS))),
        },
      };
    },
  };
}

function sha256d(data: Uint8Array): Uint8Array {
  return Uint8Array.from(hash('sha256', hash('sha256', data, 'buffer'), 'buffer'));
}
