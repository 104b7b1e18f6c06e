/**
 * BLAKE3's compression function (the BLAKE3 paper, sections 2.1 and 2.2), in plain loops. Hash libraries hide it; tree
 * nodes, storage proofs and the state tree need it.
 */

/** Bytes of a block: what one compression takes in. */
export const BLAKE3_BLOCK_BYTES = 64;

/** Domain flags. */
export const BLAKE3_FLAGS = { chunkStart: 1, chunkEnd: 2, parent: 4, root: 8, keyedHash: 16 } as const;

/** The initial chaining value. */
export const BLAKE3_IV = Uint32Array.of(
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

// The message of one compression. Single-threaded and never held across a call, so one is enough.
const words = new Int32Array(16);

/** Takes a block of at most 64 bytes as the next message; what is missing of it is zero. */
export function loadBlake3Block(bytes: Uint8Array, offset: number, lengthBytes: number): void {
  if (lengthBytes < BLAKE3_BLOCK_BYTES) words.fill(0);
  const wholeWords = lengthBytes >> 2;
  let at = offset;
  for (let i = 0; i < wholeWords; i++, at += 4) words[i] = readWord(bytes, at);
  for (let i = 0; i < (lengthBytes & 3); i++) {
    words[wholeWords] = (words[wholeWords] as number) | ((bytes[at + i] as number) << (8 * i));
  }
}

/**
 * Compresses the message taken by `loadBlake3Block` into the chaining value `cv`, in place. The eight mixes of a round,
 * columns and then diagonals, are written out: the sixteen words stay in registers, which takes a fraction of the time.
 */
export function compressBlake3(cv: Uint32Array, counter: number, lengthBytes: number, flags: number): void {
  let v0 = cv[0] as number;
  let v1 = cv[1] as number;
  let v2 = cv[2] as number;
  let v3 = cv[3] as number;
  let v4 = cv[4] as number;
  let v5 = cv[5] as number;
  let v6 = cv[6] as number;
  let v7 = cv[7] as number;
  let v8 = BLAKE3_IV[0] as number;
  let v9 = BLAKE3_IV[1] as number;
  let v10 = BLAKE3_IV[2] as number;
  let v11 = BLAKE3_IV[3] as number;
  let v12 = counter | 0;
  let v13 = Math.floor(counter / 2 ** 32) | 0;
  let v14 = lengthBytes;
  let v15 = flags;
  for (let at = 0; at < schedule.length; at += 16) {
    v0 = (v0 + v4 + (words[schedule[at] as number] as number)) | 0;
    v12 ^= v0;
    v12 = (v12 >>> 16) | (v12 << 16);
    v8 = (v8 + v12) | 0;
    v4 ^= v8;
    v4 = (v4 >>> 12) | (v4 << 20);
    v0 = (v0 + v4 + (words[schedule[at + 1] as number] as number)) | 0;
    v12 ^= v0;
    v12 = (v12 >>> 8) | (v12 << 24);
    v8 = (v8 + v12) | 0;
    v4 ^= v8;
    v4 = (v4 >>> 7) | (v4 << 25);
    v1 = (v1 + v5 + (words[schedule[at + 2] as number] as number)) | 0;
    v13 ^= v1;
    v13 = (v13 >>> 16) | (v13 << 16);
    v9 = (v9 + v13) | 0;
    v5 ^= v9;
    v5 = (v5 >>> 12) | (v5 << 20);
    v1 = (v1 + v5 + (words[schedule[at + 3] as number] as number)) | 0;
    v13 ^= v1;
    v13 = (v13 >>> 8) | (v13 << 24);
    v9 = (v9 + v13) | 0;
    v5 ^= v9;
    v5 = (v5 >>> 7) | (v5 << 25);
    v2 = (v2 + v6 + (words[schedule[at + 4] as number] as number)) | 0;
    v14 ^= v2;
    v14 = (v14 >>> 16) | (v14 << 16);
    v10 = (v10 + v14) | 0;
    v6 ^= v10;
    v6 = (v6 >>> 12) | (v6 << 20);
    v2 = (v2 + v6 + (words[schedule[at + 5] as number] as number)) | 0;
    v14 ^= v2;
    v14 = (v14 >>> 8) | (v14 << 24);
    v10 = (v10 + v14) | 0;
    v6 ^= v10;
    v6 = (v6 >>> 7) | (v6 << 25);
    v3 = (v3 + v7 + (words[schedule[at + 6] as number] as number)) | 0;
    v15 ^= v3;
    v15 = (v15 >>> 16) | (v15 << 16);
    v11 = (v11 + v15) | 0;
    v7 ^= v11;
    v7 = (v7 >>> 12) | (v7 << 20);
    v3 = (v3 + v7 + (words[schedule[at + 7] as number] as number)) | 0;
    v15 ^= v3;
    v15 = (v15 >>> 8) | (v15 << 24);
    v11 = (v11 + v15) | 0;
    v7 ^= v11;
    v7 = (v7 >>> 7) | (v7 << 25);
    v0 = (v0 + v5 + (words[schedule[at + 8] as number] as number)) | 0;
    v15 ^= v0;
    v15 = (v15 >>> 16) | (v15 << 16);
    v10 = (v10 + v15) | 0;
    v5 ^= v10;
    v5 = (v5 >>> 12) | (v5 << 20);
    v0 = (v0 + v5 + (words[schedule[at + 9] as number] as number)) | 0;
    v15 ^= v0;
    v15 = (v15 >>> 8) | (v15 << 24);
    v10 = (v10 + v15) | 0;
    v5 ^= v10;
    v5 = (v5 >>> 7) | (v5 << 25);
    v1 = (v1 + v6 + (words[schedule[at + 10] as number] as number)) | 0;
    v12 ^= v1;
    v12 = (v12 >>> 16) | (v12 << 16);
    v11 = (v11 + v12) | 0;
    v6 ^= v11;
    v6 = (v6 >>> 12) | (v6 << 20);
    v1 = (v1 + v6 + (words[schedule[at + 11] as number] as number)) | 0;
    v12 ^= v1;
    v12 = (v12 >>> 8) | (v12 << 24);
    v11 = (v11 + v12) | 0;
    v6 ^= v11;
    v6 = (v6 >>> 7) | (v6 << 25);
    v2 = (v2 + v7 + (words[schedule[at + 12] as number] as number)) | 0;
    v13 ^= v2;
    v13 = (v13 >>> 16) | (v13 << 16);
    v8 = (v8 + v13) | 0;
    v7 ^= v8;
    v7 = (v7 >>> 12) | (v7 << 20);
    v2 = (v2 + v7 + (words[schedule[at + 13] as number] as number)) | 0;
    v13 ^= v2;
    v13 = (v13 >>> 8) | (v13 << 24);
    v8 = (v8 + v13) | 0;
    v7 ^= v8;
    v7 = (v7 >>> 7) | (v7 << 25);
    v3 = (v3 + v4 + (words[schedule[at + 14] as number] as number)) | 0;
    v14 ^= v3;
    v14 = (v14 >>> 16) | (v14 << 16);
    v9 = (v9 + v14) | 0;
    v4 ^= v9;
    v4 = (v4 >>> 12) | (v4 << 20);
    v3 = (v3 + v4 + (words[schedule[at + 15] as number] as number)) | 0;
    v14 ^= v3;
    v14 = (v14 >>> 8) | (v14 << 24);
    v9 = (v9 + v14) | 0;
    v4 ^= v9;
    v4 = (v4 >>> 7) | (v4 << 25);
  }
  cv[0] = v0 ^ v8;
  cv[1] = v1 ^ v9;
  cv[2] = v2 ^ v10;
  cv[3] = v3 ^ v11;
  cv[4] = v4 ^ v12;
  cv[5] = v5 ^ v13;
  cv[6] = v6 ^ v14;
  cv[7] = v7 ^ v15;
}

/** Writes a chaining value, 32 bytes. */
export function storeBlake3Value(cv: Uint32Array, into: Uint8Array, offset: number): void {
  for (let i = 0, at = offset; i < 8; i++) {
    const word = cv[i] as number;
    into[at++] = word;
    into[at++] = word >>> 8;
    into[at++] = word >>> 16;
    into[at++] = word >>> 24;
  }
}

/** Eight words of 32 bytes, as a key. */
export function bytesToBlake3Key(bytes: Uint8Array): Uint32Array {
  return Uint32Array.from({ length: 8 }, (_, i) => readWord(bytes, 4 * i));
}

function readWord(bytes: Uint8Array, at: number): number {
  return (
    (bytes[at] as number) |
    ((bytes[at + 1] as number) << 8) |
    ((bytes[at + 2] as number) << 16) |
    ((bytes[at + 3] as number) << 24)
  );
}
