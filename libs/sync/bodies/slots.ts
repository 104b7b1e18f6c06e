import type { BlockId } from '#chain';
import type { Peer } from '../peers/peer.js';

/** One block whose body is wanted, from wanted to connected. */
export interface Slot {
  readonly id: BlockId;
  readonly height: number;
  /** Who was asked and has not answered yet, and since when. */
  readonly asked: Map<Peer, number>;
  /** Who was asked in vain. */
  readonly refusedBy: Set<Peer>;
  /** Bytes kept free for it while it is asked for. */
  reservedBytes: number;
  body: Uint8Array | undefined;
  from: Peer | undefined;
  isSubmitted: boolean;
}

/** The bodies wanted next, oldest first: a window over what is missing. */
export class Slots {
  private list: Slot[] = [];
  private readonly byId = new Map<BlockId, Slot>();

  get size(): number {
    return this.list.length;
  }

  get first(): Slot | undefined {
    return this.list[0];
  }

  [Symbol.iterator](): IterableIterator<Slot> {
    return this.list[Symbol.iterator]();
  }

  get(id: BlockId): Slot | undefined {
    return this.byId.get(id);
  }

  has(slot: Slot): boolean {
    return this.byId.get(slot.id) === slot;
  }

  /** Adds what is not in the window yet, behind the rest. */
  append(blocks: readonly { readonly id: BlockId; readonly height: number }[]): number {
    let added = 0;
    for (const { id, height } of blocks) {
      if (this.byId.has(id)) continue;
      const slot: Slot = {
        id,
        height,
        asked: new Map(),
        refusedBy: new Set(),
        reservedBytes: 0,
        body: undefined,
        from: undefined,
        isSubmitted: false,
      };
      this.list.push(slot);
      this.byId.set(id, slot);
      added += 1;
    }
    return added;
  }

  remove(slot: Slot): void {
    if (!this.has(slot)) return;
    this.byId.delete(slot.id);
    const at = this.list.indexOf(slot);
    this.list.splice(at, 1);
  }

  clear(): void {
    this.list = [];
    this.byId.clear();
  }

  /** Bytes that are here or that room is kept for. */
  heldBytes(): number {
    let held = 0;
    for (const slot of this.list) held += slot.body?.length ?? slot.reservedBytes;
    return held;
  }

  /** A peer that left can answer no more. */
  forget(peer: Peer): void {
    for (const slot of this.list) {
      slot.asked.delete(peer);
      slot.refusedBy.delete(peer);
      if (slot.asked.size === 0) slot.reservedBytes = 0;
    }
  }
}
