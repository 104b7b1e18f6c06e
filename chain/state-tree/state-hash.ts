import { asciiToBytes, type CryptoPort, hexToBytes } from '#crypto';
import { ByteWriter } from '../codec/bytes.js';
import type { Namespace } from '../state/namespace.js';

/** BLAKE3 key of inner nodes: BLAKE3 of `cairn/state/inner`. */
export const INNER_KEY = hexToBytes('d6f84f9dc6589e8ef745ea1c49b78f0218a95595a423f9b446495d8a54df57b4');
/** BLAKE3 key of leaves: BLAKE3 of `cairn/state/leaf`. */
export const LEAF_KEY = hexToBytes('e6d0db7fa7dcc8d16f77960c181af6af69a327ffdb0a41858568c8ba45ccfb89');

/** Eight bytes, so that an account's key fits one compression. */
const KEY_TAG = asciiToBytes('cairn/sk');
const PREFIX_BYTES = 14;
const BLOCK_BYTES = 64;

/** What a key hash is the hash of: 'cairn/sk' || u32le networkId || u16le namespace code || key as UTF-8. */
function writeKeyMessage(writer: ByteWriter, networkId: number, code: number, key: string): void {
  writer.raw(KEY_TAG, KEY_TAG.length);
  writer.u32(networkId);
  writer.u16(code);
  writer.bareText(key);
}

/** Where an object is in the tree, 32 bytes. */
export function stateKeyHash(crypto: CryptoPort, networkId: number, code: number, key: string): Uint8Array {
  const writer = new ByteWriter();
  writeKeyMessage(writer, networkId, code, key);
  return crypto.blake3(writer.finish());
}

/** An object of the state; `undefined` as its value where only its place is asked for. */
export interface StateObject {
  readonly space: Namespace<unknown>;
  readonly key: string;
  readonly value: unknown;
}

/** Objects hashed in one call. */
const BATCH_OBJECTS = 512;

/** Hashes objects of one network many at a time; what fits one block of BLAKE3 goes through one call. */
export class StateHasher {
  private readonly blocks = new Uint8Array(2 * BATCH_OBJECTS * BLOCK_BYTES);
  private readonly lengths = new Uint8Array(2 * BATCH_OBJECTS);
  private readonly writer = new ByteWriter();
  private readonly prefix: Uint8Array;

  constructor(
    private readonly crypto: CryptoPort,
    private readonly networkId: number,
  ) {
    writeKeyMessage(this.writer, networkId, 0, '');
    this.prefix = this.writer.take().slice();
  }

  /** Key hash and value hash of each object, 64 bytes per object in their order. */
  hashObjects(objects: readonly StateObject[]): Uint8Array {
    const contents = new Uint8Array(objects.length * 64);
    for (let from = 0; from < objects.length; from += BATCH_OBJECTS) {
      const count = Math.min(objects.length - from, BATCH_OBJECTS);
      contents.set(this.hashBatch(objects, from, count), from * 64);
    }
    return contents;
  }

  private hashBatch(objects: readonly StateObject[], from: number, count: number): Uint8Array {
    const { blocks, lengths } = this;
    const long = new Map<number, Uint8Array>();
    blocks.fill(0, 0, 2 * count * BLOCK_BYTES);
    for (let index = 0; index < count; index++) {
      const { space, key, value } = objects[from + index] as StateObject;
      if (!this.loadShortKey(2 * index, space.code, key)) {
        writeKeyMessage(this.writer, this.networkId, space.code, key);
        this.load(2 * index, long);
      }
      if (value !== undefined) space.value.write(this.writer, value);
      this.load(2 * index + 1, long);
    }
    const hashes = this.crypto.hashShort(
      blocks.subarray(0, 2 * count * BLOCK_BYTES),
      lengths.subarray(0, 2 * count),
    );
    for (const [slot, hash] of long) hashes.set(hash, slot * 32);
    return hashes;
  }

  /** Most keys are short ASCII; no array is made for those. */
  private loadShortKey(slot: number, code: number, key: string): boolean {
    const length = PREFIX_BYTES + key.length;
    if (length > BLOCK_BYTES) return false;
    const { blocks } = this;
    const at = slot * BLOCK_BYTES;
    for (let index = 0; index < key.length; index++) {
      const unit = key.charCodeAt(index);
      if (unit >= 0x80) {
        blocks.fill(0, at, at + BLOCK_BYTES);
        return false;
      }
      blocks[at + PREFIX_BYTES + index] = unit;
    }
    for (let index = 0; index < PREFIX_BYTES - 2; index++) blocks[at + index] = this.prefix[index] as number;
    blocks[at + PREFIX_BYTES - 2] = code;
    blocks[at + PREFIX_BYTES - 1] = code >>> 8;
    this.lengths[slot] = length;
    return true;
  }

  /** Takes what was written as a message: into its block, or hashed at once where it is longer. */
  private load(slot: number, long: Map<number, Uint8Array>): void {
    const message = this.writer.take();
    const isShort = message.length <= BLOCK_BYTES;
    if (isShort) this.blocks.set(message, slot * BLOCK_BYTES);
    else long.set(slot, this.crypto.blake3(message));
    this.lengths[slot] = isShort ? message.length : 0;
  }
}
