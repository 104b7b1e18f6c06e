import { AppError, assertInvariant } from '#errors';

/** Character codes of a byte's two hex digits. */
const highDigits = new Uint8Array(256).map((_, byte) => (byte >> 4 < 10 ? 0x30 : 0x57) + (byte >> 4));
const lowDigits = new Uint8Array(256).map((_, byte) => ((byte & 15) < 10 ? 0x30 : 0x57) + (byte & 15));

/** Bytes whose digits become text in one call: engines limit the number of arguments. */
const HEX_STEP_BYTES = 1_024;

/** Lower-case hex of the bytes. */
export function bytesToHex(bytes: Uint8Array): string {
  // One flat text of many characters at once: ids are map keys, and a text glued from digits is flattened at each use.
  if (bytes.length <= HEX_STEP_BYTES) return stepToHex(bytes, 0, bytes.length);
  const steps: string[] = [];
  for (let from = 0; from < bytes.length; from += HEX_STEP_BYTES)
    steps.push(stepToHex(bytes, from, Math.min(bytes.length, from + HEX_STEP_BYTES)));
  return steps.join('');
}

/** Character codes of a hash and of an account on their way to text; both are made for every transaction. */
const hashCodes = new Array<number>(64).fill(0);
const accountCodes = new Array<number>(40).fill(0);

function stepToHex(bytes: Uint8Array, from: number, to: number): string {
  const count = 2 * (to - from);
  const codes = count === 64 ? hashCodes : count === 40 ? accountCodes : new Array<number>(count).fill(0);
  for (let i = from, at = 0; i < to; i++, at += 2) {
    const byte = bytes[i] as number;
    codes[at] = highDigits[byte] as number;
    codes[at + 1] = lowDigits[byte] as number;
  }
  return String.fromCharCode.apply(null, codes);
}

/** Value of each hex digit by character code; only lower case, because ids are map keys and must have one spelling. */
const digitValues = new Uint8Array(256).fill(0xff);
for (let value = 0; value < 16; value++) digitValues[value.toString(16).charCodeAt(0)] = value;

/** The bytes of lower-case hex, or undefined where the text is no such thing. */
export function tryHexToBytes(hex: string): Uint8Array | undefined {
  if (hex.length % 2 !== 0) return undefined;
  const bytes = new Uint8Array(hex.length / 2);
  return writeHex(hex, bytes, 0) ? bytes : undefined;
}

/** Writes the bytes of lower-case hex into an array that has room for them; false where the text is no such thing. */
export function writeHex(hex: string, into: Uint8Array, offset: number): boolean {
  for (let at = 0, to = offset; at < hex.length; at += 2, to++) {
    // Beyond the table there is nothing, and nothing is not below 256 either.
    const high = digitValues[hex.charCodeAt(at)] as number;
    const low = digitValues[hex.charCodeAt(at + 1)] as number;
    if (!(high < 16 && low < 16)) return false;
    into[to] = high * 16 + low;
  }
  return true;
}

/** The bytes of lower-case hex; throws AppError `hex/malformed`. For hex from outside use `tryHexToBytes`. */
export function hexToBytes(hex: string): Uint8Array {
  const bytes = tryHexToBytes(hex);
  if (bytes !== undefined) return bytes;
  throw new AppError({
    code: 'hex/malformed',
    message: `"${hex.length > 80 ? `${hex.slice(0, 80)}...` : hex}" is not lower-case hex with an even number of digits`,
    next: 'give the id exactly as it was printed: digits 0-9 and a-f',
  });
}

/** All parts one after another, in a fresh array. */
export function concatBytes(...parts: readonly Uint8Array[]): Uint8Array {
  let sizeBytes = 0;
  for (const part of parts) sizeBytes += part.length;
  const all = new Uint8Array(sizeBytes);
  let offset = 0;
  for (const part of parts) {
    all.set(part, offset);
    offset += part.length;
  }
  return all;
}

/** Whether both hold the same bytes. Not constant time: never compare secrets with it. */
export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

/** Whether `count` bytes from two places are the same; both must be there. Not constant time. */
export function equalBytesAt(
  a: Uint8Array,
  aOffset: number,
  b: Uint8Array,
  bOffset: number,
  count: number,
): boolean {
  for (let i = 0; i < count; i++) if (a[aOffset + i] !== b[bOffset + i]) return false;
  return true;
}

/** Lexicographic order of unsigned bytes, shorter first on a tie: -1, 0 or 1. */
export function compareBytes(a: Uint8Array, b: Uint8Array): -1 | 0 | 1 {
  const shared = Math.min(a.length, b.length);
  for (let i = 0; i < shared; i++) {
    const difference = (a[i] as number) - (b[i] as number);
    if (difference !== 0) return difference < 0 ? -1 : 1;
  }
  return a.length === b.length ? 0 : a.length < b.length ? -1 : 1;
}

/** The bytes in reverse order, in a fresh array (Bitcoin shows hashes that way round). */
export function reverseBytes(bytes: Uint8Array): Uint8Array {
  // Not `slice`: on Node's Buffer it is a view, and the caller's bytes would be turned around.
  return new Uint8Array(bytes).reverse();
}

function littleEndian(value: bigint, sizeBytes: number): Uint8Array {
  assertInvariant(
    value >= 0n && value < 1n << BigInt(8 * sizeBytes),
    `${value} does not fit an unsigned ${8 * sizeBytes}-bit integer`,
  );
  const bytes = new Uint8Array(sizeBytes);
  let rest = value;
  for (let i = 0; i < sizeBytes; i++) {
    bytes[i] = Number(rest & 0xffn);
    rest >>= 8n;
  }
  return bytes;
}

/** Unsigned 16-bit integer, little-endian. */
export function u16le(value: number): Uint8Array {
  return littleEndian(BigInt(value), 2);
}

/** Unsigned 32-bit integer, little-endian. */
export function u32le(value: number): Uint8Array {
  if (!Number.isInteger(value) || value < 0 || value > 0xffff_ffff)
    assertInvariant(false, `${value} does not fit an unsigned 32-bit integer`);
  const bytes = new Uint8Array(4);
  bytes[0] = value;
  bytes[1] = value >>> 8;
  bytes[2] = value >>> 16;
  bytes[3] = value >>> 24;
  return bytes;
}

/** Unsigned 64-bit integer, little-endian. */
export function u64le(value: bigint | number): Uint8Array {
  return littleEndian(BigInt(value), 8);
}

/** Reads an unsigned 32-bit little-endian integer; the four bytes must be there. */
export function readU32le(bytes: Uint8Array, offset = 0): number {
  // The message is made where it is needed only: reading is far cheaper than a text.
  if (offset < 0 || offset + 4 > bytes.length)
    assertInvariant(false, `no 4 bytes at ${offset} of ${bytes.length}`);
  return (
    ((bytes[offset] as number) |
      ((bytes[offset + 1] as number) << 8) |
      ((bytes[offset + 2] as number) << 16) |
      ((bytes[offset + 3] as number) << 24)) >>>
    0
  );
}

/** Reads an unsigned 64-bit little-endian integer; the eight bytes must be there. */
export function readU64le(bytes: Uint8Array, offset = 0): bigint {
  return (BigInt(readU32le(bytes, offset + 4)) << 32n) | BigInt(readU32le(bytes, offset));
}

/** The bytes of an ASCII text; tags and labels are ASCII so that no encoder can disagree about them. */
export function asciiToBytes(text: string): Uint8Array {
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    assertInvariant(code < 0x80, `"${text}" is not ASCII at position ${i}`);
    bytes[i] = code;
  }
  return bytes;
}
