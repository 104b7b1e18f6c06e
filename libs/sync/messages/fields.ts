import { type BlockId, blockIdToHash, hashToBlockId, type Schema } from '#chain';

/** A block id as its 32 hash bytes in internal order, as headers carry it. */
export const wireBlockId: Schema<BlockId> = {
  write: (writer, id) => writer.raw(blockIdToHash(id), 32),
  read: (reader) => hashToBlockId(reader.raw(32)),
};

/** Accumulated work: an unsigned 256-bit integer, big-endian. */
export const wireWork: Schema<bigint> = {
  write: (writer, work) => {
    const out = new Uint8Array(32);
    let rest = work;
    for (let at = 31; at >= 0; at--) {
      out[at] = Number(rest & 0xffn);
      rest >>= 8n;
    }
    writer.raw(out, 32);
  },
  read: (reader) => {
    let work = 0n;
    for (const byte of reader.raw(32)) work = (work << 8n) | BigInt(byte);
    return work;
  },
};
