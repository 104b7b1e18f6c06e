import { createHash } from 'node:crypto';

// How pooler's cpuminer sees a header: twenty 32-bit words that its SHA-256 takes as big-endian, whatever the machine.

/** The bytes as words, the first byte of each being the lowest. */
export function le32dec(bytes: Uint8Array, word: number): number {
  return new DataView(bytes.buffer, bytes.byteOffset).getUint32(word * 4, true);
}

/** The bytes as words, the first byte of each being the highest. */
export function be32dec(bytes: Uint8Array, word: number): number {
  return new DataView(bytes.buffer, bytes.byteOffset).getUint32(word * 4, false);
}

/** A word with its bytes turned around. */
export function swab32(value: number): number {
  const view = new DataView(new ArrayBuffer(4));
  view.setUint32(0, value, false);
  return view.getUint32(0, true);
}

/** What is hashed for the words: each written highest byte first. */
export function wordsToBytes(words: Uint32Array, count = 20): Buffer {
  const bytes = Buffer.alloc(count * 4);
  for (let index = 0; index < count; index++) bytes.writeUInt32BE(words[index] as number, index * 4);
  return bytes;
}

/** A word as it is sent: its lowest byte first, in hex. */
export function wordToHex(word: number): string {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(word);
  return bytes.toString('hex');
}

export function doubleSha256(data: Uint8Array): Buffer {
  return createHash('sha256').update(createHash('sha256').update(data).digest()).digest();
}

/** A target as eight words, the lowest first: floor(0xffff0000 / difficulty), 192 bits up and further down by whole words. */
export function difficultyToWords(difficulty: number): Uint32Array {
  let rest = difficulty;
  let word = 6;
  for (; word > 0 && rest > 1; word--) rest /= 4_294_967_296;
  const mantissa = BigInt(Math.floor(4_294_901_760 / rest));
  const target = new Uint32Array(8);
  if (mantissa >> 64n !== 0n || (word === 6 && mantissa === 0n)) return target.fill(0xffff_ffff);
  target[word] = Number(mantissa & 0xffff_ffffn);
  target[word + 1] = Number(mantissa >> 32n);
  return target;
}

/** Whether a hash meets a target of words: both read from the highest word down. */
export function meets(hash: Uint8Array, target: Uint32Array): boolean {
  for (let word = 7; word >= 0; word--) {
    const value = le32dec(hash, word);
    const limit = target[word] as number;
    if (value !== limit) return value < limit;
  }
  return true;
}
