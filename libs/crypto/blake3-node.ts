import { assertInvariant } from '#errors';

/**
 * BLAKE3's compression function and the two tree nodes made of it (the BLAKE3 paper, sections 2.1 to 2.4).
 * Hash libraries hide the nodes; storage proofs need them.
 */

/** Bytes of one BLAKE3 chunk, the leaf of the tree and the unit a storage proof shows. */
export const blake3ChunkBytes = 1024;

const blockBytes = 64;
const chunkStart = 1;
const chunkEnd = 2;
const parentNode = 4;
const rootNode = 8;

const iv = Uint32Array.of(
  0x6a09e667,
  0xbb67ae85,
  0x3c6ef372,
  0xa54ff53a,
  0x510e527f,
  0x9b05688c,
  0x1f83d9ab,
  0x5be0cd19,
);

const permutation = [2, 6, 3, 10, 7, 0, 4, 13, 1, 11, 12, 5, 9, 14, 15, 8] as const;

/** Which message word each of the 7 x 16 mixing inputs takes: the permutation applied again each round. */
const schedule = buildSchedule();

function buildSchedule(): Uint8Array {
  const order = new Uint8Array(7 * 16);
  for (let i = 0; i < 16; i++) order[i] = i;
  for (let i = 16; i < order.length; i++) {
    const previousRound = i - 16 - (i % 16);
    order[i] = order[previousRound + (permutation[i % 16] as number)] as number;
  }
  return order;
}

// Working memory of one compression. Single-threaded and never held across a call, so one of each is enough.
const v = new Uint32Array(16);
const words = new Uint32Array(16);

function mix(a: number, b: number, c: number, d: number, x: number, y: number): void {
  let va = v[a] as number;
  let vb = v[b] as number;
  let vc = v[c] as number;
  let vd = v[d] as number;
  va = (va + vb + x) | 0;
  vd ^= va;
  vd = (vd >>> 16) | (vd << 16);
  vc = (vc + vd) | 0;
  vb ^= vc;
  vb = (vb >>> 12) | (vb << 20);
  va = (va + vb + y) | 0;
  vd ^= va;
  vd = (vd >>> 8) | (vd << 24);
  vc = (vc + vd) | 0;
  vb ^= vc;
  vb = (vb >>> 7) | (vb << 25);
  v[a] = va;
  v[b] = vb;
  v[c] = vc;
  v[d] = vd;
}

/** Compresses `words` into the chaining value `cv`, in place. The counter is a chunk index. */
function compress(cv: Uint32Array, counter: number, blockLength: number, flags: number): void {
  v.set(cv);
  v.set(iv.subarray(0, 4), 8);
  v[12] = counter;
  v[13] = Math.floor(counter / 2 ** 32);
  v[14] = blockLength;
  v[15] = flags;
  for (let at = 0; at < schedule.length; at += 16) {
    const word = (i: number): number => words[schedule[at + i] as number] as number;
    mix(0, 4, 8, 12, word(0), word(1));
    mix(1, 5, 9, 13, word(2), word(3));
    mix(2, 6, 10, 14, word(4), word(5));
    mix(3, 7, 11, 15, word(6), word(7));
    mix(0, 5, 10, 15, word(8), word(9));
    mix(1, 6, 11, 12, word(10), word(11));
    mix(2, 7, 8, 13, word(12), word(13));
    mix(3, 4, 9, 14, word(14), word(15));
  }
  for (let i = 0; i < 8; i++) cv[i] = (v[i] as number) ^ (v[i + 8] as number);
}

function loadBlock(bytes: Uint8Array, offset: number, length: number): void {
  if (length < blockBytes) words.fill(0);
  const wholeWords = length >> 2;
  let at = offset;
  for (let i = 0; i < wholeWords; i++, at += 4) {
    words[i] =
      (bytes[at] as number) |
      ((bytes[at + 1] as number) << 8) |
      ((bytes[at + 2] as number) << 16) |
      ((bytes[at + 3] as number) << 24);
  }
  for (let i = 0; i < (length & 3); i++) {
    words[wholeWords] = (words[wholeWords] as number) | ((bytes[at + i] as number) << (8 * i));
  }
}

function cvToBytes(cv: Uint32Array): Uint8Array {
  const bytes = new Uint8Array(32);
  for (let i = 0; i < 8; i++) {
    const word = cv[i] as number;
    bytes[4 * i] = word;
    bytes[4 * i + 1] = word >>> 8;
    bytes[4 * i + 2] = word >>> 16;
    bytes[4 * i + 3] = word >>> 24;
  }
  return bytes;
}

/** Chaining value (32 bytes) of one chunk of at most 1,024 bytes; `isRoot` where it is the whole input. */
export function blake3ChunkCv(chunk: Uint8Array, chunkIndex: number, isRoot: boolean): Uint8Array {
  assertInvariant(
    chunk.length <= blake3ChunkBytes,
    `a BLAKE3 chunk has at most 1024 bytes, got ${chunk.length}`,
  );
  const cv = iv.slice();
  const blockCount = Math.max(1, Math.ceil(chunk.length / blockBytes));
  for (let block = 0; block < blockCount; block++) {
    const offset = block * blockBytes;
    const length = Math.min(blockBytes, chunk.length - offset);
    const isLast = block === blockCount - 1;
    const flags = (block === 0 ? chunkStart : 0) | (isLast ? chunkEnd | (isRoot ? rootNode : 0) : 0);
    loadBlock(chunk, offset, length);
    compress(cv, chunkIndex, length, flags);
  }
  return cvToBytes(cv);
}

/** Chaining value (32 bytes) of a parent of two chaining values given as 64 bytes at `offset`. */
export function blake3ParentCv(pairs: Uint8Array, offset: number, isRoot: boolean): Uint8Array {
  const cv = iv.slice();
  loadBlock(pairs, offset, blockBytes);
  compress(cv, 0, blockBytes, parentNode | (isRoot ? rootNode : 0));
  return cvToBytes(cv);
}
