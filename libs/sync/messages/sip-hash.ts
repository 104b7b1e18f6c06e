/** A 128-bit key as four 32-bit words, little-endian. */
export type SipKey = readonly [number, number, number, number];

/** The first 16 bytes as a key. */
export function bytesToSipKey(source: Uint8Array): SipKey {
  const view = new DataView(source.buffer, source.byteOffset, 16);
  return [
    view.getUint32(0, true),
    view.getUint32(4, true),
    view.getUint32(8, true),
    view.getUint32(12, true),
  ];
}

/**
 * SipHash-2-4 (Aumasson, Bernstein, 2012) as [low, high] 32-bit words. In halves of 64-bit words, because 64-bit
 * integers are boxed in this language and a block's short ids are tens of thousands of hashes.
 */
export function sipHash(key: SipKey, data: Uint8Array): readonly [number, number] {
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  const v = new Int32Array([
    key[0] ^ 0x70736575,
    key[1] ^ 0x736f6d65,
    key[2] ^ 0x6e646f6d,
    key[3] ^ 0x646f7261,
    key[0] ^ 0x6e657261,
    key[1] ^ 0x6c796765,
    key[2] ^ 0x79746573,
    key[3] ^ 0x74656462,
  ]);
  const whole = data.length & ~7;
  for (let at = 0; at < whole; at += 8) absorb(v, view.getUint32(at, true), view.getUint32(at + 4, true));
  let low = 0;
  let high = (data.length & 0xff) << 24;
  for (let at = whole; at < data.length; at++) {
    const byte = data[at] as number;
    if (at - whole < 4) low |= byte << (8 * (at - whole));
    else high |= byte << (8 * (at - whole - 4));
  }
  absorb(v, low, high);
  v[4] = (v[4] as number) ^ 0xff;
  for (let round = 0; round < 4; round++) sipRound(v);
  const at = (index: number): number => v[index] as number;
  return [(at(0) ^ at(2) ^ at(4) ^ at(6)) >>> 0, (at(1) ^ at(3) ^ at(5) ^ at(7)) >>> 0];
}

function absorb(v: Int32Array, low: number, high: number): void {
  v[6] = (v[6] as number) ^ low;
  v[7] = (v[7] as number) ^ high;
  sipRound(v);
  sipRound(v);
  v[0] = (v[0] as number) ^ low;
  v[1] = (v[1] as number) ^ high;
}

/** v[a] += v[b], where a word w is v[w] (low) and v[w + 1] (high). */
function add(v: Int32Array, a: number, b: number): void {
  const low = ((v[a] as number) >>> 0) + ((v[b] as number) >>> 0);
  v[a + 1] = (v[a + 1] as number) + (v[b + 1] as number) + (low > 0xffff_ffff ? 1 : 0);
  v[a] = low;
}

/** v[a] = rotl(v[a], bits) ^ v[b]. */
function rotateXor(v: Int32Array, a: number, bits: number, b: number): void {
  const low = v[a] as number;
  const high = v[a + 1] as number;
  v[a] = ((low << bits) | (high >>> (32 - bits))) ^ (v[b] as number);
  v[a + 1] = ((high << bits) | (low >>> (32 - bits))) ^ (v[b + 1] as number);
}

function swapHalves(v: Int32Array, a: number): void {
  const low = v[a] as number;
  v[a] = v[a + 1] as number;
  v[a + 1] = low;
}

function sipRound(v: Int32Array): void {
  add(v, 0, 2);
  rotateXor(v, 2, 13, 0);
  swapHalves(v, 0);
  add(v, 4, 6);
  rotateXor(v, 6, 16, 4);
  add(v, 0, 6);
  rotateXor(v, 6, 21, 0);
  add(v, 4, 2);
  rotateXor(v, 2, 17, 4);
  swapHalves(v, 4);
}
