import { ByteWriter, utf8Decode, utf8Encode } from '#chain';
import { AppError } from '#errors';

/** Longest path in bytes. */
export const MAX_PATH_BYTES = 65_535;
const FIRST_ESCAPE = 0xdc80;
const LAST_ESCAPE = 0xdcff;

/**
 * The text form of a path's bytes. Well-formed UTF-8 is itself; a byte that belongs to none is U+DC00 + byte, a lone
 * surrogate that no UTF-8 gives (the escape of PEP 383). So every path has one text and every text of a path its bytes.
 */
export function pathToText(bytes: Uint8Array): string {
  const whole = utf8Decode(bytes);
  if (whole !== undefined) return whole;
  let text = '';
  for (let at = 0; at < bytes.length; ) {
    const length = sequenceLength(bytes, at);
    const part = length === 0 ? undefined : utf8Decode(bytes.subarray(at, at + length));
    text += part ?? String.fromCharCode(0xdc00 + (bytes[at] as number));
    at += part === undefined ? 1 : length;
  }
  return text;
}

/**
 * The bytes of a path's text form.
 * @throws AppError `catalogue/bad-path` where it is empty, too long, or holds a surrogate that stands for nothing
 */
export function textToPath(text: string): Uint8Array {
  const bytes = hasSurrogate(text) ? escapedToBytes(text) : utf8Encode(text);
  if (bytes === undefined) throw badPath(text, 'it holds half of a character');
  if (bytes.length === 0) throw badPath(text, 'it is empty');
  if (bytes.length > MAX_PATH_BYTES) {
    throw badPath(text, `it has ${bytes.length} bytes, and ${MAX_PATH_BYTES} is the most`);
  }
  return bytes;
}

/** Orders text forms as the bytes they stand for. */
export function comparePaths(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let at = 0; at < length; at++) {
    const [left, right] = [a.charCodeAt(at), b.charCodeAt(at)];
    if (left === right) continue;
    // Below the surrogates and above them UTF-16 and UTF-8 agree; with one of them only the bytes tell.
    return isSurrogate(left) || isSurrogate(right)
      ? compareBytes(escapedToBytes(a) ?? utf8Encode(''), escapedToBytes(b) ?? utf8Encode(''))
      : left - right;
  }
  return a.length - b.length;
}

/** Orders byte strings, shorter first where one begins the other. */
export function compareBytes(a: Uint8Array, b: Uint8Array): number {
  const length = Math.min(a.length, b.length);
  for (let at = 0; at < length; at++) {
    if (a[at] !== b[at]) return (a[at] as number) - (b[at] as number);
  }
  return a.length - b.length;
}

/** Length of a UTF-8 sequence by its first byte; 0 for a byte that begins none. */
function sequenceLength(bytes: Uint8Array, at: number): number {
  const first = bytes[at] as number;
  if (first < 0x80) return 1;
  if (first < 0xc2 || first > 0xf4) return 0;
  return first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
}

function hasSurrogate(text: string): boolean {
  return /[\ud800-\udfff]/.test(text);
}

function isSurrogate(unit: number): boolean {
  return unit >= 0xd800 && unit <= 0xdfff;
}

function escapedToBytes(text: string): Uint8Array | undefined {
  const writer = new ByteWriter();
  for (const character of text) {
    const code = character.codePointAt(0) as number;
    if (isSurrogate(code)) {
      if (code < FIRST_ESCAPE || code > LAST_ESCAPE) return undefined;
      writer.u8(code - 0xdc00);
    } else {
      const part = utf8Encode(character);
      writer.raw(part, part.length);
    }
  }
  return writer.finish();
}

function badPath(text: string, why: string): AppError {
  return new AppError({
    code: 'catalogue/bad-path',
    message: `The name '${text.slice(0, 60)}' cannot be stored: ${why}.`,
    next: 'Give it another name with --name.',
  });
}
