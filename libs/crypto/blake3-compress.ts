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

/** Compresses the message taken by `loadBlake3Block` into the chaining value `cv`, in place. */
export function compressBlake3(cv: Uint32Array, counter: number, lengthBytes: number, flags: number): void {
  v.set(cv);
  for (let i = 0; i < 4; i++) v[8 + i] = BLAKE3_IV[i] as number;
  v[12] = counter;
  v[13] = Math.floor(counter / 2 ** 32);
  v[14] = lengthBytes;
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
