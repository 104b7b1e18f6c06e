import { InvariantError } from '#errors';
import { type ByteReader, type ByteWriter, DecodeError } from './bytes.js';

/** Largest amount, height or sequence: an unsigned 63-bit integer, so that every engine can hold it as int64. */
export const MAX_U63 = (1n << 63n) - 1n;

/** One canonical fixed binary form of a type: every value has exactly one encoding and every other form is refused. */
export interface Schema<T> {
  write(writer: ByteWriter, value: T): void;
  read(reader: ByteReader): T;
}

/** The type a schema describes. */
export type TypeOf<S> = S extends Schema<infer T> ? T : never;

/** Unsigned 8-bit integer. */
export const u8: Schema<number> = {
  write: (writer, value) => writer.u8(value),
  read: (reader) => reader.u8(),
};

/** Unsigned 16-bit integer, little-endian. */
export const u16: Schema<number> = {
  write: (writer, value) => writer.u16(value),
  read: (reader) => reader.u16(),
};

/** Unsigned 32-bit integer, little-endian. */
export const u32: Schema<number> = {
  write: (writer, value) => writer.u32(value),
  read: (reader) => reader.u32(),
};

/** Unsigned 63-bit integer as 8 bytes little-endian; the top bit must be clear. */
export const u63: Schema<bigint> = {
  write: (writer, value) => writer.u63(value),
  read: (reader) => reader.u63(),
};

/** A height: u63 on the wire, a safe JavaScript integer in code. */
export const height: Schema<number> = {
  write: (writer, value) => writer.u63(BigInt(value)),
  read: (reader) => {
    const value = reader.u63();
    if (value > 0x1f_ffff_ffff_ffffn) throw new DecodeError('codec/height-range', { value });
    return Number(value);
  },
};

/** A boolean as one byte, 0 or 1. */
export const bool: Schema<boolean> = {
  write: (writer, value) => writer.u8(value ? 1 : 0),
  read: (reader) => {
    const value = reader.u8();
    if (value > 1) throw new DecodeError('codec/bool', { value });
    return value === 1;
  },
};

/** Exactly `length` bytes. */
export function bytes(length: number): Schema<Uint8Array> {
  return {
    write: (writer, value) => writer.raw(value, length),
    read: (reader) => reader.raw(length),
  };
}

/** Up to `maxLength` bytes after a u32 length. */
export function varBytes(maxLength: number): Schema<Uint8Array> {
  return {
    write: (writer, value) => {
      writer.length(value.length, maxLength);
      writer.raw(value, value.length);
    },
    read: (reader) => reader.raw(reader.length(maxLength)),
  };
}

/** `varBytes` that share the memory of what they are read from: parts that are decoded further. */
export function varView(maxLength: number): Schema<Uint8Array> {
  return { ...varBytes(maxLength), read: (reader) => reader.shared(reader.length(maxLength)) };
}

/** Hex text in code (`length` bytes on the wire), for ids that serve as map keys. */
export function hexId<T extends string>(length: number): Schema<T> {
  return {
    write: (writer, value) => writer.hex(value, length),
    read: (reader) => reader.hex(length) as T,
  };
}

/** UTF-8 text of up to `maxLength` bytes after a u32 length; only well-formed UTF-8 in its shortest form. */
export function text(maxLength: number): Schema<string> {
  return {
    write: (writer, value) => writer.text(value, maxLength),
    read: (reader) => reader.text(maxLength),
  };
}

/** Up to `maxCount` items after a u32 count. */
export function list<T>(item: Schema<T>, maxCount: number): Schema<readonly T[]> {
  return {
    write: (writer, value) => {
      writer.length(value.length, maxCount);
      for (const entry of value) item.write(writer, entry);
    },
    read: (reader) => {
      const count = reader.length(maxCount);
      const items: T[] = [];
      for (let index = 0; index < count; index++) items.push(item.read(reader));
      return items;
    },
  };
}

/** A value that may be absent: one byte 0 or 1, then the value. */
export function optional<T>(item: Schema<T>): Schema<T | undefined> {
  return {
    write: (writer, value) => {
      bool.write(writer, value !== undefined);
      if (value !== undefined) item.write(writer, value);
    },
    read: (reader) => (bool.read(reader) ? item.read(reader) : undefined),
  };
}

/** One of a fixed set of names, as a u8 index. The order of the names is part of the format. */
export function oneOf<const T extends readonly string[]>(names: T): Schema<T[number]> {
  return {
    write: (writer, value) => {
      const index = names.indexOf(value);
      if (index < 0) throw new InvariantError(`'${value}' is none of ${names.join(', ')}`);
      writer.u8(index);
    },
    read: (reader) => {
      const index = reader.u8();
      const name = names[index];
      if (name === undefined) throw new DecodeError('codec/name', { index });
      return name;
    },
  };
}

type Fields = Readonly<Record<string, Schema<never>>>;
type StructOf<F> = { readonly [K in keyof F]: TypeOf<F[K]> };

/** Fields one after the other in the order they are declared: the declaration is the format. */
export function struct<const F extends Readonly<Record<string, unknown>>>(fields: F): Schema<StructOf<F>> {
  const entries = Object.entries(fields as unknown as Fields) as [string, Schema<unknown>][];
  return {
    write: (writer, value) => {
      const record = value as Readonly<Record<string, unknown>>;
      for (const [name, schema] of entries) schema.write(writer, record[name]);
    },
    read: (reader) => {
      const record: Record<string, unknown> = {};
      for (const [name, schema] of entries) record[name] = schema.read(reader);
      return record as StructOf<F>;
    },
  };
}
