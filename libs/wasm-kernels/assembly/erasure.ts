/**
 * The erasure module, a wasm file of its own (it is compiled twice, plain and with relaxed SIMD, and has its memory laid
 * out by the caller). Arithmetic in GF(2^8) by two tables of 16 bytes a multiplier, one for each half of a byte
 * (Plank, Greenan, Miller: Screaming Fast Galois Field Arithmetic Using Intel SIMD Instructions, FAST 2013).
 */

/** Where the caller's rows, tables and programs may start: everything below belongs to this module. */
export const freeStart: usize = (__heap_base + 63) & ~63;

// With indexes below 16 both forms give the same; the plain one costs an addition more on x86.
// @ts-ignore: decorator
@inline
function lookUp(table: v128, indexes: v128): v128 {
  if (ASC_FEATURE_RELAXED_SIMD) return i8x16.relaxed_swizzle(table, indexes);
  return i8x16.swizzle(table, indexes);
}

/** Sixteen times 15, in memory: what is loaded before a loop stays in a register, a constant would be made again in it. */
const fifteens = memory.data<u8>([15, 15, 15, 15, 15, 15, 15, 15, 15, 15, 15, 15, 15, 15, 15, 15], 16);

// @ts-ignore: decorator
@inline
function lowHalves(x: v128, mask: v128): v128 {
  return v128.and(x, mask);
}

// @ts-ignore: decorator
@inline
function highHalves(x: v128, mask: v128): v128 {
  return v128.and(i64x2.shr_u(x, 4), mask);
}

// @ts-ignore: decorator
@inline
function addProduct(sum: v128, low: v128, high: v128, lows: v128, highs: v128): v128 {
  return v128.xor(v128.xor(sum, lookUp(low, lows)), lookUp(high, highs));
}

/**
 * Output rows = matrix x input rows. `tables` has, for each group of 5 output rows (then the rest as one group), and in
 * it for each input row, 32 bytes a row of the group. Rows are `stride` bytes apart, `width` of them are computed, a
 * multiple of 32, `strip` bytes of all rows at a time.
 */
export function multiplyRows(
  tables: usize,
  inputs: usize,
  inputCount: i32,
  outputs: usize,
  outputCount: i32,
  stride: usize,
  width: usize,
  strip: usize,
): void {
  for (let from: usize = 0; from < width; from += strip) {
    const count = min(strip, width - from);
    const source = inputs + from;
    let target = outputs + from;
    let table = tables;
    let left = outputCount;
    for (; left >= 5; left -= 5) {
      multiplyGroup(5, table, source, inputCount, target, stride, count);
      table += <usize>inputCount * (5 * 32);
      target += stride * 5;
    }
    if (left == 4) multiplyGroup(4, table, source, inputCount, target, stride, count);
    else if (left == 3) multiplyGroup(3, table, source, inputCount, target, stride, count);
    else if (left == 2) multiplyGroup(2, table, source, inputCount, target, stride, count);
    else if (left == 1) multiplyGroup(1, table, source, inputCount, target, stride, count);
  }
}

/** Two vectors of up to five sums stay in registers while the inputs pass by: each input is loaded once for all of them. */
// @ts-ignore: decorator
@inline
function multiplyGroup(
  rows: i32,
  tables: usize,
  inputs: usize,
  inputCount: i32,
  outputs: usize,
  stride: usize,
  width: usize,
): void {
  const mask = v128.load(fifteens);
  const step: usize = 32 * rows;
  const end = tables + <usize>inputCount * step;
  for (let column: usize = 0; column < width; column += 32) {
    let input = inputs + column;
    let a0 = i64x2.splat(0);
    let a1 = i64x2.splat(0);
    let b0 = i64x2.splat(0);
    let b1 = i64x2.splat(0);
    let c0 = i64x2.splat(0);
    let c1 = i64x2.splat(0);
    let d0 = i64x2.splat(0);
    let d1 = i64x2.splat(0);
    let e0 = i64x2.splat(0);
    let e1 = i64x2.splat(0);
    for (let table = tables; table < end; table += step) {
      const x0 = v128.load(input);
      const low0 = lowHalves(x0, mask);
      const high0 = highHalves(x0, mask);
      const x1 = v128.load(input, 16);
      const low1 = lowHalves(x1, mask);
      const high1 = highHalves(x1, mask);
      a0 = addProduct(a0, v128.load(table), v128.load(table, 16), low0, high0);
      a1 = addProduct(a1, v128.load(table), v128.load(table, 16), low1, high1);
      if (rows > 1) {
        b0 = addProduct(b0, v128.load(table, 32), v128.load(table, 48), low0, high0);
        b1 = addProduct(b1, v128.load(table, 32), v128.load(table, 48), low1, high1);
      }
      if (rows > 2) {
        c0 = addProduct(c0, v128.load(table, 64), v128.load(table, 80), low0, high0);
        c1 = addProduct(c1, v128.load(table, 64), v128.load(table, 80), low1, high1);
      }
      if (rows > 3) {
        d0 = addProduct(d0, v128.load(table, 96), v128.load(table, 112), low0, high0);
        d1 = addProduct(d1, v128.load(table, 96), v128.load(table, 112), low1, high1);
      }
      if (rows > 4) {
        e0 = addProduct(e0, v128.load(table, 128), v128.load(table, 144), low0, high0);
        e1 = addProduct(e1, v128.load(table, 128), v128.load(table, 144), low1, high1);
      }
      input += stride;
    }
    let output = outputs + column;
    storePair(output, a0, a1);
    if (rows > 1) storePair((output += stride), b0, b1);
    if (rows > 2) storePair((output += stride), c0, c1);
    if (rows > 3) storePair((output += stride), d0, d1);
    if (rows > 4) storePair((output += stride), e0, e1);
  }
}

// @ts-ignore: decorator
@inline
function storePair(at: usize, first: v128, second: v128): void {
  v128.store(at, first);
  v128.store(at, second, 16);
}

/** Kinds of steps; libs/erasure/encode-program.ts writes them. */
const FORWARD: i32 = 0;
const INVERSE: i32 = 1;
const SCALED_SUM: i32 = 2;

/**
 * Runs `count` steps of six 32-bit words: kind, z0, z1, x, y, table (addresses). For each column of bytes:
 * FORWARD z0 = x + w y, z1 = z0 + y; INVERSE z1 = x + y, z0 = x + w z1; SCALED_SUM z0 = x + w y; anything else
 * z0 = x + y; w is the multiplier of the table. An odd address is that of a row of `width` bytes (less 1), an even one
 * that of a scratch row of `strip` bytes. `width` and `strip` are multiples of 32.
 */
export function runSteps(steps: usize, count: i32, width: usize, strip: usize): void {
  const end = steps + <usize>count * 24;
  for (let from: usize = 0; from < width; from += strip) {
    const bytes = min(strip, width - from);
    for (let step = steps; step < end; step += 24) {
      const kind = load<i32>(step);
      const z0 = rowAt(load<u32>(step, 4), from);
      const z1 = rowAt(load<u32>(step, 8), from);
      const x = rowAt(load<u32>(step, 12), from);
      const y = rowAt(load<u32>(step, 16), from);
      const table = <usize>load<u32>(step, 20);
      if (kind == FORWARD) forward(z0, z1, x, y, table, bytes);
      else if (kind == INVERSE) inverse(z0, z1, x, y, table, bytes);
      else if (kind == SCALED_SUM) scaledSum(z0, x, y, table, bytes);
      else sum(z0, x, y, bytes);
    }
  }
}

// @ts-ignore: decorator
@inline
function rowAt(address: u32, from: usize): usize {
  const isWide = <usize>(address & 1);
  return (<usize>address & ~1) + (from & (0 - isWide));
}

function forward(z0: usize, z1: usize, x: usize, y: usize, table: usize, bytes: usize): void {
  const mask = v128.load(fifteens);
  const low = v128.load(table);
  const high = v128.load(table, 16);
  for (let at: usize = 0; at < bytes; at += 32) {
    const y0 = v128.load(y + at);
    const y1 = v128.load(y + at, 16);
    const a0 = addProduct(v128.load(x + at), low, high, lowHalves(y0, mask), highHalves(y0, mask));
    const a1 = addProduct(v128.load(x + at, 16), low, high, lowHalves(y1, mask), highHalves(y1, mask));
    storePair(z0 + at, a0, a1);
    storePair(z1 + at, v128.xor(a0, y0), v128.xor(a1, y1));
  }
}

function inverse(z0: usize, z1: usize, x: usize, y: usize, table: usize, bytes: usize): void {
  const mask = v128.load(fifteens);
  const low = v128.load(table);
  const high = v128.load(table, 16);
  for (let at: usize = 0; at < bytes; at += 32) {
    const x0 = v128.load(x + at);
    const x1 = v128.load(x + at, 16);
    const y0 = v128.xor(v128.load(y + at), x0);
    const y1 = v128.xor(v128.load(y + at, 16), x1);
    storePair(z1 + at, y0, y1);
    const a0 = addProduct(x0, low, high, lowHalves(y0, mask), highHalves(y0, mask));
    const a1 = addProduct(x1, low, high, lowHalves(y1, mask), highHalves(y1, mask));
    storePair(z0 + at, a0, a1);
  }
}

function scaledSum(z0: usize, x: usize, y: usize, table: usize, bytes: usize): void {
  const mask = v128.load(fifteens);
  const low = v128.load(table);
  const high = v128.load(table, 16);
  for (let at: usize = 0; at < bytes; at += 32) {
    const y0 = v128.load(y + at);
    const y1 = v128.load(y + at, 16);
    const a0 = addProduct(v128.load(x + at), low, high, lowHalves(y0, mask), highHalves(y0, mask));
    const a1 = addProduct(v128.load(x + at, 16), low, high, lowHalves(y1, mask), highHalves(y1, mask));
    storePair(z0 + at, a0, a1);
  }
}

function sum(z0: usize, x: usize, y: usize, bytes: usize): void {
  for (let at: usize = 0; at < bytes; at += 32)
    storePair(z0 + at, v128.xor(v128.load(x + at), v128.load(y + at)), v128.xor(v128.load(x + at, 16), v128.load(y + at, 16)));
}
