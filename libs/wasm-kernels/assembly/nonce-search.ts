import { add, at, put, swapBytes, xor } from './lanes';
import {
  constantRow,
  firstSum,
  initialState,
  roundConstants,
  runRounds,
  scheduled,
  secondSum,
  smallSigma0,
  smallSigma1,
  splatAt,
} from './sha256';

/** Headers searched side by side; they differ in their first 64 bytes only. */
const MAX_VARIANTS = 4;

/** Up to four headers of 80 bytes, written here before `prepareNonces`. */
export const nonceHeaders: usize = memory.data(MAX_VARIANTS * 80, 16);

/** Where the last search stopped: which header, and which of its four nonces, one bit each. */
export let hitVariant: i32 = 0;
export let hitLanes: i32 = 0;

/** Per variant: the state after the first 64 bytes, and after round 3 of the rest with a nonce of zero. */
const midstates = memory.data(MAX_VARIANTS * 8 * 16, 16);
const entryStates = memory.data(MAX_VARIANTS * 8 * 16, 16);
const tail = memory.data(16 * 16, 16);
const words = memory.data(64 * 16, 16);
const kw = memory.data(64 * 16, 16);
const outerWords = memory.data(64 * 16, 16);
const outerKw = memory.data(64 * 16, 16);
const state = memory.data(8 * 16, 16);

/** Everything that does not depend on the nonce, for the first `count` headers. */
export function prepareNonces(count: i32): void {
  for (let variant = 0; variant < count; variant++) {
    const header = nonceHeaders + <usize>variant * 80;
    const midstate = midstates + <usize>variant * 128;
    const entry = entryStates + <usize>variant * 128;
    for (let i = 0; i < 16; i++) put(words, i, swapBytes(splatAt(header, i)));
    for (let i = 16; i < 64; i++) put(words, i, scheduled(words, i));
    for (let i = 0; i < 64; i++) put(kw, i, add(at(words, i), at(constantRow, i)));
    for (let i = 0; i < 8; i++) put(midstate, i, splatAt(initialState, i));
    runRounds(midstate, kw, 64);
    for (let i = 0; i < 8; i++) put(midstate, i, add(at(midstate, i), splatAt(initialState, i)));
    // The last 16 bytes: rounds 0 to 2 know their words, round 3 takes the nonce as an addend to two results.
    for (let i = 0; i < 3; i++) put(tail, i, swapBytes(splatAt(header + 64, i)));
    for (let i = 3; i < 16; i++) put(tail, i, i32x4.splat(0));
    put(tail, 4, i32x4.splat(0x80000000));
    put(tail, 15, i32x4.splat(8 * 80));
    memory.copy(entry, midstate, 128);
    for (let i = 0; i < 4; i++) oneRound(entry, add(at(tail, i), at(constantRow, i)));
  }
}

/** A round on a state row; for preparation only. */
function oneRound(row: usize, sum: v128): void {
  const a = at(row, 0);
  const b = at(row, 1);
  const t = firstSum(at(row, 4), at(row, 5), at(row, 6), at(row, 7), sum);
  const next = add(t, secondSum(a, b, xor(a, b), xor(b, at(row, 2))));
  const e = add(at(row, 3), t);
  for (let i = 7; i > 0; i--) put(row, i, at(row, i - 1));
  put(row, 0, next);
  put(row, 4, e);
}

/**
 * Searches `groups` groups of four nonces from `from` on, on the first `count` prepared headers. Stops at the first
 * group where the last word of a hash, as the most significant word of the number it stands for, is at most `top`.
 * @returns the group's index, with hitVariant and hitLanes set; -1 when there was none
 */
export function searchNonces(from: u32, groups: i32, top: u32, count: i32): i32 {
  const limit = i32x4.splat(top);
  let nonce = add(i32x4.splat(from), i32x4(0, 1, 2, 3));
  for (let group = 0; group < groups; group++) {
    const swapped = swapBytes(nonce);
    scheduleTail(swapped);
    for (let variant = 0; variant < count; variant++) {
      const last = hashTwice(variant, swapped);
      const hits = i32x4.le_u(swapBytes(last), limit);
      if (v128.any_true(hits)) {
        hitVariant = variant;
        hitLanes = i32x4.bitmask(hits);
        return group;
      }
    }
    nonce = add(nonce, i32x4.splat(4));
  }
  return -1;
}

/**
 * The message schedule of the header's last 16 bytes. All variants share it: that is what makes searching several at
 * once cheaper than one after the other (the observation behind overt AsicBoost, Hanke 2016).
 */
// @ts-ignore: decorator
@inline
function scheduleTail(nonce: v128): void {
  memory.copy(words, tail, 256);
  put(words, 3, nonce);
  for (let i = 16; i < 64; i++) {
    const word = scheduled(words, i);
    put(words, i, word);
    put(kw, i, add(word, at(constantRow, i)));
  }
  for (let i = 4; i < 16; i++) put(kw, i, add(at(tail, i), at(constantRow, i)));
}

/** The last word of the double hash of four nonces. */
// @ts-ignore: decorator
@inline
function hashTwice(variant: i32, nonce: v128): v128 {
  const midstate = midstates + <usize>variant * 128;
  const entry = entryStates + <usize>variant * 128;
  memory.copy(state, entry, 128);
  put(state, 0, add(at(entry, 0), nonce));
  put(state, 4, add(at(entry, 4), nonce));
  runRounds(state, kw + 4 * 16, 56);
  finishInner(midstate);
  scheduleOuter();
  return outerLastWord();
}

/** Rounds 60 to 63 of the inner hash and the feed-forward; its 8 words are the message of the outer one. */
// @ts-ignore: decorator
@inline
function finishInner(midstate: usize): void {
  const a = at(state, 0);
  const b = at(state, 1);
  const c = at(state, 2);
  const d = at(state, 3);
  const e = at(state, 4);
  const f = at(state, 5);
  const g = at(state, 6);
  const h = at(state, 7);
  const ab = xor(a, b);
  let t = firstSum(e, f, g, h, at(kw, 60));
  const e1 = add(d, t);
  const a1 = add(t, secondSum(a, b, ab, xor(b, c)));
  t = firstSum(e1, e, f, g, at(kw, 61));
  const e2 = add(c, t);
  const a1a = xor(a1, a);
  const a2 = add(t, secondSum(a1, a, a1a, ab));
  t = firstSum(e2, e1, e, f, at(kw, 62));
  const e3 = add(b, t);
  const a2a1 = xor(a2, a1);
  const a3 = add(t, secondSum(a2, a1, a2a1, a1a));
  t = firstSum(e3, e2, e1, e, at(kw, 63));
  const e4 = add(a, t);
  const a4 = add(t, secondSum(a3, a2, xor(a3, a2), a2a1));
  put(outerWords, 0, add(a4, at(midstate, 0)));
  put(outerWords, 1, add(a3, at(midstate, 1)));
  put(outerWords, 2, add(a2, at(midstate, 2)));
  put(outerWords, 3, add(a1, at(midstate, 3)));
  put(outerWords, 4, add(e4, at(midstate, 4)));
  put(outerWords, 5, add(e3, at(midstate, 5)));
  put(outerWords, 6, add(e2, at(midstate, 6)));
  put(outerWords, 7, add(e1, at(midstate, 7)));
}

/** The schedule of the outer hash; words 8 to 15 are padding, mostly zero, so that the first ones are shorter. */
// @ts-ignore: decorator
@inline
function scheduleOuter(): void {
  const end = i32x4.splat(0x80000000);
  const length = i32x4.splat(8 * 32);
  for (let i = 1; i < 8; i++) put(outerKw, i, add(at(outerWords, i), at(constantRow, i)));
  put(outerKw, 8, add(end, at(constantRow, 8)));
  for (let i = 9; i < 15; i++) put(outerKw, i, at(constantRow, i));
  put(outerKw, 15, add(length, at(constantRow, 15)));
  put(outerWords, 15, length);
  outer(16, add(at(outerWords, 0), smallSigma0(at(outerWords, 1))));
  outer(17, add(add(at(outerWords, 1), smallSigma0(at(outerWords, 2))), smallSigma1(length)));
  for (let i = 18; i < 22; i++) {
    const bare = add(at(outerWords, i - 16), smallSigma0(at(outerWords, i - 15)));
    outer(i, add(bare, smallSigma1(at(outerWords, i - 2))));
  }
  const bare22 = add(at(outerWords, 6), smallSigma0(at(outerWords, 7)));
  outer(22, add(add(bare22, length), smallSigma1(at(outerWords, 20))));
  const bare23 = add(at(outerWords, 7), smallSigma0(end));
  outer(23, add(add(bare23, at(outerWords, 16)), smallSigma1(at(outerWords, 21))));
  outer(24, add(add(end, at(outerWords, 17)), smallSigma1(at(outerWords, 22))));
  for (let i = 25; i < 30; i++) outer(i, add(at(outerWords, i - 7), smallSigma1(at(outerWords, i - 2))));
  outer(30, add(add(smallSigma0(length), at(outerWords, 23)), smallSigma1(at(outerWords, 28))));
  for (let i = 31; i < 61; i++) outer(i, scheduled(outerWords, i));
}

// @ts-ignore: decorator
@inline
function outer(i: i32, word: v128): void {
  put(outerWords, i, word);
  put(outerKw, i, add(word, at(constantRow, i)));
}

/**
 * The last word of the outer hash. It is the e of round 60, so three rounds are left out, and of the four before them
 * only the half that leads there is computed. Round 0 starts from constants: its word is an addend to two results.
 */
// @ts-ignore: decorator
@inline
function outerLastWord(): v128 {
  const word = at(outerWords, 0);
  put(state, 0, add(word, i32x4.splat(FIRST_A)));
  put(state, 4, add(word, i32x4.splat(FIRST_E)));
  put(state, 1, splatAt(initialState, 0));
  put(state, 2, splatAt(initialState, 1));
  put(state, 3, splatAt(initialState, 2));
  put(state, 5, splatAt(initialState, 4));
  put(state, 6, splatAt(initialState, 5));
  put(state, 7, splatAt(initialState, 6));
  runRounds(state, outerKw + 16, 56);
  const e = at(state, 4);
  const f = at(state, 5);
  const g = at(state, 6);
  const e57 = add(at(state, 3), firstSum(e, f, g, at(state, 7), at(outerKw, 57)));
  const e58 = add(at(state, 2), firstSum(e57, e, f, g, at(outerKw, 58)));
  const e59 = add(at(state, 1), firstSum(e58, e57, e, f, at(outerKw, 59)));
  const e60 = add(at(state, 0), firstSum(e59, e58, e57, e, at(outerKw, 60)));
  return add(e60, splatAt(initialState, 7));
}

/** Round 0 of SHA-256 on the initial state with a word of zero: the new a and the new e. */
const FIRST_SUM: u32 = firstSumOfInitial();
const FIRST_A: u32 = FIRST_SUM + secondSumOfInitial();
const FIRST_E: u32 = FIRST_SUM + load<u32>(initialState + 12);

function firstSumOfInitial(): u32 {
  const e = load<u32>(initialState + 16);
  const f = load<u32>(initialState + 20);
  const g = load<u32>(initialState + 24);
  const sigma1 = rotr<u32>(e, 6) ^ rotr<u32>(e, 11) ^ rotr<u32>(e, 25);
  return load<u32>(initialState + 28) + sigma1 + ((e & f) ^ (~e & g)) + load<u32>(roundConstants);
}

function secondSumOfInitial(): u32 {
  const a = load<u32>(initialState);
  const b = load<u32>(initialState + 4);
  const c = load<u32>(initialState + 8);
  return (rotr<u32>(a, 2) ^ rotr<u32>(a, 13) ^ rotr<u32>(a, 22)) + ((a & b) ^ (a & c) ^ (b & c));
}
