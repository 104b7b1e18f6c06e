import { equalBytesAt } from '#crypto';

/** Slots of a table: several times what is busy at one time, and still small. A power of two. */
const SLOTS = 8_192;

/**
 * Texts made of short byte strings that come again and again, such as the accounts of busy senders: making one costs more
 * than finding it, and equal texts that are one object are compared and hashed once. A place is taken over by whatever
 * came last, so the table never grows; whoever aims at one place of it makes it useless, and nothing else.
 */
export class RecurringTexts {
  private readonly keys: Uint8Array;
  private readonly texts = new Array<string | undefined>(SLOTS).fill(undefined);

  /** `keyBytes`: length of every key. */
  constructor(private readonly keyBytes: number) {
    this.keys = new Uint8Array(SLOTS * keyBytes);
  }

  /** The text of the key at `offset`, or undefined where it is not in the table. */
  find(source: Uint8Array, offset: number): string | undefined {
    const slot = slotOf(source, offset);
    const text = this.texts[slot];
    if (text === undefined) return undefined;
    return equalBytesAt(this.keys, slot * this.keyBytes, source, offset, this.keyBytes) ? text : undefined;
  }

  /** Keeps the text of the key at `offset`; returns it. */
  keep(source: Uint8Array, offset: number, text: string): string {
    const slot = slotOf(source, offset);
    for (let at = 0; at < this.keyBytes; at++)
      this.keys[slot * this.keyBytes + at] = source[offset + at] as number;
    this.texts[slot] = text;
    return text;
  }
}

/** Keys are hashes or points of a curve: any of their bits will do. */
function slotOf(source: Uint8Array, offset: number): number {
  return ((source[offset] as number) | ((source[offset + 1] as number) << 8)) & (SLOTS - 1);
}

/** As `RecurringTexts`, for state keys that are made of an id in hex: each is used several times by one transaction. */
export class RecurringKeys {
  private readonly ids = new Array<string | undefined>(SLOTS).fill(undefined);
  private readonly keys = new Array<string>(SLOTS).fill('');

  constructor(private readonly idToKey: (id: string) => string) {}

  of(id: string): string {
    const slot = slotOfText(id);
    if (this.ids[slot] === id) return this.keys[slot] as string;
    const key = this.idToKey(id);
    this.ids[slot] = id;
    this.keys[slot] = key;
    return key;
  }
}

function slotOfText(id: string): number {
  let slot = 0;
  for (let at = 0; at < 4; at++) slot = (slot << 4) ^ (id.charCodeAt(at) & 0x1f);
  return slot & (SLOTS - 1);
}
