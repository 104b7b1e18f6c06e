import { add, at, put, rotate, rotate16, rotate8, transpose, xor } from './lanes';
import { initialState, splatAt } from './sha256';

/** Where each round finds its message words, in bytes: the permutation applied again and again (BLAKE3 paper, table 2). */
const schedule = memory.data<u8>([
  0, 16, 32, 48, 64, 80, 96, 112, 128, 144, 160, 176, 192, 208, 224, 240,
  32, 96, 48, 160, 112, 0, 64, 208, 16, 176, 192, 80, 144, 224, 240, 128,
  48, 64, 160, 192, 208, 32, 112, 224, 96, 80, 144, 0, 176, 240, 128, 16,
  160, 112, 192, 144, 224, 48, 208, 240, 64, 0, 176, 32, 80, 128, 16, 96,
  192, 208, 144, 176, 240, 160, 224, 128, 112, 32, 80, 48, 0, 16, 96, 64,
  144, 224, 176, 80, 128, 192, 240, 16, 208, 48, 0, 160, 32, 96, 64, 112,
  176, 240, 80, 0, 16, 144, 128, 96, 224, 160, 32, 192, 48, 64, 112, 208,
], 16);

// @ts-ignore: decorator
@inline
function message(words: usize, order: usize, index: usize): v128 {
  return v128.load(words + <usize>load<u8>(order + index));
}

/**
 * BLAKE3's compression (BLAKE3 paper, 2.2) of four messages into four chaining values, in place: rows of 16 and 8
 * vectors, one word of all four inputs in each. The state stays in locals, which the engine keeps in registers.
 */
export function compressBlake3(
  values: usize,
  words: usize,
  counterLow: v128,
  counterHigh: v128,
  lengths: v128,
  flags: v128,
): void {
  let v0 = at(values, 0);
  let v1 = at(values, 1);
  let v2 = at(values, 2);
  let v3 = at(values, 3);
  let v4 = at(values, 4);
  let v5 = at(values, 5);
  let v6 = at(values, 6);
  let v7 = at(values, 7);
  let v8 = splatAt(initialState, 0);
  let v9 = splatAt(initialState, 1);
  let v10 = splatAt(initialState, 2);
  let v11 = splatAt(initialState, 3);
  let v12 = counterLow;
  let v13 = counterHigh;
  let v14 = lengths;
  let v15 = flags;
  for (let order = schedule; order < schedule + 7 * 16; order += 16) {
    v0 = add(add(v0, v4), message(words, order, 0));
    v12 = rotate16(xor(v12, v0));
    v8 = add(v8, v12);
    v4 = rotate(xor(v4, v8), 12);
    v0 = add(add(v0, v4), message(words, order, 1));
    v12 = rotate8(xor(v12, v0));
    v8 = add(v8, v12);
    v4 = rotate(xor(v4, v8), 7);
    v1 = add(add(v1, v5), message(words, order, 2));
    v13 = rotate16(xor(v13, v1));
    v9 = add(v9, v13);
    v5 = rotate(xor(v5, v9), 12);
    v1 = add(add(v1, v5), message(words, order, 3));
    v13 = rotate8(xor(v13, v1));
    v9 = add(v9, v13);
    v5 = rotate(xor(v5, v9), 7);
    v2 = add(add(v2, v6), message(words, order, 4));
    v14 = rotate16(xor(v14, v2));
    v10 = add(v10, v14);
    v6 = rotate(xor(v6, v10), 12);
    v2 = add(add(v2, v6), message(words, order, 5));
    v14 = rotate8(xor(v14, v2));
    v10 = add(v10, v14);
    v6 = rotate(xor(v6, v10), 7);
    v3 = add(add(v3, v7), message(words, order, 6));
    v15 = rotate16(xor(v15, v3));
    v11 = add(v11, v15);
    v7 = rotate(xor(v7, v11), 12);
    v3 = add(add(v3, v7), message(words, order, 7));
    v15 = rotate8(xor(v15, v3));
    v11 = add(v11, v15);
    v7 = rotate(xor(v7, v11), 7);
    v0 = add(add(v0, v5), message(words, order, 8));
    v15 = rotate16(xor(v15, v0));
    v10 = add(v10, v15);
    v5 = rotate(xor(v5, v10), 12);
    v0 = add(add(v0, v5), message(words, order, 9));
    v15 = rotate8(xor(v15, v0));
    v10 = add(v10, v15);
    v5 = rotate(xor(v5, v10), 7);
    v1 = add(add(v1, v6), message(words, order, 10));
    v12 = rotate16(xor(v12, v1));
    v11 = add(v11, v12);
    v6 = rotate(xor(v6, v11), 12);
    v1 = add(add(v1, v6), message(words, order, 11));
    v12 = rotate8(xor(v12, v1));
    v11 = add(v11, v12);
    v6 = rotate(xor(v6, v11), 7);
    v2 = add(add(v2, v7), message(words, order, 12));
    v13 = rotate16(xor(v13, v2));
    v8 = add(v8, v13);
    v7 = rotate(xor(v7, v8), 12);
    v2 = add(add(v2, v7), message(words, order, 13));
    v13 = rotate8(xor(v13, v2));
    v8 = add(v8, v13);
    v7 = rotate(xor(v7, v8), 7);
    v3 = add(add(v3, v4), message(words, order, 14));
    v14 = rotate16(xor(v14, v3));
    v9 = add(v9, v14);
    v4 = rotate(xor(v4, v9), 12);
    v3 = add(add(v3, v4), message(words, order, 15));
    v14 = rotate8(xor(v14, v3));
    v9 = add(v9, v14);
    v4 = rotate(xor(v4, v9), 7);
  }
  put(values, 0, xor(v0, v8));
  put(values, 1, xor(v1, v9));
  put(values, 2, xor(v2, v10));
  put(values, 3, xor(v3, v11));
  put(values, 4, xor(v4, v12));
  put(values, 5, xor(v5, v13));
  put(values, 6, xor(v6, v14));
  put(values, 7, xor(v7, v15));
}

/** Four chaining values as bytes, 32 each, one after the other. */
export function writeValues(values: usize, output: usize): void {
  for (let half = 0; half < 2; half++)
    transpose(
      at(values, 4 * half),
      at(values, 4 * half + 1),
      at(values, 4 * half + 2),
      at(values, 4 * half + 3),
      output + <usize>half * 16,
      32,
    );
}
