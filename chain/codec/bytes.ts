import { bytesToHex, readU32le, writeHex } from '#crypto';
import { InvariantError, type Violation } from '#errors';
import { RecurringTexts } from './recurring-texts.js';

/** Thrown inside a decoder only; `decode` turns it into a returned violation. */
export class DecodeError extends Error {
  constructor(
    readonly rule: string,
    readonly data: Readonly<Record<string, unknown>> = {},
  ) {
    super(rule);
  }

  toViolation(): Violation {
    return { ...this.data, rule: this.rule };
  }
}

const MAX_U63 = (1n << 63n) - 1n;

/** Accounts, which transactions name by their 20 bytes. */
const ACCOUNT_BYTES = 20;
const accountTexts = new RecurringTexts(ACCOUNT_BYTES);

/** Where a number of 8 bytes is put together: a view of its own for each reader costs more than all it reads. */
const eightBytes = new DataView(new ArrayBuffer(8));

/** The hex of an account's 20 bytes at `offset`: equal ones are mostly one and the same text. */
export function accountBytesToHex(source: Uint8Array, offset: number): string {
  return (
    accountTexts.find(source, offset) ??
    accountTexts.keep(source, offset, bytesToHex(source.subarray(offset, offset + ACCOUNT_BYTES)))
  );
}

/** Most memos: nobody can change it, so all share one. */
const NOTHING = new Uint8Array(0);

/** Grows as it is written; little-endian throughout. Writing a value out of its range is our fault: InvariantError. */
export class ByteWriter {
  private buffer = new Uint8Array(256);
  private view = new DataView(this.buffer.buffer);
  private used = 0;

  u8(value: number): void {
    checkRange(value, 0xff);
    this.reserve(1);
    this.view.setUint8(this.used, value);
    this.used += 1;
  }

  u16(value: number): void {
    checkRange(value, 0xffff);
    this.reserve(2);
    this.view.setUint16(this.used, value, true);
    this.used += 2;
  }

  u32(value: number): void {
    checkRange(value, 0xffff_ffff);
    this.reserve(4);
    this.view.setUint32(this.used, value, true);
    this.used += 4;
  }

  u63(value: bigint): void {
    if (value < 0n || value > MAX_U63) throw new InvariantError(`${value} is no unsigned 63-bit integer`);
    this.reserve(8);
    this.view.setBigUint64(this.used, value, true);
    this.used += 8;
  }

  length(value: number, max: number): void {
    if (value > max) throw new InvariantError(`length ${value} is above the limit of ${max}`);
    this.u32(value);
  }

  raw(value: Uint8Array, length: number): void {
    if (value.length !== length) throw new InvariantError(`${value.length} bytes where ${length} belong`);
    this.reserve(length);
    this.buffer.set(value, this.used);
    this.used += length;
  }

  hex(value: string, length: number): void {
    if (value.length !== 2 * length)
      throw new InvariantError(`${value.length} digits where ${length} bytes belong`);
    this.reserve(length);
    if (!writeHex(value, this.buffer, this.used))
      throw new InvariantError(`'${value}' is no hexadecimal text`);
    this.used += length;
  }

  text(value: string, max: number): void {
    if (this.ascii(value, 4)) {
      this.length(value.length, max);
      this.used += value.length;
      return;
    }
    const encoded = utf8Encode(value);
    this.length(encoded.length, max);
    this.raw(encoded, encoded.length);
  }

  /** A text's UTF-8 bytes and nothing else. */
  bareText(value: string): void {
    if (this.ascii(value, 0)) {
      this.used += value.length;
      return;
    }
    const encoded = utf8Encode(value);
    this.raw(encoded, encoded.length);
  }

  finish(): Uint8Array {
    return this.buffer.slice(0, this.used);
  }

  /** What was written since the last `take`, as a view that the next write destroys. */
  take(): Uint8Array {
    const written = this.buffer.subarray(0, this.used);
    this.used = 0;
    return written;
  }

  /** Most texts are ASCII: no array is made for those. Puts one `gap` bytes on; false, with nothing written, for any other. */
  private ascii(value: string, gap: number): boolean {
    const from = this.used + gap;
    this.reserve(gap + value.length);
    for (let at = 0; at < value.length; at++) {
      const code = value.charCodeAt(at);
      if (code >= 0x80) return false;
      this.buffer[from + at] = code;
    }
    return true;
  }

  private reserve(count: number): void {
    if (this.used + count <= this.buffer.length) return;
    const grown = new Uint8Array(Math.max(this.buffer.length * 2, this.used + count));
    grown.set(this.buffer.subarray(0, this.used));
    this.buffer = grown;
    this.view = new DataView(grown.buffer);
  }
}

/** Reads what ByteWriter wrote; anything short, long or out of range is a DecodeError. */
export class ByteReader {
  private position = 0;

  private readonly source: Uint8Array;

  constructor(source: Uint8Array) {
    // A plain array over the same memory: the `slice` of Node's Buffer is a view, and `raw` must give copies.
    this.source =
      source.constructor === Uint8Array
        ? source
        : new Uint8Array(source.buffer, source.byteOffset, source.byteLength);
  }

  get offset(): number {
    return this.position;
  }

  get remaining(): number {
    return this.source.length - this.position;
  }

  u8(): number {
    return this.source[this.take(1)] as number;
  }

  u16(): number {
    const at = this.take(2);
    return (this.source[at] as number) | ((this.source[at + 1] as number) << 8);
  }

  u32(): number {
    return readU32le(this.source, this.take(4));
  }

  u63(): bigint {
    const at = this.take(8);
    const high = readU32le(this.source, at + 4);
    eightBytes.setUint32(0, readU32le(this.source, at), true);
    eightBytes.setUint32(4, high, true);
    const value = eightBytes.getBigUint64(0, true);
    if (high > 0x7fff_ffff) throw new DecodeError('codec/amount-range', { value });
    return value;
  }

  length(max: number): number {
    const value = this.u32();
    if (value > max) throw new DecodeError('codec/length', { length: value, max });
    return value;
  }

  raw(length: number): Uint8Array {
    if (length === 0) return NOTHING;
    const start = this.take(length);
    return this.source.slice(start, start + length);
  }

  /** As `raw`, sharing the source's memory: for what lives no longer than the source. */
  shared(length: number): Uint8Array {
    const start = this.take(length);
    return this.source.subarray(start, start + length);
  }

  hex(length: number): string {
    const start = this.take(length);
    if (length === ACCOUNT_BYTES) return accountBytesToHex(this.source, start);
    return bytesToHex(this.source.subarray(start, start + length));
  }

  text(max: number): string {
    const raw = this.raw(this.length(max));
    const decoded = utf8Decode(raw);
    if (decoded === undefined) throw new DecodeError('codec/utf8', { offset: this.position });
    return decoded;
  }

  private take(count: number): number {
    if (count > this.remaining) {
      throw new DecodeError('codec/truncated', {
        offset: this.position,
        wanted: count,
        left: this.remaining,
      });
    }
    const start = this.position;
    this.position += count;
    return start;
  }
}

function checkRange(value: number, max: number): void {
  if (!Number.isInteger(value) || value < 0 || value > max) {
    throw new InvariantError(`${value} is no integer from 0 to ${max}`);
  }
}

/** UTF-8 bytes of a text (RFC 3629); lone surrogates are refused, they have no UTF-8 form. */
export function utf8Encode(value: string): Uint8Array {
  const out: number[] = [];
  for (const character of value) {
    const code = character.codePointAt(0) ?? 0;
    if (code >= 0xd800 && code <= 0xdfff) throw new InvariantError('a lone surrogate has no UTF-8 form');
    if (code < 0x80) out.push(code);
    else if (code < 0x800) out.push(0xc0 | (code >> 6), 0x80 | (code & 63));
    else if (code < 0x1_0000) out.push(0xe0 | (code >> 12), 0x80 | ((code >> 6) & 63), 0x80 | (code & 63));
    else {
      out.push(
        0xf0 | (code >> 18),
        0x80 | ((code >> 12) & 63),
        0x80 | ((code >> 6) & 63),
        0x80 | (code & 63),
      );
    }
  }
  return Uint8Array.from(out);
}

/** Text of UTF-8 bytes, or undefined where they are not well-formed shortest-form UTF-8 (RFC 3629). */
export function utf8Decode(raw: Uint8Array): string | undefined {
  const parts: string[] = [];
  let at = 0;
  while (at < raw.length) {
    const first = raw[at] as number;
    const extra =
      first < 0x80 ? 0 : first < 0xc2 ? -1 : first < 0xe0 ? 1 : first < 0xf0 ? 2 : first < 0xf5 ? 3 : -1;
    if (extra < 0 || at + extra >= raw.length) return undefined;
    let code = extra === 0 ? first : first & (0x3f >> extra);
    for (let index = 1; index <= extra; index++) {
      const next = raw[at + index] as number;
      if ((next & 0xc0) !== 0x80) return undefined;
      code = (code << 6) | (next & 63);
    }
    const shortest = extra === 0 ? 0 : extra === 1 ? 0x80 : extra === 2 ? 0x800 : 0x1_0000;
    if (code < shortest || code > 0x10_ffff || (code >= 0xd800 && code <= 0xdfff)) return undefined;
    parts.push(String.fromCodePoint(code));
    at += extra + 1;
  }
  return parts.join('');
}
