import { type BlockId, decodeHeader, HEADER_BYTES, hashToBlockId, headerHash } from '#chain';
import type { CryptoPort } from '#crypto';
import { equalBytes } from '#crypto';
import type { PendingTransaction } from '../chain-store.js';
import { SqlitePages } from './sqlite-pages.js';
import { findRecords, type RecordPlace, readRecord } from './sqlite-records.js';

/** What a damaged chain file still gives. */
export interface Salvage {
  /** How many blocks were found whole. */
  readonly blockCount: number;
  /** Blocks in the order they were stored, parents first; each read again, checked again. */
  blocks(): AsyncIterable<Uint8Array>;
  readonly pending: readonly PendingTransaction[];
  close(): Promise<void>;
}

const DIGEST_BYTES = 32;
const ID_CHARACTERS = 64;

/**
 * Looks through a chain file page by page for bodies of blocks and waiting transactions, whatever else is damaged. A
 * body counts when it matches the digest stored beside it and begins with a header; the law judges the rest.
 * @throws what the file system throws where the file cannot be read at all
 */
export async function openSalvage(file: string, crypto: CryptoPort): Promise<Salvage> {
  const pages = await SqlitePages.open(file);
  const bodies = new Map<BlockId, RecordPlace>();
  const pending = new Map<string, { readonly rowid: number; readonly bytes: Uint8Array }>();
  for await (const record of findRecords(pages)) {
    if (isBody(record)) {
      const bytes = await readBody(pages, record, crypto);
      const id = bytes && blockId(bytes, crypto);
      if (id !== undefined && !bodies.has(id)) bodies.set(id, record);
    } else if (isPending(record)) {
      const columns = await readRecord(pages, record);
      const [, id, bytes] = columns ?? [];
      if (id !== undefined && bytes !== undefined)
        pending.set(Buffer.from(id).toString('latin1'), { rowid: record.rowid, bytes });
    }
  }
  const ordered = [...bodies.values()].sort((a, b) => a.rowid - b.rowid);
  return {
    blockCount: ordered.length,
    async *blocks() {
      for (const record of ordered) {
        const bytes = await readBody(pages, record, crypto);
        if (bytes !== undefined) yield bytes;
      }
    },
    pending: [...pending].sort(([, a], [, b]) => a.rowid - b.rowid).map(([id, { bytes }]) => ({ id, bytes })),
    close: () => pages.close(),
  };
}

/** The shape of `bodyEntity`: the rowid, a digest, the bytes. */
function isBody({ columns: [seq, digest, bytes, ...more] }: RecordPlace): boolean {
  return (
    seq?.type === 'null' &&
    digest?.type === 'blob' &&
    digest.length === DIGEST_BYTES &&
    bytes?.type === 'blob' &&
    bytes.length > HEADER_BYTES &&
    more.length === 0
  );
}

/** The shape of `pendingEntity`: the rowid, an id, the bytes. */
function isPending({ columns: [seq, id, bytes, ...more] }: RecordPlace): boolean {
  return (
    seq?.type === 'null' &&
    id?.type === 'text' &&
    id.length === ID_CHARACTERS &&
    bytes?.type === 'blob' &&
    more.length === 0
  );
}

/** The log's pages first; where they are not the row's any more, the file's own. */
async function readBody(
  pages: SqlitePages,
  record: RecordPlace,
  crypto: CryptoPort,
): Promise<Uint8Array | undefined> {
  for (const isCurrent of [true, false]) {
    const [, digest, bytes] = (await readRecord(pages, record, isCurrent)) ?? [];
    if (digest === undefined || bytes === undefined) continue;
    if (equalBytes(crypto.sha256(bytes), digest)) return bytes;
  }
  return undefined;
}

function blockId(bytes: Uint8Array, crypto: CryptoPort): BlockId | undefined {
  const header = decodeHeader(bytes.subarray(0, HEADER_BYTES));
  return header.ok ? hashToBlockId(headerHash(crypto, header.value)) : undefined;
}
