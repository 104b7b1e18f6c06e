import { accepted, type Result, refused } from '#errors';
import { ByteReader, ByteWriter, DecodeError } from './bytes.js';
import type { Schema } from './schema.js';

/** The canonical bytes of a value. */
export function encode<T>(schema: Schema<T>, value: T): Uint8Array {
  const writer = new ByteWriter();
  schema.write(writer, value);
  return writer.finish();
}

/**
 * The value of canonical bytes, or the violation that shows what is wrong with them.
 * Trailing bytes are refused: two byte strings with one meaning would give one transaction two ids.
 */
export function decode<T>(schema: Schema<T>, source: Uint8Array): Result<T> {
  const reader = new ByteReader(source);
  try {
    const value = schema.read(reader);
    if (reader.remaining > 0) {
      return refused({ rule: 'codec/trailing-bytes', extraBytes: reader.remaining });
    }
    return accepted(value);
  } catch (error) {
    if (error instanceof DecodeError) return refused(error.toViolation());
    throw error;
  }
}
