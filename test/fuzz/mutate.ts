import type { Random } from './random.js';

/** Numbers at which decoders change their minds. */
const EDGES = [
  0,
  1,
  2,
  3,
  7,
  8,
  63,
  64,
  65,
  127,
  128,
  200,
  255,
  256,
  1_023,
  1_024,
  2_048,
  65_535,
  65_536,
  100_000,
  1 << 24,
  2 ** 31 - 1,
  2 ** 31,
  2 ** 32 - 1,
];
const BIG_EDGES = [
  0n,
  1n,
  1n << 32n,
  1n << 52n,
  (1n << 53n) - 1n,
  1n << 53n,
  1n << 62n,
  (1n << 63n) - 1n,
  1n << 63n,
  (1n << 64n) - 1n,
];

/** Pieces that parsers of text trip over. */
const TOKENS = [
  '"',
  '\\',
  '{',
  '}',
  '[',
  ']',
  ':',
  ',',
  '\n',
  '\r\n',
  '\0',
  ' ',
  '%',
  '%00',
  '%ff',
  '..',
  '/',
  '-',
  '+',
  '0x',
  'e309',
  '1e309',
  '-0',
  '0.1',
  'null',
  'true',
  'NaN',
  'Infinity',
  '9007199254740993',
  '18446744073709551616',
  '9223372036854775808',
  '-1',
  '__proto__',
  'constructor',
  '"__proto__":{"a":1}',
  '[[[[[[[[',
  '\\ud800',
  'ü',
  '\u{1f600}',
  'ı',
  'K',
  '\u202e',
  'a'.repeat(300),
];

const encoder = new TextEncoder();
const TOKEN_BYTES = TOKENS.map((token) => encoder.encode(token));

type Step = (source: Uint8Array, random: Random, others: readonly Uint8Array[]) => Uint8Array;

function splice(source: Uint8Array, at: number, cut: number, put: Uint8Array): Uint8Array {
  const out = new Uint8Array(source.length - cut + put.length);
  out.set(source.subarray(0, at));
  out.set(put, at);
  out.set(source.subarray(at + cut), at + put.length);
  return out;
}

const overwrite: Step = (source, random) => {
  const copy = source.slice();
  for (let left = 1 + random.below(4); left > 0; left--)
    copy[random.below(copy.length)] = random.next() & 255;
  return copy;
};

const flipBit: Step = (source, random) => {
  const copy = source.slice();
  const at = random.below(copy.length);
  copy[at] = (copy[at] as number) ^ (1 << random.below(8));
  return copy;
};

const edgeNumber: Step = (source, random) => {
  const copy = source.slice();
  const view = new DataView(copy.buffer);
  const width = random.pick([1, 2, 4, 8]);
  if (copy.length < width) return copy;
  const at = random.below(copy.length - width + 1);
  const value = random.pick(EDGES) + random.pick([0, 0, 0, 1, -1]);
  if (width === 1) view.setUint8(at, value & 255);
  else if (width === 2) view.setUint16(at, value & 65_535, true);
  else if (width === 4) view.setUint32(at, value >>> 0, true);
  else view.setBigUint64(at, random.pick(BIG_EDGES), true);
  return copy;
};

/** A count one higher or lower than it is: what comes after is read as something else. */
const nearNumber: Step = (source, random) => {
  const copy = source.slice();
  const at = random.below(copy.length);
  copy[at] = ((copy[at] as number) + random.pick([1, 255, 2, 254, 16, 240])) & 255;
  return copy;
};

const cutOut: Step = (source, random) => {
  const at = random.below(source.length);
  return splice(
    source,
    at,
    Math.min(source.length - at, 1 + random.below(random.pick([1, 4, 32, 64]))),
    new Uint8Array(0),
  );
};

const putIn: Step = (source, random) => {
  const put = Uint8Array.from({ length: 1 + random.below(random.pick([1, 4, 32, 64])) }, () =>
    random.pick([0, 255, random.next() & 255]),
  );
  return splice(source, random.below(source.length + 1), 0, put);
};

const repeat: Step = (source, random) => {
  const at = random.below(source.length);
  const piece = source.subarray(at, at + 1 + random.below(80));
  return splice(source, random.below(source.length + 1), 0, piece);
};

const moveIn: Step = (source, random, others) => {
  const other = random.pick(others);
  const from = random.below(other.length);
  const piece = other.subarray(from, from + 1 + random.below(120));
  const at = random.below(source.length + 1);
  return splice(source, at, random.below(2) === 0 ? 0 : Math.min(piece.length, source.length - at), piece);
};

const shorten: Step = (source, random) => source.slice(0, random.below(source.length + 1));

const lengthen: Step = (source, random) =>
  splice(source, source.length, 0, new Uint8Array(1 + random.below(9)));

const token: Step = (source, random) => {
  const put = random.pick(TOKEN_BYTES);
  const at = random.below(source.length + 1);
  return splice(source, at, Math.min(random.pick([0, 0, 1, 4]), source.length - at), put);
};

const BYTE_STEPS: readonly Step[] = [
  overwrite,
  flipBit,
  flipBit,
  edgeNumber,
  edgeNumber,
  nearNumber,
  cutOut,
  putIn,
  repeat,
  moveIn,
  shorten,
  lengthen,
];
const TEXT_STEPS: readonly Step[] = [
  overwrite,
  flipBit,
  nearNumber,
  cutOut,
  cutOut,
  putIn,
  repeat,
  moveIn,
  moveIn,
  shorten,
  token,
  token,
  token,
];

/** Inputs stay below this, so that a run measures decoders and not copies. */
const MAX_INPUT_BYTES = 1 << 16;

/** A sample changed in one to a few places, most often in one. */
export function mutate(
  source: Uint8Array,
  form: 'bytes' | 'text',
  random: Random,
  others: readonly Uint8Array[],
): Uint8Array {
  const steps = form === 'text' ? TEXT_STEPS : BYTE_STEPS;
  let current = source;
  for (let left = random.pick([1, 1, 1, 2, 3, 6]); left > 0; left--) {
    if (current.length === 0) current = putIn(current, random, others);
    else current = random.pick(steps)(current, random, others);
  }
  return current.length > MAX_INPUT_BYTES ? current.slice(0, MAX_INPUT_BYTES) : current;
}
