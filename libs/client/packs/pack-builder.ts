import { sealedLength } from '#fragments';
import { createFileHash } from '../transfer/file-hash.js';
import { sealMember } from './member-sealing.js';

/** A small file in memory. */
export interface NewMember {
  readonly name: string;
  readonly plain: Uint8Array;
  /** Milliseconds since 1970. */
  readonly modifiedAtMs: number;
}

/** A small file sealed into a pack. */
export interface BuiltMember {
  readonly name: string;
  readonly sizeBytes: number;
  readonly modifiedAtMs: number;
  readonly offset: number;
  readonly contentKey: Uint8Array;
  readonly fileHash: Uint8Array;
}

/** A pack ready to be stored like any file. */
export interface BuiltPack {
  readonly bytes: Uint8Array;
  readonly members: readonly BuiltMember[];
}

/** Puts small files together in memory, each sealed under a key of its own. */
export class PackBuilder {
  private readonly parts: Uint8Array[] = [];
  private readonly members: BuiltMember[] = [];
  private filled = 0;

  /** @param capacity most bytes of the pack (`packCapacity`) */
  constructor(private readonly capacity: number) {}

  get count(): number {
    return this.members.length;
  }

  /** Whether a file of so many bytes fits; the first one always does. */
  fits(plainLength: number): boolean {
    return this.count === 0 || this.filled + sealedLength(plainLength) <= this.capacity;
  }

  add({ name, plain, modifiedAtMs }: NewMember): void {
    const hash = createFileHash();
    hash.update(plain);
    const { contentKey, sealed } = sealMember(plain);
    this.members.push({
      name,
      sizeBytes: plain.length,
      modifiedAtMs,
      offset: this.filled,
      contentKey,
      fileHash: hash.digest(),
    });
    this.parts.push(sealed);
    this.filled += sealed.length;
  }

  finish(): BuiltPack {
    const bytes = new Uint8Array(this.filled);
    let at = 0;
    for (const part of this.parts) {
      bytes.set(part, at);
      at += part.length;
    }
    return { bytes, members: this.members };
  }
}
