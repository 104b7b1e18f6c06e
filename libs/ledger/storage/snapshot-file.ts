import { createHash } from 'node:crypto';
import { type FileHandle, open, readFile, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import {
  type BlockId,
  ByteReader,
  ByteWriter,
  DecodeError,
  encode,
  height,
  hexId,
  type Law,
  type Namespace,
  struct,
  text,
  u32,
} from '#chain';
import { equalBytes } from '#crypto';
import type { FrozenState } from '../chain/ledger-state.js';
import { LedgerState } from '../chain/ledger-state.js';

/** Which block a snapshot is the state after. */
export interface SnapshotPoint {
  readonly id: BlockId;
  readonly height: number;
}

const MAGIC = 'cairn state snapshot 1\n';
const DIGEST_BYTES = 32;
const MAX_KEY_BYTES = 120;
/** Bytes gathered for one write. */
const CHUNK_BYTES = 1024 * 1024;
/** Objects encoded before others get a turn: about a millisecond. */
const SLICE_OBJECTS = 500;

const headSchema = struct({
  magic: text(64),
  network: text(64),
  protocolVersion: u32,
  genesis: hexId<BlockId>(32),
  id: hexId<BlockId>(32),
  height,
  namespaces: u32,
});

/** Name of a snapshot's file. */
export function snapshotName({ height, id }: SnapshotPoint): string {
  return `state-${height}-${id}.snapshot`;
}

/** The point a file name tells, or undefined where it is no snapshot's. */
export function parseSnapshotName(name: string): SnapshotPoint | undefined {
  const found = /^state-(\d{1,15})-([0-9a-f]{64})\.snapshot$/.exec(name);
  return found === null ? undefined : { height: Number(found[1]), id: found[2] as BlockId };
}

/** Called with every part of the file as it is written; what it throws fails the snapshot. */
export type WriteProbe = (writtenBytes: number) => void;

/**
 * Writes a frozen state under a temporary name, syncs it and gives it its own name. Encodes in slices, between which
 * blocks are taken in. Leaves nothing behind when it fails.
 * @throws what the file system throws (ENOSPC, …)
 */
export async function writeSnapshot(
  file: string,
  law: Law,
  genesis: BlockId,
  point: SnapshotPoint,
  state: FrozenState,
  probe: WriteProbe = () => undefined,
): Promise<void> {
  const temporary = `${file}.part`;
  try {
    const handle = await open(temporary, 'w');
    try {
      await writeAll(handle, encodeParts(law, genesis, point, state), probe);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(temporary, file);
    await syncFolder(dirname(file));
  } finally {
    state.release();
    await rm(temporary, { force: true });
  }
}

/** The bytes of a snapshot without its digest, in parts. */
function* encodeParts(
  law: Law,
  genesis: BlockId,
  { id, height }: SnapshotPoint,
  state: FrozenState,
): Generator<Uint8Array> {
  const { name: network, protocolVersion } = law.params;
  const { counts } = state;
  yield encode(headSchema, {
    magic: MAGIC,
    network,
    protocolVersion,
    genesis,
    id,
    height,
    namespaces: counts.length,
  });
  for (const { space, count } of counts) {
    let writer = new ByteWriter();
    writer.u16(space.code);
    writer.u32(count);
    let inSlice = 0;
    for (const [key, value] of state.entries(space)) {
      writer.text(key, MAX_KEY_BYTES);
      space.value.write(writer, value);
      inSlice += 1;
      if (inSlice < SLICE_OBJECTS) continue;
      yield writer.finish();
      writer = new ByteWriter();
      inSlice = 0;
    }
    yield writer.finish();
  }
}

async function writeAll(handle: FileHandle, parts: Iterable<Uint8Array>, probe: WriteProbe): Promise<void> {
  const digest = createHash('sha256');
  let gathered: Uint8Array[] = [];
  let gatheredBytes = 0;
  let writtenBytes = 0;
  const flush = async () => {
    writtenBytes += gatheredBytes;
    probe(writtenBytes);
    await handle.writev(gathered);
    gathered = [];
    gatheredBytes = 0;
  };
  for (const part of parts) {
    digest.update(part);
    gathered.push(part);
    gatheredBytes += part.length;
    if (gatheredBytes >= CHUNK_BYTES) await flush();
    else await new Promise(setImmediate);
  }
  gathered.push(digest.digest());
  gatheredBytes += DIGEST_BYTES;
  await flush();
}

/** A rename survives a power cut once the folder is synced. */
async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** The state a file holds, or why it is none. */
export async function readSnapshot(
  file: string,
  law: Law,
  genesis: BlockId,
  point: SnapshotPoint,
): Promise<LedgerState | { readonly why: string }> {
  let bytes: Uint8Array;
  try {
    bytes = await readFile(file);
  } catch (error) {
    return { why: (error as Error).message };
  }
  const body = bytes.subarray(0, -DIGEST_BYTES);
  const digest = createHash('sha256').update(body).digest();
  if (bytes.length <= DIGEST_BYTES || !equalBytes(digest, bytes.subarray(-DIGEST_BYTES)))
    return { why: 'its bytes do not match its digest' };
  try {
    return decodeState(new ByteReader(new Uint8Array(body)), law, genesis, point);
  } catch (error) {
    if (error instanceof DecodeError) return { why: `it does not decode (${error.rule})` };
    throw error;
  }
}

function decodeState(
  reader: ByteReader,
  law: Law,
  genesis: BlockId,
  point: SnapshotPoint,
): LedgerState | { readonly why: string } {
  const head = headSchema.read(reader);
  const { name, protocolVersion } = law.params;
  const isOurs =
    head.magic === MAGIC &&
    head.network === name &&
    head.protocolVersion === protocolVersion &&
    head.genesis === genesis;
  if (!isOurs || head.id !== point.id || head.height !== point.height)
    return { why: `it is of ${head.network} ${head.protocolVersion}, block ${head.id}` };
  const state = new LedgerState();
  for (let index = 0; index < head.namespaces; index++) {
    const code = reader.u16();
    const space = law.namespaces.get(code);
    if (space === undefined) return { why: `it holds objects of an unknown namespace ${code}` };
    readObjects(reader, space, reader.u32(), state);
  }
  if (reader.remaining > 0) return { why: `it has ${reader.remaining} bytes too many` };
  return state;
}

function readObjects(reader: ByteReader, space: Namespace<unknown>, count: number, state: LedgerState): void {
  for (let index = 0; index < count; index++) {
    const key = reader.text(MAX_KEY_BYTES);
    state.apply([{ space, key, before: undefined, after: space.value.read(reader) }]);
  }
}
