import type { PagePlace, SqlitePages } from './sqlite-pages.js';

/** A row as it lies in a leaf page of a table. */
export interface RecordPlace extends PagePlace {
  readonly rowid: number;
  /** Types and lengths of its columns. */
  readonly columns: readonly ColumnShape[];
  readonly cellOffset: number;
}

/** What a stored column is; numbers are not told apart. */
export interface ColumnShape {
  readonly type: 'null' | 'number' | 'blob' | 'text';
  readonly length: number;
}

const TABLE_LEAF = 0x0d;
const FILE_HEADER_BYTES = 100;
/** Larger rows are none of ours. */
const MAX_PAYLOAD_BYTES = 64 * 1024 * 1024;
const NUMBER_BYTES = [0, 1, 2, 3, 4, 6, 8, 8, 0, 0];

/** All rows of all leaf pages of tables, those on freed pages and in old versions of pages too. */
export async function* findRecords(pages: SqlitePages): AsyncGenerator<RecordPlace> {
  for (const place of pages.places()) {
    const page = await pages.read(place);
    if (page === undefined) continue;
    const start = place.page === 1 ? FILE_HEADER_BYTES : 0;
    if (page[start] !== TABLE_LEAF) continue;
    const count = page.readUInt16BE(start + 3);
    for (let index = 0; index < count; index++) {
      const pointer = start + 8 + index * 2;
      if (pointer + 2 > page.length) break;
      const cellOffset = page.readUInt16BE(pointer);
      const cell = parseCell(page, cellOffset, pages.pageBytes);
      if (cell !== undefined) yield { ...place, cellOffset, rowid: cell.rowid, columns: cell.columns };
    }
  }
}

/**
 * The bytes of a row's blob and text columns, or undefined where its pages give no such row any more.
 * @param isCurrent whether overflow pages are looked for in the log first
 */
export async function readRecord(
  pages: SqlitePages,
  place: RecordPlace,
  isCurrent = true,
): Promise<readonly Uint8Array[] | undefined> {
  const page = await pages.read(place);
  const cell = page && parseCell(page, place.cellOffset, pages.pageBytes);
  if (page === undefined || cell === undefined) return undefined;
  const parts = [page.subarray(cell.payloadStart, cell.payloadStart + cell.localBytes)];
  let missing = cell.payloadBytes - cell.localBytes;
  let next = missing > 0 ? page.readUInt32BE(cell.payloadStart + cell.localBytes) : 0;
  while (missing > 0) {
    if (next === 0) return undefined;
    const overflow = await (isCurrent ? pages.current(next) : pages.read({ page: next, frame: undefined }));
    if (overflow === undefined) return undefined;
    const part = overflow.subarray(4, Math.min(overflow.length, 4 + missing));
    parts.push(part);
    missing -= part.length;
    next = overflow.readUInt32BE(0);
  }
  const payload = Buffer.concat(parts);
  let at = cell.headerBytes;
  return cell.columns.map(({ length }) => {
    at += length;
    return new Uint8Array(payload.subarray(at - length, at));
  });
}

interface Cell {
  readonly rowid: number;
  readonly payloadStart: number;
  readonly payloadBytes: number;
  readonly localBytes: number;
  readonly headerBytes: number;
  readonly columns: readonly ColumnShape[];
}

/** A cell of a leaf page, or undefined where the bytes are none. Pages without reserved bytes, as SQLite makes them. */
function parseCell(page: Buffer, offset: number, pageBytes: number): Cell | undefined {
  const payload = readVarint(page, offset);
  const rowid = payload && readVarint(page, payload.next);
  if (payload === undefined || rowid === undefined || payload.value > MAX_PAYLOAD_BYTES) return undefined;
  const localBytes = localPayloadBytes(payload.value, pageBytes);
  const payloadStart = rowid.next;
  const end = payloadStart + localBytes + (localBytes < payload.value ? 4 : 0);
  if (end > page.length) return undefined;
  const header = readVarint(page, payloadStart);
  if (header === undefined || header.value > localBytes) return undefined;
  const columns: ColumnShape[] = [];
  let at = header.next;
  let total = header.value;
  while (at < payloadStart + header.value) {
    const type = readVarint(page, at);
    if (type === undefined) return undefined;
    const shape = toShape(type.value);
    columns.push(shape);
    total += shape.length;
    at = type.next;
  }
  if (total !== payload.value) return undefined;
  const { value: payloadBytes } = payload;
  return { rowid: rowid.value, payloadStart, payloadBytes, localBytes, headerBytes: header.value, columns };
}

/** How much of a row lies in its leaf page; the rest is on overflow pages. */
function localPayloadBytes(payloadBytes: number, pageBytes: number): number {
  const most = pageBytes - 35;
  if (payloadBytes <= most) return payloadBytes;
  const least = Math.floor(((pageBytes - 12) * 32) / 255) - 23;
  const local = least + ((payloadBytes - least) % (pageBytes - 4));
  return local <= most ? local : least;
}

function toShape(serialType: number): ColumnShape {
  if (serialType >= 12)
    return { type: serialType % 2 === 0 ? 'blob' : 'text', length: Math.floor((serialType - 12) / 2) };
  return { type: serialType === 0 ? 'null' : 'number', length: NUMBER_BYTES[serialType] ?? 0 };
}

/** Up to nine bytes, seven bits each, the high ones first; values above 2^53 are none of ours. */
function readVarint(
  source: Buffer,
  offset: number,
): { readonly value: number; readonly next: number } | undefined {
  let value = 0;
  for (let index = 0; index < 8; index++) {
    const byte = source[offset + index];
    if (byte === undefined) return undefined;
    value = value * 128 + (byte & 127);
    if (byte < 128) return value <= Number.MAX_SAFE_INTEGER ? { value, next: offset + index + 1 } : undefined;
  }
  return undefined;
}
