import { accepted, InvariantError, type Result, refused } from '#errors';
import { ByteReader, ByteWriter, DecodeError } from '../codec/bytes.js';
import { optional } from '../codec/schema.js';
import type { Namespace } from './namespace.js';

/** One object's change: `undefined` means absent. */
export interface Change {
  readonly space: Namespace<unknown>;
  readonly key: string;
  readonly before: unknown;
  readonly after: unknown;
}

/** Everything a block changed, ordered by namespace code and key; the undo data of that block. */
export type StateDiff = readonly Change[];

/** Longest key in bytes. */
const MAX_KEY_BYTES = 120;

/** Stored form of a diff: count, then namespace code, key, before, after. */
export function encodeDiff(diff: StateDiff): Uint8Array {
  const writer = new ByteWriter();
  writer.u32(diff.length);
  for (const change of diff) {
    writer.u16(change.space.code);
    writer.text(change.key, MAX_KEY_BYTES);
    writeOptional(writer, change.space, change.before);
    writeOptional(writer, change.space, change.after);
  }
  return writer.finish();
}

/** As `optional` does: there are tens of thousands in a block, and no schema is made for each. */
function writeOptional(writer: ByteWriter, space: Namespace<unknown>, value: unknown): void {
  writer.u8(value === undefined ? 0 : 1);
  if (value !== undefined) space.value.write(writer, value);
}

/** A diff of its stored form; `spaces` are the law's namespaces by code. */
export function decodeDiff(
  spaces: ReadonlyMap<number, Namespace<unknown>>,
  source: Uint8Array,
): Result<StateDiff> {
  const reader = new ByteReader(source);
  try {
    const count = reader.u32();
    const diff: Change[] = [];
    for (let index = 0; index < count; index++) {
      const code = reader.u16();
      const space = spaces.get(code);
      if (space === undefined) throw new DecodeError('codec/namespace', { code });
      const key = reader.text(MAX_KEY_BYTES);
      const value = optional(space.value);
      diff.push({ space, key, before: value.read(reader), after: value.read(reader) });
    }
    if (reader.remaining > 0) throw new DecodeError('codec/trailing-bytes', { extraBytes: reader.remaining });
    return accepted(diff);
  } catch (error) {
    if (error instanceof DecodeError) return refused(error.toViolation());
    throw error;
  }
}

/** Orders changes as a diff does. */
export function compareChanges(a: Change, b: Change): number {
  if (a.space.code !== b.space.code) return a.space.code - b.space.code;
  return a.key < b.key ? -1 : a.key > b.key ? 1 : 0;
}

/** Guards the key limit where keys are made. */
export function assertKey(key: string): void {
  if (key.length === 0 || key.length > MAX_KEY_BYTES)
    throw new InvariantError(`state key of ${key.length} bytes: '${key}'`);
}
