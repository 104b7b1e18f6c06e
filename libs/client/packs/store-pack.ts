import { randomBytes } from 'node:crypto';
import { type FileEntry, PACK_ID_BYTES, type PackId } from '#catalogue';
import { bytesToHex } from '#crypto';
import type { Quote } from '#market';
import type { BuiltPack } from './pack-builder.js';

/** What storing bytes under contracts of their own gives. */
export interface StoredBytes {
  readonly entry: FileEntry;
  readonly quote: Quote;
  readonly contracts: readonly string[];
}

/** Files that are stored and paid for together, but found again only once they are anchored. */
export interface StoredFiles {
  /** What it is called before people. */
  readonly name: string;
  readonly entries: readonly FileEntry[];
  readonly quote: Quote;
  readonly contracts: readonly string[];
}

/** Stores bytes like a file under a name. */
export type StoreBytes = (bytes: Uint8Array, name: string, modifiedAtMs: number) => Promise<StoredBytes>;

/** What a pack is called before people. */
export function packName({ members }: Pick<BuiltPack, 'members'>): string {
  const first = members[0]?.name ?? '';
  return members.length === 1 ? first : `${first} and ${members.length - 1} more`;
}

/** Stores a pack and answers an entry for each of its members. */
export async function storePack(pack: BuiltPack, store: StoreBytes): Promise<StoredFiles> {
  const name = packName(pack);
  const { entry: whole, quote, contracts } = await store(pack.bytes, name, 0);
  const id = bytesToHex(new Uint8Array(randomBytes(PACK_ID_BYTES))) as PackId;
  const entries = pack.members.map(
    ({ name: path, sizeBytes, modifiedAtMs, offset, contentKey, fileHash }): FileEntry => ({
      path,
      sizeBytes: BigInt(sizeBytes),
      modifiedAt: BigInt(modifiedAtMs),
      storedAt: whole.storedAt,
      paidUntilHeight: whole.paidUntilHeight,
      manifest: whole.manifest,
      member: { pack: id, offset, contentKey, fileHash },
    }),
  );
  return { name, entries, quote, contracts };
}
