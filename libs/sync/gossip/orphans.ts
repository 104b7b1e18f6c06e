import type { BlockId } from '#chain';
import type { PeerRef } from '../ports.js';

/** A block told before its parent was known. */
export interface Orphan {
  readonly id: BlockId;
  readonly parent: BlockId;
  readonly peer: PeerRef;
  readonly bytes: Uint8Array;
}

export interface OrphanLimits {
  readonly maxCount: number;
  readonly maxBytes: number;
  readonly maxCountPerPeer: number;
}

export const ORPHAN_LIMITS: OrphanLimits = { maxCount: 64, maxBytes: 4 * 1024 * 1024, maxCountPerPeer: 8 };

/** Announcements that wait for their parent: few, small, and none of one peer at another's expense. */
export class Orphans {
  private readonly byId = new Map<BlockId, Orphan>();
  private bytes = 0;

  constructor(private readonly limits: OrphanLimits = ORPHAN_LIMITS) {}

  get count(): number {
    return this.byId.size;
  }

  get sizeBytes(): number {
    return this.bytes;
  }

  /** Keeps an announcement; false where it is known already or there is no room for it. The oldest make room. */
  add(orphan: Orphan): boolean {
    if (this.byId.has(orphan.id) || orphan.bytes.length > this.limits.maxBytes) return false;
    const own = [...this.byId.values()].filter(({ peer }) => peer === orphan.peer);
    const oldest = own[0];
    if (own.length >= this.limits.maxCountPerPeer && oldest !== undefined) this.remove(oldest);
    for (const each of this.byId.values()) {
      const fits =
        this.byId.size < this.limits.maxCount && this.bytes + orphan.bytes.length <= this.limits.maxBytes;
      if (fits) break;
      this.remove(each);
    }
    this.byId.set(orphan.id, orphan);
    this.bytes += orphan.bytes.length;
    return true;
  }

  /** Takes out what waited for a block. */
  takeChildren(parent: BlockId): readonly Orphan[] {
    const children = [...this.byId.values()].filter((orphan) => orphan.parent === parent);
    for (const child of children) this.remove(child);
    return children;
  }

  /** Forgets what a peer told. */
  forget(peer: PeerRef): void {
    for (const orphan of [...this.byId.values()]) if (orphan.peer === peer) this.remove(orphan);
  }

  private remove(orphan: Orphan): void {
    if (this.byId.delete(orphan.id)) this.bytes -= orphan.bytes.length;
  }
}
