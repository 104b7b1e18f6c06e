import { xchacha20poly1305 } from '@noble/ciphers/chacha.js';
import {
  bytes,
  type ContractId,
  decode,
  encode,
  type FragmentId,
  hexId,
  list,
  oneOf,
  optional,
  type Schema,
  height as safeInteger,
  struct,
  type TypeOf,
  text,
  u16,
  u32,
  u63,
} from '#chain';
import { concatBytes, u32le } from '#crypto';
import { maxFragmentsPerSegment } from '#fragments';

/** The only version so far. */
export const JOURNAL_VERSION = 1;
const NONCE_BYTES = 24;
const TAG_BYTES = 16;
const MAX_RECORD_BYTES = 1 << 20;

/** What is uploaded, on which terms, and under which keys. Always the first record. */
const headerSchema = struct({
  version: u16,
  networkId: u32,
  path: text(8_192),
  name: text(8_192),
  profile: struct({ k: u16, repairBelow: u16, n: u16 }),
  epochs: u32,
  fragmentSize: u32,
  contentKey: bytes(32),
  repairKey: bytes(32),
  /** Milliseconds since 1970. */
  createdAt: safeInteger,
});
export type JournalHeader = TypeOf<typeof headerSchema>;

/** A process goes on with the upload. */
const runSchema = struct({ pid: u32 });

/** Room that a provider keeps, for fragment `position` of every segment. */
const slotSchema = struct({
  position: u16,
  contract: hexId<ContractId>(32),
  nonce: bytes(16),
  providerKey: bytes(32),
  maxBytes: u63,
  maxFragments: u32,
  epochs: u32,
  /** Seconds since 1970. */
  expiresAt: u63,
});
export type JournalSlot = TypeOf<typeof slotSchema>;

/** A segment whose quorum has signed. */
const segmentSchema = struct({
  index: u32,
  segmentId: bytes(16),
  /** BLAKE3 of the plaintext. */
  plainHash: bytes(32),
  plainLength: u32,
  fragmentLength: u32,
  fragmentIds: list(hexId<FragmentId>(32), maxFragmentsPerSegment),
  holders: list(optional(hexId<ContractId>(32)), maxFragmentsPerSegment),
});
export type JournalSegment = TypeOf<typeof segmentSchema>;

/** A further fragment of a segment that is in the journal. */
const placedSchema = struct({ index: u32, fragment: u16, contract: hexId<ContractId>(32) });

const kinds = ['header', 'run', 'slot', 'segment', 'placed'] as const;
const kindSchema = oneOf(kinds);

/** One record of a journal. */
export type JournalRecord =
  | { readonly kind: 'header'; readonly value: JournalHeader }
  | { readonly kind: 'run'; readonly value: TypeOf<typeof runSchema> }
  | { readonly kind: 'slot'; readonly value: JournalSlot }
  | { readonly kind: 'segment'; readonly value: JournalSegment }
  | { readonly kind: 'placed'; readonly value: TypeOf<typeof placedSchema> };

const schemas = {
  header: headerSchema,
  run: runSchema,
  slot: slotSchema,
  segment: segmentSchema,
  placed: placedSchema,
} as const;

/** What a record is sealed for: the journal's key, its id, and the record's number in it. */
export interface RecordPlace {
  /** 32 bytes. */
  readonly key: Uint8Array;
  /** 16 bytes, the first of the file. */
  readonly journalId: Uint8Array;
  readonly number: number;
}

/** The bytes to append for a record: length, nonce, sealed record. `nonce`: 24 random bytes. */
export function sealRecord(place: RecordPlace, record: JournalRecord, nonce: Uint8Array): Uint8Array {
  const body = encode(schemas[record.kind] as Schema<unknown>, record.value);
  const plain = concatBytes(encode(kindSchema, record.kind), body);
  const sealed = concatBytes(nonce, cipher(place, nonce).encrypt(plain));
  return concatBytes(u32le(sealed.length), sealed);
}

/** The record at an offset and where the next one begins; undefined where nothing whole and right is there. */
export function openRecord(
  place: RecordPlace,
  source: Uint8Array,
  offset: number,
): { readonly record: JournalRecord; readonly next: number } | undefined {
  if (source.length - offset < 4) return undefined;
  const view = new DataView(source.buffer, source.byteOffset, source.byteLength);
  const length = view.getUint32(offset, true);
  const next = offset + 4 + length;
  if (length <= NONCE_BYTES + TAG_BYTES || length > MAX_RECORD_BYTES || next > source.length)
    return undefined;
  const nonce = source.subarray(offset + 4, offset + 4 + NONCE_BYTES);
  try {
    const plain = cipher(place, nonce).decrypt(source.subarray(offset + 4 + NONCE_BYTES, next));
    const kind = decode(kindSchema, plain.subarray(0, 1));
    if (!kind.ok) return undefined;
    const value = decode(schemas[kind.value] as Schema<unknown>, plain.subarray(1));
    return value.ok ? { record: { kind: kind.value, value: value.value } as JournalRecord, next } : undefined;
  } catch {
    return undefined;
  }
}

function cipher({ key, journalId, number }: RecordPlace, nonce: Uint8Array) {
  return xchacha20poly1305(key, nonce, concatBytes(journalId, u32le(number)));
}
