import { randomBytes } from 'node:crypto';
import type { FragmentId } from '#chain';

/** What is known of a stored fragment without asking the disk. */
export interface IndexEntry {
  readonly lengthBytes: number;
  /** What its file takes on the disk: blocks, not bytes. */
  readonly allocatedBytes: number;
}

const WORDS = 8;
const FIRST_SLOTS = 8;
const SECTOR_BYTES = 512;

/** Drawn for each process: ids are hashes of what strangers send, who could search for ones that share a slot. */
const SEED = randomBytes(8);
const SEED_LOW = SEED.readUInt32LE(0);
const SEED_HIGH = SEED.readUInt32LE(4);

/** A hash table with open addressing over plain memory: 32 bytes of id, 4 of length, 4 of sectors for each slot. */
export class IndexShard {
  #slots = FIRST_SLOTS;
  #size = 0;
  #ids = new Uint32Array(FIRST_SLOTS * WORDS);
  /** Length in bytes and 1; 0 where the slot is free. */
  #lengths = new Uint32Array(FIRST_SLOTS);
  #sectors = new Uint32Array(FIRST_SLOTS);

  get(id: FragmentId): IndexEntry | undefined {
    const slot = this.#find(idToWords(id));
    return this.#lengths[slot] === 0 ? undefined : this.#entryAt(slot);
  }

  /** Answers what was there before. */
  set(id: FragmentId, { lengthBytes, allocatedBytes }: IndexEntry): IndexEntry | undefined {
    if (4 * (this.#size + 1) > 3 * this.#slots) this.#grow();
    const words = idToWords(id);
    const slot = this.#find(words);
    const before = this.#lengths[slot] === 0 ? undefined : this.#entryAt(slot);
    if (before === undefined) this.#size += 1;
    this.#write(slot, words, lengthBytes + 1, Math.ceil(allocatedBytes / SECTOR_BYTES));
    return before;
  }

  delete(id: FragmentId): IndexEntry | undefined {
    let free = this.#find(idToWords(id));
    if (this.#lengths[free] === 0) return undefined;
    const before = this.#entryAt(free);
    this.#size -= 1;
    this.#lengths[free] = 0;
    // Those behind that would not be found across the gap move into it.
    const mask = this.#slots - 1;
    for (let slot = (free + 1) & mask; this.#lengths[slot] !== 0; slot = (slot + 1) & mask) {
      const words = this.#ids.subarray(slot * WORDS, (slot + 1) * WORDS);
      const distance = (slot - slotOf(words, mask)) & mask;
      if (distance < ((slot - free) & mask)) continue;
      this.#write(free, words, this.#lengths[slot] as number, this.#sectors[slot] as number);
      this.#lengths[slot] = 0;
      free = slot;
    }
    return before;
  }

  /** In no order. */
  ids(): FragmentId[] {
    const ids: FragmentId[] = [];
    const bytes = Buffer.from(this.#ids.buffer);
    for (let slot = 0; slot < this.#slots; slot++) {
      if (this.#lengths[slot] === 0) continue;
      ids.push(bytes.toString('hex', slot * WORDS * 4, (slot + 1) * WORDS * 4) as FragmentId);
    }
    return ids;
  }

  /** The slot that holds an id, or the free one where it belongs. */
  #find(words: Uint32Array): number {
    const mask = this.#slots - 1;
    let slot = slotOf(words, mask);
    while (this.#lengths[slot] !== 0 && !this.#isAt(slot, words)) slot = (slot + 1) & mask;
    return slot;
  }

  #isAt(slot: number, words: Uint32Array): boolean {
    for (let word = 0; word < WORDS; word++) {
      if (this.#ids[slot * WORDS + word] !== words[word]) return false;
    }
    return true;
  }

  #entryAt(slot: number): IndexEntry {
    return {
      lengthBytes: (this.#lengths[slot] as number) - 1,
      allocatedBytes: (this.#sectors[slot] as number) * SECTOR_BYTES,
    };
  }

  #write(slot: number, words: Uint32Array, length: number, sectors: number): void {
    this.#ids.set(words, slot * WORDS);
    this.#lengths[slot] = length;
    this.#sectors[slot] = sectors;
  }

  #grow(): void {
    const { ids, lengths, sectors } = { ids: this.#ids, lengths: this.#lengths, sectors: this.#sectors };
    this.#slots *= 2;
    this.#ids = new Uint32Array(this.#slots * WORDS);
    this.#lengths = new Uint32Array(this.#slots);
    this.#sectors = new Uint32Array(this.#slots);
    for (let slot = 0; slot < lengths.length; slot++) {
      if (lengths[slot] === 0) continue;
      const words = ids.subarray(slot * WORDS, (slot + 1) * WORDS);
      this.#write(this.#find(words), words, lengths[slot] as number, sectors[slot] as number);
    }
  }
}

function slotOf(words: Uint32Array, mask: number): number {
  const mixed =
    Math.imul((words[1] as number) ^ SEED_LOW, 0x9e37_79b1) ^
    Math.imul((words[2] as number) ^ SEED_HIGH, 0x85eb_ca77);
  return (mixed ^ (mixed >>> 15)) & mask;
}

const scratch = Buffer.alloc(32);
const scratchWords = new Uint32Array(scratch.buffer, scratch.byteOffset, WORDS);

/** Good until the next call. */
function idToWords(id: FragmentId): Uint32Array {
  scratch.write(id, 'hex');
  return scratchWords;
}
