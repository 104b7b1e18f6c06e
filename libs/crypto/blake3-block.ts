import { assertInvariant } from '#errors';

const permutation = [2, 6, 3, 10, 7, 0, 4, 13, 1, 11, 12, 5, 9, 14, 15, 8] as const;
const iv = Int32Array.of(
  0x6a09e667,
  0xbb67ae85,
  0x3c6ef372,
  0xa54ff53a,
  0x510e527f,
  0x9b05688c,
  0x1f83d9ab,
  0x5be0cd19,
);
/** Chunk start, chunk end and root: the one compression of an input of one block. */
const oneBlock = 1 | 2 | 8;
const keyedHash = 16;
const blockBytes = 64;

/** Which message word each of the 7 x 16 mixing inputs takes. */
const schedule = buildSchedule();

function buildSchedule(): Uint8Array {
  const order = new Uint8Array(7 * 16);
  for (let i = 0; i < 16; i++) order[i] = i;
  for (let i = 16; i < order.length; i++)
    order[i] = order[i - 16 - (i % 16) + (permutation[i % 16] as number)] as number;
  return order;
}

/** The four columns, then the four diagonals. */
const quarters = [
  [0, 4, 8, 12],
  [1, 5, 9, 13],
  [2, 6, 10, 14],
  [3, 7, 11, 15],
  [0, 5, 10, 15],
  [1, 6, 11, 12],
  [2, 7, 8, 13],
  [3, 4, 9, 14],
] as const;

// Working memory of one compression. Single-threaded and never held across a call, so one of each is enough.
const v = new Int32Array(16);
const words = new Int32Array(16);
const keyWords = new Int32Array(8);

/**
 * BLAKE3 keyed hashes (32 bytes each) of 64-byte inputs, one compression each (the BLAKE3 paper, section 2.3): the
 * road without native code.
 */
export function blake3KeyedPairs(key: Uint8Array, pairs: Uint8Array): Uint8Array {
  assertInvariant(key.length === 32, `a BLAKE3 key has 32 bytes, got ${key.length}`);
  assertInvariant(
    pairs.length % blockBytes === 0,
    `pairs must be whole 64-byte pairs, got ${pairs.length} bytes`,
  );
  loadWords(key, 0, keyWords);
  const hashes = new Uint8Array(pairs.length / 2);
  for (let offset = 0; offset < pairs.length; offset += blockBytes) {
    loadWords(pairs, offset, words);
    compress(keyWords, blockBytes, oneBlock | keyedHash);
    storeHash(hashes, offset / 2);
  }
  return hashes;
}

/** BLAKE3 hashes (32 bytes each) of messages of at most 64 bytes, each in 64 bytes with zeros after its length. */
export function blake3Short(blocks: Uint8Array, lengths: Uint8Array): Uint8Array {
  assertInvariant(
    blocks.length === lengths.length * blockBytes,
    `${lengths.length} lengths for ${blocks.length} bytes of blocks`,
  );
  const hashes = new Uint8Array(lengths.length * 32);
  for (let index = 0; index < lengths.length; index++) {
    loadWords(blocks, index * blockBytes, words);
    compress(iv, lengths[index] as number, oneBlock);
    storeHash(hashes, index * 32);
  }
  return hashes;
}

function storeHash(hashes: Uint8Array, offset: number): void {
  for (let i = 0, at = offset; i < 8; i++) {
    const word = (v[i] as number) ^ (v[i + 8] as number);
    hashes[at++] = word;
    hashes[at++] = word >>> 8;
    hashes[at++] = word >>> 16;
    hashes[at++] = word >>> 24;
  }
}

function compress(key: Int32Array, lengthBytes: number, flags: number): void {
  v.set(key);
  for (let i = 0; i < 4; i++) v[8 + i] = iv[i] as number;
  v[12] = 0;
  v[13] = 0;
  v[14] = lengthBytes;
  v[15] = flags;
  for (let at = 0; at < schedule.length; ) {
    for (const [a, b, c, d] of quarters) {
      const x = words[schedule[at++] as number] as number;
      const y = words[schedule[at++] as number] as number;
      mix(a, b, c, d, x, y);
    }
  }
}

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

function loadWords(bytes: Uint8Array, offset: number, into: Int32Array): void {
  for (let i = 0, at = offset; i < into.length; i++, at += 4) {
    into[i] =
      (bytes[at] as number) |
      ((bytes[at + 1] as number) << 8) |
      ((bytes[at + 2] as number) << 16) |
      ((bytes[at + 3] as number) << 24);
  }
}
