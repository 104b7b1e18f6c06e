import { createCipheriv, createSecretKey, randomFillSync } from 'node:crypto';
import { createErasureCodec, hashBytes } from '#erasure';

/** The parts of sealing a segment, each as bare as it gets. */
export type PipelinePart = 'seal' | 'encode' | 'mask' | 'hash';

export interface PartTask {
  readonly kind: PipelinePart;
  readonly k: number;
  readonly n: number;
  readonly shardBytes: number;
  /** How many times over k shards of user data. */
  readonly segments: number;
}

const pieceBytes = 64 * 1024;
const codec = createErasureCodec();
const key = createSecretKey(randomFillSync(new Uint8Array(32)));
const shards: Uint8Array[] = [];

/** Entry of a worker thread: does one part of the work over buffers that it keeps. */
export function runPart({ kind, k, n, shardBytes, segments }: PartTask): void {
  while (shards.length < n) shards.push(randomFillSync(new Uint8Array(shardBytes)));
  const data = shards.slice(0, k);
  const parity = shards.slice(k, n);
  for (let segment = 0; segment < segments; segment++) {
    if (kind === 'encode') codec.encode(data, parity);
    else if (kind === 'seal') for (const shard of data) sealShard(shard);
    else if (kind === 'mask') for (const shard of parity) maskShard(shard);
    else for (const shard of shards.slice(0, n)) hashBytes(shard);
  }
}

function sealShard(shard: Uint8Array): void {
  const nonce = new Uint8Array(12);
  for (let from = 0; from < shard.length; from += pieceBytes) {
    const cipher = createCipheriv('chacha20-poly1305', key, nonce, { authTagLength: 16 });
    release(cipher.update(shard.subarray(from, from + pieceBytes)));
    cipher.final();
    cipher.getAuthTag();
  }
}

function maskShard(shard: Uint8Array): void {
  const cipher = createCipheriv('chacha20', key, new Uint8Array(16));
  for (let from = 0; from < shard.length; from += pieceBytes)
    release(cipher.update(shard.subarray(from, from + pieceBytes)));
}

/** The cipher's output goes back at once: left to the collector it would be fresh memory every time. */
function release(output: Uint8Array): void {
  if (output.length === output.buffer.byteLength)
    (output.buffer as unknown as { transfer(length: number): ArrayBuffer }).transfer(0);
}
