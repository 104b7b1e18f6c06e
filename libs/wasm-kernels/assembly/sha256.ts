import { add, at, put, rotate, xor } from './lanes';

/** SHA-256's round constants (FIPS 180-4, 4.2.2). */
export const roundConstants = memory.data<u32>([
  0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
  0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
  0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
  0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
  0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
  0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
  0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
  0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
], 16);

/** SHA-256's initial state (FIPS 180-4, 5.3.3). */
export const initialState = memory.data<u32>([
  0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19,
], 16);

/** The constants with each word in all four lanes: loading them is cheaper than making them. */
export const constantRow = memory.data(64 * 16, 16);
for (let i: usize = 0; i < 64; i++) {
  v128.store(constantRow + (i << 4), v128.splat<u32>(load<u32>(roundConstants + (i << 2))));
}

// @ts-ignore: decorator
@inline
export function splatAt(words: usize, index: i32): v128 {
  return v128.load32_splat(words + ((<usize>index) << 2));
}

// @ts-ignore: decorator
@inline
export function smallSigma0(x: v128): v128 {
  return xor(xor(rotate(x, 7), rotate(x, 18)), i32x4.shr_u(x, 3));
}

// @ts-ignore: decorator
@inline
export function smallSigma1(x: v128): v128 {
  return xor(xor(rotate(x, 17), rotate(x, 19)), i32x4.shr_u(x, 10));
}

/** T1 of FIPS 180-4, 6.2.2; `kw` is the round's constant and word, added before. */
// @ts-ignore: decorator
@inline
export function firstSum(e: v128, f: v128, g: v128, h: v128, kw: v128): v128 {
  const sigma1 = xor(xor(rotate(e, 6), rotate(e, 11)), rotate(e, 25));
  const choice = xor(g, v128.and(e, xor(f, g)));
  return add(add(add(h, kw), choice), sigma1);
}

/**
 * T2 of FIPS 180-4, 6.2.2. The majority of a, b and c is b ^ ((a ^ b) & (b ^ c)), and b ^ c is the last round's a ^ b:
 * three operations in place of four.
 */
// @ts-ignore: decorator
@inline
export function secondSum(a: v128, b: v128, ab: v128, bc: v128): v128 {
  const sigma0 = xor(xor(rotate(a, 2), rotate(a, 13)), rotate(a, 22));
  return add(sigma0, xor(b, v128.and(ab, bc)));
}

/** Word `i` of the message schedule from the words before it. */
// @ts-ignore: decorator
@inline
export function scheduled(words: usize, i: i32): v128 {
  return add(
    add(at(words, i - 16), smallSigma0(at(words, i - 15))),
    add(at(words, i - 7), smallSigma1(at(words, i - 2))),
  );
}

/**
 * `count` rounds, a multiple of 8, on the state row (8 vectors, replaced), with the sums of constants and words from
 * `kw` on.
 */
export function runRounds(state: usize, kw: usize, count: i32): void {
  let a = at(state, 0);
  let b = at(state, 1);
  let c = at(state, 2);
  let d = at(state, 3);
  let e = at(state, 4);
  let f = at(state, 5);
  let g = at(state, 6);
  let h = at(state, 7);
  let bc = xor(b, c);
  for (let i = 0; i < count; i += 8) {
    const row = kw + ((<usize>i) << 4);
    let t = firstSum(e, f, g, h, v128.load(row));
    let ab = xor(a, b);
    d = add(d, t);
    h = add(t, secondSum(a, b, ab, bc));
    t = firstSum(d, e, f, g, v128.load(row, 16));
    bc = xor(h, a);
    c = add(c, t);
    g = add(t, secondSum(h, a, bc, ab));
    t = firstSum(c, d, e, f, v128.load(row, 32));
    ab = xor(g, h);
    b = add(b, t);
    f = add(t, secondSum(g, h, ab, bc));
    t = firstSum(b, c, d, e, v128.load(row, 48));
    bc = xor(f, g);
    a = add(a, t);
    e = add(t, secondSum(f, g, bc, ab));
    t = firstSum(a, b, c, d, v128.load(row, 64));
    ab = xor(e, f);
    h = add(h, t);
    d = add(t, secondSum(e, f, ab, bc));
    t = firstSum(h, a, b, c, v128.load(row, 80));
    bc = xor(d, e);
    g = add(g, t);
    c = add(t, secondSum(d, e, bc, ab));
    t = firstSum(g, h, a, b, v128.load(row, 96));
    ab = xor(c, d);
    f = add(f, t);
    b = add(t, secondSum(c, d, ab, bc));
    t = firstSum(f, g, h, a, v128.load(row, 112));
    bc = xor(b, c);
    e = add(e, t);
    a = add(t, secondSum(b, c, bc, ab));
  }
  put(state, 0, a);
  put(state, 1, b);
  put(state, 2, c);
  put(state, 3, d);
  put(state, 4, e);
  put(state, 5, f);
  put(state, 6, g);
  put(state, 7, h);
}

/** One compression of four blocks: `words` has 16 vectors and room for 64, `kw` room for 64. */
export function compress(state: usize, words: usize, kw: usize, scratch: usize): void {
  for (let i = 16; i < 64; i++) put(words, i, scheduled(words, i));
  for (let i = 0; i < 64; i++) put(kw, i, add(at(words, i), at(constantRow, i)));
  memory.copy(scratch, state, 128);
  runRounds(scratch, kw, 64);
  for (let i = 0; i < 8; i++) put(state, i, add(at(state, i), at(scratch, i)));
}
